// Package sink sends the journal's events elsewhere. Each room below it is one
// place to send them to.
//
// A sink is a follower with a bookmark: Run reads the journal, hands batches to
// the sink and saves the bookmark once a batch is delivered. What a sink could
// not deliver is delivered when it can; after a crash the last batch may come
// twice. No sink slows a visitor or another sink.
package sink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// A Driver is one entry in the catalogue: constant data and a constructor.
type Driver struct {
	Name string // key in the configuration: "conpotjson"
	Doc  string // one line for people
	New  func(decode func(settings any) error) (Sink, error)
}

// A Sink delivers events. One goroutine calls it.
type Sink interface {
	// Write delivers a batch, in order. After an error the same batch comes again.
	// The batch may be kept.
	Write(ctx context.Context, batch []event.Event) error
	Close() error
}

// A Journal is what Run asks of *journal.Journal.
type Journal interface {
	Follow(ctx context.Context, name string, from journal.Cursor) iter.Seq2[journal.Batch, error]
	LoadCursor(name string) (journal.Cursor, error)
	SaveCursor(name string, c journal.Cursor) error
}

// Times between two attempts to deliver a batch, and two saves of the bookmark.
const (
	retryFirst = time.Second
	retryMost  = time.Minute
	saveEvery  = time.Second
	batchMost  = 500 // events
	restFor    = 3   // times what a batch took
	restMost   = time.Second
)

// Run delivers the journal to s from its bookmark on, until ctx ends or, once
// the journal is closed, all is delivered. name, unique and lasting, names the
// bookmark. Run closes s. It returns an error only when it cannot go on: the
// journal cannot be read, or the bookmark cannot be.
func Run(ctx context.Context, name string, s Sink, j Journal, log *slog.Logger) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	from, err := j.LoadCursor(name)
	if err != nil {
		return fmt.Errorf("sink %s: %w", name, err)
	}
	d := &delivery{name: name, sink: s, journal: j, log: log, saved: from, at: from}
	defer d.save()
	for batch, err := range j.Follow(ctx, name, from) {
		var lost *journal.Lost
		switch {
		case errors.As(err, &lost):
			log.Warn("sink missed events", "sink", name, "from", lost.From.String(), "to", lost.To.String())
		case err != nil:
			return fmt.Errorf("sink %s: %w", name, err)
		case !d.deliver(ctx, batch.Lines):
			return nil
		}
		d.at = batch.Next
		if time.Since(d.when) >= saveEvery {
			d.save()
		}
	}
	return nil
}

// A delivery is one sink's progress.
type delivery struct {
	name      string
	sink      Sink
	journal   Journal
	log       *slog.Logger
	at, saved journal.Cursor
	when      time.Time // of the last save
}

// deliver hands lines to the sink until it takes them; false when ctx ended first.
func (d *delivery) deliver(ctx context.Context, lines [][]byte) bool {
	for len(lines) > 0 {
		n, began := min(len(lines), batchMost), time.Now()
		events := make([]event.Event, 0, n)
		for _, l := range lines[:n] {
			e, err := event.Parse(l)
			if err != nil { // it would not parse the next time either
				d.log.Warn("sink cannot read a journal line", "sink", d.name, "err", err)
				continue
			}
			events = append(events, e)
		}
		lines = lines[n:]
		if len(events) > 0 && !d.insist(ctx, events) {
			return false
		}
		// Visitors come first: a sink that has fallen behind takes a quarter of a core.
		if !sleep(ctx, min(restFor*time.Since(began), restMost)) {
			return len(lines) == 0
		}
	}
	return true
}

// insist tries until the sink takes the batch, ever less often.
func (d *delivery) insist(ctx context.Context, batch []event.Event) bool {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		err := d.sink.Write(ctx, batch)
		if err == nil {
			if wait > retryFirst {
				d.log.Info("sink delivers again", "sink", d.name)
			}
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		d.log.Warn("sink cannot deliver; it tries again", "sink", d.name, "after", wait.String(), "err", err)
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// sleep says whether ctx lasted for d.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// save keeps the bookmark. One that cannot be saved costs a repetition, no event.
func (d *delivery) save() {
	d.when = time.Now()
	if d.at == d.saved {
		return
	}
	if err := d.journal.SaveCursor(d.name, d.at); err != nil {
		d.log.Warn("sink cannot save its bookmark", "sink", d.name, "err", err)
		return
	}
	d.saved = d.at
}
