package document

import (
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/report/figure"
	"github.com/sundew-ics/sundew/internal/store"
)

func (d *Document) when(f *facts) Section {
	s := Section{ID: "when", Title: "When, and by whose pace", Lead: "At which hours sessions begin, whether programs or persons set their pace, and how soon a service was found."}
	if f.stats.Totals.Sessions == 0 {
		s.text("Nobody came in this period.")
		return s
	}
	d.rhythm(f, &s)
	d.pace(f, &s)
	t := &Table{Name: "first-contact", Caption: "Time to first contact", Show: 30, Note: "From the first listening of the service to the first session; not told of services that listened before this period.",
		Columns: []Column{{Name: "sensor", Keep: true}, {Name: "persona", Keep: true}, {Name: "service", Keep: true}, {Name: "protocol"}, {Name: "listened", Number: true}, {Name: "first visit after", Number: true}, {Name: "first known scanner after", Number: true}, {Name: "which"}, {Name: "sessions", Number: true}}}
	var rows []figure.Dots
	for _, c := range f.stats.Contacts {
		visit, scanner := after(&c, c.First), after(&c, c.Scanner)
		t.Rows = append(t.Rows, []any{c.Sensor, c.Persona, c.Device + "/" + c.Service, c.Protocol, c.Listened, visit, scanner, c.Who, c.Sessions})
		name := c.Device + "/" + c.Service
		if len(f.sensors) > 1 {
			name = c.Sensor + " " + name
		}
		rows = append(rows, figure.Dots{Name: name, Values: []float64{visit.Seconds(), scanner.Seconds()}})
	}
	if text := firstContact(f); text != "" && len(rows) <= 60 {
		s.figure(d, "first-contact", "Time from the first listening of a service to its first visit, and to the first known research scanner.", text, copyOf(t),
			func(h figure.Head) figure.SVG {
				return figure.Times(h, "time since the service began to listen", []string{"first visit", "first known scanner"}, rows)
			})
	}
	s.table(d, t, "No service listened in this period.")
	d.arrivals(f, &s)
	return s
}

// after is how long it took until a service was visited; negative where it never
// was, or where this period does not tell.
func after(c *store.Contact, visit time.Time) time.Duration {
	if took, ok := c.After(visit); ok {
		return took
	}
	return -1
}

// rhythm draws sessions by weekday and hour, for an average week of listening.
func (d *Document) rhythm(f *facts, s *Section) {
	var counts, hours [7][24]float64
	for _, p := range f.week {
		counts[weekday(p.At)][p.At.Hour()] += float64(p.N)
	}
	for t := f.from.Truncate(time.Hour); t.Before(f.to); t = t.Add(time.Hour) {
		hours[weekday(t)][t.Hour()]++
	}
	data := &Table{Columns: []Column{{Name: "weekday"}, {Name: "hour, UTC", Number: true}, {Name: "sessions", Number: true}, {Name: "hours in the period", Number: true}}}
	mean := counts
	for day := range 7 {
		for hour := range 24 {
			data.Rows = append(data.Rows, []any{time.Weekday((day + 1) % 7).String(), hour, int64(counts[day][hour]), int64(hours[day][hour])})
			if hours[day][hour] > 0 {
				mean[day][hour] /= hours[day][hour]
			}
		}
	}
	s.figure(d, "week", "When sessions begin: the mean number of sessions in an hour of the week, all sensors together.", rhythmWords(counts), data,
		func(h figure.Head) figure.SVG { return figure.Week(h, "sessions an hour", mean) })
}

func weekday(t time.Time) int { return (int(t.UTC().Weekday()) + 6) % 7 }

func rhythmWords(counts [7][24]float64) string {
	var hours [24]float64
	for _, d := range counts {
		for h, v := range d {
			hours[h] += v
		}
	}
	most, least := 0, 0
	for h, v := range hours {
		if v > hours[most] {
			most = h
		}
		if v < hours[least] {
			least = h
		}
	}
	return fmt.Sprintf("Most sessions begin between %02d:00 and %02d:00 UTC (%s), fewest between %02d:00 and %02d:00 (%s).",
		most, most+1, figure.Count(int64(hours[most])), least, least+1, figure.Count(int64(hours[least])))
}

// pace draws who made the pace, by label.
func (d *Document) pace(f *facts, s *Section) {
	names := []string{analysis.Indeterminate, analysis.Automated, analysis.Mixed, analysis.Human}
	data := &Table{Columns: []Column{{Name: "label"}, {Name: "pace"}, {Name: "sessions", Number: true}}}
	var shares []figure.Share
	for _, l := range f.labels {
		share := figure.Share{Name: labelled(l.Name), Parts: make([]float64, len(names))}
		for _, p := range f.paces {
			for i, n := range names {
				if p.A == l.Name && p.B == n {
					share.Parts[i] += float64(p.N)
					data.Rows = append(data.Rows, []any{labelled(p.A), p.B, p.N})
				}
			}
		}
		shares = append(shares, share)
	}
	s.figure(d, "pace", "Pace of sessions by label. Fewer than three acts tell nothing: indeterminate.", paceWords(f), data,
		func(h figure.Head) figure.SVG { return figure.Shares(h, names, shares) })
}

func paceWords(f *facts) string {
	n := map[string]int64{}
	for _, p := range f.paces {
		n[p.B] += p.N
	}
	told := n[analysis.Automated] + n[analysis.Human] + n[analysis.Mixed]
	if told == 0 {
		return "No session has acts enough to tell."
	}
	return fmt.Sprintf("Of %s whose pace can be told, %s are automated, %s human, %s mixed.", many(told, "session", "sessions"),
		figure.Count(n[analysis.Automated]), figure.Count(n[analysis.Human]), figure.Count(n[analysis.Mixed]))
}

// arrivals draws when known scanners came.
func (d *Document) arrivals(f *facts, s *Section) {
	t := &Table{Name: "scanners", Caption: "Known research scanners", Note: "Confirmed: the owner's own network. Claimed: a list says so.",
		Columns: []Column{{Name: "scanner"}, {Name: "proof"}, {Name: "first seen"}, {Name: "last seen"}, {Name: "sessions", Number: true}, {Name: "sources", Number: true}, {Name: "protocols"}}}
	data := &Table{Columns: []Column{{Name: "scanner"}, {Name: "day"}, {Name: "sessions", Number: true}}}
	var lanes []figure.Lane
	for _, a := range f.arrivals {
		t.Rows = append(t.Rows, []any{a.Scanner, a.Proof, a.First, a.Last, a.Sessions, a.Sources, join(a.Protocols)})
		lane := figure.Lane{Name: a.Scanner, Marks: []figure.Span{{From: a.First, Note: a.Scanner + " first at " + instant(a.First) + " UTC"}}}
		for _, p := range a.Days {
			data.Rows = append(data.Rows, []any{a.Scanner, p.At.Format(time.DateOnly), p.N})
			lane.Spans = append(lane.Spans, figure.Span{From: p.At, To: p.At.Add(20 * time.Hour), Note: fmt.Sprintf("%s, %s: %s", a.Scanner, p.At.Format(time.DateOnly), many(p.N, "session", "sessions"))})
		}
		lanes = append(lanes, lane)
	}
	if len(lanes) > 0 && len(lanes) <= 40 {
		s.figure(d, "scanners", "Days on which known research scanners came; a diamond marks the first time.", fmt.Sprintf("%s, the first on %s.", many(int64(len(lanes)), "scanner", "scanners"), date(f.arrivals[0].First)), data,
			func(h figure.Head) figure.SVG { return figure.Lanes(h, f.start(), f.to, lanes) })
	}
	s.table(d, t, "No known research scanner came in this period.")
}

func firstContact(f *facts) string {
	visits, scanners := delays(f)
	if len(visits) == 0 {
		return ""
	}
	text := fmt.Sprintf("The median service was first visited after %s", lasting(median(visits)))
	if len(scanners) > 0 {
		text += fmt.Sprintf(", and first by a known scanner after %s", lasting(median(scanners)))
	}
	return text + "."
}
