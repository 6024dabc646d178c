package web

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/sundew-ics/sundew/internal/store"
)

// Bounds of a query.
const (
	maxQuery  = 1000 // octets
	maxTerms  = 32
	maxValues = 64 // of one term
)

// A term is one condition of a query as it was written: [-]key:value[,value…].
// Terms of one key that are not negated are joined by or, all else by and.
type term struct {
	key      *key
	op       string // ":" or, of numbers, also >=, <=, >, <
	values   []string
	not      bool
	position int // octets into the query
}

// A queryError is what is wrong with a query, and where.
type queryError struct {
	position int
	text     string
}

func (e *queryError) Error() string { return e.text }

// parseQuery reads a query.
func parseQuery(q string) ([]term, error) {
	if len(q) > maxQuery {
		return nil, &queryError{maxQuery, fmt.Sprintf("the query is longer than %d octets", maxQuery)}
	}
	list := keys()
	var out []term
	r := &reader{text: q}
	for r.space(); !r.end(); r.space() {
		t, err := r.term(list)
		if err != nil {
			return nil, err
		}
		if len(out) == maxTerms {
			return nil, &queryError{t.position, fmt.Sprintf("a query has at most %d terms", maxTerms)}
		}
		out = append(out, t)
	}
	return out, nil
}

// reader reads a query from left to right.
type reader struct {
	text string
	at   int
}

func (r *reader) end() bool    { return r.at >= len(r.text) }
func (r *reader) rest() string { return r.text[r.at:] }

func (r *reader) space() {
	r.at += len(r.rest()) - len(strings.TrimLeftFunc(r.rest(), unicode.IsSpace))
}

func (r *reader) term(list []key) (term, error) {
	t := term{position: r.at, op: ":"}
	if strings.HasPrefix(r.rest(), "-") {
		t.not = true
		r.at++
	}
	begun := r.at
	name := r.name()
	if op := r.operator(); name != "" && op != "" && !strings.HasPrefix(r.rest(), "//") && !hextet(r.text[begun:]) {
		if t.key = findKey(list, name); t.key == nil {
			text := fmt.Sprintf("there is no key %q", name)
			if like := nearest(list, name); like != "" {
				text += fmt.Sprintf("; did you mean %s?", like)
			}
			return t, &queryError{begun, text + " A text with a colon goes into quotes"}
		}
		t.op = op
	} else {
		r.at = begun
	}
	at := r.at
	var err error
	if t.values, err = r.values(t.key == nil); err != nil {
		return t, err
	}
	if t.key == nil {
		t.key, t.values[0] = guess(list, t.values[0])
	}
	return t, t.check(at)
}

// hextet says whether a word is an IPv6 address, whose colon is no key's.
func hextet(s string) bool {
	word := s
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		word = s[:i]
	}
	_, err := parsePrefix(word)
	return err == nil
}

func (r *reader) name() string {
	begun := r.at
	for !r.end() && (r.text[r.at] == '_' || r.text[r.at] == '-' && r.at > begun || isAlnum(r.text[r.at])) {
		r.at++
	}
	return r.text[begun:r.at]
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func (r *reader) operator() string {
	for _, op := range []string{">=", "<=", ">", "<", ":", "="} {
		if strings.HasPrefix(r.rest(), op) {
			r.at += len(op)
			if op == "=" {
				return ":"
			}
			return op
		}
	}
	return ""
}

// values reads values that commas join; one alone may have commas in it.
func (r *reader) values(alone bool) ([]string, error) {
	var out []string
	for {
		at := r.at
		v, err := r.value(alone)
		if err != nil {
			return nil, err
		}
		if v == "" {
			return nil, &queryError{at, "a value is missing here"}
		}
		if len(out) == maxValues {
			return nil, &queryError{at, fmt.Sprintf("a term has at most %d values", maxValues)}
		}
		out = append(out, v)
		if r.end() || alone || r.text[r.at] != ',' {
			return out, nil
		}
		r.at++
	}
}

func (r *reader) value(alone bool) (string, error) {
	if !strings.HasPrefix(r.rest(), `"`) {
		begun := r.at
		end := strings.IndexFunc(r.rest(), func(c rune) bool { return unicode.IsSpace(c) || c == ',' && !alone })
		if end < 0 {
			end = len(r.rest())
		}
		r.at += end
		return r.text[begun:r.at], nil
	}
	begun := r.at
	var b strings.Builder
	for r.at++; !r.end(); r.at++ {
		switch c := r.text[r.at]; {
		case c == '\\' && r.at+1 < len(r.text) && (r.text[r.at+1] == '"' || r.text[r.at+1] == '\\'):
			r.at++
			b.WriteByte(r.text[r.at])
		case c == '"':
			r.at++
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", &queryError{begun, `this " has no end`}
}

// guess says what a word without a key is about.
func guess(list []key, word string) (*key, string) {
	name := "text"
	upper := strings.ToUpper(word)
	n, isAS := strings.CutPrefix(upper, "AS")
	_, notNumber := strconv.ParseUint(n, 10, 32)
	_, notAddress := parsePrefix(word)
	switch {
	case notAddress == nil:
		name = "src"
	case isAS && notNumber == nil:
		name, word = "asn", n
	case isSessionID(word):
		name, word = "session", strings.ToLower(word)+"*"
	default:
		for _, k := range list {
			if (k.name == "label" || k.name == "class") && slices.Contains(k.closed(), strings.ToLower(word)) {
				name, word = k.name, strings.ToLower(word)
				break
			}
		}
		if name == "text" && !strings.Contains(word, "*") {
			word = "*" + word + "*"
		}
	}
	return findKey(list, name), word
}

// isSessionID says whether a word looks like the beginning of a UUID of version 7.
func isSessionID(s string) bool {
	return len(s) >= 13 && s[8] == '-' && strings.Trim(strings.ToLower(s), "0123456789abcdef-") == ""
}

// check says what is wrong with the values, which begin at an octet of the query.
func (t *term) check(at int) error {
	if t.op != ":" && t.key.kind != isNumber && t.key.kind != isSpan {
		return &queryError{t.position, fmt.Sprintf("%s is no number: write %s:VALUE", t.key.name, t.key.name)}
	}
	for i, v := range t.values {
		var err error
		switch t.key.kind {
		case isSource:
			_, err = parsePrefix(v)
		case isNumber:
			_, err = t.key.number(v)
		case isSpan:
			_, err = span(v)
		default:
			err = t.key.known1(&t.values[i])
		}
		if err != nil {
			return &queryError{at, err.Error()}
		}
	}
	return nil
}

// known1 says whether a key has a value; the case of closed lists and countries
// does not matter.
func (k *key) known1(v *string) error {
	if k.key == store.KeyCountry {
		*v = strings.ToUpper(*v)
	}
	if k.closed == nil {
		return nil
	}
	*v = strings.ToLower(*v)
	if strings.ContainsAny(*v, `[]\?`) || len(k.matching(*v)) == 0 {
		return fmt.Errorf("%s is one of %s; a * stands for any letters", k.name, strings.Join(k.closed(), ", "))
	}
	return nil
}

// matching are the values of a closed list that a pattern fits.
func (k *key) matching(pattern string) []string {
	var out []string
	for _, v := range k.closed() {
		if ok, err := path.Match(pattern, v); err == nil && ok {
			out = append(out, v)
		}
	}
	return out
}

func (k *key) number(v string) (int64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < -1e15 || f > 1e15 || f != f {
		return 0, fmt.Errorf("%s takes a number, not %q", k.name, v)
	}
	return int64(f * float64(max(1, k.scale))), nil
}

func span(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, fmt.Errorf("%q is no span of time: write 90s, 5m or 2h", v)
	}
	return d, nil
}

// parsePrefix reads an address or a network.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address nor a network: write 198.51.100.7 or 198.51.100.0/24", s)
	}
	return p.Masked(), nil
}
