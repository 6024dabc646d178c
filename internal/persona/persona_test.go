package persona_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/persona"
)

const site = `[site]
title = "Test plant"
zone = "Europe/Berlin"
commissioned = [2014, 2019]

[values]
place = { generate = "place" }
code = "X-${place}"

[start]
"tank.level" = { generate = "number", min = 1, max = 2, decimals = 2 }

[[device]]
name = "plc"
mode = "plc.mode"
serial = { generate = "siemens-s" }
station = "PLC_${place}"
mac = { generate = "mac", oui = ["28:63:36"] }

[device.values]
label = "${serial}/${code}"

[[device.service]]
protocol = "modbus"
file = "plc/modbus.toml"

[[device]]
name = "router"
clock = "ntp"
address = { generate = "address", host = "gateway" }

[[device.service]]
protocol = "snmp"
`

const tags = `[[tag]]
name = "tank.level"
type = "float32"
title = "Level"
range = [0.0, 4.2]

[[tag]]
name = "plc.mode"
type = "text"
title = "Mode"
start = "run"

[[tag]]
name = "pump.run"
type = "bool"
title = "Pump"
program = "plc"
motion = { expr = "tank.level > 1" }
`

func born() time.Time { return time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC) }

func installation(seed string) persona.Installation {
	return persona.Installation{Seed: []byte("0123456789abcdef" + seed), Born: born()}
}

// folder is a persona with some texts replaced, old by new in turn.
func folder(replace ...string) fstest.MapFS {
	r := strings.NewReplacer(replace...)
	return fstest.MapFS{
		"persona.toml":    {Data: []byte(r.Replace(site))},
		"process.toml":    {Data: []byte(r.Replace(tags))},
		"plc/modbus.toml": {Data: []byte(r.Replace("words = \"big\"\nunit = 1\n"))},
	}
}

func load(t *testing.T, in persona.Installation, replace ...string) *persona.Persona {
	t.Helper()
	p, err := persona.Load(folder(replace...), "test", in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoad(t *testing.T) {
	p := load(t, installation("a"))
	if p.Title != "Test plant" || len(p.Devices) != 2 || len(p.Process.Tags) != 3 || p.Process.Programs["plc"] != "plc.mode" {
		t.Errorf("got %+v", p)
	}
	plc := p.Devices[0]
	if plc.Key != "plc" || plc.ModeTag != "plc.mode" || plc.Services[0].Name != "modbus" {
		t.Errorf("got %+v", plc)
	}
	place := plc.Identity.Values["place"]
	if place == "" || plc.Identity.Name != "PLC_"+place {
		t.Errorf("station %q of place %q", plc.Identity.Name, place)
	}
	if want := plc.Identity.Serial + "/X-" + place; plc.Identity.Values["label"] != want {
		t.Errorf("label %q, want %q", plc.Identity.Values["label"], want)
	}
	router := p.Devices[1]
	if got := router.Identity.Address.String(); got != plc.Identity.Values["gateway"] {
		t.Errorf("router at %s, gateway %s", got, plc.Identity.Values["gateway"])
	}
	if router.Identity.Drift != 0 || router.Clock != (device.ClockState{}) {
		t.Errorf("a clock on NTP is wrong by %v", router.Clock)
	}
	plant, err := p.NewProcess()
	if err != nil {
		t.Fatal(err)
	}
	level, _ := plant.Ref("tank.level")
	if x := plant.View().Float(level); x < 1 || x > 2 {
		t.Errorf("level starts at %v, want 1 to 2", x)
	}
}

// All that differs between installations is the same at each start of one.
func TestStableAndDifferent(t *testing.T) {
	a, again, b := load(t, installation("a")), load(t, installation("a")), load(t, installation("b"))
	show := func(p *persona.Persona) string {
		return fmt.Sprintf("%+v %+v %x %v", p.Devices[0].Identity, p.Devices[0].Clock, p.Process.Seed, p.Process.Tags[0].Start)
	}
	if show(a) != show(again) {
		t.Errorf("changed at a restart:\n%s\n%s", show(a), show(again))
	}
	second := installation("a")
	second.Instance = "192.0.2.7"
	for _, other := range []*persona.Persona{b, load(t, second)} {
		x, y := &a.Devices[0].Identity, &other.Devices[0].Identity
		if x.Serial == y.Serial || x.MAC == y.MAC || x.Boot.Equal(y.Boot) || x.Drift == y.Drift || a.Process.Seed == other.Process.Seed {
			t.Errorf("two installations share something:\n%+v\n%+v", x, y)
		}
	}
	if a.Rand("plc", "modbus").Uint64() != again.Rand("plc", "modbus").Uint64() {
		t.Error("a service's numbers changed at a restart")
	}
	if a.Rand("plc", "modbus").Uint64() == a.Rand("plc", "http").Uint64() {
		t.Error("two services draw the same numbers")
	}
}

// Dates agree with each other: made, handed over, started, first visited.
func TestDatesAgree(t *testing.T) {
	for seed := range 200 {
		p := load(t, installation(fmt.Sprint(seed)))
		id := p.Devices[0].Identity
		made, err := time.Parse(time.DateOnly, id.Values["made"])
		if err != nil {
			t.Fatal(err)
		}
		handed, err := time.Parse(time.DateOnly, id.Values["commissioned"])
		if err != nil {
			t.Fatal(err)
		}
		up := born().Sub(id.Boot)
		if !made.Before(handed) || handed.Sub(made) > 300*24*time.Hour || !handed.Before(id.Boot) || up < 5*24*time.Hour || up > 400*24*time.Hour {
			t.Fatalf("made %s, handed over %s, started %s, born %s", made, handed, id.Boot, born())
		}
		if year := id.Serial[len(id.Serial)-4:]; year != fmt.Sprint(made.Year()) {
			t.Fatalf("serial %s of a device made %s", id.Serial, made)
		}
		if !id.Address.IsPrivate() {
			t.Fatalf("address %s is not private", id.Address)
		}
	}
}

// Each mistake names its file, line and column, shows the place, and says what
// to do.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new string
		want     string // where and what
		mark     string // the line and the caret
	}{
		{"unknown key", "clock = ", "clokc = ", "persona.toml:29:1: unknown key \"clokc\": did you mean \"clock\"?", "    clokc = \"ntp\"\n    ^^^^^"},
		{"unknown key of a tag", "title = \"Level\"", "tilte = \"Level\"", "process.toml:4:1: unknown key \"tilte\": did you mean \"title\"?", ""},
		{"unknown key of a motion", "{ expr =", "{ exrp =", "process.toml:18:12: unknown key \"exrp\": did you mean \"expr\"?", "    motion = { exrp = \"tank.level > 1\" }\n               ^^^^"},
		{"not TOML", "zone = ", "zone ", "persona.toml:3:", "    ^"},
		{"wrong type", "commissioned = [2014, 2019]", "commissioned = \"2014\"", "persona.toml:4:", "    commissioned"},
		{"no title", "title = \"Test plant\"\n", "", "persona.toml:1:2: [site] needs title", ""},
		{"no zone", "Europe/Berlin", "Mars/Base", "persona.toml:3:1: no time zone \"Mars/Base\"", ""},
		{"built in the future", "[2014, 2019]", "[2031, 2032]", "persona.toml:4:1: the plant cannot have been built after", ""},
		{"unknown generator", "\"siemens-s\"", "\"siemens\"", "persona.toml:16:1: no generator \"siemens\"; use one of", "    serial = "},
		{"generator's unknown key", "\"siemens-s\"", "\"siemens-s\", year = 2014", "takes no year; remove it", ""},
		{"generator without its key", "oui = [\"28:63:36\"]", "", "persona.toml:18:1: needs oui = ", ""},
		{"bad OUI", "28:63:36", "28:63", "persona.toml:18:1: oui = \"28:63\": write three octets", ""},
		{"bare number", "clock = \"ntp\"", "firmware = 1.10", "persona.toml:29:1: 1.1: write it in quotes", ""},
		{"unknown value", "PLC_${place}", "PLC_${plaice}", "persona.toml:17:1: the device's identity has no ${plaice}", ""},
		{"value of a value", "${serial}/", "${label}/", "persona.toml:21:1:", ""},
		{"value with the device's own name", "label =", "serial =", "persona.toml:21:1: ${serial} is the device's own", ""},
		{"start of no tag", "\"tank.level\" = {", "\"tank.levl\" = {", "persona.toml:11:1: no tag \"tank.levl\"", ""},
		{"start out of range", "min = 1, max = 2,", "min = 8, max = 9,", "persona.toml:11:1: tag tank.level: start", ""},
		{"no mode tag", "mode = \"plc.mode\"", "mode = \"plc.state\"", "persona.toml:15:1: no tag \"plc.state\"", ""},
		{"mode no text", "mode = \"plc.mode\"", "mode = \"pump.run\"", "persona.toml:15:1: tag \"pump.run\" is a bool", ""},
		{"two devices of a name", "\"router\"", "\"plc\"", "persona.toml:28:1: there is a device \"plc\" already", ""},
		{"no file", "plc/modbus.toml", "plc/modbas.toml", "persona.toml:25:1: no file plc/modbas.toml", "    file = "},
		{"file outside", "file = \"plc/modbus.toml\"", "file = \"../modbus.toml\"", "persona.toml:25:1: file = \"../modbus.toml\": write a path below", ""},
		{"port", "protocol = \"snmp\"", "protocol = \"snmp\"\nport = 70000", "persona.toml:34:1: port = 70000", ""},
		{"network", "protocol = \"snmp\"", "protocol = \"snmp\"\nnetwork = \"ip\"", "persona.toml:34:1: network = \"ip\"", ""},
		{"sides", "protocol = \"snmp\"", "protocol = \"snmp\"\nsides = \"50149-50100\"", "persona.toml:34:1: sides = \"50149-50100\": write a range", ""},
		{"idle", "protocol = \"snmp\"", "protocol = \"snmp\"\nidle = \"soon\"", "idle = \"soon\": write a number of sessions and a time span", ""},
		{"public address", "{ generate = \"address\", host = \"gateway\" }", "\"8.8.8.8\"", "persona.toml:30:1: address = \"8.8.8.8\"", ""},
		{"tag's type", "\"float32\"", "\"float\"", "process.toml:3:1: tag tank.level: type: no type \"float\"", "    type = \"float\"\n    ^^^^"},
		{"tag twice", "\"pump.run\"", "\"tank.level\"", "process.toml:14:1: tag tank.level:", ""},
		{"no tags", tags, "", "process.toml: has no [[tag]]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := folder()
			for _, name := range []string{"persona.toml", "process.toml"} {
				files[name].Data = []byte(strings.Replace(string(files[name].Data), c.old, c.new, 1))
			}
			_, err := persona.Load(files, "test", installation("a"))
			if err == nil {
				t.Fatal("it loads")
			}
			var p *persona.Problem
			if !errors.As(err, &p) {
				t.Errorf("no Problem: %v", err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.mark) {
				t.Errorf("got:\n%v\nwant: %s\n%s", err, c.want, c.mark)
			}
		})
	}
}

// What only the plant as a whole can find is placed too.
func TestProcessMistake(t *testing.T) {
	_, err := load(t, installation("a"), "tank.level > 1", "tank.levl > 1").NewProcess()
	if err == nil || !strings.Contains(err.Error(), "process.toml:18:1: tag pump.run: motion:") || !strings.Contains(err.Error(), "    ^^^^^^") {
		t.Errorf("got %v", err)
	}
}

func TestInstallationMustHaveSeedAndBirth(t *testing.T) {
	for _, in := range []persona.Installation{{Seed: []byte("short"), Born: born()}, {Seed: make([]byte, 32)}} {
		if _, err := persona.Load(folder(), "test", in); err == nil {
			t.Errorf("loads with %+v", in)
		}
	}
}

func TestServiceDecode(t *testing.T) {
	p := load(t, installation("a"))
	var settings struct {
		Words string `toml:"words"`
		Unit  uint8  `toml:"unit"`
	}
	if err := p.Devices[0].Services[0].Decode(&settings); err != nil || settings.Words != "big" || settings.Unit != 1 {
		t.Errorf("got %+v, %v", settings, err)
	}
	var small struct {
		Words string `toml:"words"`
	}
	err := p.Devices[0].Services[0].Decode(&small)
	if err == nil || !strings.Contains(err.Error(), "plc/modbus.toml:2:1: unknown key \"unit\"") {
		t.Errorf("got %v", err)
	}
	if err := p.Devices[1].Services[0].Decode(&small); err != nil || small.Words != "big" {
		t.Errorf("a service without a file changed the settings: %+v, %v", small, err)
	}
}

func TestDecodeStrict(t *testing.T) {
	for _, c := range []struct {
		name, doc, want string
	}{
		{"several unknown keys", "a = 1\nb = 2\n", "f.toml:2:1: unknown key \"b\""},
		{"tab before the place", "\tx = 1", "    \tx = 1\n    \t^"},
		{"wrong type in a row", "rows = [\n  { at = 1 },\n  { at = \"two\" },\n]", "f.toml:3:"},
		{"windows line ends", "words = \"big\"\r\nz = 1\r\n", "f.toml:2:1: unknown key \"z\": remove it\n    z = 1\n    ^"},
		{"unclosed text", "words = \"big", "f.toml:1:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var into struct {
				Words string `toml:"words"`
				Rows  []struct {
					At int `toml:"at"`
				} `toml:"rows"`
			}
			err := persona.DecodeStrict(fstest.MapFS{"f.toml": {Data: []byte(c.doc)}}, "f.toml", &into)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got:\n%v\nwant %q", err, c.want)
			}
		})
	}
	for _, file := range []string{"none.toml", "../f.toml", "/f.toml"} {
		if err := persona.DecodeStrict(fstest.MapFS{}, file, &struct{}{}); err == nil || !strings.Contains(err.Error(), file+": ") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestListAndFind(t *testing.T) {
	shipped := fstest.MapFS{"README.md": {Data: []byte("no persona")}}
	for _, name := range []string{"pumping-station", "substation"} {
		for file, f := range folder("Test plant", name) {
			shipped[name+"/"+file] = f
		}
	}
	list, err := persona.List(shipped)
	if err != nil || len(list) != 2 || list[0].Name != "pumping-station" || list[1].Title != "substation" || len(list[0].Devices) != 2 {
		t.Errorf("got %+v, %v", list, err)
	}
	if name, found, err := persona.Find(shipped, "substation"); err != nil || name != "substation" {
		t.Errorf("got %q, %v", name, err)
	} else if _, err := fs.Stat(found, "persona.toml"); err != nil {
		t.Error(err)
	}
	if _, _, err := persona.Find(shipped, "substaton"); err == nil || !strings.Contains(err.Error(), "did you mean \"substation\"?") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if _, _, err := persona.Find(shipped, dir); err == nil || !strings.Contains(err.Error(), "persona.toml") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := writeFolder(dir+"/mine", folder()); err != nil {
		t.Fatal(err)
	}
	if name, _, err := persona.Find(shipped, dir+"/mine"); err != nil || name != "mine" {
		t.Errorf("got %q, %v", name, err)
	}
	t.Chdir(dir)
	if name, _, err := persona.Find(shipped, "mine"); err != nil || name != "mine" {
		t.Errorf("got %q, %v", name, err)
	}
}

func TestCheck(t *testing.T) {
	known := []persona.Known{{Name: "modbus", Network: "tcp", Port: 502, Alt: 5020}, {Name: "snmp", Network: "udp", Port: 161, Alt: 16100}}
	for _, c := range []struct {
		name     string
		old, new string
		want     string // part of the only finding; empty: none
	}{
		{"nothing amiss", "", "", ""},
		{"no such protocol", "\"modbus\"", "\"modbuss\"", "plc/modbuss: no protocol \"modbuss\"; did you mean \"modbus\"?"},
		{"other network", "protocol = \"snmp\"", "protocol = \"snmp\"\nnetwork = \"tcp\"", "router/snmp: snmp does not speak over tcp; remove network, or use udp"},
		{"port taken", "protocol = \"snmp\"", "protocol = \"modbus\"\nport = 502\nalt = 5021", "router/modbus: port 502/tcp is that of plc/modbus too"},
		{"bad expression", "tank.level > 1", "tank.level + ", "process.toml:18:1:"},
		{"file that nothing uses", "file = \"plc/modbus.toml\"", "", "plc/modbus.toml: no service uses this file"},
		{"no service", "[[device.service]]\nprotocol = \"snmp\"\n", "", "router: the device has no service"},
		{"no title", "title = \"Pump\"\n", "", "tag pump.run has no title"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var replace []string
			if c.old != "" {
				replace = []string{c.old, c.new}
			}
			found := persona.Check(load(t, installation("a"), replace...), known)
			if c.want == "" {
				if len(found) != 0 {
					t.Errorf("got %v", found)
				}
				return
			}
			if len(found) != 1 || !strings.Contains(found[0].String(), c.want) || found[0].Mend == "" {
				t.Errorf("got %v, want one with %q", found, c.want)
			}
		})
	}
}
