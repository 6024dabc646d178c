package tool

import (
	"encoding/hex"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vector is the first frames of a known tool (testdata/vectors.tsv).
type vector struct {
	tool, proof, protocol, ja4 string
	frames                     []Frame
}

func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	for l := range strings.Lines(string(b)) {
		if l[0] == '#' {
			continue
		}
		f := strings.Split(strings.TrimRight(l, "\n"), "\t")
		if len(f) != 6 {
			t.Fatalf("%d columns: %s", len(f), l)
		}
		v := vector{f[0], f[1], f[3], strings.Trim(f[4], "-"), nil}
		for h := range strings.FieldsSeq(strings.Trim(f[5], "-")) {
			h, size, cut := strings.Cut(h, "/")
			octets, err := hex.DecodeString(h)
			if err != nil {
				t.Fatalf("%v in %s", err, l)
			}
			n := len(octets)
			if cut {
				n, _ = strconv.Atoi(size)
			}
			v.frames = append(v.frames, Frame{octets, n})
		}
		out = append(out, v)
	}
	return out
}

// The first frames of each tool give its name, and every row of the table has a
// vector that it alone finds; a row is captured only if one of them was recorded.
func TestVectors(t *testing.T) {
	tab, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	recorded, tools := map[int]bool{}, map[string]bool{}
	hit := map[int]bool{}
	for _, v := range vectors(t) {
		s := Canonical(v.protocol, v.ja4, v.frames)
		i := tab.row(s)
		if i < 0 || tab.rows[i].tool.Name != v.tool {
			t.Errorf("%s is not found by %s (row %d)", v.tool, s, i)
			continue
		}
		hit[i] = true
		recorded[i] = recorded[i] || v.proof == "captured"
		tools[v.tool] = true
	}
	for i, r := range tab.rows {
		if strings.ContainsAny(r.tool.Name, ",;\"") {
			t.Errorf("%s: lists join names by commas", r.tool.Name)
		}
		if !hit[i] {
			t.Errorf("%s %s (%s) has no vector", r.protocol, r.pattern, r.tool.Name)
		}
		if recorded[i] != (r.tool.Proof == "captured") {
			t.Errorf("%s %s (%s) is %s; a vector was recorded: %v", r.protocol, r.pattern, r.tool.Name, r.tool.Proof, recorded[i])
		}
	}
	if len(tools) < 45 {
		t.Errorf("%d tools", len(tools))
	}
	t.Logf("%d rows, %d tools", len(tab.rows), len(tools))
}

// What is not known is a string like any other, and the same frames always give it.
func TestUnknown(t *testing.T) {
	tab, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	f := func(hexes ...string) []Frame {
		var out []Frame
		for _, h := range hexes {
			b, err := hex.DecodeString(h)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, Frame{b, len(b)})
		}
		return out
	}
	for _, c := range []struct {
		protocol, ja4, want string
		frames              []Frame
	}{
		{"modbus", "", "modbus:tid=other;unit=other;fc=3;first=0300000004", f("00070000000601"+"0300000004", "00030000000605"+"0300040004")},
		{"modbus", "", "", nil},
		{"http", "t13d1516h2_8daaf6152771_e5627efa2ab1", "http:;ja4=t13d1516h2_8daaf6152771_e5627efa2ab1", nil},
		{"kamstrup", "", "kamstrup:3f.01,3f.10.1@0001", f("803f0105"+"8a0d", "803f1001"+"0001"+"aaaa0d")},
		{"iec104", "", "iec104:u43,i100.6.0.1", f("680443000000", "680e0000000064010600010000000014")},
		{"bacnet", "", "bacnet:0a04.0005.12.0.55;id=const07", f("810a001101040005070c0c000000011955")},
		{"dnp3", "", "dnp3:src=3;dst=one;f1.3c02063c0306", f("05640ec40a000300aaaa" + "c0c1013c02063c0306" + "aaaa")},
	} {
		if got := Canonical(c.protocol, c.ja4, c.frames); got != c.want || got != Canonical(c.protocol, c.ja4, slices.Clone(c.frames)) {
			t.Errorf("%s, want %s", got, c.want)
		} else if x := tab.Find(got); x != (Tool{}) {
			t.Errorf("%s is %+v", got, x)
		}
	}
	if Hash("") != "" || len(Hash("x")) != 12 {
		t.Error("a hash is twelve digits, of nothing none")
	}
}

// Whatever is sent, a string comes out that fits on a line.
func FuzzCanonical(f *testing.F) {
	for _, v := range vectors(f) {
		if len(v.frames) > 0 {
			f.Add(v.protocol, v.frames[0].Request)
		}
	}
	f.Fuzz(func(t *testing.T, protocol string, b []byte) {
		for _, p := range []string{"modbus", "s7comm", "enip", "http", "dnp3", "iec104", "bacnet", "snmp", "ipmi", "ftp", "tftp", "atg", "kamstrup", "kamstrup_management"} {
			Steady(p, b)
			s := Canonical(p, "", []Frame{{b, len(b)}, {b, len(b)}})
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) || (s == "") != (len(b) == 0) || len(s) > 4096 {
				t.Errorf("%q of %x", s, b)
			}
		}
	})
}
