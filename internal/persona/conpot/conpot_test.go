package conpot

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sundew-ics/sundew/internal/persona"
)

// The templates of testdata are ours, after the description of Conpot's.

func nothing([]byte) []string { return nil }

func imported(t *testing.T, name string) *Result {
	t.Helper()
	r, err := Import(os.DirFS(filepath.Join("testdata", name)), nothing)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every imported template is a persona that loads.
func TestPersonaLoads(t *testing.T) {
	for _, name := range []string{"s7-200", "gauge", "meter", "rtu"} {
		files := fstest.MapFS{}
		for path, b := range imported(t, name).Files {
			files[path] = &fstest.MapFile{Data: b}
		}
		if _, err := persona.Load(files, name, persona.Installation{Seed: bytes.Repeat([]byte{7}, 32), Born: time.Unix(1767225600, 0)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCarriedOver(t *testing.T) {
	r := imported(t, "s7-200")
	for file, texts := range map[string][]string{
		"persona.toml": {`title = "Siemens S7-200"`, `station = "Conveyor 3"`, `serial = "45000123"`, `facilityname = "Elbe Gravel Works"`, `syscontact = "O'Brien \"ext\" 7"`, `alt = 10201`},
		"device/modbus.toml": {`units = [1, 2]`, `absent = "target"`, `vendor = "Siemens", product = "SIMATIC", revision = "S7-200"`, `{ area = "coils", at = 1, count = 128, values = [`,
			`{ area = "holding", at = 100, count = 4, values = [1, 2, 16, 65535] }`, `{ area = "input", at = 30001, count = 8,`},
		"device/s7comm.toml": {`family = "s7-200"`, `plant = "${facilityname}"`, `module = "${s7_module_type}"`},
		"device/snmp.toml": {`{ oid = "1.3.6.1.2.1.1.1.0", as = "text", from = "device:systemdescription" }`, `{ oid = "1.3.6.1.2.1.1.3.0", from = "uptime" }`, `from = "device:syscontact", access = "rw" }`,
			`{ oid = "1.3.6.1.2.1.2.2.1.6.1", as = "octets", value = "000e8c29c51a" }`, `{ oid = "1.3.6.1.2.1.1.7.0", as = "integer", value = "72" }`},
		"device/http.toml":      {`methods = ["GET", "POST", "TRACE", "HEAD"`[:24], `"Date: {date}", "Server: gravel(1)", "{page}"`, `alias = "/index.html"`, `delay = ["100ms", "300ms"]`, `headers = ["Cache-Control: no-cache"]`, "status = 404"},
		"device/www/index.html": {`<h1>{{.Device "systemdescription"}}</h1>{{"{{"}} not ours }}<p>up {{.Up}}</p></body>`},
		"device/www/plain.html": {`{{.Evil}}`},
		"device/bacnet.toml":    {`instance = "4711"`, `vendor = 15`, `{ object = "binary-input,12", name = "BI 01", tag = "bacnet.o1" }`, `{ object = "analog-input,14", name = "AI 01", tag = "bacnet.o2" }`},
		"device/enip.toml":      {`revision = "20.4"`, `serial = "0074cbb1"`, "name = \"SCADA\"\ntype = \"SINT\"\nvalue = 100", `values = [0.1, 0.1, 0.1, 0.1]`, `value = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`},
		"device/ipmi.toml":      {`{ id = 2, name = "chief", password = "gravel", privilege = "administrator" }`, `privilege = "operator", disabled = true }`},
		"device/ftp.toml":       {`{ name = "loader", password = "stones", group = "users" }`, `anonymous = {`, `greeting = "Gravel FTP ready."`},
	} {
		for _, text := range texts {
			if !strings.Contains(string(r.Files[file]), text) {
				t.Errorf("%s lacks %s:\n%s", file, text, r.Files[file])
			}
		}
	}
	if strings.Contains(string(r.Files["device/http.toml"]), "template = true\nfile = \"device/www/plain.html\"") {
		t.Error("a page without inline values became a template: its braces would run")
	}
}

func TestGauge(t *testing.T) {
	r := imported(t, "gauge")
	text := string(r.Files["device/atg.toml"]) + string(r.Files["process.toml"])
	for _, want := range []string{`header = ["KESTREL MART"]`, `label = "SUPER"`, `label = "DIESEL"`, "name = \"tank1.capacity\"\ntype = \"float32\"\ntitle = \"Tank 1 capacity\"\nrange = [0.0, 60000.0]\nstart = 7200.0"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func TestMeterAndStation(t *testing.T) {
	meter := imported(t, "meter").Files
	for _, want := range []string{`serial = "14085488"`, `{ id = 13, unit = 2, size = 4, exponent = -4, tag = "energy.in", scale = 0.0001 }`, `{ id = 1054, unit = 33, size = 2, exponent = 0, value = "229" }`,
		`{ id = 1058, unit = 54, size = 10, exponent = 0, hex = "30373034`} {
		if !strings.Contains(string(meter["device/kamstrup.toml"]), want) {
			t.Errorf("lacks %s in\n%s", want, meter["device/kamstrup.toml"])
		}
	}
	rtu := string(imported(t, "rtu").Files["device/iec104.toml"])
	for _, want := range []string{"common = [7720]", `t1 = "15s"`, // 22_20 is 00 16 14 on the wire, and commands 13_20, 00 0D 14
		`{ ioa = 1314048, as = "single", tag = "p1314048" }`, `{ ioa = 1316352, as = "single", tag = "p1314048", feedback = 1314048 }`, `as = "float", tag = "p`} {
		if !strings.Contains(rtu, want) {
			t.Errorf("lacks %s in\n%s", want, rtu)
		}
	}
}

// What is not carried over is told, each thing once, and nothing that was.
func TestReport(t *testing.T) {
	r := imported(t, "s7-200")
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"element flavour of modbus/modbus.xml", "key evil", "block odd", "block a2 of slave 2", "object Door 01", "tag bad name", "triggers of node /plain.html", "symbol acmeWidgets", "Sundew has no such protocol"} {
		if strings.Count(string(b), want) != 1 {
			t.Errorf("%q is told %d times", want, strings.Count(string(b), want))
		}
	}
	if n := strings.Count(string(b), `"what":"element`); n != 1 {
		t.Errorf("%d elements are told as not understood: %s", n, b)
	}
}

func TestHostile(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><core><databus><key_value_mappings><key name="k"><value type="value">"&b;"</value></key></key_value_mappings></databus></core>`
	for name, text := range map[string]string{
		"no xml": "hello", "other root": "<html/>", "entities": bomb, "open": "<core><databus>", "deep": strings.Repeat("<core>", 100) + strings.Repeat("</core>", 100),
		"wide": "<core>" + strings.Repeat("<a/>", maxNodes+1) + "</core>", "large": "<core>" + strings.Repeat(" ", maxFile) + "</core>", "no protocol": "<core/>",
	} {
		if r, err := Import(fstest.MapFS{"template.xml": {Data: []byte(text)}}, nothing); err == nil {
			t.Errorf("%s: imported as %v", name, r.Title)
		}
	}
	if _, err := Import(fstest.MapFS{}, nothing); err != ErrNoTemplate {
		t.Errorf("an empty folder: %v", err)
	}
}

// No name in a template leads a file out of the persona's folder.
func TestNamesStayInside(t *testing.T) {
	page := `<http enabled="True"><htdocs><node name="/../../../../evil.html"/><node name="/a/../../b.html"/><node name="/` + "\x01\"\n" + `"/></htdocs></http>`
	page = strings.NewReplacer("\x01", "", "\"\n\"", "&quot;&#10;\"").Replace(page)
	src := fstest.MapFS{"template.xml": {Data: []byte("<core/>")}, "http/http.xml": {Data: []byte(page)}, "evil.html": {Data: []byte("outside")}, "http/htdocs/b.html": {Data: []byte("inside")}, "http/htdocs/evil.html": {Data: []byte("inside too")}}
	r, err := Import(src, nothing)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range r.Files {
		if !fs.ValidPath(path) || bytes.Contains(b, []byte("outside")) {
			t.Errorf("%s: %s", path, b)
		}
	}
	dir := filepath.Join(t.TempDir(), "new")
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(dir); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("written over: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]value{
		`"a b"`: {text: "a b"}, `'it\'s'`: {text: "it's"}, `"\x41\n"`: {text: "A\n"}, `7`: {text: "7", number: true}, `-1.5`: {text: "-1.5", number: true}, `0x1e28`: {text: "7720", number: true},
		`True`: {text: "1", number: true}, `None`: {}, `["a,b", 2]`: {isList: true, list: []string{"a,b", "2"}}, `[0 for b in range(0, 3)]`: {isList: true, list: []string{"0", "0", "0"}}, `[]`: {isList: true},
	} {
		got := literal(text)
		if got.text != want.text || got.isList != want.isList || got.number != want.number || !slices.Equal(got.list, want.list) || got.unknown != "" {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	for _, text := range []string{`os.system("id")`, `"a" + "b"`, `[f(x)]`, `"a`, `{1: 2}`, `[0 for b in range(0, 99999999)]`, "\"\xff\""} {
		if got := literal(text); got.unknown == "" {
			t.Errorf("%s: %+v", text, got)
		}
	}
	if v := literal(`[random.randint(0,1) for b in range(0,4)]`); v.random != 4 || len(v.list) != 4 {
		t.Errorf("%+v", v)
	}
}

// Whatever the template, what is written is TOML, and lies inside the folder.
func FuzzImport(f *testing.F) {
	f.Add("template.xml", []byte(`<core><databus><key_value_mappings><key name="k"><value type="value">"v"</value></key></key_value_mappings></databus></core>`), []byte(`<snmp enabled="True"><mibs><mib><symbol name="sysDescr"><value>k</value></symbol></mib></mibs></snmp>`))
	for _, room := range []string{"modbus", "http", "bacnet", "enip", "ipmi", "ftp", "s7comm"} {
		b, err := os.ReadFile(filepath.Join("testdata/s7-200", room, room+".xml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(room, []byte(`<core/>`), b)
	}
	f.Fuzz(func(t *testing.T, room string, template, xml []byte) {
		if !fs.ValidPath(room) || strings.Contains(room, "/") || room == "." {
			return
		}
		r, err := Import(fstest.MapFS{"template.xml": {Data: template}, room + "/" + room + ".xml": {Data: xml}}, nothing)
		if err != nil {
			return
		}
		files := fstest.MapFS{}
		for path, b := range r.Files {
			if !fs.ValidPath(path) {
				t.Fatalf("file %q", path)
			}
			files[path] = &fstest.MapFile{Data: b}
			if strings.HasSuffix(path, ".toml") {
				var any map[string]any
				if err := persona.Decode(path, b, &any); err != nil {
					t.Fatalf("%v in\n%s", err, b)
				}
			}
		}
	})
}
