// Package figure draws figures for reports as SVG: text stays text, every figure
// has a title and a description for those who do not see it, colours differ in
// lightness so that they survive a grey printer and colour blindness, and there is
// no script, no style and nothing outside. The same data draw the same octets.
package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// An SVG is a drawn figure, a whole document that also stands within HTML.
type SVG string

// A Head names a figure.
type Head struct {
	ID    string // unique on a page: "fig-3"; letters, digits and hyphens
	Title string // what it shows, for readers who do not see it
	Desc  string // what is to be seen in it, likewise
}

// Width of every figure, in its own units; one is a CSS pixel at full size.
const Width = 720

// Colours. The categories go from dark to light.
const (
	ink   = "#1d2733"
	faint = "#5b6876"
	rule  = "#d5dbe1"
	paper = "#ffffff"
	bar   = "#2b5c8a"
)

// categories are colours for series, from dark to light; the last is for what is
// left over.
func categories() []string {
	return []string{"#17324d", "#8a3310", "#2f7d9c", "#cf7a2c", "#66b3a0", "#ecba55", "#b5d2e6", "#dcdcdc"}
}

// category is the colour of series i of n.
func category(i, n int) string {
	all := categories()
	if i >= len(all) || n > len(all) && i == n-1 {
		return all[len(all)-1]
	}
	return all[i]
}

// shade is a lightness between white and dark blue for a share of 0 to 1.
func shade(v float64) string {
	v = math.Max(0, math.Min(1, v))
	mix := func(a, b float64) int { return int(math.Round(a + (b-a)*v)) }
	return fmt.Sprintf("#%02x%02x%02x", mix(242, 16), mix(246, 50), mix(250, 92))
}

// on is a colour of text that is read on a shade.
func on(v float64) string {
	if v > 0.5 {
		return paper
	}
	return ink
}

// A canvas is a drawing being made.
type canvas struct {
	b      strings.Builder
	height float64
}

const (
	font  = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
	small = 11
	plain = 12
)

func begin(h Head, height float64) *canvas {
	c := &canvas{height: height}
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %s" width="%d" height="%s" role="img" aria-labelledby="%s-t %s-d" font-family="%s" font-size="%d" fill="%s">`+"\n",
		Width, number(height), Width, number(height), escape(h.ID), escape(h.ID), escape(font), plain, ink)
	fmt.Fprintf(&c.b, "<title id=\"%s-t\">%s</title>\n<desc id=\"%s-d\">%s</desc>\n", escape(h.ID), escape(h.Title), escape(h.ID), escape(h.Desc))
	fmt.Fprintf(&c.b, "<rect width=\"%d\" height=\"%s\" fill=\"%s\"/>\n", Width, number(height), paper)
	return c
}

func (c *canvas) end() SVG { return SVG(c.b.String() + "</svg>\n") }

func (c *canvas) rect(x, y, w, h float64, fill string) {
	if w <= 0 || h <= 0 {
		return
	}
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>`+"\n", number(x), number(y), number(w), number(h), fill)
}

// told is a rect with a title that a pointer shows.
func (c *canvas) told(x, y, w, h float64, fill, title string) {
	if w <= 0 || h <= 0 {
		return
	}
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"><title>%s</title></rect>`+"\n", number(x), number(y), number(w), number(h), fill, escape(title))
}

func (c *canvas) line(x1, y1, x2, y2 float64, stroke string, width float64) {
	fmt.Fprintf(&c.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="%s"/>`+"\n", number(x1), number(y1), number(x2), number(y2), stroke, number(width))
}

func (c *canvas) path(points []point, stroke string, width float64, dash string) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(&c.b, `<path fill="none" stroke="%s" stroke-width="%s"`, stroke, number(width))
	if dash != "" {
		fmt.Fprintf(&c.b, ` stroke-dasharray="%s"`, dash)
	}
	c.b.WriteString(` stroke-linejoin="round" d="`)
	for i, p := range points {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		fmt.Fprintf(&c.b, "%s%s %s", letter, number(p.x), number(p.y))
	}
	c.b.WriteString("\"/>\n")
}

type point struct{ x, y float64 }

// marks are shapes that tell series apart without colour.
func (c *canvas) mark(kind int, x, y float64, fill, title string) {
	switch kind % 4 {
	case 0:
		fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="4" fill="%s" stroke="#fff" stroke-width="0.8">`, number(x), number(y), fill)
	case 1:
		fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="7.4" height="7.4" fill="%s" stroke="#fff" stroke-width="0.8">`, number(x-3.7), number(y-3.7), fill)
	case 2:
		fmt.Fprintf(&c.b, `<path d="M%s %sl4.6 8h-9.2z" fill="%s" stroke="#fff" stroke-width="0.8">`, number(x), number(y-4.9), fill)
	case 3:
		fmt.Fprintf(&c.b, `<path d="M%s %sl4.8 4.8-4.8 4.8-4.8-4.8z" fill="%s" stroke="#fff" stroke-width="0.8">`, number(x), number(y-4.8), fill)
	}
	fmt.Fprintf(&c.b, "<title>%s</title></%s>\n", escape(title), []string{"circle", "rect", "path", "path"}[kind%4])
}

// anchors of text.
const (
	start  = "start"
	middle = "middle"
	end    = "end"
)

func (c *canvas) text(x, y float64, anchor string, size float64, fill, s string) {
	c.styled(x, y, anchor, size, fill, "", s)
}

func (c *canvas) styled(x, y float64, anchor string, size float64, fill, extra, s string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s"`, number(x), number(y))
	if anchor != start {
		fmt.Fprintf(&c.b, ` text-anchor="%s"`, anchor)
	}
	if size != plain {
		fmt.Fprintf(&c.b, ` font-size="%s"`, number(size))
	}
	if fill != ink {
		fmt.Fprintf(&c.b, ` fill="%s"`, fill)
	}
	fmt.Fprintf(&c.b, "%s>%s</text>\n", extra, escape(s))
}

// turned writes a text from below to above: the name of an axis.
func (c *canvas) turned(x, y float64, s string) {
	c.styled(x, y, middle, small, faint, fmt.Sprintf(` transform="rotate(-90 %s %s)"`, number(x), number(y)), s)
}

// number writes a coordinate: two decimals at most.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

// clean makes a text inert for eyes: no control characters, none that turn the
// direction of what follows.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsGraphic(r) && !unicode.Is(unicode.Bidi_Control, r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04X", r)
		}
	}
	return b.String()
}

// escape makes a text inert for eyes and for XML.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(clean(s))
}

// wide is about how wide a text is, in units, at a size.
func wide(s string, size float64) float64 {
	var w float64
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljtfrI.,:;|!'()[] ", r):
			w += 0.38
		case strings.ContainsRune("mwMW@%", r):
			w += 0.98
		case r >= 'A' && r <= 'Z':
			w += 0.71
		case r > 0x2E80:
			w += 1
		default:
			w += 0.625
		}
	}
	return w * size
}

// fit shortens a text to a width.
func fit(s string, size, width float64) string {
	s = clean(s)
	if wide(s, size) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 && wide(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ,") + "…"
}
