package demo

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// kept is a journal in memory.
type kept struct{ lines []string }

// Append implements Journal.
func (k *kept) Append(line []byte, _ event.Class) error {
	k.lines = append(k.lines, string(line))
	return nil
}

// Rotate implements Journal.
func (k *kept) Rotate() error { return nil }

func made(t *testing.T, days int) (events []event.Event, planted *Planted) {
	t.Helper()
	k := &kept{}
	planted, err := Make(t.Context(), k, Config{Until: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Days: days, Seed: 7, Sensors: 3, Scale: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range k.lines {
		e, err := event.Parse([]byte(l))
		if err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		if strings.Contains(l, "qxuserqx") || strings.Contains(l, "qxpassqx") || strings.Contains(l, "qxvalueqx") || strings.Contains(l, "127.0.0.1") {
			t.Fatalf("a place that was left open: %s", l)
		}
		events = append(events, e)
	}
	return events, planted
}

// Lines come in the order of their times, sessions are whole, closes count right,
// and every start says that it is synthetic.
func TestJournal(t *testing.T) {
	events, planted := made(t, 10)
	type stay struct {
		next    int
		in, out int64
		closed  bool
	}
	sessions, last, starts := map[string]*stay{}, time.Time{}, 0
	for i := range events {
		e := &events[i]
		if e.Time.Before(last) {
			t.Fatalf("%s is earlier than the line before", e.ID())
		}
		last = e.Time
		if e.Kind == event.KindStatus {
			if e.What == "start" {
				if starts++; !strings.Contains(string(e.Detail), `"synthetic":true`) {
					t.Errorf("a start does not say so: %s", e.Detail)
				}
			}
			continue
		}
		s := sessions[e.Session]
		if s == nil {
			s = &stay{}
			sessions[e.Session] = s
		}
		if e.Seq != s.next || s.closed {
			t.Fatalf("%s follows %d", e.ID(), s.next)
		}
		s.next++
		s.in, s.out = s.in+int64(e.RequestLen), s.out+int64(e.ResponseLen)
		if e.Kind == event.KindClose {
			if s.closed = true; e.OctetsIn != s.in || e.OctetsOut != s.out || e.Acts != e.Seq-1 {
				t.Errorf("%s: %d in, %d out, %d acts, not %d, %d, %d", e.ID(), e.OctetsIn, e.OctetsOut, e.Acts, s.in, s.out, e.Seq-1)
			}
		}
	}
	if len(sessions) != planted.Sessions || starts != 5 {
		t.Errorf("%d sessions, planted %d; %d starts", len(sessions), planted.Sessions, starts)
	}
}

// What visitors say decodes as what it is said to be, with the rooms' decoders.
func TestDecodes(t *testing.T) {
	events, _ := made(t, 10)
	decoders := map[string]protocol.Decoder{}
	read, bad := map[string]int{}, map[string]bool{}
	for i := range events {
		e := &events[i]
		if e.Kind != event.KindAct || e.Request == "" || e.Class == event.Foreign || e.Class == event.Malformed || e.Class == event.Other {
			continue
		}
		d := decoders[e.Session]
		if d == nil {
			if d = catalog.Decoder(e.Protocol); d == nil {
				t.Fatalf("no decoder of %s", e.Protocol)
			}
			decoders[e.Session] = d
		}
		b, err := hex.DecodeString(e.Request)
		if err != nil {
			t.Fatal(err)
		}
		f, n, err := d.Next(true, b)
		if (err != nil || n == 0) && !bad[e.Protocol+e.Op] && !strings.HasSuffix(e.Op, "_data") {
			bad[e.Protocol+e.Op] = true
			t.Errorf("%s %s: %d of %d octets, %v: %x", e.Protocol, e.Op, n, len(b), err, b)
		}
		if err == nil && len(f.Fields) > 0 {
			read[e.Protocol]++
		}
	}
	for _, p := range []string{"modbus", "s7comm", "enip", "bacnet", "iec104", "atg", "dnp3", "snmp", "http", "ftp", "tftp", "ipmi"} {
		if read[p] == 0 {
			t.Errorf("nothing of %s decodes", p)
		}
	}
}

// Nobody real is accused: sources have networks that are set aside, or are known
// scanners that do no more than look.
func TestSources(t *testing.T) {
	events, _ := made(t, 10)
	for i := range events {
		e := &events[i]
		if e.Src == nil || countryOf(e.Src.IP) != "" {
			continue
		}
		if e.Kind == event.KindAct && !e.Class.Passive() && e.Class != event.Report {
			t.Fatalf("%s is not ours to accuse: %s %s", e.Src.IP, e.Op, e.Class)
		}
	}
}
