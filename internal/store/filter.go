package store

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A Filter says which sessions a question is about. Zero members do not restrict.
type Filter struct {
	From, To time.Time // of the session's beginning: From included, To not
	Sensor   []string
	Persona  []string
	Protocol []string
	Label    []string
	Country  []string
	Tool     string
	ASN      uint32
	Src      netip.Prefix
	Sources  []netip.Addr // any of these
	Session  string       // beginning of its id
	Severity int          // at least
	Research string       // "hide": without known research scanners, "only": them alone
	Terms    []Term       // conditions besides
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
	for _, a := range args {
		w.args = append(w.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.text.WriteString(condition)
}

// in adds a choice among values.
func in[T any](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+" IN ("+marks+")", args...)
}

// arg adds an argument and returns its mark.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) String() string { return w.text.String() }

// sessions restricts rows of the table sessions.
func (f *Filter) sessions() *where {
	w := &where{}
	f.common(w, "opened", time.Nanosecond)
	in(w, "label", f.Label)
	in(w, "country", f.Country)
	if f.Tool != "" {
		w.and("tool = ?", f.Tool)
	}
	if f.ASN != 0 {
		w.and("asn = ?", f.ASN)
	}
	f.source(w)
	var sources [][]byte
	for _, a := range f.Sources {
		sources = append(sources, address(a))
	}
	in(w, "src", sources)
	if f.Session != "" {
		w.and("id >= ? AND id < ?", f.Session, f.Session+"~")
	}
	if f.Severity > 0 {
		w.and("severity >= ?", f.Severity)
	}
	switch f.Research {
	case "hide":
		w.and("scanner = ''")
	case "only":
		w.and("scanner <> ''")
	}
	for i := range f.Terms {
		f.Terms[i].restrict(w)
	}
	return w
}

// common restricts by time, sensor, persona and protocol, which all tables have.
// unit is what the column counts in: a roll-up's rows have the beginning of theirs.
func (f *Filter) common(w *where, column string, unit time.Duration) {
	if !f.From.IsZero() {
		w.and(column+" >= ?", floor(f.From.UnixNano(), unit))
	}
	if !f.To.IsZero() {
		w.and(column+" < ?", f.To.UnixNano())
	}
	in(w, "sensor", f.Sensor)
	in(w, "persona", f.Persona)
	in(w, "protocol", f.Protocol)
}

func (f *Filter) source(w *where) {
	if !f.Src.IsValid() {
		return
	}
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
	w.and("src >= ? AND src <= ?", low[:], high[:])
}

// coarse says whether roll-ups can answer: they know time in hours, and of
// sources and findings nothing.
func (f *Filter) coarse() bool {
	return len(f.Label) == 0 && len(f.Country) == 0 && f.Tool == "" && f.ASN == 0 && !f.Src.IsValid() && len(f.Sources) == 0 && f.Session == "" && f.Severity == 0 && f.Research == "" && len(f.Terms) == 0
}
