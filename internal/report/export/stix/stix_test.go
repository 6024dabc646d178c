package stix

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The ids of cyber-observables equal everybody else's: these are what OASIS's own
// library for Python (stix2) gives the same objects.
func TestObservableIDs(t *testing.T) {
	for _, c := range []struct {
		o    Object
		want string
	}{
		{Address(netip.MustParsePrefix("198.51.100.3/32")), "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
		{Address(netip.MustParsePrefix("2001:db8::/48")), "ipv6-addr--fbf30ae1-4372-5e04-b2c7-cf5026d1bda4"},
		{AS(15139, "Slime Industries"), "autonomous-system--3aa27478-50b5-5ab8-9da9-cdc12b657fff"},
		{File("fe90a7e910cb3a4739bed9180e807e93fa70c90f25a8915476f5e4bfbac681db", 25536), "file--b91bcf06-0d11-5a89-9c3a-8d4279aefe56"},
	} {
		if c.o.ID() != c.want {
			t.Errorf("%s, want %s", c.o.ID(), c.want)
		}
	}
}

func TestTraffic(t *testing.T) {
	at := time.Date(2026, 11, 22, 20, 12, 42, 113482901, time.UTC)
	const src = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"
	o := Traffic(src, 502, []string{"ipv4", "tcp", "modbus"}, at, at.Add(time.Second))
	if want := "network-traffic--e779571f-8c52-5619-8544-758f98ed9a9d"; o.ID() != want {
		t.Errorf("%s, want %s", o.ID(), want)
	}
	if o["start"] != "2026-11-22T20:12:42.113Z" || o["end"] != "2026-11-22T20:12:43.113Z" || o["dst_ref"] != nil {
		t.Errorf("%v", o)
	}
	if again := Traffic(src, 502, []string{"ipv4", "tcp", "modbus"}, at, at.Add(time.Second)); again.ID() != o.ID() {
		t.Error("the same traffic has two ids")
	}
	if other := Traffic("ipv4-addr--y", 502, []string{"ipv4", "tcp", "modbus"}, at, at.Add(time.Second)); other.ID() == o.ID() {
		t.Error("another's traffic has the same id")
	}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, Name("bundle", "test"))
	a := Address(netip.MustParsePrefix("198.51.100.3/32"))
	w.Add(Markings()[1].Object(), a, a)
	w.Add(AS(64500, `a <"name">`))
	if refs := w.Refs(); len(refs) != 2 {
		t.Errorf("%v", refs)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Type    string
		Objects []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &bundle); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	if bundle.Type != "bundle" || len(bundle.Objects) != 3 || bundle.Objects[2]["name"] != `a <"name">` {
		t.Errorf("%s", b.String())
	}
}

func TestMarkings(t *testing.T) {
	for _, m := range Markings() {
		o := m.Object()
		if o["name"] != "TLP:"+strings.ToUpper(m.Name) || !strings.HasPrefix(o.ID(), "marking-definition--") {
			t.Errorf("%v", o)
		}
	}
}

func TestWriteError(t *testing.T) {
	w := NewWriter(broken{}, "bundle--x")
	w.Add(AS(1, ""))
	if w.Close() == nil {
		t.Error("no error of a disk that is full")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }
