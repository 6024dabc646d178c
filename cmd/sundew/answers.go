package main

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/analysis/enrich"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/report/export"
	"github.com/sundew-ics/sundew/internal/store"
)

// choice says which sessions a command is about.
type choice struct {
	Data     string   `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	From     string   `placeholder:"TIME" help:"From this time on: 2026-11-22T20:00:00Z, 2026-11-22, or 90m, 24h, 7d ago."`
	To       string   `placeholder:"TIME" help:"Up to this time."`
	Origin   []string `placeholder:"NAME" help:"Only this imported journal, or \"own\"; repeatable."`
	Sensor   []string `placeholder:"NAME" help:"Only this sensor; repeatable."`
	Persona  []string `placeholder:"NAME" help:"Only this persona; repeatable."`
	Protocol []string `placeholder:"NAME" help:"Only this protocol; repeatable."`
	Label    []string `placeholder:"LABEL" help:"Only sessions of this label (ics_write, brute_force …); repeatable."`
	Country  []string `placeholder:"CC" help:"Only sources of this country; repeatable."`
	Src      string   `placeholder:"IP|PREFIX" help:"Only this address or network."`
	ASN      uint32   `name:"asn" placeholder:"NUMBER" help:"Only this autonomous system."`
	Tool     string   `placeholder:"NAME" help:"Only sessions of this tool."`
	Severity int      `placeholder:"N" help:"Only sessions that reached this severity, 0 to 10."`
	Research string   `enum:"all,hide,only" default:"all" help:"Known research scanners: ${enum}."`
}

// question is what all commands that ask the store and print have in common.
type question struct {
	choice

	JSON bool `name:"json" xor:"form" help:"Print JSON."`
	CSV  bool `name:"csv" xor:"form" help:"Print CSV."`
}

func (q *choice) filter(now time.Time) (store.Filter, error) {
	f := store.Filter{Origin: origins(q.Origin), Sensor: q.Sensor, Persona: q.Persona, Protocol: q.Protocol, Label: q.Label, Country: q.Country, ASN: q.ASN, Tool: q.Tool, Severity: q.Severity}
	if q.Research != "all" {
		f.Research = q.Research
	}
	var err error
	if f.From, err = parseTime(q.From, now); err != nil {
		return f, usageError{fmt.Errorf("--from: %w", err)}
	}
	if f.To, err = parseTime(q.To, now); err != nil {
		return f, usageError{fmt.Errorf("--to: %w", err)}
	}
	if q.Src != "" {
		if f.Src, err = parsePrefix(q.Src); err != nil {
			return f, usageError{fmt.Errorf("--src: %w", err)}
		}
	}
	for _, l := range q.Label {
		if !slices.Contains(analysis.Labels(), l) {
			return f, usageError{fmt.Errorf("--label %q: there are %s", l, strings.Join(analysis.Labels(), ", "))}
		}
	}
	return f, nil
}

// origins are journals as the store calls them: the sensor's own has no name.
func origins(names []string) []string {
	var out []string
	for _, n := range names {
		if n == store.Own {
			n = ""
		}
		out = append(out, n)
	}
	return out
}

// interpreter is what the store goes by: our rules and what is known of addresses.
type interpreter struct {
	rules *analysis.Rules
	known *enrich.Live
	files enrich.Config
}

// newInterpreter reads rules and data; geo names the operator's own files.
func newInterpreter(dir directory, geo enrich.Config) (*interpreter, error) {
	r, err := analysis.NewRules()
	if err != nil {
		return nil, err
	}
	geo.Feeds, geo.Own = dir.path("feeds"), dir.path("networks.tsv")
	known, err := enrich.OpenLive(geo)
	if err != nil {
		return nil, err
	}
	return &interpreter{r, known, geo}, nil
}

// Versions implements store.Interpreter.
func (i *interpreter) Versions() string {
	text := analysis.CurrentVersions().String()
	v := i.known.Versions()
	for _, name := range slices.Sorted(maps.Keys(v)) {
		text += ", " + name + " " + v[name]
	}
	return text
}

// Source implements store.Interpreter.
func (i *interpreter) Source(a netip.Addr) analysis.Source { return i.known.Source(a) }

// Begin implements store.Interpreter.
func (i *interpreter) Begin(e *event.Event) store.Interpretation { return i.rules.NewSession(e) }

// rows is a table for people and for CSV.
type rows struct {
	head []string
	body [][]string
}

func (r *rows) add(cells ...any) {
	var line []string
	for _, c := range cells {
		line = append(line, fmt.Sprint(c))
	}
	r.body = append(r.body, line)
}

// show prints a value in the form that was asked for.
func (q *question) show(t *terminal, v any, r *rows) error {
	switch {
	case q.JSON:
		return printJSON(t, v)
	case q.CSV:
		w := csv.NewWriter(t.out)
		if err := w.Write(r.head); err != nil {
			return err
		}
		for _, line := range r.body {
			for i, c := range line {
				line[i] = export.Guard(c)
			}
		}
		return w.WriteAll(r.body)
	}
	return r.print(t)
}

func (r *rows) print(t *terminal) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(r.head, "\t")))
	for _, line := range r.body {
		for i, c := range line {
			line[i] = visible(c)
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	return w.Flush()
}

// visible is a visitor's text for a terminal: nothing in it moves the cursor or
// turns the direction of what follows.
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

// at is a time for a table.
func at(v time.Time) string {
	if v.IsZero() {
		return "-"
	}
	return v.UTC().Format("2006-01-02 15:04:05")
}
