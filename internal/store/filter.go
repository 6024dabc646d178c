package store

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A Filter says which sessions a question is about. Zero members do not restrict.
type Filter struct {
	From, To   time.Time // of the session's beginning: From included, To not
	Origin     []string  // names of journals; "" is the sensor's own
	Sensor     []string
	Persona    []string
	Protocol   []string
	Label      []string
	Automation []string
	Country    []string
	Tool       string
	Print      string // fingerprint
	ASN        uint32
	Src        netip.Prefix
	Sources    []netip.Addr // any of these
	Session    string       // beginning of its id
	Severity   int          // at least
	Research   string       // "hide": without known research scanners, "only": them alone
	Terms      []Term       // conditions besides

	acts []Term // of terms on acts, what roll-ups can tell of their sessions
}

// where is a condition that grows, with its arguments in order.
type where struct {
	text strings.Builder
	args []any
}

// and adds a condition; each ? in it takes an argument.
func (w *where) and(condition string, args ...any) {
	if w.text.Len() == 0 {
		w.text.WriteString(" WHERE ")
	} else {
		w.text.WriteString(" AND ")
	}
	w.text.WriteString(w.marked(condition, args...))
}

// marked takes arguments for the ? of a text.
func (w *where) marked(text string, args ...any) string {
	var b strings.Builder
	for _, a := range args {
		before, after, _ := strings.Cut(text, "?")
		b.WriteString(before)
		b.WriteString(w.arg(a))
		text = after
	}
	b.WriteString(text)
	return b.String()
}

// choice is a condition that a column has one of some values.
func choice[T any](w *where, column string, values []T) string {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return w.marked(column+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")+")", args...)
}

// in adds a choice among values.
func in[T any](w *where, column string, values []T) {
	if len(values) > 0 {
		w.and(choice(w, column, values))
	}
}

// arg adds an argument and returns its mark.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) String() string { return w.text.String() }

// sub restricts a column to the keys of another table's rows that all conditions
// of ask fit; none: it does not restrict.
func (w *where) sub(column, table string, ask func(*where)) {
	inner := &where{args: w.args}
	ask(inner)
	w.args = inner.args
	if inner.text.Len() > 0 {
		w.and(column + " IN (SELECT key FROM " + table + inner.String() + ")")
	}
}

// sessions restricts rows of the table sessions.
func (f *Filter) sessions() *where {
	w := &where{}
	if !f.From.IsZero() {
		w.and("sessions.opened >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		w.and("sessions.opened < ?", f.To.UnixNano())
	}
	w.sub("sessions.place", "places", f.place)
	w.sub("sessions.network", "networks", func(w *where) {
		in(w, "country", f.Country)
		if f.ASN != 0 {
			w.and("asn = ?", f.ASN)
		}
		if f.Research == "only" {
			w.and("scanner <> ''")
		}
	})
	if f.Research == "hide" { // by the few that are: this is asked for many single hours
		w.and("sessions.network NOT IN (SELECT key FROM networks WHERE scanner <> '')")
	}
	w.sub("sessions.verdict", "verdicts", func(w *where) {
		in(w, "label", f.Label)
		in(w, "automation", f.Automation)
		if f.Tool != "" {
			w.and("tool = ?", f.Tool)
		}
		if f.Severity > 0 {
			w.and("severity >= ?", f.Severity)
		}
	})
	w.sub("sessions.source", "sources", f.addresses)
	if f.Print != "" {
		w.and("sessions.fingerprint = ?", f.Print)
	}
	if f.Session != "" {
		w.and("sessions.id >= ? AND sessions.id < ?", f.Session, f.Session+"~")
	}
	for i := range f.Terms {
		f.Terms[i].restrict(w)
	}
	return w
}

// place restricts by what tables of services have.
func (f *Filter) place(w *where) {
	in(w, "origin", f.Origin)
	in(w, "sensor", f.Sensor)
	in(w, "persona", f.Persona)
	in(w, "protocol", f.Protocol)
}

// addresses restricts rows of the table sources.
func (f *Filter) addresses(w *where) {
	if f.Src.IsValid() {
		first := f.Src.Masked().Addr()
		bits := f.Src.Bits()
		if first.Is4() {
			bits += 96
		}
		low := first.As16()
		high := low
		for i := bits; i < 128; i++ {
			high[i/8] |= 0x80 >> (i % 8)
		}
		w.and("addr >= ? AND addr <= ?", low[:], high[:])
	}
	var sources [][]byte
	for _, a := range f.Sources {
		sources = append(sources, address(a))
	}
	in(w, "addr", sources)
}
