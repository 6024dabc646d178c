package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// The store's retention where nothing else is set.
const (
	retainFirst  = time.Minute          // after the start
	retainEvery  = time.Hour            // as the journal's
	countsAge    = 400 * 24 * time.Hour // a year beside the one before
	detailsShare = 8                    // details have this part of the file system
)

// retention is how much of the past the store keeps beside what the journal has.
type retention struct {
	details time.Duration // age of sessions; 0: as the journal
	octets  int64         // of the store
	counts  time.Duration // age of counts by the hour
}

// retention is what the operator wants, for a store in dir.
func (s *settings) retention(dir string) retention {
	r := retention{time.Duration(s.Details.MaxAge), s.Details.MaxBytes, time.Duration(s.Counts.MaxAge)}
	if r.octets <= 0 {
		r.octets = int64(diskOf(dir).Total / detailsShare)
	}
	if r.counts <= 0 {
		r.counts = countsAge
	}
	return r
}

// bounds are the store's now.
func (r retention) bounds(dir directory, now time.Time) (store.Bounds, error) {
	b := store.Bounds{Octets: r.octets}
	var err error
	b.First, b.Kept, err = journal.Held(dir.path("journal"))
	if r.details > 0 {
		b.Before = now.Add(-r.details)
	}
	if r.counts > 0 {
		b.Counts = now.Add(-r.counts)
	}
	return b, err
}

// giveUp has the store follow the journal's retention, every hour.
func (k *storeKeeper) giveUp(ctx context.Context, w *store.Writer) error {
	for wait := retainFirst; ; wait = retainEvery {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		b, err := k.keeps.bounds(k.dir, time.Now())
		if err != nil {
			k.log.Warn("the store's retention", "err", err)
			continue
		}
		done, err := w.Retain(ctx, b, func(worked time.Duration) { k.rest(ctx, worked) })
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if done != (store.Retained{}) {
			k.log.Info("the store gave up details that are too old or too many; counts stay", "sessions", done.Sessions, "acts", done.Acts, "hours_of_counts", done.Hours)
		}
	}
}

// retainWith has a store that no sensor keeps follow the journal's retention; age
// and octets are a running sensor's business.
func retainWith(ctx context.Context, dir directory, w *store.Writer) error {
	b, err := retention{}.bounds(dir, time.Now())
	if err != nil || b.First <= 1 { // imported journals alone, or nothing was deleted
		return nil
	}
	_, err = w.Retain(ctx, b, func(time.Duration) {})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// lacks says where lists have less than counts.
func (a *answers) lacks(ctx context.Context, t *terminal, f store.Filter) {
	if since, lacks, err := a.Lacks(ctx, f); err == nil && lacks {
		fmt.Fprintf(t.err, "sundew: details begin at %s UTC: sessions before are counted by whole hours, and listed only if they did more than look and are still kept\n", at(since))
	}
}
