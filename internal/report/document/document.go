// Package document makes a report of a period: one page that stands by itself,
// its figures and tables as files beside it, the sessions behind them, and a
// manifest by which somebody else can check and cite it.
package document

import (
	"context"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/report/figure"
	"github.com/sundew-ics/sundew/internal/store"
)

// Config says what a report is about.
type Config struct {
	Title  string
	Filter store.Filter
	Query  map[string]string // the question as it was asked: flag and value
	Now    time.Time         // ends what still goes on, and dates the report
	Build  string
	Rules  *analysis.Rules

	Versions map[string]string // of rules and data of this build
	Notices  []Notice          // what sources of data ask to be shown
}

// A Notice is what a source of data asks to be shown with results from it.
type Notice struct {
	Data    string    `json:"data"`
	Text    string    `json:"text"`
	Link    string    `json:"link,omitempty"`
	Licence string    `json:"licence,omitempty"`
	Built   time.Time `json:"built,omitzero"`
}

// A Document is a report before it is written.
type Document struct {
	cfg       Config
	store     *store.Store
	From, To  time.Time
	Synthetic []string // sensors whose data are made up
	Sensors   []string
	Personas  []string
	Summary   []string
	Sections  []Section
	Limits    []string
	Versions  string // of the store

	figures, tables int
}

// A Section is a part of a report.
type Section struct {
	ID, Title string
	Lead      string // what the section answers
	Items     []Item
}

// An Item is one of a paragraph, a figure, a table.
type Item struct {
	Text   string
	Figure *Figure
	Table  *Table
}

// A Figure is a numbered figure with the numbers that it shows.
type Figure struct {
	N       int
	Name    string // of its files
	Caption string
	SVG     figure.SVG
	Data    *Table
}

// A Table is a numbered table. A file has all of its rows, the page the first.
type Table struct {
	N       int
	Name    string
	Caption string
	Note    string // how to read it
	Columns []Column
	Rows    [][]any // text, numbers, times, durations
	Show    int     // rows on the page; 0: all
}

// A Column is a column's name, and how it is set.
type Column struct {
	Name   string
	Number bool // flush right
	Code   bool // set as typed: a visitor's text, an identifier
	Keep   bool // on one line
}

// Make gathers what the store says of a period.
func Make(ctx context.Context, s *store.Store, cfg Config) (*Document, error) {
	f, err := gather(ctx, s, cfg)
	if err != nil {
		return nil, err
	}
	d := &Document{cfg: cfg, store: s, From: f.from, To: f.to, Synthetic: f.synthetic, Sensors: f.sensors, Personas: f.personas, Versions: f.stats.Versions}
	if d.cfg.Title == "" {
		d.cfg.Title = "Visits to industrial decoys"
	}
	d.Sections = []Section{d.sensors(f), d.what(f), d.protocols(f), d.where(f), d.when(f), d.who(f)}
	if c := d.comparison(f); len(c.Items) > 0 {
		d.Sections = append(d.Sections, c)
	}
	d.Sections = append(d.Sections, d.brought(f))
	d.Summary = summary(f)
	d.Limits = limits(f, cfg)
	return d, nil
}

// figure adds a figure to a section. Its caption is also its title for those who
// do not see it.
func (s *Section) figure(d *Document, name, caption, seen string, data *Table, draw func(figure.Head) figure.SVG) {
	d.figures++
	data.Name, data.Caption = fmt.Sprintf("figure-%02d-%s", d.figures, name), caption
	h := figure.Head{ID: fmt.Sprintf("figure-%d", d.figures), Title: caption, Desc: seen}
	s.Items = append(s.Items, Item{Figure: &Figure{N: d.figures, Name: fmt.Sprintf("%02d-%s", d.figures, name), Caption: caption, SVG: draw(h), Data: data}})
}

// table adds a table, unless it is empty; then a sentence says so.
func (s *Section) table(d *Document, t *Table, none string) {
	if len(t.Rows) == 0 {
		s.text("%s", none)
		return
	}
	d.tables++
	t.N, t.Name = d.tables, fmt.Sprintf("%02d-%s", d.tables, t.Name)
	s.Items = append(s.Items, Item{Table: t})
}

func (s *Section) text(format string, args ...any) {
	s.Items = append(s.Items, Item{Text: fmt.Sprintf(format, args...)})
}

// Title is what the report is called.
func (d *Document) Title() string { return d.cfg.Title }

// Made is when it was made, and Build by what.
func (d *Document) Made() time.Time { return d.cfg.Now }

// Build is the build that made the report.
func (d *Document) Build() string { return d.cfg.Build }

// Query is the question as it was asked.
func (d *Document) Query() map[string]string { return d.cfg.Query }

// Data are the versions of rules and data of the build.
func (d *Document) Data() map[string]string { return d.cfg.Versions }

// Notices are what sources of data ask to be shown.
func (d *Document) Notices() []Notice { return d.cfg.Notices }
