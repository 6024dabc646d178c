package store

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

const dayNS = int64(24 * time.Hour)

// Days counts sessions a day by a column (BySensor, ByProtocol, ByLabel …), days
// by UTC.
func (s *Store) Days(ctx context.Context, f Filter, by string) ([]Point, error) {
	if !countable(by) {
		return nil, fmt.Errorf("store: nothing is counted by %q", by)
	}
	w := f.sessions()
	day := strconv.FormatInt(dayNS, 10)
	return s.points(ctx, "SELECT opened - opened % "+day+", "+by+", COUNT(*) FROM sessions"+w.String()+" GROUP BY 1, 2 ORDER BY 1, 2", w.args...)
}

// Week counts sessions by the hour in which they began, UTC.
func (s *Store) Week(ctx context.Context, f Filter) ([]Point, error) {
	w := f.sessions()
	hour := strconv.FormatInt(int64(time.Hour), 10)
	return s.points(ctx, "SELECT opened - opened % "+hour+", '', COUNT(*) FROM sessions"+w.String()+" GROUP BY 1 ORDER BY 1", w.args...)
}

// NewSources counts the sources that were first seen on a day, in the filter's
// period; all of them, and by name "research" those of known scanners.
func (s *Store) NewSources(ctx context.Context, f Filter) ([]Point, error) {
	w := f.sessions()
	day := strconv.FormatInt(dayNS, 10)
	return s.points(ctx, "SELECT first - first % "+day+", name, COUNT(*) FROM (SELECT MIN(opened) AS first, CASE WHEN MAX(scanner) <> '' THEN 'research' ELSE 'others' END AS name FROM sessions"+
		w.String()+" GROUP BY src) AS seen GROUP BY 1, 2 ORDER BY 1, 2", w.args...)
}

func (s *Store) points(ctx context.Context, q string, args ...any) ([]Point, error) {
	rows, err := s.db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Point{}
	for rows.Next() {
		var p Point
		var at int64
		if err := rows.Scan(&at, &p.Name, &p.N); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		p.At = timeOf(at)
		out = append(out, p)
	}
	return out, rows.Err()
}

// A Pair is how many sessions have two values.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
	N int64  `json:"n"`
}

// Pairs counts sessions by two columns.
func (s *Store) Pairs(ctx context.Context, f Filter, a, b string) ([]Pair, error) {
	if !countable(a) || !countable(b) {
		return nil, fmt.Errorf("store: nothing is counted by %q and %q", a, b)
	}
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, "SELECT "+a+", "+b+", COUNT(*) FROM sessions"+w.String()+" GROUP BY 1, 2 ORDER BY 1, 2", w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Pair{}
	for rows.Next() {
		var p Pair
		if err := rows.Scan(&p.A, &p.B, &p.N); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// A Bin is how many sessions have a value up to Value, and more than the bin
// before.
type Bin struct {
	Value float64 `json:"value"`
	N     int64   `json:"n"`
}

// A Spread is how long the sessions of a label lasted, in seconds, in bins of a
// fiftieth of a decade, and how many acts they had; none counts as one.
type Spread struct {
	Label  string `json:"label"`
	Lasted []Bin  `json:"lasted"`
	Acts   []Bin  `json:"acts"`
}

// Distributions are those of sessions that have ended, by label.
func (s *Store) Distributions(ctx context.Context, f Filter) ([]Spread, error) {
	w := f.sessions()
	w.and("closed > 0")
	rows, err := s.db.QueryContext(ctx, "SELECT label, closed - opened, acts FROM sessions"+w.String(), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	lasted, acts := map[string]bins{}, map[string]bins{}
	for rows.Next() {
		var label string
		var ns, n int64
		if err := rows.Scan(&label, &ns, &n); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if lasted[label] == nil {
			lasted[label], acts[label] = bins{}, bins{}
		}
		lasted[label][logBin(max(float64(ns)/1e9, 1e-3))]++
		if n = max(n, 1); n > 1000 {
			acts[label][logBin(float64(n))]++
		} else {
			acts[label][float64(n)]++
		}
	}
	var out []Spread
	for _, label := range slices.Sorted(maps.Keys(lasted)) {
		out = append(out, Spread{label, lasted[label].sorted(), acts[label].sorted()})
	}
	return out, rows.Err()
}

// logBin is the upper end of a value's bin.
func logBin(v float64) float64 { return math.Pow(10, math.Ceil(50*math.Log10(v)-1e-9)/50) }

// bins count by the upper ends of bins.
type bins map[float64]int64

func (b bins) sorted() []Bin {
	out := make([]Bin, 0, len(b))
	for _, v := range slices.Sorted(maps.Keys(b)) {
		out = append(out, Bin{v, b[v]})
	}
	return out
}

// An Arrival is when a known research scanner came, and how much.
type Arrival struct {
	Scanner   string    `json:"scanner"`
	Proof     string    `json:"proof"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Sessions  int64     `json:"sessions"`
	Sources   int64     `json:"sources"`
	Protocols []string  `json:"protocols"`
	Days      []Point   `json:"days"` // sessions, where there were any
}

// Arrivals lists the known research scanners, the first to come first.
func (s *Store) Arrivals(ctx context.Context, f Filter) ([]Arrival, error) {
	w := f.sessions()
	w.and("scanner <> ''")
	rows, err := s.db.QueryContext(ctx, "SELECT scanner, MIN(scanner_proof), MIN(opened), MAX(opened), COUNT(*), COUNT(DISTINCT src), GROUP_CONCAT(DISTINCT protocol) FROM sessions"+
		w.String()+" GROUP BY scanner ORDER BY 3, 1", w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Arrival{}
	for rows.Next() {
		var a Arrival
		var first, last int64
		var protocols string
		if err := rows.Scan(&a.Scanner, &a.Proof, &first, &last, &a.Sessions, &a.Sources, &protocols); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		a.First, a.Last, a.Protocols = timeOf(first), timeOf(last), split(protocols)
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	byDay, err := s.Days(ctx, f, ByScanner)
	for _, p := range byDay {
		for i := range out {
			if out[i].Scanner == p.Name {
				out[i].Days = append(out[i].Days, p)
			}
		}
	}
	return out, err
}

// An Uptime is a time in which a sensor listened.
type Uptime struct {
	Sensor string    `json:"sensor"`
	Site   string    `json:"site,omitempty"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Down   string    `json:"ended,omitempty"` // "stop", "crash", or "" where it still listens
}

// Uptimes lists when sensors listened with any service, within the filter's
// period. now ends what still goes on.
func (s *Store) Uptimes(ctx context.Context, f Filter, now time.Time) ([]Uptime, error) {
	w := &where{}
	in(w, "sensor", f.Sensor)
	in(w, "persona", f.Persona)
	rows, err := s.db.QueryContext(ctx, `SELECT sensor, MAX(site), MIN(since), MAX(CASE WHEN until = 0 THEN `+strconv.FormatInt(math.MaxInt64, 10)+` ELSE until END),
		(SELECT COUNT(*) FROM notes WHERE notes.boot = listening.boot AND what = 'stop') FROM listening`+w.String()+` GROUP BY sensor, boot ORDER BY 1, 3`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Uptime{}
	for rows.Next() {
		var u Uptime
		var since, until int64
		var stops int
		if err := rows.Scan(&u.Sensor, &u.Site, &since, &until, &stops); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		u.Since, u.Until = timeOf(since), now
		switch {
		case until == math.MaxInt64:
		case stops > 0:
			u.Until, u.Down = timeOf(until), "stop"
		default:
			u.Until, u.Down = timeOf(until), "crash"
		}
		if !f.From.IsZero() && u.Since.Before(f.From) {
			u.Since = f.From
		}
		if !f.To.IsZero() && u.Until.After(f.To) {
			u.Until, u.Down = f.To, ""
		}
		if u.Until.After(u.Since) {
			out = append(out, u)
		}
	}
	return out, rows.Err()
}

// Synthetic says which sensors say of themselves that their data are made up.
func (s *Store) Synthetic(ctx context.Context, f Filter) ([]string, error) {
	w := &where{}
	in(w, "sensor", f.Sensor)
	w.and("what = 'start' AND detail LIKE '%\"synthetic\":true%'")
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT sensor FROM notes"+w.String()+" ORDER BY sensor", w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, name)
	}
	return out, rows.Err()
}
