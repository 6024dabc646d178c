package personas_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/personas"
)

// born is the first start of the installations of these tests.
func born() time.Time { return time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC) }

func load(t *testing.T, name, seed string) *persona.Persona {
	t.Helper()
	name, folder, err := persona.Find(personas.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := persona.Load(folder, name, persona.Installation{Seed: []byte("a secret of tests " + seed), Born: born()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shipped(t *testing.T) []persona.Summary {
	t.Helper()
	list, err := persona.List(personas.FS())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDefaultIsShipped(t *testing.T) {
	if !slices.ContainsFunc(shipped(t), func(s persona.Summary) bool { return s.Name == personas.Default }) {
		t.Errorf("no persona %q among %v", personas.Default, shipped(t))
	}
}

func TestShippedPersonasLoad(t *testing.T) {
	for _, s := range shipped(t) {
		t.Run(s.Name, func(t *testing.T) {
			if s.Title == "" || s.Summary == "" {
				t.Error("needs title and summary in [site]: `sundew personas` shows them")
			}
			p := load(t, s.Name, "one")
			if _, err := p.NewProcess(); err != nil {
				t.Error(err)
			}
			for _, d := range p.Devices {
				for _, v := range d.Services {
					var any map[string]any
					if err := v.Decode(&any); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// values returns all that an identity says, by name.
func values(id *device.Identity) map[string]string {
	all := make(map[string]string)
	for _, name := range []string{"vendor", "product", "order", "firmware", "hardware", "serial", "name", "location", "contact", "mac", "address"} {
		all[name], _ = id.Lookup(name)
	}
	for name, v := range id.Values {
		all[name] = v
	}
	return all
}

func TestNothingShippedIsDenied(t *testing.T) {
	for _, s := range shipped(t) {
		folder, err := fs.Sub(personas.FS(), s.Name)
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(folder, ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || path.Ext(name) == ".md" {
				return err
			}
			b, err := fs.ReadFile(folder, name)
			if err == nil && path.Ext(name) == ".toml" && !utf8.Valid(b) {
				t.Errorf("%s/%s is no UTF-8", s.Name, name)
			}
			for _, word := range personas.Denied(b) {
				t.Errorf("%s/%s: %q gives a honeypot away", s.Name, name, word)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestNothingGeneratedIsDenied(t *testing.T) {
	for _, s := range shipped(t) {
		for seed := range 20 {
			p := load(t, s.Name, strings.Repeat("x", seed))
			for _, d := range p.Devices {
				for name, v := range values(&d.Identity) {
					if found := personas.Denied([]byte(v)); found != nil {
						t.Errorf("%s, %s: ${%s} = %q has %q", s.Name, d.Key, name, v, found)
					}
				}
			}
		}
	}
}

// Two installations of a persona share no serial number, MAC, or other value
// that is one device's only; a restart changes none.
func TestInstallationsShareNoIdentifier(t *testing.T) {
	for _, s := range shipped(t) {
		owner := make(map[string]string)
		for _, seed := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight"} {
			p, again := load(t, s.Name, seed), load(t, s.Name, seed)
			if p.Process.Seed != again.Process.Seed {
				t.Errorf("%s: another noise after a restart", s.Name)
			}
			for i, d := range p.Devices {
				id := &d.Identity
				if !id.Boot.Equal(again.Devices[i].Identity.Boot) || id.Drift != again.Devices[i].Identity.Drift {
					t.Errorf("%s, %s: boot time or drift changed at a restart", s.Name, d.Key)
				}
				after := values(&again.Devices[i].Identity)
				for name, v := range values(id) {
					if after[name] != v {
						t.Errorf("%s, %s: ${%s} changed at a restart, from %q to %q", s.Name, d.Key, name, v, after[name])
					}
				}
				single := map[string]string{"serial": id.Serial, "mmc": id.Values["mmc"], "boot": id.Boot.String()}
				if id.MAC != [6]byte{} {
					single["mac"], _ = id.Lookup("mac")
				}
				for name, v := range single {
					if other, taken := owner[v]; taken && v != "" {
						t.Errorf("%s: installation %s, %s: %s %q is also that of %s", s.Name, seed, d.Key, name, v, other)
					}
					owner[v] = seed + "/" + d.Key
				}
			}
		}
	}
}

func TestDenied(t *testing.T) {
	for _, c := range []struct {
		name string
		sent string
		want string
	}{
		{"nothing", "S C-E5U812342014", ""},
		{"our own name", "Server: SunDew/1.0", "sundew"},
		{"UTF-16", "c\x00o\x00n\x00p\x00o\x00t\x00", "conpot"},
		{"a published serial", "serial S C-C2UR28922012", "C2UR28922012"},
		{"Go's answer", "404 page not found\n", "404 page not found"},
		{"Net-SNMP's OID", "\x30\x10\x06\x08\x2b\x06\x01\x04\x01\xbf\x08\x03", "OID 1.3.6.1.4.1.8072 (BER)"},
		{"what a real S7 says", "Original Siemens Equipment", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(personas.Denied([]byte(c.sent)), ", ")
			if got != c.want {
				t.Errorf("Denied(%q) = %q, want %q", c.sent, got, c.want)
			}
		})
	}
}
