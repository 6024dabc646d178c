package store

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// What is read row by row is what pages and counts say, whatever the filter.
func TestEach(t *testing.T) {
	s, _ := filled(t, 200)
	for _, f := range []Filter{{}, {Research: "only"}, {Research: "hide"}, {Protocol: []string{"http"}}, {Severity: 3}, {ASN: 64500},
		{Src: netip.MustParsePrefix("203.0.113.0/25")}, {Label: []string{analysis.ResearchConfirmed}}, {Origin: []string{"other"}}} {
		page, err := s.Sessions(t.Context(), f, MaxPage, "")
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]int{}
		for _, v := range page.Sessions {
			left[v.ID] = 1
		}
		var last *Session
		n := 0
		err = s.EachSession(t.Context(), f, func(v *Session) error {
			if last != nil && v.Opened.Before(last.Opened) {
				t.Errorf("%+v: %s is not behind %s", f, v.ID, last.ID)
			}
			left[v.ID]--
			last = v
			n++
			return nil
		})
		if err != nil || n != len(page.Sessions) {
			t.Errorf("%+v: %d sessions, want %d: %v", f, n, len(page.Sessions), err)
		}
		for id, n := range left {
			if n != 0 {
				t.Errorf("%+v: session %s comes %d times", f, id, 1-n)
			}
		}
		seen := 0
		if err := s.EachAct(t.Context(), f, func(a *Act) error {
			if seen++; a.Op == "" || !a.Src.IsValid() || left[a.Session] != 0 {
				t.Errorf("%+v", a)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		sessions := int64(0)
		if err := s.EachTraffic(t.Context(), f, func(v *Traffic) error { sessions += v.Sessions; return nil }); err != nil || sessions != int64(n) {
			t.Errorf("%+v: traffic of %d sessions, want %d: %v", f, sessions, n, err)
		}
		var acts int
		w := f.sessions()
		if err := s.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM acts WHERE session IN (SELECT key FROM sessions"+w.String()+")", w.args...).Scan(&acts); err != nil || seen != acts {
			t.Errorf("%+v: %d acts, want %d: %v", f, seen, acts, err)
		}
	}
}

// An error of the taker ends the reading and comes back as it is.
func TestEachEnds(t *testing.T) {
	s, _ := filled(t, 20)
	enough, n := errors.New("enough"), 0
	err := s.EachSession(t.Context(), Filter{}, func(*Session) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 3 {
		t.Errorf("%v after %d", err, n)
	}
}
