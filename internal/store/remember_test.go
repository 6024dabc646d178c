package store

import (
	"net/netip"
	"testing"
)

// The newest hours are remembered, as many as there is room for.
func TestRememberedHours(t *testing.T) {
	const n = maxGroups / 10
	of := func(hours ...int64) map[int64]*unpacked {
		out := map[int64]*unpacked{}
		for _, at := range hours {
			out[at] = &unpacked{at: at, visits: make([]visit, n)}
		}
		return out
	}
	u := &rollup{}
	u.remember(of(5, 6, 7, 8, 9, 10, 11, 12))
	u.remember(of(1, 2, 3, 4)) // there is room for two
	u.remember(of(20, 12))     // one is new
	for at, want := range map[int64]bool{1: false, 2: false, 3: false, 4: true, 5: true, 12: true, 20: true} {
		if got := u.hours[at] != nil; got != want {
			t.Errorf("hour %d is remembered: %v", at, got)
		}
	}
	groups := 0
	for _, h := range u.hours {
		groups += len(h.visits)
	}
	if groups != u.groups || groups > maxGroups {
		t.Errorf("%d groups, counted as %d, at most %d", groups, u.groups, maxGroups)
	}
}

// A source's sessions are all of them, in order, by whichever way they are found.
func TestSessionsOfOne(t *testing.T) {
	s, _ := filled(t, 200)
	for _, src := range []string{"203.0.113.7", "198.51.100.1", "2001:db8::9", "192.0.2.200"} {
		p := netip.MustParseAddr(src)
		one, err := s.Sessions(t.Context(), Filter{Src: netip.PrefixFrom(p, p.BitLen())}, MaxPage, "")
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Sessions(t.Context(), Filter{}, MaxPage, "")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, v := range all.Sessions {
			if v.Src == p {
				want = append(want, v.ID)
			}
		}
		if len(one.Sessions) != len(want) || len(want) == 0 != (src == "192.0.2.200") {
			t.Fatalf("%s: %d sessions, want %d", src, len(one.Sessions), len(want))
		}
		for i, v := range one.Sessions {
			if v.ID != want[i] {
				t.Errorf("%s: %s at %d, want %s", src, v.ID, i, want[i])
			}
		}
	}
}
