package figure

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew: look at them before you commit")

// hostile is what a visitor might call himself.
const hostile = "</text><script>alert(1)</script>\x1b[31m\u202egnp.exe & \"'"

func month() time.Time { return time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC) }

// wave is values that rise and fall.
func wave(n int, high, phase float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Round(high * (1.2 + math.Sin(float64(i)/3+phase)) / 2)
	}
	return out
}

// drawn are one figure of each sort.
func drawn() map[string]SVG {
	head := func(name string) Head {
		return Head{ID: "figure-" + name, Title: "A figure of " + name, Desc: "Most: a."}
	}
	var week [7][24]float64
	for d := range week {
		copy(week[d][:], wave(24, 40+float64(d), 0))
	}
	week[6][11] = 900
	hours := func(n float64) time.Time { return month().Add(time.Duration(n * float64(time.Hour))) }
	series := []Series{{"http", wave(30, 400, 0)}, {"modbus", wave(30, 200, 1)}, {"s7comm", wave(30, 120, 2)}}
	many := series
	for _, n := range []string{"iec104", "ftp", "enip", "snmp", "dnp3", "atg", "bacnet"} {
		many = append(many, Series{n, wave(30, 60, float64(len(many)))})
	}
	return map[string]SVG{
		"bars":      Bars(head("bars"), "sessions", []Bar{{"port probe", 9315, "32.2 %"}, {"bulk scanner", 4603, "15.9 %"}, {"targeted ics", 3, "<0.1 %"}, {hostile, 12.5, ""}}),
		"shares":    Shares(head("shares"), []string{"indeterminate", "automated", "mixed", "human"}, []Share{{"http", []float64{10, 20, 5, 5}}, {"tftp", []float64{0, 0, 0, 0}}, {hostile, []float64{1, 0, 0, 9}}}),
		"stack":     Stack(head("stack"), "sessions a day", month(), 24*time.Hour, many),
		"one":       Stack(head("one"), "sessions an hour", month(), time.Hour, series[:1]),
		"lines":     Lines(head("lines"), "sources", month(), 24*time.Hour, series[:2]),
		"multiples": Multiples(head("multiples"), "sessions", month(), 24*time.Hour, many[:5]),
		"week":      Week(head("week"), "sessions an hour", week),
		"matrix":    Matrix(head("matrix"), "acts", []string{"http", "modbus", hostile}, []string{"identify", "write", "program download"}, [][]float64{{3860, 2, 0}, {4714, 76, 24}, {0, 1, 1234567}}),
		"lanes": Lanes(head("lanes"), month(), hours(24*20), []Lane{{"demo-fra-1", []Span{{month(), hours(200), "up"}, {hours(206), hours(480), "up"}}, []Span{{From: hours(100), Note: "clock"}}},
			{hostile, []Span{{hours(-50), hours(900), hostile}}, nil}}),
		"intervals": Intervals(head("intervals"), "sessions an hour", []string{"demo-fra-1", "demo-nyc-1"}, []Group{{"http", []*Interval{{2.4, 2.3, 2.5}, {3.5, 3.4, 3.6}}}, {"modbus", []*Interval{nil, {0, 0, 0.4}}}}),
		"log":       Intervals(head("log"), "sessions an hour", []string{"a"}, []Group{{"http", []*Interval{{240, 230, 250}}}, {"tftp", []*Interval{{0.05, 0.04, 0.07}}}}),
		"ecdf":      ECDF(head("ecdf"), "duration", true, []Curve{{"research", []Step{{0.04, 0.25}, {0.5, 0.5}, {60, 1}}}, {"others", []Step{{0.001, 0.1}, {30, 0.9}, {4000, 1}}}}),
		"acts":      ECDF(head("acts"), "acts", false, []Curve{{"all", []Step{{1, 0.8}, {3, 0.9}, {40, 1}}}}),
		"times":     Times(head("times"), "time to first visit", []string{"first visit", "first scanner"}, []Dots{{"plc/http", []float64{22, 50000}}, {"files/tftp", []float64{28800, 0}}}),
		"empty":     Stack(head("empty"), "sessions", month(), time.Hour, nil),
	}
}

// Each figure is what the golden file has, well formed, named, and has no script,
// style, address or visitor's markup in it.
func TestFigures(t *testing.T) {
	for name, svg := range drawn() {
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(svg), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != string(svg) {
			t.Errorf("%s is not as in %s: go test -update, and look at it", name, file)
		}
		checkMarkup(t, name, string(svg))
	}
}

func checkMarkup(t *testing.T, name, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	allowed := map[string]bool{"svg": true, "title": true, "desc": true, "rect": true, "line": true, "path": true, "circle": true, "text": true}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			if !allowed[e.Name.Local] {
				t.Errorf("%s has an element %s", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" || a.Name.Local == "href" {
					t.Errorf("%s has an attribute %s", name, a.Name.Local)
				}
			}
		}
	}
	for _, bad := range []string{"\x1b", "\u202e", "NaN", "Inf"} {
		if strings.Contains(svg, bad) {
			t.Errorf("%s has %q in it", name, bad)
		}
	}
	if !strings.Contains(svg, `aria-labelledby="figure-`+name+`-t figure-`+name+`-d"`) {
		t.Errorf("%s has no name", name)
	}
}

// Nothing of a text lies outside its figure, by the width that we think it has.
func TestWithin(t *testing.T) {
	for name, svg := range drawn() {
		d := xml.NewDecoder(strings.NewReader(string(svg)))
		for {
			token, err := d.Token()
			if err != nil {
				break
			}
			e, ok := token.(xml.StartElement)
			if !ok || e.Name.Local != "text" {
				continue
			}
			at := map[string]string{"font-size": "12", "text-anchor": start}
			for _, a := range e.Attr {
				at[a.Name.Local] = a.Value
			}
			inner, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			text, ok := inner.(xml.CharData)
			if !ok || at["transform"] != "" {
				continue
			}
			x, _ := strconv.ParseFloat(at["x"], 64)
			size, _ := strconv.ParseFloat(at["font-size"], 64)
			w := wide(string(text), size)
			left := map[string]float64{start: x, middle: x - w/2, end: x - w}[at["text-anchor"]]
			if left < -1 || left+w > Width+1 {
				t.Errorf("%s: %q from %.0f to %.0f", name, text, left, left+w)
			}
		}
	}
}

// Colours of series differ in lightness, from dark to light, so that a grey
// printer keeps them apart.
func TestGrey(t *testing.T) {
	last := -1.0
	for _, c := range categories() {
		var r, g, b uint8
		if _, err := rgb(c, &r, &g, &b); err != nil {
			t.Fatal(err)
		}
		y := 0.2126*float64(r) + 0.7152*float64(g) + 0.0722*float64(b)
		if y < last+9 {
			t.Errorf("%s is hardly lighter (%.0f) than the colour before it (%.0f)", c, y, last)
		}
		last = y
	}
}

func rgb(c string, r, g, b *uint8) (int, error) {
	n, err := strconv.ParseUint(c[1:], 16, 32)
	*r, *g, *b = uint8(n>>16), uint8(n>>8), uint8(n)
	return 3, err
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		most float64
		want string
	}{{0, "0 1"}, {1, "0 1"}, {3, "0 1 2 3"}, {7, "0 2 4 6 8"}, {2096, "0 500 1,000 1,500 2,000 2,500"}, {9315, "0 2,000 4,000 6,000 8,000 10,000"}, {1e6, "0 200,000 400,000 600,000 800,000 1,000,000"}} {
		_, ticks := whole(c.most, 0, 1, 5)
		var got []string
		for _, v := range ticks {
			got = append(got, tick(v))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%g: %v, want %s", c.most, got, c.want)
		}
	}
	if _, ticks := linear(0.53, 0, 1, 5); tick(ticks[1]) != "0.2" || len(ticks) != 4 {
		t.Errorf("%v", ticks)
	}
	for _, c := range []struct {
		days int
		want string
	}{{3, "2 3 4 5"}, {30, "2 7 12 17 22 27 1"}, {100, "2 16 30 13 27 11 25 8"}} {
		var got []string
		for _, d := range days(month(), month().AddDate(0, 0, c.days), 8) {
			got = append(got, d.Format("2"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%d days: %v, want %s", c.days, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.00004: "4e-05", 0.0123: "0.0123", 4.5678: "4.57", 99.96: "100", 1234.5: "1,235", 12345: "12,345"} {
		if got := Short(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{4e-5: "40 µs", 0.01: "10 ms", 1: "1 s", 60: "1 min", 5400: "1.5 h", 86400: "24 h", 604800: "7 d"} {
		if got := Seconds(v); got != want {
			t.Errorf("%g s is %q, want %q", v, got, want)
		}
	}
	if got := Count(-1234567); got != "-1,234,567" {
		t.Error(got)
	}
}
