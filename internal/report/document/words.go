package document

import (
	"fmt"
	"html/template"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/report/figure"
)

// kindOf sums labels up.
func kindOf(label string) string {
	switch label {
	case analysis.ResearchConfirmed, analysis.ResearchClaimed, analysis.ResearchOpaque:
		return "research"
	case analysis.TargetedICS:
		return "targeted"
	case analysis.ICSWrite, analysis.ICSInteractive:
		return "interested in plants"
	case analysis.BruteForce, analysis.OpportunisticExploit, analysis.BulkScanner, analysis.BannerGrab, analysis.Misdirected:
		return "opportunistic"
	}
	return "nothing to say"
}

func kindNames() []string {
	return []string{"nothing to say", "opportunistic", "research", "interested in plants", "targeted"}
}

// labelled writes a label in words.
func labelled(label string) string {
	if label == "" {
		return "open"
	}
	return strings.ReplaceAll(label, "_", " ")
}

func named(s, empty string) string {
	if s == "" {
		return empty
	}
	return s
}

func percent(n, of int64) string {
	if of == 0 {
		return "–"
	}
	if v := 100 * float64(n) / float64(of); n == 0 || v >= 0.05 {
		return fmt.Sprintf("%.1f\u00a0%%", v)
	}
	return "<0.1\u00a0%"
}

// many writes a number with its noun: 1 sensor, 3 sensors.
func many(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return figure.Count(n) + " " + more
}

// listing joins names as a sentence does.
func listing(names []string) string {
	switch n := len(names); n {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func date(t time.Time) string { return t.UTC().Format("2 January 2006") }

func instant(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// lasting writes a duration in the unit that fits it.
func lasting(d time.Duration) string {
	switch {
	case d < 0:
		return "–"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 72*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.1f d", d.Hours()/24)
}

// visible makes a text inert for eyes: no control characters, nothing that turns
// the direction of what follows. Markup is the template's to escape.
func visible(s string) string {
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

// sessionID is a session's name; the page has as much of it as tells it apart.
type sessionID string

// set writes a value for the page: words with a hyphen, and days, stay whole.
func set(v any, c Column) template.HTML {
	text := cell(v)
	if c.Code || c.Keep || c.Number || !strings.Contains(text, "-") {
		return template.HTML(template.HTMLEscapeString(text)) //nolint:gosec // escaped
	}
	var out []string
	for _, w := range strings.Fields(text) {
		w = template.HTMLEscapeString(w)
		if strings.Contains(w, "-") && len(w) <= 24 {
			w = `<span class="k">` + w + `</span>`
		}
		out = append(out, w)
	}
	return template.HTML(strings.Join(out, " ")) //nolint:gosec // escaped word by word
}

// cell writes a value as text.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		return visible(named(v, "–"))
	case int:
		return figure.Count(int64(v))
	case int64:
		return figure.Count(v)
	case float64:
		return figure.Short(v)
	case time.Time:
		return instant(v)
	case time.Duration:
		return lasting(v)
	case netip.Addr:
		return v.String()
	case sessionID:
		return string(v[:min(18, len(v))])
	}
	return visible(fmt.Sprint(v))
}

// plain writes a value for a file: numbers and times as programs read them. A
// text that a spreadsheet would take for a formula has a quote before it.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return inert(v)
	case float64:
		return fmt.Sprintf("%.6g", v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case time.Duration:
		return fmt.Sprintf("%.3f", v.Seconds())
	case int, int64, netip.Addr:
		return fmt.Sprint(v)
	}
	return inert(fmt.Sprint(v))
}

func inert(s string) string {
	s = visible(s)
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
