package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rows asks the database itself, and joins the columns of each row.
func (s *Store) rows(t *testing.T, q string, w *where) []string {
	t.Helper()
	out := []string{}
	err := each(context.Background(), s.db, q, w.args, func(rows *sql.Rows) error {
		var a, b, c sql.NullString
		into := []any{&a, &b, &c}
		n, _ := rows.Columns()
		err := rows.Scan(into[:len(n)]...)
		out = append(out, strings.Join([]string{a.String, b.String, c.String}[:len(n)], "|"))
		return err
	})
	if err != nil {
		t.Fatal(err, q)
	}
	slices.Sort(out)
	return out
}

func questions(sc *script) map[string]Filter {
	begin, end := made.Add(100*time.Millisecond), sc.at.Add(-time.Second)
	return map[string]Filter{
		"all": {}, "within hours": {From: begin, To: end}, "label": {Label: []string{"brute_force"}, From: begin}, "protocol": {Protocol: []string{"modbus"}, To: end},
		"country": {Country: []string{"GB"}}, "research": {Research: "hide"}, "severity": {Severity: 8}, "nobody": {Country: []string{"XX"}}, "none then": {From: end.Add(time.Hour)},
		"network": {Src: netip.MustParsePrefix("203.0.113.0/25")},
	}
}

const whole = ` FROM sessions JOIN places ON places.key = sessions.place JOIN verdicts ON verdicts.key = sessions.verdict JOIN networks ON networks.key = sessions.network`

// What a report draws by the roll-up is what the rows say.
func TestReportEqualsRows(t *testing.T) {
	s, sc := filledLong(t)
	ctx := t.Context()
	text := func(p []Point) []string {
		out := []string{}
		for _, x := range p {
			out = append(out, strings.Join([]string{num(x.At.UnixNano()), x.Name, num(x.N)}, "|"))
		}
		slices.Sort(out)
		return out
	}
	for name, f := range questions(sc) {
		same := func(what string, got []string, err error, want []string) {
			t.Helper()
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s of %s: %v, the rows say %v; %v", what, name, got, want, err)
			}
		}
		w := f.sessions()
		daily, err := s.Daily(ctx, f, ByLabel)
		same("daily", text(daily), err, s.rows(t, `SELECT opened - opened % 86400000000000, label, COUNT(*)`+whole+w.String()+` GROUP BY 1, 2`, w))
		week, err := s.Week(ctx, f)
		same("week", text(week), err, s.rows(t, `SELECT opened - opened % 3600000000000, '', COUNT(*)`+whole+w.String()+` GROUP BY 1`, w))
		fresh, err := s.NewSources(ctx, f)
		same("new sources", text(fresh), err, s.rows(t, `SELECT day, kind, COUNT(*) FROM (SELECT MIN(opened) - MIN(opened) % 86400000000000 AS day,
			CASE WHEN MAX(scanner) <> '' THEN 'research' ELSE 'others' END AS kind`+whole+w.String()+` GROUP BY source) AS firsts GROUP BY 1, 2`, w))
		pairs, err := s.Pairs(ctx, f, ByProtocol, ByLabel)
		got := []string{}
		for _, p := range pairs {
			got = append(got, p.A+"|"+p.B+"|"+num(p.N))
		}
		slices.Sort(got)
		same("pairs", got, err, s.rows(t, `SELECT protocol, label, COUNT(*)`+whole+w.String()+` GROUP BY 1, 2`, w))
		aims, err := s.Aims(ctx, f, 1000)
		got = []string{}
		for _, a := range aims {
			got = append(got, a.Op+" "+a.Target+"|"+num(a.Acts)+" "+num(a.Obeyed)+"|"+num(a.Sources))
		}
		slices.Sort(got)
		changes := f.sessions()
		in(changes, "class", []string{"write", "control", "mode", "program_download", "config", "firmware", "restart", "file_write"})
		same("aims", got, err, s.rows(t, `SELECT op || ' ' || target_kind || ' ' || target, SUM(count) || ' ' || SUM(CASE WHEN outcome = 'answered' THEN count ELSE 0 END), COUNT(DISTINCT source)
			FROM sessions JOIN acts ON acts.session = sessions.key JOIN operations ON operations.key = operation JOIN places ON places.key = place`+changes.String()+` GROUP BY protocol, persona, op, class, target_kind, target`, changes))
		checkArrivals(t, s, name, f)
	}
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

func checkArrivals(t *testing.T, s *Store, name string, f Filter) {
	t.Helper()
	type row struct {
		first, last, sessions, sources int64
		protocols                      map[string]bool
	}
	want := map[string]*row{}
	sources := map[[2]string]bool{}
	w := f.sessions()
	err := each(t.Context(), s.db, `SELECT scanner, opened, source, protocol`+whole+w.String(), w.args, func(rows *sql.Rows) error {
		var scanner, source, protocol string
		var at int64
		if err := rows.Scan(&scanner, &at, &source, &protocol); err != nil || scanner == "" {
			return err
		}
		r := want[scanner]
		if r == nil {
			r = &row{first: at, last: at, protocols: map[string]bool{}}
			want[scanner] = r
		}
		r.first, r.last = min(r.first, at), max(r.last, at)
		r.sessions++
		r.protocols[protocol] = true
		if k := [2]string{scanner, source}; !sources[k] {
			sources[k] = true
			r.sources++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Arrivals(t.Context(), f)
	if name == "all" && len(got) == 0 {
		t.Error("no scanner came: nothing was compared")
	}
	if err != nil || len(got) != len(want) {
		t.Errorf("arrivals of %s: %+v, the rows have %d scanners; %v", name, got, len(want), err)
		return
	}
	for _, a := range got {
		r, days := want[a.Scanner], int64(0)
		for i, d := range a.Days {
			days += d.N
			if i > 0 && !a.Days[i-1].At.Before(d.At) {
				t.Errorf("the days of %s are not in order", a.Scanner)
			}
		}
		if r == nil || a.First.UnixNano() != r.first || a.Last.UnixNano() != r.last || a.Sessions != r.sessions || a.Sources != r.sources || days != r.sessions ||
			!slices.Equal(a.Protocols, slices.Sorted(maps.Keys(r.protocols))) {
			t.Errorf("arrivals of %s: %+v, the rows say %+v", name, a, r)
		}
	}
	if !slices.IsSortedFunc(got, func(a, b Arrival) int { return cmp.Compare(a.First.UnixNano(), b.First.UnixNano()) }) {
		t.Error("arrivals are not in the order in which they came")
	}
}
