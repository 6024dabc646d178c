package web

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sundew-ics/sundew/internal/store"
)

func TestQuery(t *testing.T) {
	for _, c := range []struct{ q, canonical string }{
		{"", ""},
		{"proto:s7comm label:ics_write -label:research* country:nl src:1.2.3.0/24 tool:\"nmap s7-info\" sev>=7", `protocol:s7comm label:ics_write -label:research* country:NL src:1.2.3.0/24 tool:"nmap s7-info" severity>=7`},
		{"label:ics_write,brute_force", "label:ics_write,brute_force"},
		{"198.51.100.7", "src:198.51.100.7"},
		{"198.51.100.0/24", "src:198.51.100.0/24"},
		{"2001:db8::/32", "src:2001:db8::/32"},
		{"-2001:db8::1", "-src:2001:db8::1"},
		{"AS64500", "asn:64500"},
		{"as64500", "asn:64500"},
		{"ics_write", "label:ics_write"},
		{"control", "class:control"},
		{"acme", "text:*acme*"},
		{`"two words"`, `text:"*two words*"`},
		{"01937a52-8f3e", "session:01937a52-8f3e*"},
		{"severity=7", "severity:7"},
		{"dur>5m", "duration>5m"},
		{"score>=0.7", "score>=0.7"},
		{`user:"a\"b\\c,d"`, `user:"a\"b\\c,d"`},
		{`secret:`, "!7"},
		{`tool:"open`, "!5"},
		{"nope:x", "!0"},
		{"label:nope", "!6"},
		{"label>=7", "!0"},
		{"sev:high", "!4"},
		{"src:300.1.1.1", "!4"},
		{"a b -zz:d", "!5"},
		{"dur:soon", "!4"},
		{"http://x/", "text:*http://x/*"},
	} {
		terms, err := parseQuery(c.q)
		if at, bad := strings.CutPrefix(c.canonical, "!"); bad {
			q, ok := errors.AsType[*queryError](err)
			if !ok || at != itoa(q.position) {
				t.Errorf("%s: %v at %v", c.q, err, q)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.q, err)
			continue
		}
		if got := write(terms); got != c.canonical {
			t.Errorf("%s: %s, want %s", c.q, got, c.canonical)
		}
	}
	_, err := parseQuery("lable:x")
	if err == nil || !strings.Contains(err.Error(), "label") {
		t.Errorf("no hint: %v", err)
	}
}

func itoa(n int) string { return string(rune('0' + n)) }

// TestAnswers sets queries against what the rig's journal holds.
func TestAnswers(t *testing.T) {
	r := newRig(t, nil).in()
	for _, c := range []struct {
		q    string
		want int
	}{
		{"", visits},
		{"protocol:modbus", visits / 3},
		{"-protocol:modbus", visits * 2 / 3},
		{"protocol:modbus protocol:http", visits * 2 / 3},
		{"protocol:modbus,http -protocol:http", visits / 3},
		{"protocol:mod*", visits / 3},
		{"class:write", visits / 6},
		{"-class:write", visits * 5 / 6},
		{"op:write_single_register value:7 target:3 kind:register outcome:answered", visits / 6},
		{"value:8", 0},
		{"file:" + sha, visits / 6},
		{"file:=f", visits / 6},
		{"secret:admin", visits / 3},
		{"secret:admi", 0},
		{"user:*onerror*", visits / 3},
		{"sev>=8", visits / 6},
		{"sev<8", visits * 5 / 6},
		{"scanner:Censys", 11},
		{"proof:confirmed label:research_confirmed", 11},
		{"-scanner:Censys", visits - 11},
		{"scanner", 11},
		{"src:198.51.100.1", 11},
		{"-src:198.51.100.0/24", visits - 11},
		{"src:203.0.113.0/24,198.51.100.0/24", visits},
		{"src:10.0.0.0/8", 0},
		{"asn:64500", 11},
		{"asn>64500", visits - 11},
		{"country:nl", 11},
		{"technique:T0*", -1},
		{"port:502 acts>=1 in:24 out:30 reason:visitor", visits},
		{"port:80", 0},
		{"session:" + id(6), 1},
		{"session:01937a52*", visits},
		{"transport:udp", 0},
		{"sensor:s1 persona:pumping-station device:plc", visits},
	} {
		var p sessionPage
		r.json("/sessions?limit=1000&q="+strings.NewReplacer(" ", "+", "*", "%2A", ">", "%3E", "<", "%3C", "=", "%3D").Replace(c.q), &p)
		if c.want >= 0 && (len(p.Sessions) != c.want || p.Total != c.want) {
			t.Errorf("%s: %d of %d, want %d", c.q, len(p.Sessions), p.Total, c.want)
		}
		if c.want < 0 && len(p.Sessions) == 0 {
			t.Errorf("%s: none", c.q)
		}
	}
}

// TestCountsAgree has roll-ups and lists say the same, whatever the filter.
func TestCountsAgree(t *testing.T) {
	r := newRig(t, nil).in()
	for _, q := range []string{"", "protocol:modbus", "label:ics_write", "-label:ics_write", "sev>=4", "-src:198.51.100.1", "class:write", "tool:*", "country:GB -protocol:http", "technique:T0836", "score<0.5"} {
		q = strings.NewReplacer(" ", "+", "*", "%2A", ">", "%3E", "<", "%3C", "=", "%3D").Replace(q)
		var p sessionPage
		r.json("/sessions?limit=1000&q="+q, &p)
		var o overview
		r.json("/overview?q="+q, &o)
		if int(o.KPIs["sessions"].Now) != len(p.Sessions) {
			t.Errorf("%s: overview has %v sessions, the list %d", q, o.KPIs["sessions"].Now, len(p.Sessions))
		}
		var line timeline
		r.json("/timeline?by=label&q="+q, &line)
		sum := int64(0)
		for _, s := range line.Series {
			for _, n := range s.Values {
				sum += n
			}
		}
		if sum != int64(len(p.Sessions)) {
			t.Errorf("%s: the timeline has %d sessions, the list %d", q, sum, len(p.Sessions))
		}
		acts := int64(0)
		for _, x := range o.Operations {
			acts += x.Acts
		}
		if acts != int64(o.KPIs["acts"].Now) {
			t.Errorf("%s: %d acts by operation, %v in all", q, acts, o.KPIs["acts"].Now)
		}
	}
}

func TestPages(t *testing.T) {
	r := newRig(t, nil).in()
	for _, q := range []string{"", "q=class:read,write,auth,identify", "q=protocol:modbus"} {
		var whole sessionPage
		r.json("/sessions?limit=1000&"+q, &whole)
		var got []string
		after := ""
		for range 100 {
			var p sessionPage
			r.json("/sessions?limit=7&after="+after+"&"+q, &p)
			for _, s := range p.Sessions {
				got = append(got, s.ID)
			}
			if after = p.Next; after == "" {
				break
			}
			if len(p.Sessions) != 7 {
				t.Errorf("%s: a page of %d", q, len(p.Sessions))
			}
		}
		var want []string
		for _, s := range whole.Sessions {
			want = append(want, s.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: pages give %d sessions, the whole has %d", q, len(got), len(want))
		}
	}
	var e events
	var seqs []int
	for after := ""; ; {
		r.json("/sessions/"+id(6)+"/events?limit=1"+after, &e)
		for _, x := range e.Events {
			seqs = append(seqs, x.Seq)
		}
		if e.Next == 0 {
			break
		}
		after = "&after=" + itoa(e.Next)
		e = events{}
	}
	if !slices.Equal(seqs, []int{1, 2}) {
		t.Errorf("events %v", seqs)
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 29, 15, 42, 7, 0, time.UTC)
	for text, want := range map[string]string{
		"7d": "2026-11-22T00:00:00Z", "24h": "2026-11-28T15:00:00Z", "90m": "2026-11-29T14:00:00Z", "5m": "2026-11-29T15:37:00Z", "2026-11-01": "2026-11-01T00:00:00Z", "2026-11-01T05:06:07+01:00": "2026-11-01T04:06:07Z",
	} {
		got, err := moment(text, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "-5m", "99999999h", "d", "NaNd", "1e300d", "2026-13-01"} {
		if got, err := moment(text, now); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"label:ics_write -country:NL sev>=7", `tool:"a \" b",c 1.2.3.0/24`, "::1", `"`, "-", ":", "a:b:c", "label:*,x", "-\xff", "score>=.7 dur<1h", "session:01937a52-8f3e*", "as1 AS9999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		terms, err := parseQuery(q)
		if err != nil {
			if e, ok := errors.AsType[*queryError](err); !ok || e.position < 0 || e.position > len(q) {
				t.Fatalf("%q: %v", q, err)
			}
			return
		}
		var filter store.Filter
		apply(&filter, terms)
		again := write(terms)
		if !utf8.ValidString(q) || len(again) > maxQuery {
			return
		}
		back, err := parseQuery(again)
		if err != nil {
			t.Fatalf("%q is written %q, which cannot be read: %v", q, again, err)
		}
		if write(back) != again || len(back) != len(terms) {
			t.Fatalf("%q is written %q, and that %q", q, again, write(back))
		}
	})
}

// TestFarTimes: a time that cannot be counted is refused, not answered with nothing.
func TestFarTimes(t *testing.T) {
	r := newRig(t, nil).in()
	for q, want := range map[string]int{"to=9999-12-31T00:00:00Z": 400, "to=2600-01-01": 400, "from=1000-01-01": 400, "to=2027-01-01": 200} {
		if resp := r.get("/sessions?" + q); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", q, resp.StatusCode, want)
		}
	}
}
