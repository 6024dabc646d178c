package analysis

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

func rules(t testing.TB) *Rules {
	t.Helper()
	r, err := NewRules()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stay plays acts written as "at-in-seconds class op [kind:ref[=value]] [user/secret] [!outcome]".
func stay(t testing.TB, protocol string, acts ...string) *Session {
	t.Helper()
	s := rules(t).NewSession(&event.Event{Kind: event.KindOpen, Protocol: protocol})
	for i, a := range acts {
		e := event.Event{Kind: event.KindAct, Protocol: protocol, Seq: i + 1, Outcome: event.Answered, RequestLen: 4, Request: hex.EncodeToString([]byte(a[strings.IndexByte(a, ' ')+1:]))}
		f := strings.Fields(a)
		var at float64
		if _, err := fmt.Sscan(f[0], &at); err != nil {
			t.Fatal(err)
		}
		e.AtUS, e.Class, e.Op = int64(at*1e6), event.Class(f[1]), f[2]
		for _, x := range f[3:] {
			switch {
			case x[0] == '!':
				e.Outcome = event.Outcome(x[1:])
			case strings.Contains(x, ":"):
				kind, ref, _ := strings.Cut(x, ":")
				ref, value, has := strings.Cut(ref, "=")
				e.Target = &event.Target{Kind: event.TargetKind(kind), Ref: ref}
				if has {
					e.Values = []string{value}
				}
			case strings.Contains(x, "/"):
				user, secret, _ := strings.Cut(x, "/")
				e.Cred = &event.Cred{User: user, Secret: secret}
			}
		}
		s.Add(&e)
	}
	return s
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		name, protocol string
		acts           []string
		src            Source
		want           string
	}{
		{"nothing said", "modbus", nil, Source{}, PortProbe},
		{"a transport connection", "s7comm", []string{"0 connect connect_request"}, Source{}, PortProbe},
		{"identity and gone", "modbus", []string{"0 identify report_server_id", "0.1 identify read_device_identification"}, Source{}, BannerGrab},
		{"identity from Censys", "modbus", []string{"0 identify read_device_identification"}, Source{Scanner: "Censys", ScannerProof: "confirmed"}, ResearchConfirmed},
		{"identity from a listed address", "modbus", []string{"0 identify read_device_identification"}, Source{Scanner: "Shodan", ScannerProof: "claimed"}, ResearchClaimed},
		{"HTTP on 502", "modbus", []string{"0 foreign foreign_protocol"}, Source{}, Misdirected},
		{"rubbish", "modbus", []string{"0 malformed malformed_frame"}, Source{}, Misdirected},
		{"unit after unit", "modbus", sweep(12), Source{}, BulkScanner},
		{"reads of the process", "modbus", []string{"0 read read_coils coil:0", "3 read read_holding_registers register:0", "9 read read_input_registers input:0", "15 read read_discrete_inputs discrete:0"}, Source{}, ICSInteractive},
		{"a write", "modbus", []string{"0 read read_holding_registers register:1", "1 write write_single_register register:3=5"}, Source{}, ICSWrite},
		{"a refused write is a write", "modbus", []string{"0 write write_single_coil coil:3=1 !refused"}, Source{}, ICSWrite},
		{"upload, stop, and a write of what was read", "s7comm", []string{"0 connect connect_request", "1 enumerate list_blocks", "4 program_upload start_upload block:OB1", "9 read read_var db:DB1", "15 write write_var db:DB1=7", "30 mode plc_stop"}, Source{}, TargetedICS},
		{"a password after the other", "ftp", []string{"0 auth pass root/1", "1 auth pass root/2", "2 auth pass root/3"}, Source{}, BruteForce},
		{"a loader for routers", "http", []string{"0 read get_/boaform/admin/formLogin"}, Source{}, OpportunisticExploit},
		{"one login", "ftp", []string{"0 auth user anonymous/"}, Source{}, Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := stay(t, c.protocol, c.acts...).Finding(c.src)
			if f.Label != c.want {
				t.Errorf("%s (score %.2f), want %s: %+v", f.Label, f.Score, c.want, f.Evidence)
			}
			if f.Label != Unknown && len(f.Evidence) == 0 {
				t.Error("a label without evidence")
			}
			if !slices.Contains(Labels(), f.Label) {
				t.Errorf("%s is no label", f.Label)
			}
			for _, e := range f.Evidence {
				for _, n := range e.Seqs {
					if n < 1 || n > len(c.acts) {
						t.Errorf("%s names act %d of %d", e.Rule, n, len(c.acts))
					}
				}
			}
		})
	}
}

func sweep(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%.2f identify report_server_id unit:%d", float64(i)/20, i))
	}
	return out
}

// The same acts always give the same finding, however often it is asked for.
func TestFindingIsRepeatable(t *testing.T) {
	s := stay(t, "ftp", "0 auth pass root/1", "1 auth pass root/2", "2 auth pass root/3", "3 auth pass root/4", "4 auth pass admin/admin")
	a := fmt.Sprintf("%+v", s.Finding(Source{}))
	if b := fmt.Sprintf("%+v", s.Finding(Source{})); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	f := s.Finding(Source{})
	var ids []string
	for _, x := range f.Techniques {
		ids = append(ids, x.ID)
	}
	if got := strings.Join(ids, " "); got != "T0859 T1110 T1694.001" {
		t.Errorf("techniques %s", got)
	}
	if f.CredList == "" || f.Severity != 4 {
		t.Errorf("%+v", f)
	}
}

func TestPace(t *testing.T) {
	at := func(seconds ...float64) string {
		var tm timing
		for _, s := range seconds {
			tm.add(int64(s * 1e6))
		}
		return tm.automation()
	}
	for _, c := range []struct {
		name string
		got  string
		want string
	}{
		{"two acts", at(0, 1), Indeterminate},
		{"as fast as it goes", at(0, 0.01, 0.02, 0.05, 0.06), Automated},
		{"every second", at(0, 1, 2.01, 3, 4.02, 5), Automated},
		{"typing and thinking", at(0, 2.5, 4, 19, 22, 60, 63.5), Human},
		{"a script, started again and again", at(0, 0.01, 0.02, 0.03, 40, 40.01, 40.02, 40.03, 95, 95.01, 95.02), Mixed},
		{"uneven, within two seconds", at(0, 0.4, 1.9, 2.3, 3.9), Indeterminate},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestClusters(t *testing.T) {
	a, b, c, d := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.4")
	traces := []Trace{
		{Session: "s4", Src: d, At: 4, Payload: "other"},
		{Session: "s3", Src: c, At: 3, Artifacts: []string{"f1"}},
		{Session: "s1", Src: a, At: 1, Payload: "p"},
		{Session: "s2", Src: b, At: 2, Payload: "p", Artifacts: []string{"f1"}},
	}
	for i := range 30 { // what everybody has joins nobody
		traces = append(traces, Trace{Session: fmt.Sprint("x", i), Src: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), At: 9, UA: "curl"})
	}
	got := Clusters(traces)
	if len(got) != 1 || got[0].Name != "C-0001" || !slices.Equal(got[0].Sources, []netip.Addr{a, b, c}) || !slices.Equal(got[0].Keys, []string{"file f1", "payload p"}) ||
		got[0].First != 1 || got[0].Last != 3 || len(got[0].Sessions) != 3 {
		t.Errorf("%+v", got)
	}
	slices.Reverse(traces)
	if again := Clusters(traces); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("in another order %+v", again)
	}
}
