package conpot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A value is what a databus key holds, as far as it can be known without Python.
type value struct {
	text    string   // of a string or a number
	list    []string // of a list
	isList  bool
	number  bool
	uptime  bool // Conpot's Uptime object
	random  int  // that many random bits
	unknown string
}

// databus is the template's keys.
type databus map[string]value

// readDatabus reads /core/databus/key_value_mappings/key.
func (im *importer) readDatabus() {
	im.bus = databus{}
	for _, k := range im.root.all("key") {
		name, v := k.attr("name"), k.child("value")
		if name == "" || v == nil {
			im.left("a key without name or value", "it says nothing")
			continue
		}
		if _, twice := im.bus[name]; twice {
			im.left("key "+name, "it is there twice: the first counts")
			continue
		}
		val := literal(v.text())
		if strings.EqualFold(v.attr("type"), "function") {
			val = function(v.text())
		}
		im.bus[name] = val
		if val.unknown != "" {
			im.left("key "+name, val.unknown)
		}
	}
}

func (im *importer) left(what, why string) {
	im.result.Left = append(im.result.Left, Left{what, why})
}

// function names a class whose object Conpot asks at each reading.
func function(class string) value {
	if strings.HasSuffix(strings.ToLower(class), "uptime") {
		return value{uptime: true}
	}
	return value{unknown: fmt.Sprintf("the class %s is Python of Conpot's; give the value by hand", class)}
}

// Comprehensions of Conpot's templates: random.randint(0,1) and a constant, over
// a range.
func comprehension() *regexp.Regexp {
	return regexp.MustCompile(`^\[\s*(random\.randint\(\s*0\s*,\s*1\s*\)|-?\d+)\s+for\s+\w+\s+in\s+range\(\s*(?:0\s*,\s*)?(\d+)\s*\)\s*\]$`)
}

// maxList bounds lists: Modbus has 65536 of each kind.
const maxList = 65536

// literal reads a Python literal: a string, a number, True, False, None, a list of
// them, or one of two comprehensions. It runs nothing.
func literal(s string) value {
	s = strings.TrimSpace(s)
	if m := comprehension().FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[2])
		if err != nil || n > maxList {
			return value{unknown: "a list of more than 65536 elements"}
		}
		if strings.HasPrefix(m[1], "random") {
			return value{isList: true, random: n, list: strings.Split(strings.Repeat("0,", max(n-1, 0))+"0", ",")[:n]}
		}
		v := value{isList: true}
		for range n {
			v.list = append(v.list, m[1])
		}
		return v
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		v := value{isList: true}
		for _, part := range split(s[1 : len(s)-1]) {
			e := literal(part)
			if e.unknown != "" || e.isList {
				return value{unknown: fmt.Sprintf("%.60s is Python that is not run; give the value by hand", s)}
			}
			if v.list = append(v.list, e.text); len(v.list) > maxList {
				return value{unknown: "a list of more than 65536 elements"}
			}
		}
		return v
	}
	if text, ok := unquote(s); ok {
		return value{text: text}
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return value{text: s, number: true}
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil { // 0x…
		return value{text: strconv.FormatInt(n, 10), number: true}
	}
	switch s {
	case "True":
		return value{text: "1", number: true}
	case "False":
		return value{text: "0", number: true}
	case "None", "":
		return value{}
	}
	return value{unknown: fmt.Sprintf("%.60s is Python that is not run; give the value by hand", s)}
}

// unquote reads a Python string without prefix; of its escapes those of TOML.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return "", false
	}
	q, body := s[0], s[1:len(s)-1]
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == q {
			return "", false // two strings, or an expression of them
		}
		if c != '\\' || i+1 == len(body) {
			b.WriteByte(c)
			continue
		}
		i++
		switch body[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'x':
			n, err := strconv.ParseUint(body[min(i+1, len(body)):min(i+3, len(body))], 16, 8)
			if err != nil {
				return "", false
			}
			b.WriteRune(rune(n))
			i += 2
		default:
			b.WriteByte(body[i])
		}
	}
	if !utf8.ValidString(b.String()) {
		return "", false
	}
	return b.String(), true
}

// split cuts at the commas outside of quotes.
func split(s string) []string {
	var out []string
	start, quote := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ',':
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	if strings.TrimSpace(s[start:]) != "" {
		out = append(out, s[start:])
	}
	return out
}

// carryValues makes the single values of the databus values of the device, which
// pages, SNMP and identities share, as they shared the databus.
func (im *importer) carryValues() {
	for _, k := range im.root.all("key") {
		key := k.attr("name")
		v, ok := im.bus[key]
		if !ok || v.isList || v.uptime || v.unknown != "" || im.names[key] != "" {
			continue
		}
		name := im.valueName(key)
		im.names[key] = name
		im.values = append(im.values, [2]string{name, strings.ReplaceAll(v.text, "${", "$ {")})
	}
}

// valueName makes a name for a device's value of a key: those of the identity
// itself are taken.
func (im *importer) valueName(key string) string {
	name := strings.ToLower(clean(key))
	for taken := true; taken; {
		taken = reserved(name)
		for _, v := range im.values {
			taken = taken || v[0] == name
		}
		if taken {
			name += "_"
		}
	}
	return name
}

// reserved are the names of the identity itself.
func reserved(name string) bool {
	switch name {
	case "name", "title", "vendor", "product", "order", "firmware", "hardware", "serial", "module", "station", "mac", "address", "boot":
		return true
	}
	return false
}

// clean makes a word of letters, digits and underscores that begins with a letter.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	w := b.String()
	if w == "" || w[0] < 'A' || w[0] == '_' {
		w = "v" + w
	}
	return w
}

// lookup is what a text that may be a databus key, a literal or plain text stands
// for; ref is ${name} of a device's value, or "".
func (im *importer) lookup(s string) (v value, ref string) {
	if v, ok := im.bus[s]; ok {
		if name := im.names[s]; name != "" {
			return v, "${" + name + "}"
		}
		return v, ""
	}
	if v := literal(s); v.unknown == "" && s != "" {
		return v, ""
	}
	return value{text: s}, ""
}

// words is lookup as a text for a setting that fills in ${names}.
func (im *importer) words(s string) string {
	v, ref := im.lookup(s)
	if ref != "" {
		return ref
	}
	return strings.ReplaceAll(v.text, "${", "$ {")
}
