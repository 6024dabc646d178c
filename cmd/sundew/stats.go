package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis/enrich"
	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// statsCmd answers the five questions on one screen.
type statsCmd struct{ question }

// Run implements kong's command.
func (c *statsCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	st, err := report.Gather(ctx, a.Store, a.by.rules, f, a.now)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, st)
	}
	if c.CSV {
		return c.show(t, st, protocolRows(st))
	}
	if err := printStats(t, st); err != nil {
		return err
	}
	return printNotices(t, a)
}

// printNotices says what countries, systems and scanners are told by, how old that
// is, and what its publishers ask to be said.
func printNotices(t *terminal, a *answers) error {
	for i, n := range a.by.known.Notices() {
		head := ""
		if i == 0 {
			head = "\n"
		}
		age := int(a.now.Sub(n.Built).Hours() / 24)
		if _, err := fmt.Fprintf(t.out, "%sData: %s, of %s (%d days old): %s\n", head, n.Data, n.Built.Format(time.DateOnly), age, credit(n)); err != nil {
			return err
		}
	}
	return nil
}

func credit(n enrich.Notice) string {
	text := visible(n.Text)
	for _, more := range []string{n.Link, n.Licence} {
		if more != "" {
			text += ", " + more
		}
	}
	return text
}

func protocolRows(st *report.Stats) *rows {
	r := &rows{head: []string{"protocol", "sessions", "sources", "acts", "looked", "changed", "logins", "listened hours", "sessions/hour", "95 % interval"}}
	for _, p := range st.Protocols {
		looked := p.Classes["identify"] + p.Classes["enumerate"] + p.Classes["read"] + p.Classes["file_read"] + p.Classes["program_upload"]
		changed := p.Classes["write"] + p.Classes["control"] + p.Classes["mode"] + p.Classes["program_download"] + p.Classes["config"] + p.Classes["firmware"] + p.Classes["restart"] + p.Classes["file_write"]
		r.add(p.Name, p.Sessions, p.Sources, p.Acts, looked, changed, p.Classes["auth"], fmt.Sprintf("%.1f", p.Hours), fmt.Sprintf("%.3g", p.Rate.Rate), fmt.Sprintf("%.3g to %.3g", p.Rate.Low, p.Rate.High))
	}
	return r
}

func printStats(t *terminal, st *report.Stats) error {
	p := eventPrinter{colour: t.colour}
	title := func(s string) { fmt.Fprintln(t.out, "\n"+p.paint(cyan, s)) }
	if st.Totals.Sessions == 0 {
		_, err := fmt.Fprintf(t.out, "Nobody came in this period; the services listened for %.1f hours in all. `sundew doctor` says whether they can be reached.\n", st.Listened)
		return err
	}
	fmt.Fprintf(t.out, "%d sessions of %d sources, %s to %s UTC; services listened for %.1f hours in all\n",
		st.Totals.Sessions, st.Totals.Sources, at(st.Totals.First), at(st.Totals.Last), st.Listened)

	title("1  What is done")
	r := &rows{head: []string{"label", "sessions", "share", "sources"}}
	for _, l := range st.Labels {
		r.add(named(l.Name, "open, no acts yet"), l.Sessions, share(l.Sessions, st.Totals.Sessions), l.Sources)
	}
	if err := r.print(t); err != nil {
		return err
	}
	if len(st.Techniques) > 0 {
		fmt.Fprintln(t.out, "ATT&CK: "+first(st.Techniques, 6, func(x report.Technique) string { return fmt.Sprintf("%s %s (%d)", x.ID, x.Name, x.Sessions) }))
	}

	title("2  Which protocols draw what")
	if err := protocolRows(st).print(t); err != nil {
		return err
	}

	title("3  From where")
	fmt.Fprintln(t.out, "Countries  "+first(st.Countries, 8, func(x store.Count) string { return fmt.Sprintf("%s %d", named(x.Name, "unknown"), x.Sessions) }))
	fmt.Fprintln(t.out, "Networks   "+first(st.Networks, 5, func(x store.Network) string {
		if x.ASN == 0 {
			return fmt.Sprintf("unknown %d", x.Sessions)
		}
		return fmt.Sprintf("AS%d %s %d", x.ASN, visible(x.Name), x.Sessions)
	}))
	fmt.Fprintln(t.out, "Kinds      "+first(st.NetworkTypes, 8, func(x store.Count) string { return fmt.Sprintf("%s %d", named(x.Name, "unknown"), x.Sessions) }))

	title("4  When, and by whose pace")
	fmt.Fprintf(t.out, "Hours (UTC)  00 %s 23\n", bars(st.Hours[:]))
	fmt.Fprintf(t.out, "Weekdays     Mo %s Su\n", bars(st.Weekdays[:]))
	fmt.Fprintln(t.out, "Pace         "+first(st.Automations, 4, func(x store.Count) string {
		return fmt.Sprintf("%s %s", named(x.Name, "unknown"), share(x.Sessions, st.Totals.Sessions))
	}))
	if err := contactRows(st.Contacts).print(t); err != nil {
		return err
	}

	title("5  Who")
	fmt.Fprintln(t.out, "Kinds     "+first(st.Who, 5, func(x store.Count) string { return fmt.Sprintf("%s %s", x.Name, share(x.Sessions, st.Totals.Sessions)) }))
	fmt.Fprintln(t.out, "Tools     "+first(slices.DeleteFunc(slices.Clone(st.Tools), func(c store.Count) bool { return c.Name == "" }), 6, func(x store.Count) string { return fmt.Sprintf("%s %d", x.Name, x.Sessions) }))
	fmt.Fprintln(t.out, "Scanners  "+first(slices.DeleteFunc(slices.Clone(st.Scanners), func(c store.Count) bool { return c.Name == "" }), 6, func(x store.Count) string { return fmt.Sprintf("%s %d", x.Name, x.Sessions) }))
	fmt.Fprintf(t.out, "Clusters  %d groups of sources that share files, octets, operations or credentials\n", len(st.Clusters))
	if err := actorRows(st.Actors).print(t); err != nil {
		return err
	}
	if len(st.Limits) > 0 {
		fmt.Fprintf(t.out, "\n%d notes limit this: lines lost, visitors refused, clock steps (--json has them)\n", len(st.Limits))
	}
	return nil
}

func contactRows(list []store.Contact) *rows {
	r := &rows{head: []string{"sensor", "service", "protocol", "listened", "first visit after", "first known scanner after", "sessions", "sources"}}
	after := func(c store.Contact, v time.Time) string {
		took, ok := c.After(v)
		if !ok {
			return "-"
		}
		return took.Round(time.Second).String()
	}
	for _, c := range list {
		scanner := after(c, c.Scanner)
		if c.Who != "" {
			scanner += " " + c.Who
		}
		r.add(c.Sensor, c.Device+"/"+c.Service, c.Protocol, c.Listened.Round(time.Second), after(c, c.First), scanner, c.Sessions, c.Sources)
	}
	return r
}

func named(s, empty string) string {
	if s == "" {
		return empty
	}
	return visible(s)
}

func share(n, of int64) string {
	if of == 0 {
		return "-"
	}
	if p := 100 * float64(n) / float64(of); n == 0 || p >= 0.05 {
		return fmt.Sprintf("%.1f %%", p)
	}
	return "<0.1 %"
}

// first joins the first of a list.
func first[T any](list []T, n int, text func(T) string) string {
	var out []string
	for _, v := range list[:min(n, len(list))] {
		out = append(out, text(v))
	}
	if len(out) == 0 {
		return "none"
	}
	if more := len(list) - n; more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, " · ")
}

// bars draws figures as a line of blocks.
func bars(ns []int64) string {
	most := slices.Max(ns)
	if most == 0 {
		return strings.Repeat("·", len(ns))
	}
	blocks := []rune("·▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, n := range ns {
		i := int((n*8 + most - 1) / most)
		b.WriteRune(blocks[i])
	}
	return b.String()
}
