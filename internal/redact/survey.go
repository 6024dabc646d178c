package redact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// survey looks everything over before anything is changed.
type survey struct {
	cfg   Config
	match *matcher
	dirs  []string // of journals: the sensor's own if there is one, then imported ones
	found Found

	sensor   string
	sessions map[string]bool
	named    map[string]bool // artefacts that lines which stay name
}

func newSurvey(c Config) (*survey, error) {
	s := &survey{cfg: c, match: newMatcher(c.Source), sessions: map[string]bool{}, named: map[string]bool{}}
	dirs, err := filepath.Glob(filepath.Join(c.Data, "imported", "*"))
	for _, d := range append([]string{s.own()}, dirs...) {
		if info, err := os.Stat(d); err == nil && info.IsDir() {
			s.dirs = append(s.dirs, d)
		}
	}
	if len(s.dirs) == 0 {
		return nil, fmt.Errorf("%s has no journal; is it a sensor's directory?", c.Data)
	}
	return s, err
}

// own is where the sensor's own journal is; a directory may have imported ones alone.
func (s *survey) own() string { return filepath.Join(s.cfg.Data, "journal") }

func (s *survey) all(ctx context.Context) error {
	for _, dir := range s.dirs {
		if err := s.journal(ctx, dir); err != nil {
			return err
		}
	}
	if err := s.artifacts(true); err != nil {
		return err
	}
	if err := s.state(); err != nil {
		return err
	}
	if s.cfg.Backup == "" {
		return nil
	}
	list, err := backup.Archives(s.cfg.Backup)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, path := range list {
		a, lerr := s.lookInto(ctx, path)
		if lerr != nil {
			return fmt.Errorf("%w; a backup that cannot be read cannot be rewritten: delete it, or take it out of %s", lerr, s.cfg.Backup)
		}
		if a.Lines+a.Sightings+a.State > 0 {
			s.found.Backups = append(s.found.Backups, a.Archive)
		}
	}
	return err
}

// journal counts the lines of one journal.
func (s *survey) journal(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	own, total := dir == s.own(), 0
	for _, e := range entries {
		if _, kind := journal.KindOf(e.Name()); kind == journal.NoFile {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // packed or deleted since
		}
		if err != nil {
			return err
		}
		lines := 0
		err = journal.EachLine(ctx, e.Name(), f, func(l []byte) error {
			if s.match.line(l) {
				lines++
				s.count(l, own)
			} else {
				s.stays(l, own)
			}
			return nil
		})
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, e.Name()), err)
		}
		if total += lines; lines > 0 && own {
			s.found.Segments++
		}
	}
	if own {
		s.found.Lines = total
	} else if total > 0 {
		if s.found.Imported == nil {
			s.found.Imported = map[string]int{}
		}
		s.found.Imported[filepath.Base(dir)] = total
	}
	return nil
}

func (s *survey) count(l []byte, own bool) {
	var e struct {
		Kind    event.Kind
		Session string
	}
	if !own || json.Unmarshal(l, &e) != nil {
		return
	}
	if e.Kind == event.KindAct {
		s.found.Acts++
	}
	if e.Session != "" && !s.sessions[e.Session] {
		s.sessions[e.Session] = true
		s.found.Sessions++
	}
}

// stays takes from a line that stays what it names.
func (s *survey) stays(l []byte, own bool) {
	var e struct {
		Sensor   string
		Artifact *event.Artifact
	}
	if own && s.sensor == "" || strings.Contains(string(l), `"artifact":`) {
		if json.Unmarshal(l, &e) != nil {
			return
		}
		if own && e.Sensor != "" {
			s.sensor = e.Sensor
		}
		if e.Artifact != nil {
			s.named[e.Artifact.SHA256] = true
		}
	}
}

func (s *survey) artifacts(dry bool) error {
	e, err := artifact.Erase(filepath.Join(s.cfg.Data, "artifacts"), s.match.sighting, func(sum string) bool { return s.named[sum] }, dry)
	if dry {
		s.found.Sightings, s.found.Files, s.found.Octets = e.Sightings, e.Files, e.Octets
	}
	return err
}

// state finds files of devices' state and of alerters' bookmarks that name the
// source: they are deleted. The device then has at the next start what its persona
// says, and the alerter begins with what happens from then on.
func (s *survey) state() error {
	for _, top := range []string{"state", "alerts"} {
		err := filepath.WalkDir(filepath.Join(s.cfg.Data, top), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil || !s.match.text(b, true) {
				return err
			}
			rel, err := filepath.Rel(s.cfg.Data, path)
			s.found.State = append(s.found.State, rel)
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// looked is what there is in an archive.
type looked struct {
	Archive
	gone  *artifact.Gone
	named map[string]bool
}

// lookInto counts what an archive has of the source.
func (s *survey) lookInto(ctx context.Context, path string) (*looked, error) {
	a := &looked{Archive: Archive{Path: path}, named: map[string]bool{}}
	inner := &survey{cfg: s.cfg, match: s.match, sessions: map[string]bool{}, named: a.named}
	err := backup.Each(ctx, path, func(name string, r io.Reader) error {
		top, rest, _ := strings.Cut(name, "/")
		switch {
		case name == "artifacts/"+artifact.IndexName:
			var err error
			if a.gone, err = artifact.Orphans(r, s.match.sighting); err == nil {
				a.Sightings = a.gone.Sightings()
			}
			return err
		case top == "state":
			b, err := io.ReadAll(r)
			if s.match.text(b, true) {
				a.State++
			}
			return err
		case top == "journal" && isSegment(rest):
			return journal.EachLine(ctx, rest, r, func(l []byte) error {
				if s.match.line(l) {
					a.Lines++
				} else {
					inner.stays(l, false)
				}
				return nil
			})
		}
		return nil
	})
	return a, err
}

func isSegment(name string) bool {
	_, kind := journal.KindOf(name)
	return kind != journal.NoFile
}

// Origins names the imported journals that have lines of the source.
func (f *Found) Origins() []string {
	var out []string
	for name := range f.Imported {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
