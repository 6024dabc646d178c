package web

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// maxPeriod is the longest that can be asked about.
const maxPeriod = 10 * 366 * 24 * time.Hour

// moment reads a time: RFC 3339, a date, or a span ago. A span begins with the
// hour, one of days with the day, so that what is summed up by hours and days
// can answer.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	var n float64
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if k, err := fmt.Sscanf(days, "%g", &n); k == 1 && err == nil && n >= 0 && n < maxPeriod.Hours()/24 && !math.IsNaN(n) {
			return now.Add(-time.Duration(n * 24 * float64(time.Hour))).Truncate(24 * time.Hour), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxPeriod {
		return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-22T20:00:00Z, 2026-11-22, 90m, 24h or 7d", text)
	}
	if d >= time.Hour {
		return now.Add(-d).Truncate(time.Hour), nil
	}
	return now.Add(-d).Truncate(time.Minute), nil
}

// filter is what a request asks about.
func (a *ask) filter() (store.Filter, error) { return filterOf(a.query, a.now) }

// filterOf reads a filter from a query's parameters.
func filterOf(q url.Values, now time.Time) (store.Filter, error) {
	var f store.Filter
	var err error
	if f.From, err = moment(q.Get("from"), now); err != nil {
		return f, &problem{Type: "query", Status: 400, Title: "The time cannot be read", Detail: err.Error(), Parameter: "from"}
	}
	if f.To, err = moment(q.Get("to"), now); err != nil {
		return f, &problem{Type: "query", Status: 400, Title: "The time cannot be read", Detail: err.Error(), Parameter: "to"}
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return f, &problem{Type: "query", Status: 400, Title: "The period is empty", Detail: "from must be before to", Parameter: "from"}
	}
	if !f.From.IsZero() && now.Sub(f.From) > maxPeriod {
		return f, &problem{Type: "limit", Status: 400, Title: "The period is too long", Detail: "leave from out to ask about all that is held", Parameter: "from"}
	}
	if f.To.Sub(now) > maxPeriod { // beyond 2262 no nanoseconds are
		return f, &problem{Type: "limit", Status: 400, Title: "The period is too long", Detail: "leave to out to ask about all that is held", Parameter: "to"}
	}
	terms, err := parseQuery(q.Get("q"))
	if err != nil {
		return f, err
	}
	chosen, err := chosenBy(q)
	if err != nil {
		return f, err
	}
	apply(&f, append(chosen, terms...))
	for _, o := range q["origin"] {
		if o == store.Own {
			o = "" // it has no name
		}
		f.Origin = append(f.Origin, o)
	}
	if r := q.Get("research"); r != "all" {
		f.Research = r
	}
	return f, nil
}

// chosenBy are the terms that parameters of their own say.
func chosenBy(q url.Values) ([]term, error) {
	list := keys()
	var out []term
	for _, name := range []string{"sensor", "persona", "protocol", "label", "country", "automation", "class", "op", "tool", "asn", "src", "fp", "technique"} {
		for _, v := range q[name] {
			t := term{key: findKey(list, name), op: ":"}
			if rest, ok := strings.CutPrefix(v, "-"); ok && name != "op" && name != "tool" {
				t.not, v = true, rest
			}
			if v == "" {
				continue // nothing chosen
			}
			t.values = []string{v}
			if err := t.check(0); err != nil {
				return nil, &problem{Type: "query", Status: 400, Title: "The value cannot be used", Detail: err.Error(), Parameter: name}
			}
			out = append(out, t)
		}
	}
	if v := q.Get("min_severity"); v != "" && v != "0" {
		out = append(out, term{key: findKey(list, "severity"), op: ">=", values: []string{v}})
	}
	return out, nil
}

// before is the period of the same length right before; ok is false where the
// filter has no beginning.
func before(f store.Filter, now time.Time) (store.Filter, bool) {
	if f.From.IsZero() {
		return f, false
	}
	to := f.To
	if to.IsZero() {
		to = now.Truncate(time.Minute)
	}
	length := to.Sub(f.From)
	f.From, f.To = f.From.Add(-length), f.From
	return f, true
}
