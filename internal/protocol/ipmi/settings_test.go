package ipmi

import (
	"os"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

// A persona's mistake is named with what would be right.
func TestSettingsAreChecked(t *testing.T) {
	good, err := os.ReadFile("testdata/bmc.toml")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := os.ReadFile("testdata/tags.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"guid", `"00000000-0000-0000-0000-${mac}"`, `"12"`, "32 hexadecimal digits"},
		{"unknown value", "${mac}", "${nothing}", "no ${nothing}"},
		{"firmware", `"3.88"`, `"three"`, `write it as "3.88"`},
		{"aux", `"01020304"`, `"01"`, "four octets"},
		{"suite", "17]", "4]", "no cipher suite 4"},
		{"auth", `"md2"`, `"md4"`, "md4"},
		{"power tag", `power = "server.power"`, `power = "no.power"`, `no tag "no.power"`},
		{"sensor tag", `"server.fan"`, `"server.fun"`, `no tag "server.fun"`},
		{"sensor kind", `"fan"`, `"propeller"`, "propeller"},
		{"sensor number twice", "0x41", "1", "number of its own"},
		{"thresholds", "[300, 500, 700]", "[300]", "three thresholds"},
		{"user slot", "id = 4", "id = 7", "id of 1 to 6"},
		{"privilege", `"operator", password = "op-3-secret", privilege = "operator"`, `"operator", password = "op-3-secret", privilege = "boss"`, "boss"},
		{"password", "op-3-secret", "op-3-secret-that-is-too-long", "password of up to 20"},
		{"restore", `"previous"`, `"maybe"`, "maybe"},
		{"event", "6f00ffff", "6f00", "6f00ffff"},
		{"board date", "2016-03-24", "24.3.2016", "2016-03-24"},
		{"unknown key", "sol = true", "sool = true", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(string(good), c.old, c.new, 1)
			if text == string(good) {
				t.Fatalf("%q is not in bmc.toml", c.old)
			}
			_, err := newService(prototest.Env(t, tags, []byte(text), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestDecoder(t *testing.T) {
	for _, c := range []struct{ name, hex, op, field, value string }{
		{"ping", "0600ff06 000011be 80 17 00 00", "presence_ping", "tag", "23"},
		{"capabilities", "0600ff07 00 00000000 00000000 09 20 18 c8 81 00 38 8e 04 b5", "get_channel_authentication_capabilities", "data", "8e04"},
		{"the answer", "0600ff07 00 00000000 00000000 08 81 1c 63 20 10 01 d4 fb", "get_device_id", "netfn", "0x07"},
		{"open session", "0600ff07 06 10 00000000 00000000 2000 01 00 0000 a4a3a2a0 00000008 01000000 01000008 01000000 02000008 01000000", "open_session", "session_id", "0x00000000"},
		{"under a session", "0600ff07 06 c0 04030201 07000000 0400 aabbccdd ffff0207", "session_datagram", "session_id", "0x01020304"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := octettest.Hex(t, c.hex)
			f, n, err := newDecoder().Next(true, p)
			if err != nil || n != len(p) || f.Act.Op != c.op {
				t.Fatalf("%s, %d octets, %v", f.Act.Op, n, err)
			}
			for _, field := range f.Fields {
				if field.Off+field.Len > len(p) {
					t.Errorf("%s lies outside the frame", field.Name)
				}
				if field.Name == c.field && field.Value == c.value {
					return
				}
			}
			t.Errorf("no %s %s in %+v", c.field, c.value, f.Fields)
		})
	}
	if _, n, err := newDecoder().Next(true, []byte("GET /")); err == nil || n != 5 {
		t.Errorf("HTTP: %d octets, %v", n, err)
	}
}

// FuzzDecoder decodes any datagram: it is consumed whole, and its fields lie in it.
func FuzzDecoder(f *testing.F) {
	f.Add(octettest.Hex(f, "0600ff06000011be80170000"))
	f.Add(octettest.Hex(f, "0600ff07000000000000000000092018c88100388e04b5"))
	f.Fuzz(func(t *testing.T, p []byte) {
		frame, n, err := newDecoder().Next(true, p)
		if n != len(p) {
			t.Errorf("%d of %d octets", n, len(p))
		}
		for _, field := range frame.Fields {
			if err == nil && (field.Off < 0 || field.Len < 0 || field.Off+field.Len > len(p)) {
				t.Errorf("%+v lies outside %d octets", field, len(p))
			}
		}
	})
}

// Every command there is, and those that are not, with data of many lengths.
func TestEveryCommand(t *testing.T) {
	b := open(t)
	for netfn := uint8(0); netfn < 0x40; netfn += 2 {
		for cmd := range 0x60 {
			for _, data := range [][]byte{nil, {1}, {0xDC, 1, 2, 3}, {1, 2, 0, 0, 0, 0xFF, 0xAA}, make([]byte, 22), make([]byte, 64)} {
				obey(t, b, netfn, uint8(cmd), data)
			}
		}
	}
}

// open makes the controller of testdata/bmc.toml.
func open(t testing.TB) *bmc {
	t.Helper()
	settings, err := os.ReadFile("testdata/bmc.toml")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := os.ReadFile("testdata/tags.toml")
	if err != nil {
		t.Fatal(err)
	}
	h, err := newService(prototest.Env(t, tags, settings, nil))
	if err != nil {
		t.Fatal(err)
	}
	return h.(*bmc)
}

// FuzzCommands carries out any command with all rights: nothing makes the
// controller panic, and every answer can be read.
func FuzzCommands(f *testing.F) {
	b := open(f)
	f.Add(uint8(0x0A), uint8(0x23), []byte{0, 0, 1, 0, 0, 0xFF})
	f.Add(uint8(0x06), uint8(0x47), []byte{2, 2, 'x'})
	f.Fuzz(func(t *testing.T, netfn, cmd uint8, data []byte) { obey(t, b, netfn&0x3E, cmd, data) })
}
