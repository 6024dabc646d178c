package web

import (
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/store"
)

// apply adds terms to a filter. What roll-ups can answer goes into the filter's
// own members.
func apply(f *store.Filter, terms []term) {
	for _, group := range join(terms) {
		t := &group
		if !t.not && t.op == ":" && t.exact() {
			switch t.key.key {
			case store.KeySensor:
				if f.Sensor == nil {
					f.Sensor = t.values
					continue
				}
			case store.KeyPersona:
				if f.Persona == nil {
					f.Persona = t.values
					continue
				}
			case store.KeyProtocol:
				if f.Protocol == nil {
					f.Protocol = t.values
					continue
				}
			}
		}
		f.Terms = append(f.Terms, t.store())
	}
}

func (t *term) exact() bool {
	return !slices.ContainsFunc(t.values, func(v string) bool { return strings.Contains(v, "*") })
}

// join puts the values of terms of one key together where any of them will do.
func join(terms []term) []term {
	var out []term
	for _, t := range terms {
		i := slices.IndexFunc(out, func(o term) bool { return o.key.name == t.key.name && !o.not && !t.not && o.op == ":" && t.op == ":" })
		if i < 0 {
			t.values = slices.Clone(t.values)
			out = append(out, t)
			continue
		}
		out[i].values = append(out[i].values, t.values...)
	}
	return out
}

// store is the term as the store takes it. Its values have been checked.
func (t *term) store() store.Term {
	s := store.Term{Key: t.key.key, Not: t.not, Op: t.op}
	for _, v := range t.values {
		switch {
		case t.key.kind == isSource:
			p, err := parsePrefix(v)
			if err == nil {
				s.Range = append(s.Range, p)
			}
		case t.key.kind == isNumber:
			n, err := t.key.number(v)
			if err == nil {
				s.Int = append(s.Int, n)
			}
		case t.key.kind == isSpan:
			d, err := span(v)
			if err == nil {
				s.Int = append(s.Int, int64(d))
			}
		case t.key.closed != nil:
			s.Text = append(s.Text, t.key.matching(v)...)
		default:
			s.Text = append(s.Text, v)
		}
	}
	return s
}

// write is a query of terms as it is best written.
func write(terms []term) string {
	var words []string
	for _, t := range terms {
		var values []string
		for _, v := range t.values {
			values = append(values, quoted(v))
		}
		word := t.key.name + t.op + strings.Join(values, ",")
		if t.not {
			word = "-" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// quoted is a value as a query has it.
func quoted(v string) string {
	if v != "" && !strings.ContainsAny(v, " \t\r\n\v\f,\"\\") && strings.IndexFunc(v, func(r rune) bool { return r > 0x7e }) < 0 {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}
