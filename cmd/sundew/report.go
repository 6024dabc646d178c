package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/report/document"
)

// reportCmd writes a report of a period.
type reportCmd struct {
	question
	Out   string `short:"o" required:"" placeholder:"DIR" help:"Where it goes: a directory that is new or empty."`
	Title string `help:"What it is called."`
}

// Run implements kong's command.
func (c *reportCmd) Run(ctx context.Context, t *terminal) error {
	if err := emptyDirectory(c.Out); err != nil {
		return err // before a long read
	}
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	cfg := document.Config{Title: c.Title, Filter: f, Query: c.asked(), Now: a.now.Truncate(time.Second), Build: version(), Rules: a.by.rules, Versions: allVersions(a.by)}
	for _, n := range a.by.known.Notices() {
		cfg.Notices = append(cfg.Notices, document.Notice{Data: n.Data, Text: n.Text, Link: n.Link, Licence: n.Licence, Built: n.Built})
	}
	d, err := document.Make(ctx, a.Store, cfg)
	if err != nil {
		return err
	}
	m, err := d.Write(ctx, c.Out)
	if err != nil {
		return err
	}
	if c.JSON || c.CSV {
		return c.show(t, m, manifestRows(m.Files))
	}
	if len(d.Synthetic) > 0 {
		fmt.Fprintln(t.out, "SYNTHETIC DATA: made by `sundew demo`, not recorded.")
	}
	for _, s := range d.Summary {
		fmt.Fprintln(t.out, visible(s))
	}
	_, err = fmt.Fprintf(t.out, "\n%s/report.html, with %d files; MANIFEST.json has their hashes\n", strings.TrimSuffix(c.Out, "/"), len(m.Files))
	return err
}

// allVersions are those of rules and data, by name.
func allVersions(by *interpreter) map[string]string {
	out, v := by.known.Versions(), analysis.CurrentVersions()
	out["rules"], out["attack"], out["tools"] = fmt.Sprint(v.Rules), v.Attack, fmt.Sprint(v.Tools)
	return out
}

// asked is the question by its flags, without what only says where.
func (q *question) asked() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{"from": q.From, "to": q.To, "sensor": strings.Join(q.Sensor, " "), "persona": strings.Join(q.Persona, " "), "protocol": strings.Join(q.Protocol, " "),
		"label": strings.Join(q.Label, " "), "country": strings.Join(q.Country, " "), "src": q.Src, "tool": q.Tool} {
		if v != "" {
			out["--"+name] = v
		}
	}
	if q.ASN != 0 {
		out["--asn"] = fmt.Sprint(q.ASN)
	}
	if q.Severity != 0 {
		out["--severity"] = fmt.Sprint(q.Severity)
	}
	if q.Research != "all" {
		out["--research"] = q.Research
	}
	return out
}

func manifestRows(list []document.File) *rows {
	r := &rows{head: []string{"file", "octets", "sha256"}}
	for _, f := range list {
		r.add(f.Name, f.Octets, f.SHA256)
	}
	return r
}
