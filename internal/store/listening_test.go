package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/journal"
)

// diary writes what sensors say of themselves, at minutes after the beginning.
type diary struct {
	lines []string
	seqs  map[string]int
}

func (d *diary) say(minute float64, sensor, boot, what, detail string) {
	at := made.Add(time.Duration(minute * float64(time.Minute)))
	d.lines = append(d.lines, fmt.Sprintf(`{"v":1,"kind":"status","ts":%q,"seq":%d,"boot":%q,"sensor":%q,"what":%q,"detail":%s}`, at.Format(time.RFC3339Nano), d.seqs[boot], boot, sensor, what, detail))
	d.seqs[boot]++
}

// visit is a session of one act.
func (d *diary) visit(minute float64, sensor, boot, src string) {
	at := made.Add(time.Duration(minute * float64(time.Minute)))
	id := fmt.Sprintf("0199-%s-%s", boot, src)
	for seq, rest := range []string{`"kind":"session.open","persona":"p","device":"plc","build":"x","listener":"modbus","octets":"wire"`,
		`"kind":"act","op":"read_coils","class":"read","outcome":"answered","request":"00","response":"00","request_len":1,"response_len":1,"took_us":1,"count":1`} {
		d.lines = append(d.lines, fmt.Sprintf(`{"v":1,"ts":%q,"at_us":%d,"seq":%d,"session":%q,"boot":%q,"sensor":%q,"protocol":"modbus","transport":"tcp","src":{"ip":%q,"port":40000},"dst":{"ip":"192.0.2.5","port":502},%s}`,
			at.Add(time.Duration(seq)*time.Second).Format(time.RFC3339Nano), seq*1_000_000, seq, id, boot, sensor, src, rest))
	}
}

// heartbeats says each hour that a boot lives.
func (d *diary) heartbeats(sensor, boot string, from, to float64) {
	for m := from + 60; m < to; m += 60 {
		d.say(m, sensor, boot, "heartbeat", "{}")
	}
}

// sorted are the lines by time, those of one time as they were said.
func (d *diary) sorted() []string {
	of := func(l string) string {
		_, rest, _ := strings.Cut(l, `"ts":"`)
		ts, _, _ := strings.Cut(rest, `"`)
		at, _ := time.Parse(time.RFC3339Nano, ts)
		return fmt.Sprintf("%020d", at.UnixNano())
	}
	out := slices.Clone(d.lines)
	slices.SortStableFunc(out, func(a, b string) int { return strings.Compare(of(a), of(b)) })
	return out
}

// listens is the detail of a start: one service on so many addresses.
func listens(addrs ...string) string {
	var out []string
	for _, a := range addrs {
		out = append(out, fmt.Sprintf(`{"persona":"p","device":"plc","service":"modbus","protocol":"modbus","network":"tcp","addr":%q}`, a))
	}
	return `{"site":{"name":"lab"},"services":[` + strings.Join(out, ",") + `]}`
}

const port = `{"device":"plc","service":"modbus","addr":"192.0.2.5:502","state":%q}`

// A sensor listens from a start to a stop, or to its own last line before a crash,
// however busy others in the same journal are; ports that are closed do not listen.
func TestListening(t *testing.T) {
	one, two := listens("192.0.2.5:502"), listens("192.0.2.5:502", "[2001:db8::5]:502")
	d := &diary{seqs: map[string]int{}}
	d.say(0, "steady", "s1", "start", two) // to the end
	d.heartbeats("steady", "s1", 0, 1000)
	d.visit(999, "steady", "s1", "203.0.113.9")
	d.say(0, "killed", "k1", "start", two) // its last line is a visit, at 130
	d.heartbeats("killed", "k1", 0, 125)
	d.visit(130, "killed", "k1", "203.0.113.1")
	d.say(430, "killed", "k2", "start", two)
	d.heartbeats("killed", "k2", 430, 1000)
	d.say(1000, "killed", "k2", "stop", "{}")
	d.say(0, "stopped", "t1", "start", one)
	d.say(100, "stopped", "t1", "stop", "{}")
	d.say(150, "stopped", "t2", "start", one)
	d.say(200, "stopped", "t2", "listener", fmt.Sprintf(port, "down"))
	d.say(260, "stopped", "t2", "listener", fmt.Sprintf(port, "up"))
	d.say(261, "stopped", "t2", "listener", fmt.Sprintf(port, "up"))
	d.say(300, "stopped", "t2", "stop", "{}")
	d.say(0, "silent", "q1", "start", one) // killed at 70, and never started again
	d.heartbeats("silent", "q1", 0, 70)
	d.say(900, "silent", "q1", "retention", "{}")
	d.lines[len(d.lines)-1] = strings.Replace(d.lines[len(d.lines)-1], `"seq":2`, `"seq":-4`, 1) // of the journal, in its name

	dir, by := t.TempDir(), interpreter(t)
	lines := d.sorted()
	imported := strings.NewReplacer(`"boot":"`, `"boot":"i`, `"session":"0199`, `"session":"0188`)
	var copied []string
	for _, l := range lines {
		copied = append(copied, imported.Replace(l))
	}
	write(t, JournalDir(dir, ""), lines)
	write(t, JournalDir(dir, "old"), copied)
	anew := open(t, filepath.Join(dir, "anew.db"))
	defer anew.Close()
	take(t, anew, dir, by, "", "old")

	file := filepath.Join(dir, "grown.db")
	pieces := t.TempDir()
	for i := range lines {
		write(t, JournalDir(pieces, ""), lines[i:i+1])
		if i%3 > 0 && i < len(lines)-1 { // begun anew now and then
			continue
		}
		s := open(t, file)
		take(t, s, pieces, by, "")
		s.Close()
	}
	s := open(t, file)
	defer s.Close()
	write(t, JournalDir(pieces, "old"), copied)
	take(t, s, pieces, by, "old")
	equalBut(t, s, anew, "sessions") // where a line is

	now := made.Add(1010 * time.Minute)
	for name, db := range map[string]*Store{"grown": s, "anew": anew} {
		for _, c := range []struct {
			sensor   string
			f        Filter
			minutes  float64 // of the own journal
			imported float64
			times    int
		}{
			{"steady", Filter{}, 1010, 999 + 1.0/60, 1},
			{"killed", Filter{}, 130 + 1.0/60 + 570, 130 + 1.0/60 + 570, 2},
			{"killed", Filter{From: made.Add(120 * time.Minute), To: made.Add(440 * time.Minute)}, 20 + 1.0/60, 20 + 1.0/60, 2},
			{"stopped", Filter{}, 100 + 50 + 40, 190, 3},
			{"silent", Filter{}, 60, 60, 1},
		} {
			for origin, want := range map[string]float64{"": c.minutes, "old": c.imported} {
				f := c.f
				f.Sensor, f.Origin = []string{c.sensor}, []string{origin}
				list, err := db.Contacts(t.Context(), f, now)
				if err != nil || len(list) != 1 {
					t.Fatal(list, err)
				}
				if d := list[0].Listened.Minutes() - want; d > 0.001 || d < -0.001 {
					t.Errorf("%s, %s of %q: listened %v, want %v minutes", name, c.sensor, origin, list[0].Listened, want)
				}
				up, err := db.Uptimes(t.Context(), f, now)
				sum := 0.0
				for _, u := range up {
					sum += u.Until.Sub(u.Since).Minutes()
				}
				if d := sum - want; err != nil || d > 0.001 || d < -0.001 || len(up) != c.times {
					t.Errorf("%s, %s of %q: up %+v, want %d times of %v minutes in all, %v", name, c.sensor, origin, up, c.times, want, err)
				}
			}
		}
	}
}

// A boot that has a line later than what the database was told is not ended early:
// what was read in the same transaction counts.
func TestListeningInOneTransaction(t *testing.T) {
	d := &diary{seqs: map[string]int{}}
	d.say(0, "s", "b1", "start", listens("192.0.2.5:502"))
	d.visit(17, "s", "b1", "203.0.113.1")
	d.say(90, "s", "b2", "start", listens("192.0.2.5:502"))
	dir, by := t.TempDir(), interpreter(t)
	write(t, JournalDir(dir, ""), d.lines)
	s := open(t, filepath.Join(dir, "s.db"))
	defer s.Close()
	l, err := LinesOf(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	l.End = func() journal.Cursor { return journal.Cursor{Segment: 1 << 40} }
	w, err := s.Writer(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Follow(t.Context(), l, nil); err != nil {
		t.Fatal(err)
	}
	list, err := s.Contacts(t.Context(), Filter{}, made.Add(100*time.Minute))
	if want := 27*time.Minute + time.Second; err != nil || len(list) != 1 || list[0].Listened != want {
		t.Errorf("%+v, want %v; %v", list, want, err)
	}
}
