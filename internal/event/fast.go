package event

import (
	"encoding/json"
	"net/netip"
	"time"
	"unicode/utf8"
)

// fast reads lines as this module writes them, several times as quickly as
// encoding/json does. It reports false for whatever it does not expect, and then
// has said nothing of the line: encoding/json reads it.
func fast(line []byte, e *Event) bool {
	r := reader{b: line}
	r.object(func(key []byte) { r.member(string(key), e) })
	r.space()
	return !r.bad && r.i == len(r.b)
}

// member reads the value of one of an event's members.
func (r *reader) member(key string, e *Event) {
	switch key {
	case "v":
		e.V = int(r.int())
	case "kind":
		e.Kind = Kind(r.text())
	case "ts":
		e.Time = r.time()
	case "at_us":
		e.AtUS = r.int()
	case "seq":
		e.Seq = int(r.int())
	case "session":
		e.Session = r.text()
	case "boot":
		e.Boot = r.text()
	case "sensor":
		e.Sensor = r.text()
	case "protocol":
		e.Protocol = r.text()
	case "transport":
		e.Transport = r.text()
	case "src":
		e.Src = r.endpoint()
	case "dst":
		e.Dst = r.endpoint()
	case "persona":
		e.Persona = r.text()
	case "device":
		e.Device = r.text()
	case "build":
		e.Build = r.text()
	case "listener":
		e.Listener = r.text()
	case "parent":
		e.Parent = r.text()
	case "probe":
		e.Probe = r.text()
	case "octets":
		e.Octets = r.text()
	case "reason":
		e.Reason = r.text()
	case "octets_in":
		e.OctetsIn = r.int()
	case "octets_out":
		e.OctetsOut = r.int()
	case "acts":
		e.Acts = int(r.int())
	case "duration_us":
		e.DurationUS = r.int()
	case "start":
		e.Start = r.time()
	case "end":
		e.End = r.time()
	case "sequence":
		e.Sequence = r.texts()
	case "error":
		e.Error = r.text()
	case "what":
		e.What = r.text()
	default:
		r.actMember(key, e)
	}
}

// actMember reads those of an act, and passes over what is unknown.
func (r *reader) actMember(key string, e *Event) {
	switch key {
	case "op":
		e.Op = r.text()
	case "class":
		e.Class = Class(r.text())
	case "outcome":
		e.Outcome = Outcome(r.text())
	case "target":
		e.Target = &Target{}
		r.object(func(key []byte) {
			switch string(key) {
			case "kind":
				e.Target.Kind = TargetKind(r.text())
			case "ref":
				e.Target.Ref = r.text()
			default:
				r.bad = true
			}
		})
	case "tags":
		e.Tags = r.texts()
	case "values":
		e.Values = r.texts()
	case "previous":
		e.Previous = r.texts()
	case "detail":
		e.Detail = append(json.RawMessage(nil), r.raw()...)
	case "request":
		e.Request = r.text()
	case "request_len":
		e.RequestLen = int(r.int())
	case "request_sha256":
		e.RequestSHA256 = r.text()
	case "response":
		e.Response = r.text()
	case "response_len":
		e.ResponseLen = int(r.int())
	case "response_sha256":
		e.ResponseSHA256 = r.text()
	case "took_us":
		e.TookUS = r.int()
	case "count":
		e.Count = int(r.int())
	case "cred":
		e.Cred = r.cred()
	case "artifact":
		r.into(&e.Artifact)
	case "tls":
		r.into(&e.TLS)
	case "ops":
		r.into(&e.Ops)
	case "truncated":
		r.into(&e.Truncated)
	default:
		for i := range len(key) { // encoding/json would know it in other letters
			if key[i] < 'a' && key[i] != '_' && (key[i] < '0' || key[i] > '9') || key[i] > 'z' {
				r.bad = true
			}
		}
		r.raw()
	}
}

// reader reads JSON; bad says that it met something that it leaves to others.
type reader struct {
	b   []byte
	i   int
	bad bool
}

func (r *reader) space() {
	for r.i < len(r.b) && (r.b[r.i] == ' ' || r.b[r.i] == '\n' || r.b[r.i] == '\t' || r.b[r.i] == '\r') {
		r.i++
	}
}

// take passes over c, which must come next but for space.
func (r *reader) take(c byte) {
	if !r.next(c) {
		r.bad = true
	}
}

func (r *reader) next(c byte) bool {
	r.space()
	if r.i >= len(r.b) || r.b[r.i] != c {
		return false
	}
	r.i++
	return true
}

// object calls member for each key, to read its value.
func (r *reader) object(member func(key []byte)) {
	r.take('{')
	if r.next('}') {
		return
	}
	for !r.bad {
		key := r.plain()
		r.take(':')
		r.space()
		if r.bad {
			return
		}
		member(key)
		if r.next('}') {
			return
		}
		r.take(',')
	}
}

// plain reads a string without escapes; it is the line's own octets.
func (r *reader) plain() []byte {
	r.take('"')
	start, ascii := r.i, true
	for r.i < len(r.b) && !r.bad {
		switch c := r.b[r.i]; {
		case c == '"':
			s := r.b[start:r.i]
			r.i++
			if !ascii && !utf8.Valid(s) {
				r.bad = true
			}
			return s
		case c == '\\' || c < ' ':
			r.bad = true
		case c >= utf8.RuneSelf:
			ascii = false
		}
		r.i++
	}
	r.bad = true
	return nil
}

// text reads a string.
func (r *reader) text() string {
	at := r.i
	if s := r.plain(); !r.bad {
		return string(s)
	}
	r.i, r.bad = at, false
	var s string
	if r.i >= len(r.b) || r.b[r.i] != '"' {
		r.bad = true
	}
	r.into(&s)
	return s
}

func (r *reader) texts() []string {
	out := []string{}
	r.take('[')
	if r.next(']') {
		return out
	}
	for !r.bad {
		r.space()
		out = append(out, r.text())
		if r.next(']') {
			break
		}
		r.take(',')
	}
	return out
}

// int reads a whole number as this module writes it.
func (r *reader) int() int64 {
	start := r.i
	minus := r.i < len(r.b) && r.b[r.i] == '-'
	if minus {
		r.i++
	}
	var n int64
	digits := r.i
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		n = n*10 + int64(r.b[r.i]-'0')
		r.i++
	}
	if k := r.i - digits; k == 0 || k > 18 || k > 1 && r.b[digits] == '0' || r.i < len(r.b) && (r.b[r.i] == '.' || r.b[r.i] == 'e' || r.b[r.i] == 'E') {
		r.i, r.bad = start, true
	}
	if minus {
		return -n
	}
	return n
}

func (r *reader) time() time.Time {
	var t time.Time
	if err := t.UnmarshalText(r.plain()); err != nil {
		r.bad = true
	}
	return t
}

func (r *reader) endpoint() *Endpoint {
	p := &Endpoint{}
	r.object(func(key []byte) {
		switch string(key) {
		case "ip":
			a, err := netip.ParseAddr(string(r.plain()))
			if err != nil {
				r.bad = true
			}
			p.IP = a
		case "port":
			n := r.int()
			if n < 0 || n > 1<<16-1 {
				r.bad = true
			}
			p.Port = uint16(n)
		default:
			r.bad = true
		}
	})
	return p
}

func (r *reader) cred() *Cred {
	c := &Cred{}
	r.object(func(key []byte) {
		switch string(key) {
		case "user":
			c.User = r.text()
		case "secret":
			c.Secret = r.text()
		case "method":
			c.Method = r.text()
		default:
			r.bad = true
		}
	})
	return c
}

// into leaves a value to encoding/json.
func (r *reader) into(v any) {
	if b := r.raw(); !r.bad && json.Unmarshal(b, v) != nil {
		r.bad = true
	}
}

// raw passes over any value and returns its octets, whose form is checked
// only as far as its end is found.
func (r *reader) raw() []byte {
	start, depth := r.i, 0
	for r.i < len(r.b) {
		switch c := r.b[r.i]; c {
		case '"':
			r.skipString()
		case '{', '[':
			depth++
			r.i++
		case '}', ']':
			depth--
			r.i++
		case ',', ':', ' ', '\t', '\n', '\r':
			r.i++
			if depth == 0 {
				r.bad = true
			}
		default:
			for r.i < len(r.b) && !ends(r.b[r.i]) {
				r.i++
			}
		}
		if r.bad || depth < 0 {
			break
		}
		if depth == 0 {
			return r.checked(r.b[start:r.i])
		}
	}
	r.bad = true
	return nil
}

// checked is a value if it is one, and not null.
func (r *reader) checked(b []byte) []byte {
	if !json.Valid(b) || b[0] == 'n' {
		r.bad = true
	}
	return b
}

func ends(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ':' || c == '"' || c == '{' || c == '['
}

func (r *reader) skipString() {
	for r.i++; r.i < len(r.b); r.i++ {
		switch r.b[r.i] {
		case '\\':
			r.i++
		case '"':
			r.i++
			return
		}
	}
	r.bad = true
}
