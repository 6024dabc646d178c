package persona

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	_ "time/tzdata" // a persona's zone, on machines without one

	"github.com/sundew-ics/sundew/internal/process"
)

// The files that each persona has.
const (
	siteName = "persona.toml"
	tagsName = "process.toml"
)

// A loader reads one persona for one installation.
type loader struct {
	fsys fs.FS
	in   Installation
	doc  []byte // persona.toml
	spec siteFile
	p    *Persona

	built  time.Time // when the plant was commissioned
	net    network
	values map[string]string // the site's
}

// Load reads the persona in fsys as the installation in shows it. What is wrong
// with a file is a [Problem]; several are joined.
func Load(fsys fs.FS, name string, in Installation) (*Persona, error) {
	if len(in.Seed) < seedOctets {
		return nil, fmt.Errorf("persona %s: the installation's seed has %d octets; give at least %d", name, len(in.Seed), seedOctets)
	}
	if in.Born.IsZero() {
		return nil, fmt.Errorf("persona %s: the installation has no time of its first start", name)
	}
	l := &loader{fsys: fsys, in: in, p: &Persona{Name: name, Files: fsys, in: in}}
	for _, step := range []func() error{l.readSite, l.readTags, l.site, l.starts, l.devices} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("persona %s: %w", name, err)
		}
	}
	return l.p, nil
}

func (l *loader) readSite() (err error) {
	if l.doc, err = read(l.fsys, siteName); err != nil {
		return err
	}
	return Decode(siteName, l.doc, &l.spec)
}

// readTags reads process.toml, and says all that is wrong with its tags.
func (l *loader) readTags() error {
	doc, err := read(l.fsys, tagsName)
	if err != nil {
		return err
	}
	var file tagFile
	if err := Decode(tagsName, doc, &file); err != nil {
		return err
	}
	l.p.tagsFile = doc
	rows := make(map[string]int)
	var wrong []error
	for i, spec := range file.Tags {
		t, err := spec.Tag()
		if first, again := rows[spec.Name]; again && err == nil {
			err = fmt.Errorf("tag %s: name: tag %d of the file has it already; rename or remove one", spec.Name, first+1)
		}
		rows[spec.Name] = i
		if err != nil {
			wrong = append(wrong, rowProblem(doc, i, spec.Name, err))
			continue
		}
		l.p.Process.Tags = append(l.p.Process.Tags, t)
	}
	if len(file.Tags) == 0 {
		wrong = append(wrong, &Problem{File: tagsName, Text: "has no [[tag]]; give the plant at least one"})
	}
	return errors.Join(wrong...)
}

// rowProblem places what is wrong with a tag at its key, where the text names
// one, else at its row.
func rowProblem(doc []byte, row int, name string, err error) error {
	text := strings.TrimPrefix(err.Error(), "process: ")
	rest := strings.TrimPrefix(text, "tag "+name+": ")
	key, _, _ := strings.Cut(rest, ":")
	key, _, _ = strings.Cut(key, " ")
	return placed(tagsName, doc, text, "tag", row, key)
}

// tagProblem places what process.New found wrong.
func tagProblem(doc []byte, tags []process.Tag, err error) error {
	for i := range tags {
		if strings.HasPrefix(err.Error(), "process: tag "+tags[i].Name+": ") {
			return rowProblem(doc, i, tags[i].Name, err)
		}
	}
	return err
}

// wrong returns a Problem at a place of persona.toml.
func (l *loader) wrong(path []any, format string, args ...any) error {
	return placed(siteName, l.doc, fmt.Sprintf(format, args...), path...)
}

// site makes what the devices have in common.
func (l *loader) site() error {
	s, p := &l.spec.Site, l.p
	if s.Title == "" {
		return l.wrong([]any{"site", "title"}, "[site] needs title = \"…\": what kind of plant this is")
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil || s.Zone == "Local" {
		return l.wrong([]any{"site", "zone"}, "no time zone %q; write one such as \"Europe/Berlin\"", s.Zone)
	}
	p.Title, p.Summary, p.Zone = s.Title, s.Summary, zone
	if l.built, err = l.commissioned(); err != nil {
		return err
	}
	spec := &l.spec.Process
	if spec.Tick < 0 || spec.Drift < 0 {
		return l.wrong([]any{"process"}, "[process]: a time below zero; give its size")
	}
	p.Process.Tick, p.Process.Drift = time.Duration(spec.Tick), time.Duration(spec.Drift)
	p.Process.Rate, p.Process.Burst, p.Process.Zone = spec.Rate, spec.Burst, zone
	p.Process.Seed = l.in.key(p.Name, "process")
	l.net = (&draw{Rand: l.in.rand(p.Name, "network")}).network()
	return l.siteValues()
}

// commissioned draws the day on which the plant was handed over: in the years
// that the persona allows, at least a year before the installation.
func (l *loader) commissioned() (time.Time, error) {
	years := l.spec.Site.Commissioned
	if len(years) != 2 || years[0] > years[1] || years[0] < 1990 || years[1] > 2100 {
		return time.Time{}, l.wrong([]any{"site", "commissioned"}, "[site] needs commissioned = [first year, last year]")
	}
	first := time.Date(years[0], 1, 1, 9, 0, 0, 0, time.UTC)
	last := time.Date(years[1], 12, 31, 9, 0, 0, 0, time.UTC)
	if latest := l.in.Born.AddDate(-1, -2, 0); last.After(latest) {
		last = latest
	}
	days := int(last.Sub(first).Hours() / 24)
	if days < 1 {
		return time.Time{}, l.wrong([]any{"site", "commissioned"}, "the plant cannot have been built after the installation's first start, %s; give earlier years, or set the machine's clock", l.in.Born.Format(time.DateOnly))
	}
	r := l.in.rand(l.p.Name, "commissioned")
	return first.AddDate(0, 0, r.IntN(days)), nil
}
