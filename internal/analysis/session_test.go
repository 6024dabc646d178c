package analysis

import (
	"encoding/hex"
	"fmt"
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
	return played(t, &event.Event{Kind: event.KindOpen, Protocol: protocol}, acts...)
}

func played(t testing.TB, open *event.Event, acts ...string) *Session {
	t.Helper()
	protocol := open.Protocol
	s := rules(t).NewSession(open)
	for i, a := range acts {
		e := event.Event{Kind: event.KindAct, Protocol: protocol, Seq: i + 1, Outcome: event.Answered, RequestLen: 4, Request: hex.EncodeToString([]byte(a[strings.IndexByte(a, ' ')+1:]))}
		f := strings.Fields(a)
		var at float64
		if _, err := fmt.Sscan(f[0], &at); err != nil {
			t.Fatal(err)
		}
		e.AtUS, e.Class, e.Op = int64(at*1e6), event.Class(f[1]), f[2]
		if unit, ok := strings.CutPrefix(f[len(f)-1], "unit:"); ok && protocol == "modbus" {
			var n byte
			fmt.Sscan(unit, &n)
			e.Request = hex.EncodeToString([]byte{0, 0, 0, 0, 0, 2, n, 17})
		}
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
		{"a set of SNMP", "snmp", []string{"0 write set_request oid:1.3.6.1.2.1.1.6.0=x /private"}, Source{}, ICSWrite},
		{"a set-point of a panel", "http", []string{"0 auth login admin/admin", "1 write form_write path:/set.cgi=2"}, Source{}, ICSWrite},
		{"a login at a panel is no write", "http", []string{"0 auth login admin/admin"}, Source{}, Unknown},
		{"power off", "ipmi", []string{"0 auth rakp_message_1", "0.1 control chassis_control power:power_down"}, Source{}, ICSWrite},
		{"a file at a plant's store", "ftp", []string{"0 auth pass hmi/hmi", "1 file_write stor path:/x"}, Source{}, ICSWrite},
		{"the file of a worm", "ftp", []string{"0 auth pass a/a", "1 file_write STOR_Photo.scr path:/x"}, Source{}, OpportunisticExploit},
		{"a master that says hello", "dnp3", []string{"0 config enable_unsolicited", "1 read read object:g60v2"}, Source{}, ICSInteractive},
		{"another master's file", "tftp", []string{"0 file_read read_request path:/a !refused"}, Source{}, Unknown},
		{"a file taken", "tftp", []string{"0 file_read read_request path:/a"}, Source{}, ICSInteractive},
		{"pages of a site", "http", []string{"0 identify get path:/", "9 read get path:/a.css", "12 read get path:/trends.html"}, Source{}, ICSInteractive},
		{"a page with its style", "http", []string{"0 identify get path:/", "9 read get path:/a.css"}, Source{}, BannerGrab},
		{"status of the controller alone", "s7comm", []string{"0 connect connect_request", "1 read read_szl szl:0131/0001"}, Source{}, BannerGrab},
		{"a known tag at once", "enip", []string{"0 read read_tag tag:Pump", "1 write write_tag tag:Pump=1", "2 mode stop object:1"}, Source{}, ICSWrite},
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

// What a visitor leaves for clusters: octets that change something or are an
// attack, never what every scanner sends.
func TestPayload(t *testing.T) {
	for act, want := range map[string]bool{
		"0 write write_single_coil coil:3=1": true, "0 identify report_server_id": false, "0 foreign GET_/_HTTP/1.0": false, "0 auth password x/yyy": false, "0 malformed other": false,
	} {
		if f := stay(t, "modbus", act).Finding(Source{}); (f.Payload != "") != want {
			t.Errorf("%s leaves %q", act, f.Payload)
		}
	}
	if f := stay(t, "http", "0 enumerate get_/boaform/x").Finding(Source{}); f.Payload == "" {
		t.Error("an attack leaves nothing")
	}
}

// What only a whole session proves.
func TestTechniquesOfSessions(t *testing.T) {
	repeat := func(n int, act string) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("%d %s", i, strings.ReplaceAll(act, "#", fmt.Sprint(i))))
		}
		return out
	}
	for _, c := range []struct {
		name, protocol string
		acts           []string
		want           string
	}{
		{"nothing said", "modbus", nil, "T0846.001 T1595.001"},
		{"three values to one point", "bacnet", repeat(3, "write other object:a,1=#"), "T0806"},
		{"two values to one point", "bacnet", repeat(2, "write other object:a,1=#"), ""},
		{"ten points in a row", "bacnet", repeat(10, "write other object:a,#=1"), "T0806"},
		{"nine points in a row", "bacnet", repeat(9, "write other object:a,#=1"), ""},
		{"one target twenty times", "bacnet", repeat(20, "read other object:a,1"), "T0801 T0802"},
		{"nineteen times", "bacnet", repeat(19, "read other object:a,1"), ""},
		{"three ranges of registers", "modbus", repeat(3, "read other register:#0"), "T0861"},
		{"five logins", "ftp", repeat(5, "auth pass x/#y"), "T0859 T1110"},
		{"four logins with one pair, refused", "ftp", repeat(4, "auth pass x/yyy !refused"), ""},
		{"a maker's own account", "ftp", []string{"0 auth pass sysdiag/factorycast@schneider !refused"}, "T1694.001 T1694.002"},
		{"a published weakness", "http", []string{"0 identify other_${jndi:x}"}, "T0819"},
		{"a path of bots", "http", []string{"0 enumerate other_/.env"}, ""},
		{"ten units", "modbus", sweep(10), "T0846.001 T0888"},
	} {
		var got []string
		for _, x := range stay(t, c.protocol, c.acts...).Finding(Source{}).Techniques {
			got = append(got, x.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// What a visitor calls himself goes to terminals and pages: no control characters.
func TestUserAgent(t *testing.T) {
	for head, want := range map[string]string{
		"GET / HTTP/1.1\r\nuser-agent: a\x1b[2J\xffb \r\n\r\n": `a\x1b[2J\xffb`,
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                    "",
	} {
		if got := userAgent([]byte(head)); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}

// The tables are read whole, know what is shipped whatever its case, and find what
// is percent-encoded.
func TestData(t *testing.T) {
	d := rules(t).data
	if len(d.signatures) < 80 || len(d.shipped) < 60 {
		t.Errorf("%d signatures, %d pairs", len(d.signatures), len(d.shipped))
	}
	for _, c := range []struct{ protocol, user, secret, want string }{
		{"ipmi", "ADMIN", "ADMIN", "Supermicro until 2019"}, {"snmp", "", "public", "agents' read community"}, {"http", "Admin", "admin", "many makers"},
		{"http", "", "public", ""}, {"ftp", "nobody", "knows", ""},
	} {
		got := ""
		if m := d.whose(c.protocol, c.user, c.secret); m != nil {
			got = m.name
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for text, want := range map[string]string{
		"GET /%2e%2e/%2e%2e/x HTTP/1.1": "tries to leave the served folder", "GET /index.html HTTP/1.1": "", "GET /100%/x%zz HTTP/1.1": "",
		"GET /.env HTTP/1.1\r\nUser-Agent: () { :; }; id": "tries Bash as CGI",
	} {
		got := ""
		if x := d.exploit("http", []byte(text)); x != nil {
			got = x.what
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	v := CurrentVersions()
	if v.Signatures < 1 || v.Shipped < 1 || !strings.Contains(v.String(), "signatures 1") {
		t.Errorf("%+v", v)
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
			tm.add(int64(s*1e6), true)
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
		{"bursts with pauses that are nearly alike", at(0, 0.01, 0.02, 0.03, 40, 40.01, 40.02, 40.03, 95, 95.01, 95.02), Automated},
		{"a script, started again and again", at(0, 0.01, 0.02, 0.03, 40, 40.01, 40.02, 40.03, 61, 61.01, 61.02), Mixed},
		{"a call of a library that asks twice", at(0, 6.2, 6.21, 20, 20.01, 25, 25.01), Human},
		{"three at once by a clock", at(0, 0, 0.01, 12, 12, 12.01, 24, 24, 24.01, 36, 36, 36.01), Automated},
		{"fast, with two stalls alike", at(0, 0.01, 0.02, 5.02, 5.03, 5.04, 10.05, 10.06, 10.07, 15.1), Automated},
		{"uneven, within two seconds", at(0, 0.4, 1.9, 2.3, 3.9), Indeterminate},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

// A transfer on a port of its own is labelled by what it moved; that it was opened
// is no probe of a port, and what a file begins with no program's fingerprint.
func TestSides(t *testing.T) {
	for _, c := range []struct {
		name, protocol string
		acts           []string
		want           string
	}{
		{"nothing sent", "ftp", nil, Unknown},
		{"a folder", "ftp", []string{"0 enumerate list_data path:/"}, ICSInteractive},
		{"a file taken", "ftp", []string{"0 file_read retr_data path:/a"}, ICSInteractive},
		{"a file put", "ftp", []string{"0 file_write stor_data path:/a"}, ICSWrite},
		{"blocks acknowledged to the end", "tftp", []string{"0 read acknowledgement", "0.1 file_read acknowledgement"}, ICSInteractive},
		{"given up after a block", "tftp", []string{"0 read acknowledgement"}, Unknown},
		{"an error", "tftp", []string{"0 other error"}, Unknown},
	} {
		f := played(t, &event.Event{Kind: event.KindOpen, Protocol: c.protocol, Parent: "0199"}, c.acts...).Finding(Source{})
		if f.Label != c.want || f.Fingerprint != "" || len(f.Evidence) == 0 {
			t.Errorf("%s: %s, fingerprint %q, %+v; want %s", c.name, f.Label, f.Fingerprint, f.Evidence, c.want)
		}
		for _, x := range f.Techniques {
			if x.ID == "T0846.001" || x.ID == "T1595.001" {
				t.Errorf("%s: %s", c.name, x.ID)
			}
		}
	}
}

// A name without its secret is no pair that devices are delivered with.
func TestNameBeforeSecret(t *testing.T) {
	for _, c := range []struct {
		acts []string
		want bool
	}{
		{[]string{"0 auth user root/", "1 auth pass root/x1"}, false},
		{[]string{"0 auth user admin/", "1 auth pass admin/admin"}, true},
	} {
		proven := stay(t, "ftp", c.acts...).Finding(Source{}).Techniques
		if got := slices.ContainsFunc(proven, func(x TechniqueCount) bool { return x.ID == "T1694.001" }); got != c.want {
			t.Errorf("%v: %+v", c.acts, proven)
		}
	}
}

// The system group is who a device says it is, however it is walked.
func TestSystemGroup(t *testing.T) {
	var walk []string
	for i := range 8 {
		walk = append(walk, fmt.Sprintf("%d enumerate get_next_request oid:1.3.6.1.2.1.1.%d.0", i, i+1))
	}
	if f := stay(t, "snmp", walk...).Finding(Source{}); f.Label != BannerGrab {
		t.Errorf("%s: %+v", f.Label, f.Evidence)
	}
	for i := range 4 {
		walk = append(walk, fmt.Sprintf("%d enumerate get_next_request oid:1.3.6.1.2.1.2.2.1.2.%d", i+8, i))
	}
	if f := stay(t, "snmp", walk...).Finding(Source{}); f.Label != ICSInteractive {
		t.Errorf("interfaces too: %s: %+v", f.Label, f.Evidence)
	}
}
