package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// What is known of a day that is over is packed once more, as questions need it: they
// read a row instead of twenty-four hours, or all acts. A row is there or not, and is
// true if it is: what changes a day takes its rows away in the same transaction.
const (
	digestSums   = 1 // of all sessions (daysums.go)
	digestPairs  = 2 // user and secret that were tried (ledger.go)
	digestAims   = 3 // acts by what they aimed at
	digestValues = 4 // values that were written
	digestFiles  = 5 // files that were brought
)

const unitDay = 24 * time.Hour

// Days are digested when there are lines from so long after them, and they have not
// changed for so many transactions: sessions may still go on.
const (
	digestBehind = time.Hour
	digestAfter  = 4
)

// calendar is the days that have no digests, with the transaction that changed each
// last.
type calendar struct {
	changed map[int64]uint64
	latest  int64 // the latest hour that there is
	resting bool  // retention is at work: what is digested now would not last
	under   *digesting
}

// loadCalendar finds the days that have no digests.
func (w *Writer) loadCalendar(ctx context.Context) error {
	c := &w.calendar
	c.changed = map[int64]uint64{}
	err := w.sql.each(ctx, `SELECT hour FROM hours GROUP BY hour ORDER BY hour`, func(rows *sql.Rows) error {
		err := rows.Scan(&c.latest)
		c.changed[floor(c.latest, unitDay)] = 0
		return err
	})
	if err != nil {
		return err
	}
	return w.sql.each(ctx, `SELECT day FROM days WHERE what = $1`, func(rows *sql.Rows) error {
		var day int64
		err := rows.Scan(&day)
		delete(c.changed, day)
		return err
	}, digestFiles)
}

// changes takes the digests of a day away that changes in this transaction.
func (w *Writer) changes(ctx context.Context, at int64) error {
	c := &w.calendar
	day := floor(at, unitDay)
	_, bare := c.changed[day]
	c.changed[day], c.latest = w.commits, max(c.latest, at)
	if bare {
		return nil
	}
	return w.sql.exec(ctx, dropDay, day)
}

// forget has days before a time digested no more: they have no hours, or those of
// imported journals alone, which the next writer finds.
func (c *calendar) forget(before int64) {
	for day := range c.changed {
		if day+int64(unitDay) <= before {
			delete(c.changed, day)
		}
	}
}

// digesting is the digests of a day, being made beside the transactions that follow.
type digesting struct {
	day     int64
	changed uint64 // the day's last change, when it began
	stop    context.CancelFunc
	done    chan struct{}
	digests map[int][]byte
	err     error
}

// digest keeps what was digested since the last transaction, and begins with another
// day that is over and has no digests.
func (w *Writer) digest(ctx context.Context) error {
	c := &w.calendar
	if d := c.under; d != nil {
		select {
		case <-d.done:
		default:
			return nil
		}
		c.under = nil
		d.stop()
		if d.err != nil {
			return d.err
		}
		if at, bare := c.changed[d.day]; bare && at == d.changed && !c.resting {
			for what, digest := range d.digests {
				if err := w.sql.exec(ctx, putDay, d.day, what, digest); err != nil {
					return err
				}
			}
			delete(c.changed, d.day)
		}
	}
	if day, found := c.next(w.commits); found {
		w.beginDigest(ctx, day)
	}
	return nil
}

// next is the first day that may be digested after so many transactions.
func (c *calendar) next(commits uint64) (day int64, found bool) {
	if c.resting {
		return 0, false
	}
	for d, at := range c.changed {
		if d+int64(unitDay+digestBehind) <= c.latest && at+digestAfter <= commits && (!found || d < day) {
			day, found = d, true
		}
	}
	return day, found
}

func (w *Writer) beginDigest(ctx context.Context, day int64) {
	ctx, stop := context.WithCancel(ctx)
	d := &digesting{day: day, changed: w.calendar.changed[day], stop: stop, done: make(chan struct{})}
	w.calendar.under = d
	go func() {
		defer close(d.done)
		defer func() {
			if r := recover(); r != nil {
				d.err = fmt.Errorf("digesting %s: %v", timeOf(day).Format(time.DateOnly), r)
			}
		}()
		sums, err := w.store.digestSums(ctx, day)
		if err != nil {
			d.err = err
			return
		}
		if d.digests, d.err = w.store.digestThings(ctx, day, day+int64(unitDay)); errors.Is(d.err, errLarge) {
			d.digests, d.err = map[int][]byte{}, nil // these are read from rows
		}
		if d.err == nil {
			d.digests[digestSums] = sums
		}
	}()
}

// abandon ends what is being digested.
func (c *calendar) abandon() {
	if d := c.under; d != nil {
		d.stop()
		<-d.done
		c.under = nil
	}
}

// digestOf reads a digest; nil: there is none.
func (s *Store) digestOf(ctx context.Context, day int64, what int) (b []byte, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT digest FROM days WHERE day = $1 AND what = $2`, day, what).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return b, err
}
