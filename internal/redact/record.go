package redact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// ListName is the file in a sensor's directory that lists what was redacted.
const ListName = "redactions.jsonl"

// entry is a line of the list: a beginning, a file that was changed, or an end.
type entry struct {
	Time   time.Time       `json:"ts"`
	Run    string          `json:"run"`
	Reason string          `json:"reason,omitempty"`
	Build  string          `json:"build,omitempty"`
	Change *journal.Change `json:"change,omitempty"`
	Done   bool            `json:"done,omitempty"`
}

// record is the list while something is redacted. What was begun and not ended is
// gone on with.
type record struct {
	path    string
	run     string
	reason  string
	build   string
	now     time.Time
	changes []journal.Change
	fresh   bool // nothing was left unfinished
}

func openRecord(c Config, now time.Time) (*record, error) {
	r := &record{path: filepath.Join(c.Data, ListName), run: c.Boot, reason: c.Reason, build: c.Build, now: now.UTC(), fresh: true}
	b, err := os.ReadFile(r.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	if whole < len(b) { // torn by a crash
		if err := os.Truncate(r.path, int64(whole)); err != nil {
			return nil, err
		}
	}
	for l := range bytes.Lines(b[:whole]) {
		var e entry
		if err := json.Unmarshal(l, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
		switch {
		case e.Done:
			r.fresh, r.run, r.reason, r.changes = true, c.Boot, c.Reason, nil
		case e.Change != nil:
			r.keep(*e.Change)
		default:
			r.fresh, r.run, r.reason = false, e.Run, e.Reason
		}
	}
	return r, nil
}

func (r *record) keep(c journal.Change) {
	r.changes = slices.DeleteFunc(r.changes, func(x journal.Change) bool { return x.File == c.File && x.Was == c.Was })
	r.changes = append(r.changes, c)
}

// add notes a change before it is made.
func (r *record) add(c journal.Change) error {
	if r.fresh {
		r.fresh = false
		if err := r.append(entry{Reason: r.reason, Build: r.build}); err != nil {
			return err
		}
	}
	r.keep(c)
	return r.append(entry{Change: &c})
}

func (r *record) append(e entry) error {
	e.Time, e.Run = r.now, r.run
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// detail is what the status line tells.
type detail struct {
	Run    string           `json:"run"`
	Reason string           `json:"reason"`
	Build  string           `json:"build"`
	Lines  int              `json:"lines"`
	Files  int              `json:"files"`
	Was    []journal.Change `json:"changes"` // the first; the list has all
}

const maxChanges = 500 // of some 250 octets each: a line holds them

// finish writes the status line, if the sensor has a journal, then that all is done.
func (r *record) finish(ctx context.Context, c Config, s *survey, now time.Time) error {
	if s.dirs[0] == s.own() {
		if err := r.status(ctx, c, s, now); err != nil {
			return err
		}
	}
	if r.fresh { // nothing was changed but artefacts or state
		if err := r.append(entry{Reason: r.reason, Build: r.build}); err != nil {
			return err
		}
	}
	return r.append(entry{Done: true})
}

func (r *record) status(ctx context.Context, c Config, s *survey, now time.Time) error {
	d := detail{Run: r.run, Reason: r.reason, Build: c.Build, Files: len(r.changes), Was: r.changes[:min(len(r.changes), maxChanges)]}
	for _, x := range r.changes {
		d.Lines += x.Lines
	}
	j, err := journal.Open(journal.Config{Dir: s.own()})
	if err != nil {
		return errors.Join(ErrRunning, err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	var ran error
	wg.Go(func() { ran = j.Run(ctx) })
	err = j.Append(event.AppendStatus(nil, now, 0, s.sensor, c.Boot, event.Status{What: "redact", Detail: d}), journal.NoClass)
	stop()
	wg.Wait()
	return errors.Join(err, ran, j.Close())
}
