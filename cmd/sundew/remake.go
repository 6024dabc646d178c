package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// storeSnapshot is how the store does.
type storeSnapshot struct {
	Octets   int64   `json:"octets"`
	Sessions int64   `json:"sessions"`
	Acts     int64   `json:"acts"`
	Behind   int64   `json:"lag_octets"`
	Lines    int64   `json:"lag_lines"` // about, by the mean length
	Lag      float64 `json:"lag_s"`
	Versions string  `json:"versions,omitempty"` // by which it was made
	Stale    bool    `json:"stale,omitempty"`    // by others than this build's and its data's
	Anew     bool    `json:"being_made_anew,omitempty"`
	Failing  string  `json:"failing,omitempty"`
}

// remake makes the store anew beside the old one, which answers until then, and
// puts it in its place. The caller has the right to write.
func (k *storeKeeper) remake(ctx context.Context) error {
	k.set(func(s *storeSnapshot) { s.Anew = true })
	defer k.set(func(s *storeSnapshot) { s.Anew = false })
	file := k.file() + ".new"
	if err := store.Remove(file); err != nil {
		return err
	}
	if err := k.fill(ctx, file); err != nil {
		return errors.Join(err, store.Remove(file))
	}
	if err := store.Remove(k.file()); err != nil {
		return err
	}
	if err := os.Rename(file, k.file()); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	k.log.Info("the store has been made anew", "by", k.by.Versions())
	return errAnew
}

func (k *storeKeeper) fill(ctx context.Context, file string) (err error) {
	st, err := store.Open(ctx, file, k.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	w, err := st.Writer(ctx, k.by)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, name := range append([]string{""}, imported(k.dir)...) {
		l, err := store.LinesOf(ctx, string(k.dir), name)
		if err != nil {
			continue
		}
		l.Most = storeLines
		if err := w.Follow(ctx, l, k.slowly(ctx)); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// reindex answers `sundew reindex` while the sensor runs.
func (k *storeKeeper) reindex(context.Context, json.RawMessage) (any, error) {
	select {
	case k.anew <- struct{}{}:
	default:
	}
	return struct{}{}, nil
}

// snapshot says how the store does; behind is how many octets of the journal it
// has yet to take.
func (k *storeKeeper) snapshot(behind int64) storeSnapshot {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.state
	s.Behind = behind
	if behind > 0 {
		s.Lines = max(1, behind*max(1, k.lines)/max(1, k.took))
		s.Lag = time.Since(k.up).Seconds()
	}
	if k.work != nil {
		s.Sessions, s.Acts = k.work.Size()
	}
	for _, end := range []string{"", "-wal"} {
		if info, err := os.Stat(k.file() + end); err == nil {
			s.Octets += info.Size()
		}
	}
	return s
}
