package document

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report/figure"
)

func join(names []string) string { return strings.Join(names, " ") }

func (d *Document) who(f *facts) Section {
	s := Section{ID: "who", Title: "Who is behind it", Lead: "What can be said of visitors: research, opportunity or interest, their tools, and which of them belong together. Neither an address nor a tool is a person."}
	if f.stats.Totals.Sessions == 0 {
		s.text("Nobody came in this period.")
		return s
	}
	d.kinds(f, &s)
	d.tools(f, &s)
	actors := &Table{Name: "actors", Caption: "Sources that did the gravest", Show: 20, Note: "Label and score are those of the gravest session.",
		Columns: []Column{{Name: "source", Code: true, Keep: true}, {Name: "country"}, {Name: "network"}, {Name: "label"}, {Name: "score", Number: true}, {Name: "sessions", Number: true}, {Name: "days", Number: true}, {Name: "first"}, {Name: "last"}, {Name: "protocols"}}}
	for _, a := range f.actors {
		network := named(a.ASOrg, a.NetType)
		if a.Scanner != "" {
			network = a.Scanner
		}
		actors.Rows = append(actors.Rows, []any{a.Src, a.Country, network, labelled(a.Label), fmt.Sprintf("%.2f", a.Score), a.Sessions, a.Days, a.First, a.Last, join(a.Protocols)})
	}
	s.table(d, actors, "There are none.")
	clusters := &Table{Name: "clusters", Caption: "Sources that belong together", Show: 15, Note: "They share what chance does not explain: files, the octets of what they changed, a long sequence of operations, a list of credentials.",
		Columns: []Column{{Name: "cluster"}, {Name: "sources", Number: true}, {Name: "addresses", Code: true}, {Name: "sessions", Number: true}, {Name: "first"}, {Name: "last"}, {Name: "joined by", Code: true}}}
	for _, c := range f.stats.Clusters {
		var addresses []string
		for _, a := range c.Sources[:min(8, len(c.Sources))] {
			addresses = append(addresses, a.String())
		}
		if n := len(c.Sources) - len(addresses); n > 0 {
			addresses = append(addresses, fmt.Sprintf("and %d more", n))
		}
		clusters.Rows = append(clusters.Rows, []any{c.Name, len(c.Sources), join(addresses), len(c.Sessions), time.Unix(0, c.First), time.Unix(0, c.Last), shortKeys(c.Keys)})
	}
	s.table(d, clusters, "No two sources share what chance does not explain.")
	notable := &Table{Name: "notable-sessions", Caption: "Notable sessions", Show: 20, Note: "Those that score or weigh most, at most two of a source. The command sundew session, with the session, tells each act by act.",
		Columns: []Column{{Name: "session", Code: true, Keep: true}, {Name: "opened"}, {Name: "source", Code: true, Keep: true}, {Name: "country"}, {Name: "service"}, {Name: "acts", Number: true}, {Name: "label"}, {Name: "score", Number: true}, {Name: "pace"}}}
	for _, v := range f.notable {
		notable.Rows = append(notable.Rows, []any{sessionID(v.ID), v.Opened, v.Src, v.Country, v.Persona + " " + v.Device + "/" + v.Service, v.Acts, labelled(v.Label), fmt.Sprintf("%.2f", v.Score), v.Automation})
	}
	s.table(d, notable, "No session tried to change anything.")
	return s
}

// shortKeys are what joins a cluster: how many of each sort, with the first.
func shortKeys(keys []string) string {
	var out []string
	for _, k := range keys {
		sort, value, _ := strings.Cut(k, " ")
		if len(value) > 16 {
			value = value[:16] + "…"
		}
		out = append(out, sort+" "+value)
	}
	if len(out) > 4 {
		out = append(out[:4], fmt.Sprintf("and %d more", len(keys)-4))
	}
	return strings.Join(out, "; ")
}

// kinds draws the kinds of visitor by protocol.
func (d *Document) kinds(f *facts, s *Section) {
	names := kindNames()
	data := &Table{Columns: []Column{{Name: "protocol"}, {Name: "kind"}, {Name: "sessions", Number: true}}}
	var shares []figure.Share
	for _, p := range f.stats.Protocols {
		share := figure.Share{Name: p.Name, Parts: make([]float64, len(names))}
		for _, v := range f.kinds {
			if v.A == p.Name {
				share.Parts[slices.Index(names, kindOf(v.B))] += float64(v.N)
			}
		}
		for i, n := range share.Parts {
			if n > 0 {
				data.Rows = append(data.Rows, []any{p.Name, names[i], int64(n)})
			}
		}
		shares = append(shares, share)
	}
	var all []string
	for _, w := range f.stats.Who {
		if w.Sessions > 0 {
			all = append(all, fmt.Sprintf("%s %s", w.Name, percent(w.Sessions, f.stats.Totals.Sessions)))
		}
	}
	s.figure(d, "kinds", "Kinds of visitor by protocol.", "Over all protocols: "+strings.Join(all, ", ")+".", data, func(h figure.Head) figure.SVG { return figure.Shares(h, names, shares) })
	var series []figure.Series
	for _, n := range names {
		series = append(series, figure.Series{Name: n, Values: f.values(f.byLabel, func(l string) bool { return kindOf(l) == n })})
	}
	s.figure(d, "kinds-by-day", "Sessions a day by kind of visitor.", busiest(f.byLabel), f.seriesTable(series), func(h figure.Head) figure.SVG { return figure.Stack(h, "sessions a day", f.start(), f.step(), series) })
}

func (d *Document) tools(f *facts, s *Section) {
	tools := &Table{Name: "tools", Caption: "Known tools", Show: 20, Columns: []Column{{Name: "tool"}, {Name: "sessions", Number: true}, {Name: "share", Number: true}, {Name: "sources", Number: true}}}
	var bars []figure.Bar
	for _, x := range f.stats.Tools {
		if x.Name == "" {
			continue
		}
		tools.Rows = append(tools.Rows, []any{x.Name, x.Sessions, percent(x.Sessions, f.stats.Totals.Sessions), x.Sources})
		if len(bars) < 15 {
			bars = append(bars, figure.Bar{Name: x.Name, Value: float64(x.Sessions), Note: many(x.Sources, "source", "sources")})
		}
	}
	if len(bars) > 0 {
		s.figure(d, "tools", "Sessions by the tool whose first frames they have.", first(bars), copyOf(tools), func(h figure.Head) figure.SVG { return figure.Bars(h, "sessions", bars) })
	}
	prints := &Table{Name: "fingerprints", Caption: "The most frequent fingerprints of clients", Show: 15, Note: "The first twelve digits of the hash of what a client chose to send first; unknown ones are as good a key as known ones.",
		Columns: []Column{{Name: "fingerprint", Code: true}, {Name: "protocol"}, {Name: "tool"}, {Name: "sessions", Number: true}, {Name: "sources", Number: true}}}
	for _, p := range f.prints {
		prints.Rows = append(prints.Rows, []any{p.Hash, p.Protocol, named(p.Tool, "unknown"), p.Sessions, p.Sources})
	}
	s.table(d, prints, "No session said anything.")
}
