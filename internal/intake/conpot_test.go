package intake

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/render"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// logged is a line as Conpot writes it: its twelve keys, the session's beginning
// as its time.
func logged(n int, at, kind, request, response, eventType string) string {
	return fmt.Sprintf(`{"timestamp": "2026-01-02T%s.678901", "sensorid": "default", "id": "%08d-0000-4000-8000-000000000000", "src_ip": "198.51.100.%d", "src_port": 40000, `+
		`"dst_ip": "192.0.2.5", "dst_port": 5020, "public_ip": null, "data_type": %q, "request": %s, "response": %s, "event_type": %s}`+"\n", at, n, n, kind, request, response, eventType)
}

func events(t *testing.T, dir string) []event.Event {
	t.Helper()
	r, err := journal.OpenRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []event.Event
	for b, err := range r.Scan(t.Context(), journal.Cursor{}, journal.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range b.Lines {
			e, err := event.Parse(l)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, e)
		}
	}
	return out
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func conpot(t *testing.T, data, path string) Result {
	t.Helper()
	r, err := ImportConpot(t.Context(), Config{Path: path, Data: data, Name: "old", Decoder: catalog.Decoder}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConpotLines(t *testing.T) {
	for _, c := range []struct{ name, kind, request, response, event, want string }{
		{"modbus read", "modbus", `"b'000100000006010300010002'"`, `"b'030400010002'"`, "null", "modbus read_holding_registers read answered register 40002 12/0"},
		{"modbus refused", "modbus", `"b'000100000006010300010002'"`, `"b'8302'"`, "null", "modbus read_holding_registers read refused register 40002 12/0"},
		{"two frames", "modbus", `"b'000100000006010300010002000200000006010500010000'"`, `"b'0304'"`, "null",
			"modbus read_holding_registers read answered register 40002 12/0 | modbus write_single_coil write answered coil 00002 12/0"},
		{"s7 as plain hex", "s7comm", `"0300001611e00000000a00c1020100c2020102c0010a"`, `"b'0300000702f000'"`, "null", "s7comm cotp_CR connect answered 22/7"},
		{"no hex", "modbus", `"b'zz'"`, "null", "null", "modbus request other ignored 0/0"},
		{"snmp set", "snmp", `{"oid": "1.3.6.1.2.1.1.6.0", "val": "here"}`, "null", `"SNMPv1 Set"`, "snmp set_request write ignored oid 1.3.6.1.2.1.1.6.0 =here 0/0"},
		{"http", "http", `"('/.env', [('Host', 'x')], None)"`, `"404"`, "null", "http request read refused path /.env 0/0"},
		{"tank gauge", "guardian_ast", `"b'\\x01I20100\\r\\n'"`, `"\nI20100\n"`, `"AST I20100"`, "atg in_tank_inventory read answered 9/8"},
		{"meter", "kamstrup_protocol", `"b'010409'"`, `"b'403f1004091604430000000000000d'"`, "null", "kamstrup get_register read answered 0/15"},
		{"meter's line", "kamstrup_management_protocol", `"!GV\r\n"`, `"\r\nSoftware"`, "null", "kamstrup_management get_version identify answered 5/10"},
		{"no payload", "IEC104", "null", "null", `"NEW_CONNECTION"`, "iec104 new_connection connect answered 0/0"},
		{"proxy", "My Proxy", `"b'00ff'"`, "null", "null", "my_proxy request other ignored 2/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := t.TempDir()
			conpot(t, data, write(t, filepath.Join(data, "conpot.json"), logged(7, "03:04:05", c.kind, c.request, c.response, c.event)))
			var got []string
			for _, e := range events(t, filepath.Join(data, "imported", "old")) {
				if e.Kind != event.KindAct {
					continue
				}
				s := fmt.Sprintf("%s %s %s %s", e.Protocol, e.Op, e.Class, e.Outcome)
				if e.Target != nil {
					s += fmt.Sprintf(" %s %s", e.Target.Kind, e.Target.Ref)
				}
				if e.Protocol == "snmp" && len(e.Values) > 0 {
					s += " =" + strings.Join(e.Values, ",")
				}
				got = append(got, fmt.Sprintf("%s %d/%d", s, e.RequestLen, e.ResponseLen))
				if e.AtUS != 0 || !strings.Contains(string(e.Detail), "of the session's beginning") || !e.Time.Equal(time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)) {
					t.Errorf("times: at_us %d, ts %v, detail %s", e.AtUS, e.Time, e.Detail)
				}
			}
			if text := strings.Join(got, " | "); text != c.want {
				t.Errorf("%s\nwant %s", text, c.want)
			}
		})
	}
}

// A session is opened, closed and marked once, FTP's answers are beside their
// commands, and what Conpot does not know is not made up.
func TestConpotSession(t *testing.T) {
	data := t.TempDir()
	log := logged(1, "03:00:00", "ftp", "null", "null", `"NEW_CONNECTION"`) +
		logged(1, "03:00:00", "ftp", "null", `"b'220 hello\\r\\n'"`, "null") +
		logged(1, "03:00:00", "ftp", `"b'USER root\\r\\n'"`, "null", "null") +
		logged(1, "03:00:00", "ftp", "null", `"b'331 so\\r\\n'"`, "null") +
		logged(1, "03:00:00", "ftp", "null", "null", `"CONNECTION_LOST"`) +
		"{}\nnonsense\n" + strings.Repeat("x", maxLogLine+10) + "\n" +
		logged(2, "05:00:00", "modbus", "null", "null", `"NEW_CONNECTION"`) + `{"timestamp": "unfinis`
	r := conpot(t, data, write(t, filepath.Join(data, "conpot.json"), log))
	if r.Malformed != 3 || len(r.Bad) != 3 || r.Bad[2].Line != 8 || r.LogLines != 9 || r.Sessions != 2 || r.Acts != 2 {
		t.Errorf("%+v", r)
	}
	var got []string
	for _, e := range events(t, filepath.Join(data, "imported", "old")) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s%s %d %d>%d %s%s", e.Kind, e.Op, e.What, e.Seq, e.RequestLen, e.ResponseLen, e.Reason, e.Sensor)))
		if e.Kind == event.KindStatus && strings.Contains(string(e.Detail), "services") {
			t.Errorf("it is not known what listened: %s", e.Detail)
		}
	}
	want := []string{"status start 0 0>0 old", "session.open  0 0>0 old", "act unasked 1 0>11 old", "act user 2 11>8 old", "session.open  0 0>0 old",
		"session.close  3 0>0 visitorold", "session.close  1 0>0 idleold", "status stop 1 0>0 old"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// What is imported again, under whatever name, adds what is new and nothing twice.
func TestConpotAgain(t *testing.T) {
	data := t.TempDir()
	logs := filepath.Join(data, "logs")
	first := logged(1, "03:00:00", "modbus", `"b'000100000006010300010002'"`, "null", "null")
	second := logged(1, "03:00:00", "modbus", `"b'000200000006010300010002'"`, "null", "null")
	write(t, filepath.Join(logs, "conpot.json"), first)
	conpot(t, data, logs)
	before := events(t, filepath.Join(data, "imported", "old"))

	write(t, filepath.Join(logs, "conpot.json"), first+second) // grown, then rotated and packed
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(first + second))
	z.Close()
	write(t, filepath.Join(logs, "conpot.json.1.gz"), packed.String())
	write(t, filepath.Join(logs, "conpot.json"), logged(2, "04:00:00", "modbus", "null", "null", `"NEW_CONNECTION"`))
	r := conpot(t, data, logs)
	if r.Known != 1 || r.Acts != 1 || r.Sessions != 2 { // the cut session goes on as another
		t.Errorf("%+v", r)
	}
	all := events(t, filepath.Join(data, "imported", "old"))
	ids := map[string]bool{}
	for _, e := range all {
		if ids[e.ID()] {
			t.Errorf("%s twice", e.ID())
		}
		ids[e.ID()] = true
	}
	if len(all) <= len(before) || all[1].Session != before[1].Session {
		t.Errorf("%d events, then %d", len(before), len(all))
	}
	if r := conpot(t, data, logs); r.Lines != 0 || r.Segments != 0 || len(events(t, filepath.Join(data, "imported", "old"))) != len(all) {
		t.Errorf("a third time: %+v", r)
	}
	other := t.TempDir() // elsewhere the same log gives the same ids
	conpot(t, other, write(t, filepath.Join(other, "conpot.json"), first))
	if again := events(t, filepath.Join(other, "imported", "old")); again[1].ID() != before[1].ID() {
		t.Errorf("%s, elsewhere %s", before[1].ID(), again[1].ID())
	}
}

// An import that was interrupted leaves nothing; one that ended before its
// segments were in their place is finished.
func TestConpotInterrupted(t *testing.T) {
	data := t.TempDir()
	log := write(t, filepath.Join(data, "conpot.json"), logged(1, "03:00:00", "modbus", `"b'000100000006010300010002'"`, "null", "null"))
	conpot(t, data, log)
	dir := filepath.Join(data, "imported", "old")
	want := len(events(t, dir))
	staging := filepath.Join(dir, stagingDir)
	for _, n := range []uint64{1, 2} { // as before the first is moved, and with one that no origin knows of
		if err := os.MkdirAll(staging, 0o750); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, journal.Name(1, journal.Packed)))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(staging, journal.Name(n, journal.Packed)), string(b))
		h, err := os.ReadFile(filepath.Join(dir, journal.HashesName))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(staging, journal.HashesName), string(h))
		if n == 1 {
			os.Remove(filepath.Join(dir, journal.Name(1, journal.Packed)))
		}
		conpot(t, data, log)
		if got := len(events(t, dir)); got != want {
			t.Errorf("%d events, want %d", got, want)
		}
	}
	if _, err := os.Stat(staging); err == nil {
		t.Error("staging is still there")
	}
}

// What sink conpotjson wrote comes back as the events that it was.
func TestOwnLog(t *testing.T) {
	var log []byte
	want := sinktest.Events()
	for i := range want {
		log = render.ConpotJSON(log, &want[i], render.Conpot{})
	}
	data := t.TempDir()
	conpot(t, data, write(t, filepath.Join(data, "conpot.json"), string(log)))
	var got []event.Event
	for _, e := range events(t, filepath.Join(data, "imported", "old")) {
		if e.Kind != event.KindStatus {
			got = append(got, e)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		w, g := want[i], got[i]
		w.Time = w.Time.Truncate(time.Microsecond) // as finely as the log has it
		a, aerr := json.Marshal(&w)
		b, berr := json.Marshal(&g)
		if aerr != nil || berr != nil || string(a) != string(b) {
			t.Errorf("%s\nwant %s (%v, %v)", b, a, aerr, berr)
		}
	}
}

func TestKindAt(t *testing.T) {
	dir := t.TempDir()
	log := write(t, filepath.Join(dir, "c", "conpot.json"), logged(1, "03:00:00", "http", "null", "null", `"NEW_CONNECTION"`))
	for path, want := range map[string]string{log: Conpot, filepath.Dir(log): Conpot, write(t, filepath.Join(dir, "x.tar.zst"), ""): Sundew} {
		if got, err := KindAt(path); err != nil || got != want {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
	for _, path := range []string{write(t, filepath.Join(dir, "t.txt"), "hello\n"), write(t, filepath.Join(dir, "empty"), "")} {
		if _, err := KindAt(path); !errors.Is(err, ErrKind) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := ImportConpot(t.Context(), Config{Path: filepath.Join(dir, "t.txt"), Data: dir, Name: "old"}, time.Now()); !errors.Is(err, ErrKind) {
		t.Errorf("a text: %v", err)
	}
	for _, name := range []string{"../up", "A", "", "-x"} {
		if err := (&Config{Name: name}).check(); err == nil {
			t.Errorf("%q is taken as a name", name)
		}
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add(logged(1, "03:00:00", "snmp", `{"oid": "1.3", "val": null}`, "null", `"SNMPv2 Get"`))
	f.Add(logged(1, "03:00:00", "ftp", `"b'\\x01\\'"`, `["a"]`, "null"))
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLog([]byte(text))
		if err != nil {
			return
		}
		r := &reading{cfg: &Config{Name: "f", Decoder: catalog.Decoder}, origin: &Origin{Conpot: &conpotOrigin{}}}
		r.table = newTable(r)
		if err := r.table.take(l, 1); err != nil {
			t.Fatal(err)
		}
		r.table.end()
		for line := range bytes.Lines(r.out.Bytes()) {
			if _, err := event.Parse(line); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
		}
	})
}
