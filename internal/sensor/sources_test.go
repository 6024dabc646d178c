package sensor

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

var noFold session.Folded

// spend uses up a source's budget of the day and returns how many acts it took.
func spend(u *usage) int {
	for n := 1; ; n++ {
		if keep, _ := u.Admit(event.Read, session.MaxRequest, session.MaxResponse); !keep {
			return n
		}
	}
}

func TestDailyBudgetFolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newSources()
		u := table.of(source(netip.MustParseAddr("198.51.100.7")))
		n := spend(u)
		if low, high := dailyJournal/(2*(80<<10)+512), dailyJournal/(2*(80<<10)); n < low || n > high+2 {
			t.Errorf("64 MiB hold %d acts of 160 KiB of journal, want about %d", n, high)
		}
		for range 8 {
			if keep, _ := u.Admit(event.Read, 10, 20); keep {
				t.Fatal("an act is kept within the minute")
			}
		}
		if keep, f := u.Admit(event.Write, 10, 20); !keep || f != noFold {
			t.Error("a write is folded")
		}
		if keep, _ := u.Admit(event.Auth, 1, 1); keep {
			t.Error("an auth is kept")
		}
		time.Sleep(time.Minute)
		keep, f := u.Admit(event.Read, 10, 20)
		want := session.Folded{Count: 10, OctetsIn: 9*10 + session.MaxRequest, OctetsOut: 9*20 + session.MaxResponse}
		if !keep || f != want {
			t.Errorf("after a minute: %v %+v, want %+v", keep, f, want)
		}
		if keep, _ := u.Admit(event.Read, 1, 1); keep {
			t.Error("two acts of a class are kept in a minute")
		}
		if got := table.takeFolded(); len(got) != 0 {
			t.Errorf("reported too early: %+v", got)
		}
		time.Sleep(3 * time.Minute)
		got := table.takeFolded()
		if len(got) != 2 {
			t.Fatalf("reported %+v, want the read and the auth that no line told", got)
		}
		for _, d := range got {
			if d.Source != "198.51.100.7/32" || d.Count != 1 || d.Class != "read" && d.Class != "auth" {
				t.Errorf("reported %+v", d)
			}
		}
		if got := table.takeFolded(); len(got) != 0 {
			t.Errorf("reported twice: %+v", got)
		}
		if keep, _ := table.of(source(netip.MustParseAddr("198.51.100.8"))).Admit(event.Read, 1, 1); !keep {
			t.Error("one source's budget folds another's acts")
		}
		time.Sleep(24 * time.Hour)
		if keep, f := u.Admit(event.Read, 1, 1); !keep || f != noFold {
			t.Errorf("the next day: %v %+v", keep, f)
		}
	})
}

// What does more than look is kept far longer, but not without end: a flood of
// writes would push everybody's acts out of the journal.
func TestFloodOfWritesFolds(t *testing.T) {
	u := &usage{folds: map[event.Class]*fold{}}
	kept := int64(0)
	for range 1 << 20 {
		if keep, _ := u.Admit(event.Write, session.MaxRequest, session.MaxResponse); !keep {
			break
		}
		kept++
	}
	const cost = 2*(session.MaxRequest+session.MaxResponse) + 512
	if octets := kept * cost; octets < floodJournal || octets > floodJournal+cost {
		t.Errorf("%d octets of writes are kept, want %d", octets, floodJournal)
	}
	for _, class := range event.Classes() {
		if keep, _ := u.Admit(class, 1, 1); keep {
			t.Errorf("%s is kept", class)
		}
	}
}

func TestStaysCostJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &usage{folds: map[event.Class]*fold{}}
		for range dailyJournal/stayJournal + 1 {
			if !u.mayBegin(0, time.Now()) {
				t.Fatal("refused without a rate")
			}
		}
		if keep, _ := u.Admit(event.Connect, 0, 0); keep {
			t.Error("connecting and leaving costs no journal")
		}
	})
}

func TestRateOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &usage{folds: map[event.Class]*fold{}}
		for i := range 5 {
			if got := u.mayBegin(3, time.Now()); got != (i < 3) {
				t.Errorf("session %d: %v", i, got)
			}
		}
		time.Sleep(time.Minute)
		if !u.mayBegin(3, time.Now()) {
			t.Error("refused in the next minute")
		}
	})
}

func TestSourcesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newSources()
		over := table.of(source(netip.MustParseAddr("198.51.100.7")))
		spend(over)
		for i := range maxSources + 10 {
			table.of(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
		}
		if len(table.by) > maxSources || len(table.by) < maxSources/3 {
			t.Errorf("%d sources remembered", len(table.by))
		}
		if table.of(over.source) != over {
			t.Error("a source over its budget begins anew when others come")
		}
		time.Sleep(26 * time.Hour)
		if table.forget(time.Now()); len(table.by) != 0 {
			t.Errorf("%d sources remembered after a day", len(table.by))
		}
	})
}

func TestSource(t *testing.T) {
	for addr, want := range map[string]string{"198.51.100.7": "198.51.100.7/32", "::ffff:198.51.100.7": "198.51.100.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64"} {
		if got := source(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
}

// A clock that is set back must not refuse a source until it has caught up.
func TestRateOutlivesAClockSetBack(t *testing.T) {
	u := &usage{}
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	if !u.mayBegin(1, now) || u.mayBegin(1, now) {
		t.Fatal("the rate is not kept")
	}
	if !u.mayBegin(1, now.Add(-time.Hour)) {
		t.Error("refused after the clock was set back")
	}
}
