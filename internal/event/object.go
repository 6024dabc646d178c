package event

import "strconv"

// An Object appends one JSON object field by field: what a Detail's AppendJSON
// is made of. Field names are ours and are not escaped.
//
//	o := event.NewObject(b)
//	o.Int("addr", 0)
//	o.Text("name", visitorText)
//	return o.End()
type Object struct {
	b     []byte
	empty bool
}

// NewObject begins an object behind b.
func NewObject(b []byte) Object { return Object{append(b, '{'), true} }

func (o *Object) key(name string) {
	if !o.empty {
		o.b = append(o.b, ',')
	}
	o.empty = false
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

// Int adds a whole number.
func (o *Object) Int(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

// Float adds a number.
func (o *Object) Float(name string, v float64) {
	o.key(name)
	o.b = strconv.AppendFloat(o.b, v, 'g', -1, 64)
}

// Bool adds a truth value.
func (o *Object) Bool(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

// Text adds text, a visitor's or ours, escaped.
func (o *Object) Text(name, v string) {
	o.key(name)
	o.b = AppendText(o.b, v)
}

// Hex adds octets as hexadecimal text.
func (o *Object) Hex(name string, p []byte) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = appendHex(o.b, p)
	o.b = append(o.b, '"')
}

// Ints adds a list of whole numbers.
func (o *Object) Ints(name string, v ...int) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, n := range v {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = strconv.AppendInt(o.b, int64(n), 10)
	}
	o.b = append(o.b, ']')
}

// Texts adds a list of texts, escaped.
func (o *Object) Texts(name string, v ...string) {
	o.key(name)
	o.b = appendTexts(o.b, v)
}

// Raw adds a value that is JSON already.
func (o *Object) Raw(name string, json []byte) {
	o.key(name)
	o.b = append(o.b, json...)
}

// End ends the object and returns the buffer.
func (o *Object) End() []byte { return append(o.b, '}') }

func appendTexts(b []byte, v []string) []byte {
	b = append(b, '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendText(b, s)
	}
	return append(b, ']')
}

func appendHex(b, p []byte) []byte {
	for _, c := range p {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}
