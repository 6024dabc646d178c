package store

import (
	"net/netip"
	"testing"
)

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
