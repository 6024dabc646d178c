package event

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func testEncoder() *Encoder {
	return NewEncoder(Envelope{
		Session: "01990000-0000-7000-8000-000000000001", Boot: "01990000-0000-7000-8000-000000000000",
		Sensor: `lon"1`, Protocol: "modbus", Transport: "tcp",
		Src: netip.MustParseAddrPort("[::ffff:198.51.100.23]:49220"), Dst: netip.MustParseAddrPort("192.0.2.5:502"),
	})
}

var at = Stamp{Time: time.Date(2026, 11, 22, 20, 12, 42, 113482900, time.UTC), At: 41703210 * time.Microsecond, Seq: 4}

func TestActRoundTrip(t *testing.T) {
	act := Act{
		Op: "write_single_register", Class: Write, Target: Target{TargetRegister, "40001"},
		Tags: []string{"tank.level"}, Values: []string{"50\x00\"é\\"}, Previous: []string{"48.2"},
		Cred:     &Cred{User: "admin\n", Secret: "\xff"},
		Artifact: &Artifact{SHA256: "00", Size: 3, Name: "a/b", Kind: "s7-block"},
		Detail:   struct{ Name Text }{"x\x01"},
	}
	line := testEncoder().AppendAct(nil, at, &act, Octets{Kept: []byte{1, 2}, Len: 2}, Octets{Kept: []byte{3}, Len: 9, SHA256: make([]byte, 32)}, 4710*time.Microsecond)
	e, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if e.ID() != "01990000-0000-7000-8000-000000000001-4" || e.AtUS != 41703210 || !e.Time.Equal(at.Time) {
		t.Errorf("envelope differs: %+v", e)
	}
	if e.Src.IP.String() != "198.51.100.23" || e.Outcome != Answered || e.TookUS != 4710 {
		t.Errorf("src %v outcome %q took %d", e.Src, e.Outcome, e.TookUS)
	}
	if v, err := Unescape(e.Values[0]); err != nil || v != act.Values[0] {
		t.Errorf("value came back as %q, %v", v, err)
	}
	if s, _ := Unescape(e.Cred.Secret); s != "\xff" {
		t.Errorf("secret came back as %q", s)
	}
	if e.Request != "0102" || e.ResponseLen != 9 || len(e.ResponseSHA256) != 64 || !e.Truncated {
		t.Errorf("octets differ: %+v", e)
	}
	if string(e.Detail) != `{"Name":"x\\x01"}` {
		t.Errorf("detail %s", e.Detail)
	}
}

func TestLongLineIsCut(t *testing.T) {
	huge := strings.Repeat("x", MaxLine)
	act := Act{Op: "o", Class: Other, Values: []string{huge}, Detail: struct{ S string }{huge}}
	line := testEncoder().AppendAct(nil, at, &act, Octets{}, Octets{}, 0)
	if len(line) > MaxLine {
		t.Fatalf("line of %d octets", len(line))
	}
	if e, err := Parse(line); err != nil || string(e.Detail) != `{"cut":true}` {
		t.Errorf("%v %s", err, e.Detail)
	}
}

// A name of a file that no line has room for must not cost the act.
func TestLongFileNameIsCut(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", MaxLine), strings.Repeat("\x00", MaxLine/3)} {
		a := Act{Op: "upload", Class: FileWrite, Artifact: &Artifact{SHA256: "00", Name: name}}
		line := testEncoder().AppendAct(nil, at, &a, Octets{}, Octets{}, 0)
		if len(line) > MaxLine {
			t.Errorf("a line of %d octets", len(line))
		}
		if e, err := Parse(line); err != nil || e.Artifact == nil || len(e.Artifact.Name) < 256 {
			t.Errorf("%v, %v", e.Artifact, err)
		}
		if len(a.Artifact.Name) != len(name) {
			t.Error("the act itself is cut")
		}
	}
}

func TestDetailThatDoesNotEncode(t *testing.T) {
	act := Act{Op: "o", Class: Other, Detail: func() {}}
	line := testEncoder().AppendAct(nil, at, &act, Octets{}, Octets{}, 0)
	if e, err := Parse(line); err != nil || !bytes.Contains(e.Detail, []byte("encoding_error")) {
		t.Errorf("%v %s", err, line)
	}
}

func TestOpenCloseStatus(t *testing.T) {
	enc := testEncoder()
	line := enc.AppendOpen(nil, at, Open{Persona: "p", Device: "d", Octets: "tls", TLS: &TLS{SNI: "a\x00"}})
	if e, err := Parse(line); err != nil || e.Persona != "p" || e.TLS.SNI != `a\x00` {
		t.Errorf("open: %v %s", err, line)
	}
	line = enc.AppendClose(nil, at, Close{Reason: "visitor", Acts: 2, Ops: map[string]int{"a": 2}})
	if e, err := Parse(line); err != nil || e.Reason != "visitor" || e.Ops["a"] != 2 {
		t.Errorf("close: %v %s", err, line)
	}
	line = AppendStatus(nil, at.Time, 7, "s", "b", Status{What: "start"})
	if e, err := Parse(line); err != nil || e.ID() != "b-7" || e.What != "start" {
		t.Errorf("status: %v %s", err, line)
	}
}

func TestParseRefusesOtherVersions(t *testing.T) {
	if _, err := Parse([]byte(`{"v":2,"kind":"act"}`)); err == nil {
		t.Error("version 2 accepted")
	}
}

func FuzzText(f *testing.F) {
	f.Add("plain")
	f.Add("a\\x00\x00\"\u202e\x80\xc2\x80é")
	f.Fuzz(func(t *testing.T, s string) {
		out := Escape(s)
		if !utf8.ValidString(out) || strings.ContainsFunc(out, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			t.Fatalf("%q is not clean", out)
		}
		back, err := Unescape(out)
		if err != nil || back != s {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
		var viaJSON string
		if err := json.Unmarshal(AppendText(nil, s), &viaJSON); err != nil || viaJSON != out {
			t.Fatalf("JSON text of %q is %q, %v", s, viaJSON, err)
		}
	})
}

func BenchmarkAppendAct(b *testing.B) {
	enc, buf := testEncoder(), make([]byte, 0, 4096)
	act := Act{Op: "read_holding_registers", Class: Read, Target: Target{TargetRegister, "0"}}
	req := Octets{Kept: make([]byte, 12), Len: 12}
	b.ReportAllocs()
	for b.Loop() {
		buf = enc.AppendAct(buf[:0], at, &act, req, req, time.Millisecond)
	}
}
