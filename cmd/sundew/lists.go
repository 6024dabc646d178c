package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/analysis/attack"
	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// open asks the store with the question's filter.
func (q *choice) open(ctx context.Context, t *terminal) (*answers, store.Filter, error) {
	f, err := q.filter(time.Now())
	if err != nil {
		return nil, f, err
	}
	a, err := ask(ctx, t, q.Data, false)
	if err == nil {
		a.lacks(ctx, t, f)
	}
	return a, f, err
}

// sessionsCmd lists sessions.
type sessionsCmd struct {
	question
	Limit int    `default:"50" help:"How many (${default})."`
	After string `placeholder:"PAGE" help:"What follows: the next page that an earlier --json named."`
}

// Run implements kong's command.
func (c *sessionsCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	p, err := a.Sessions(ctx, f, c.Limit, c.After)
	if err != nil {
		return err
	}
	return c.show(t, p, sessionRows(p.Sessions))
}

func sessionRows(list []store.Session) *rows {
	r := &rows{head: []string{"session", "opened", "src", "country", "network", "service", "acts", "label", "pace", "severity", "tool"}}
	for _, s := range list {
		network := s.ASOrg
		if network == "" {
			network = s.NetType
		}
		r.add(s.ID, at(s.Opened), s.Src, named(s.Country, "-"), named(network, "-"), s.Device+"/"+s.Service, s.Acts, named(s.Label, "-"), named(s.Automation, "-"), s.Severity, named(s.Tool, "-"))
	}
	return r
}

// actorsCmd lists sources.
type actorsCmd struct {
	question
	Limit int `default:"50" help:"How many (${default})."`
}

// Run implements kong's command.
func (c *actorsCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	list, err := a.Actors(ctx, f, c.Limit)
	if err != nil {
		return err
	}
	return c.show(t, list, actorRows(list))
}

func actorRows(list []store.Actor) *rows {
	r := &rows{head: []string{"src", "country", "network", "label", "score", "severity", "sessions", "days", "first", "last", "protocols", "tools"}}
	for _, s := range list {
		network := s.ASOrg
		if s.Scanner != "" {
			network = s.Scanner + " (" + s.ScannerProof + ")"
		}
		r.add(s.Src, named(s.Country, "-"), named(network, "-"), named(s.Label, "-"), fmt.Sprintf("%.2f", s.Score), s.Severity, s.Sessions, s.Days, at(s.First), at(s.Last), strings.Join(s.Protocols, " "), strings.Join(s.Tools, " "))
	}
	return r
}

// actorCmd tells one actor: an address, a network or a cluster.
type actorCmd struct {
	question
	Who string `arg:"" name:"who" help:"An address, a network (198.51.100.0/24), an autonomous system (AS64500) or a cluster (C-0001)."`
}

// profile is what is known of an actor.
type profile struct {
	Who         string             `json:"who"`
	Cluster     *analysis.Cluster  `json:"cluster,omitempty"`
	Sources     []store.Actor      `json:"sources"`
	Across      analysis.Across    `json:"across"` // of the latest sessions, up to 500
	Techniques  []report.Technique `json:"techniques"`
	Credentials []store.Credential `json:"credentials"`
	Files       []store.File       `json:"files"`
	Sessions    []store.Session    `json:"sessions"` // the latest
}

// Run implements kong's command.
func (c *actorCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	p := profile{Who: c.Who}
	if n, ok := strings.CutPrefix(strings.ToUpper(c.Who), "AS"); ok {
		v, err := strconv.ParseUint(n, 10, 32)
		if err != nil {
			return usageError{fmt.Errorf("%q is no autonomous system; write AS64500", c.Who)}
		}
		f.ASN = uint32(v)
	} else if strings.HasPrefix(c.Who, "C-") {
		list, err := a.Clusters(ctx, f)
		if err != nil {
			return err
		}
		for _, x := range list {
			if x.Name == c.Who {
				p.Cluster = &x
			}
		}
		if p.Cluster == nil {
			return fmt.Errorf("there is no cluster %s in this period; `sundew stats --json` lists them", c.Who)
		}
		f.Sources = p.Cluster.Sources
	} else if f.Src, err = parsePrefix(c.Who); err != nil {
		return usageError{err}
	}
	if err := p.fill(ctx, a, f); err != nil {
		return err
	}
	if c.JSON || c.CSV {
		return c.show(t, p, sessionRows(p.Sessions))
	}
	return p.print(t)
}

func (p *profile) fill(ctx context.Context, a *answers, f store.Filter) (err error) {
	if p.Sources, err = a.Actors(ctx, f, 50); err != nil {
		return err
	}
	if len(p.Sources) == 0 {
		return fmt.Errorf("%s has not been here in this period", p.Who)
	}
	if p.Techniques, err = report.Techniques(ctx, a.Store, a.by.rules, f); err != nil {
		return err
	}
	if p.Credentials, err = a.Credentials(ctx, f, 20); err != nil {
		return err
	}
	if p.Files, err = a.Files(ctx, f, 20); err != nil {
		return err
	}
	page, err := a.Sessions(ctx, f, 500, "")
	if err != nil {
		return err
	}
	p.Across = across(a.by.rules, page.Sessions)
	p.Sessions = page.Sessions[:min(len(page.Sessions), 20)]
	return nil
}

// across is what several sessions together show.
func across(rules *analysis.Rules, list []store.Session) analysis.Across {
	var visits []analysis.Visit
	for _, s := range list {
		visits = append(visits, analysis.Visit{Session: s.ID, Src: s.Src, Sensor: s.Sensor, Persona: s.Persona, Device: s.Device, Protocol: s.Protocol, At: s.Opened, Label: s.Label, Score: s.Score})
	}
	return rules.Across(visits)
}

func (p *profile) print(t *terminal) error {
	if c := p.Cluster; c != nil {
		fmt.Fprintf(t.out, "%s: %d sources, %d sessions, joined by\n", c.Name, len(c.Sources), c.Count)
		for _, k := range c.Keys {
			fmt.Fprintln(t.out, "  "+visible(k))
		}
		fmt.Fprintln(t.out)
	}
	if err := actorRows(p.Sources).print(t); err != nil {
		return err
	}
	if len(p.Across.Evidence) > 0 {
		fmt.Fprintf(t.out, "\nTogether: %s, targeted %.2f\n", p.Across.Label, p.Across.Score)
	}
	for _, e := range p.Across.Evidence {
		fmt.Fprintf(t.out, "          %s (%+.2f): %s: %s\n", e.Rule, e.Delta, e.Text, strings.Join(e.Sessions, " "))
	}
	if len(p.Techniques) > 0 {
		fmt.Fprintln(t.out, "\nATT&CK: "+first(p.Techniques, 20, func(x report.Technique) string { return fmt.Sprintf("%s %s (%d)", x.ID, x.Name, x.Acts) }))
	}
	if len(p.Credentials) > 0 {
		fmt.Fprintln(t.out)
		if err := credentialRows(p.Credentials).print(t); err != nil {
			return err
		}
	}
	if len(p.Files) > 0 {
		fmt.Fprintln(t.out)
		if err := fileRows(p.Files).print(t); err != nil {
			return err
		}
	}
	fmt.Fprintln(t.out)
	return sessionRows(p.Sessions).print(t)
}

// techniquesCmd counts ATT&CK techniques.
type techniquesCmd struct {
	question
	Navigator bool `help:"Print an ATT&CK Navigator layer, as \"sundew export navigator\" does."`
}

// Run implements kong's command.
func (c *techniquesCmd) Run(ctx context.Context, t *terminal) error {
	if c.Navigator {
		e := exportCmd{choice: c.choice, Format: "navigator", Output: "-", Domain: "ics", Release: attack.Version}
		return e.Run(ctx, t)
	}
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	list, err := report.Techniques(ctx, a.Store, a.by.rules, f)
	if err != nil {
		return err
	}
	r := &rows{head: []string{"technique", "in v18", "name", "tactics", "sessions", "sources", "acts", "protocols"}}
	for _, x := range list {
		r.add(x.ID, named(x.V18, "-"), x.Name, strings.Join(x.Tactics, " "), x.Sessions, x.Sources, x.Acts, strings.Join(x.Protocols, " "))
	}
	return c.show(t, list, r)
}

// credentialsCmd counts pairs.
type credentialsCmd struct {
	question
	Limit int `default:"50" help:"How many (${default})."`
}

// Run implements kong's command.
func (c *credentialsCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	list, err := a.Credentials(ctx, f, c.Limit)
	if err != nil {
		return err
	}
	return c.show(t, list, credentialRows(list))
}

func credentialRows(list []store.Credential) *rows {
	r := &rows{head: []string{"protocol", "user", "secret", "method", "tries", "sources", "accepted", "first", "last"}}
	for _, x := range list {
		r.add(x.Protocol, x.User, x.Secret, named(x.Method, "-"), x.Tries, x.Sources, x.Accepted, at(x.First), at(x.Last))
	}
	return r
}

// artifactsListCmd lists files.
type artifactsListCmd struct {
	question
	Limit int `default:"50" help:"How many (${default})."`
}

// Run implements kong's command.
func (c *artifactsListCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	list, err := a.Files(ctx, f, c.Limit)
	if err != nil {
		return err
	}
	return c.show(t, list, fileRows(list))
}

func fileRows(list []store.File) *rows {
	r := &rows{head: []string{"sha256", "size", "kind", "name", "times", "sources", "protocols", "first", "last"}}
	for _, x := range list {
		r.add(x.SHA256, x.Size, x.Kind, x.Name, x.Times, x.Sources, strings.Join(x.Protocols, " "), at(x.First), at(x.Last))
	}
	return r
}
