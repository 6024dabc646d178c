// Package redact erases a source from all that a stopped sensor keeps: journal and
// imported journals, artefacts, devices' state, backups; the store is deleted, to
// be made anew. What was erased is recorded by hashes, without the source.
//
// An erased line becomes a tombstone as long as it was, so that no cursor moves.
// Every step can be repeated: after an interruption, erasing again finishes it.
package redact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// Config says what to erase, and from where.
type Config struct {
	Data   string       // the sensor's directory
	Backup string       // where its backups are; "": none
	Source netip.Prefix // an address, or a network
	Reason string       // recorded; it must not name the source
	Boot   string       // a new boot's id, for the status line
	Build  string
}

// Found is what there is to erase.
type Found struct {
	Lines     int            `json:"lines"` // of the journal, kept segments included
	Sessions  int            `json:"sessions"`
	Acts      int            `json:"acts"`
	Segments  int            `json:"segments"`
	Imported  map[string]int `json:"imported,omitempty"` // lines, by origin
	Sightings int            `json:"sightings"`          // lines of the artefact index
	Files     int            `json:"files"`              // artefacts that nobody else has brought
	Octets    int64          `json:"octets"`             // of those
	State     []string       `json:"state,omitempty"`    // files of devices and alerters that name the source
	Backups   []Archive      `json:"backups,omitempty"`  // that have anything of the source
}

// An Archive is a backup with something of the source in it.
type Archive struct {
	Path      string `json:"path"`
	Lines     int    `json:"lines"`
	Sightings int    `json:"sightings"`
	State     int    `json:"state"`
}

// None says whether there is nothing to erase.
func (f *Found) None() bool {
	return f.Lines == 0 && len(f.Imported) == 0 && f.Sightings == 0 && len(f.State) == 0 && len(f.Backups) == 0
}

// ErrRunning says that a sensor writes the directory.
var ErrRunning = errors.New("a sensor is running there: stop it, erase, and start it again; what it has in memory of the source would be written again")

// Look counts what Erase would erase, and changes nothing.
func Look(ctx context.Context, c Config) (Found, error) {
	s, err := newSurvey(c)
	if err != nil {
		return Found{}, err
	}
	if err := s.all(ctx); err != nil {
		return Found{}, err
	}
	return s.found, nil
}

// Erase erases the source and says what it was that was erased: what Look says.
// remains are files that still name it and are not the sensor's to change.
func Erase(ctx context.Context, c Config, now time.Time) (found Found, remains []string, err error) {
	m := newMatcher(c.Source)
	if c.Reason == "" || m.text([]byte(c.Reason), false) {
		return found, nil, errors.New("a reason is needed, and it is kept: it must not name the source")
	}
	release, ok, err := store.Lock(c.Data)
	if err != nil {
		return found, nil, err
	}
	if !ok {
		return found, nil, errors.New("another command is at the store: wait for it, and try again")
	}
	defer release()
	s, err := newSurvey(c)
	if err != nil {
		return found, nil, err
	}
	let, err := s.hold()
	if err != nil {
		return found, nil, err
	}
	defer let()
	if err := s.all(ctx); err != nil {
		return found, nil, err
	}
	rec, err := openRecord(c, now)
	if err != nil {
		return s.found, nil, err
	}
	if s.found.None() && rec.fresh {
		return s.found, nil, nil
	}
	if err := s.erase(ctx, rec, now); err != nil {
		return s.found, nil, fmt.Errorf("%w; what was done stays done, and erasing again goes on", err)
	}
	let()
	if err := rec.finish(ctx, c, s, now); err != nil {
		return s.found, nil, err
	}
	remains, err = s.remains(ctx)
	return s.found, remains, err
}

// hold keeps the sensor from writing its journal until it is let go. A torn tail is
// cut off first, as at a start of the sensor.
func (s *survey) hold() (let func(), err error) {
	if s.dirs[0] != s.own() {
		return func() {}, nil
	}
	j, err := journal.Open(journal.Config{Dir: s.own()})
	if err != nil {
		return nil, errors.Join(ErrRunning, err)
	}
	if err := j.Close(); err != nil {
		return nil, err
	}
	held, err := journal.Lock(s.own())
	if err != nil {
		return nil, errors.Join(ErrRunning, err)
	}
	return sync.OnceFunc(func() { held.Close() }), nil
}

// erase changes everything, the store first: whoever asks it later makes it anew
// from what is left.
func (s *survey) erase(ctx context.Context, rec *record, now time.Time) error {
	steps := []func() error{
		func() error { return store.Remove(filepath.Join(s.cfg.Data, "store.db")) },
		func() error { return store.Remove(filepath.Join(s.cfg.Data, "store.db.new")) }, // being made when its maker was killed
		func() error { return s.artifacts(false) },
		func() error { return s.forget() },
		func() error { return s.journals(ctx, rec) },
	}
	for _, a := range s.found.Backups {
		steps = append(steps, func() error { return s.archive(ctx, a.Path, rec, now) })
	}
	if s.cfg.Backup != "" {
		steps = append(steps, func() error { return backup.Clean(s.cfg.Backup) })
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes the files of devices and alerters that name the source.
func (s *survey) forget() error {
	for _, f := range s.found.State {
		if err := os.Remove(filepath.Join(s.cfg.Data, f)); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) journals(ctx context.Context, rec *record) error {
	for _, dir := range s.dirs {
		if dir != s.own() { // that one is held
			held, err := journal.Lock(dir)
			if err != nil {
				return err
			}
			defer held.Close()
		}
		rel, err := filepath.Rel(s.cfg.Data, dir)
		if err != nil {
			return err
		}
		if _, err := journal.RedactDir(ctx, dir, s.match.line, func(c journal.Change) error {
			c.File = filepath.ToSlash(filepath.Join(rel, c.File))
			return rec.add(c)
		}); err != nil {
			return err
		}
	}
	return nil
}

// remains lists files below the data directory that still name the source.
func (s *survey) remains(ctx context.Context) ([]string, error) {
	var out []string
	err := filepath.WalkDir(s.cfg.Data, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(s.cfg.Data, path)
		if err != nil || rel == "seed" || filepath.Dir(rel) == "feeds" { // lists of networks that others publish
			return err
		}
		named, err := s.names(ctx, path)
		if named {
			out = append(out, rel)
		}
		return err
	})
	return out, err
}

// names says whether a file names the source.
func (s *survey) names(ctx context.Context, path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	named := false
	if _, kind := journal.KindOf(filepath.Base(path)); kind != journal.NoFile {
		err := journal.EachLine(ctx, filepath.Base(path), f, func(l []byte) error {
			named = named || s.match.line(l)
			return nil
		})
		return named, err
	}
	const piece = 1 << 20
	buf, kept := make([]byte, piece+event.MaxLine), 0
	for {
		n, err := io.ReadFull(f, buf[kept:])
		n += kept
		if s.match.text(buf[:n], true) {
			return true, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return false, err
		}
		kept = copy(buf, buf[n-4096:n]) // an address may lie across two pieces
	}
}
