package store

import (
	"context"
	"fmt"
	"time"
)

// Bounds say what the store gives up of the sensor's own journal. What was
// imported stays as long as its journal does.
type Bounds struct {
	// First is the journal's first whole segment: sessions that ended before it
	// go, with all that is known of them, and stay in the counts of hours.
	First uint64
	// Kept is the first segment of which retention kept what did more than look:
	// sessions that did go before this one; their looking goes with First.
	Kept uint64
	// Before has sessions that began before it go with First. Zero: none.
	Before time.Time
	// Counts is when the counts of hours begin to be kept. Zero: all are.
	Counts time.Time
	// Octets is how large the store may be: beyond, the oldest sessions go. 0: any.
	Octets int64
}

// Retained is what retention deleted.
type Retained struct{ Sessions, Acts, Hours int64 }

const (
	retainSessions = 256 // looked at in one transaction
	retainTraces   = 256
	retainHours    = 48
	retainPages    = 256 // given back to the disk
)

// Retain deletes what is beyond the bounds, in small transactions; it calls rest
// after each with the time that it took.
func (w *Writer) Retain(ctx context.Context, b Bounds, rest func(worked time.Duration)) (Retained, error) {
	p := &pruning{w: w, bounds: b, rest: rest}
	p.restsDigests(true)
	defer p.restsDigests(false)
	done, err := w.store.meta(ctx, metaCut)
	if err != nil {
		return p.done, fmt.Errorf("store: %w", err)
	}
	now := fmt.Sprintf("%d %d", b.First, b.Kept)
	if done != now || !b.Before.IsZero() {
		err = p.sessions(ctx, cut)
	}
	if err == nil {
		err = p.transaction(ctx, func(ctx context.Context) error { return w.sql.exec(ctx, putMeta, metaCut, now) })
	}
	for _, force := range []sweep{forceIdle, forceAll} {
		if err == nil && p.over() {
			err = p.sessions(ctx, force)
		}
	}
	if err == nil && p.done.Sessions > 0 {
		err = p.traces(ctx)
	}
	if err == nil && !b.Counts.IsZero() {
		err = p.hours(ctx)
	}
	if err == nil {
		err = p.vacuum(ctx)
	}
	return p.done, err
}

// A sweep is which sessions go.
type sweep int

const (
	cut       sweep = iota // those beyond the bounds
	forceIdle              // the oldest that only looked, while the store is too large
	forceAll               // the oldest
)

// pruning is a Retain under way.
type pruning struct {
	w      *Writer
	bounds Bounds
	rest   func(time.Duration)
	done   Retained
	used   int64 // octets after the last transaction
}

// restsDigests has no days digested while what they have is being taken away.
func (p *pruning) restsDigests(rests bool) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.calendar.resting = rests
}

func (p *pruning) over() bool { return p.bounds.Octets > 0 && p.used > p.bounds.Octets }

// transaction has do work in a transaction of its own.
func (p *pruning) transaction(ctx context.Context, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	begun, w := time.Now(), p.w
	ctx = context.WithoutCancel(ctx)
	if err := w.begin(ctx); err != nil {
		return err
	}
	err := do(ctx)
	if err == nil {
		err = p.measure(ctx)
	}
	for name, n := range map[string]int64{metaActs: w.acts, metaGone: w.gone, metaStamp: w.stamp} {
		if err == nil {
			err = w.sql.exec(ctx, putMeta, name, fmt.Sprint(n))
		}
	}
	if err == nil {
		_, err = w.sql.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		return w.rollback(ctx, err)
	}
	w.mu.Unlock()
	p.rest(time.Since(begun))
	return nil
}

func (p *pruning) measure(ctx context.Context) error {
	var size, pages, spare int64
	for q, into := range map[string]*int64{"PRAGMA page_size": &size, "PRAGMA page_count": &pages, "PRAGMA freelist_count": &spare} {
		if err := p.w.sql.row(ctx, q).Scan(into); err != nil {
			return err
		}
	}
	p.used = (pages - spare) * size
	return nil
}

// sessions sweeps them, the oldest first.
func (p *pruning) sessions(ctx context.Context, s sweep) error {
	for after, more := int64(0), true; more; {
		err := p.transaction(ctx, func(ctx context.Context) (err error) {
			after, more, err = p.some(ctx, s, after)
			return err
		})
		if err != nil {
			return err
		}
		if s != cut && !p.over() {
			return nil
		}
	}
	return nil
}
