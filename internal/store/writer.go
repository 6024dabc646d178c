package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/sundew-ics/sundew/internal/journal"
)

// Bounds of what a writer remembers. Beyond maxOpen sessions of one journal
// those that have been silent for longest are taken as they are.
const (
	maxOpen    = 10_000
	maxSources = 40_000
	maxTraces  = 20_000
	maxHours   = 16
	maxLines   = 8192 // of one transaction
)

// A Writer takes lines of journals into the store. Several goroutines may each
// follow a journal of its own; their transactions come one after another. After
// an error the writer is of no more use: close it, and begin another.
type Writer struct {
	store *Store
	by    Interpreter

	mu       sync.Mutex // held during a transaction
	versions string
	broken   error
	sql      *statements
	read     *statements // what transactions before have written; no lock of the scribe's is waited for
	books    books
	visitors map[netip.Addr]visitor
	traces   map[[2]string]*trace
	hours    map[int64]*hour
	readings map[string]*reading

	lastSource, lastTrace uint32
	block                 block // of the latest addresses
	lastSession, acts     int64
	gone                  int64 // sessions that retention deleted
	commits               uint64
	scribe                *scribe
	calendar              calendar
	stamp                 int64
}

// Writer begins to write; the store must be one from Open. by says what sessions
// mean.
func (s *Store) Writer(ctx context.Context, by Interpreter) (*Writer, error) {
	if s.own == nil {
		return nil, errors.New("store: opened for reading")
	}
	conn, err := s.own.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	read, err := s.db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), conn.Close())
	}
	scribe, err := newScribe(statementsOn(conn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), conn.Close(), read.Close())
	}
	w := &Writer{store: s, by: by, scribe: scribe, sql: statementsOn(conn), read: statementsOn(read),
		visitors: map[netip.Addr]visitor{}, traces: map[[2]string]*trace{}, hours: map[int64]*hour{}, readings: map[string]*reading{}}
	if err := w.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), conn.Close(), read.Close())
	}
	return w, nil
}

func (w *Writer) load(ctx context.Context) (err error) {
	if w.books, err = loadBooks(ctx, w.sql.conn); err != nil {
		return err
	}
	for _, last := range []struct {
		q    string
		into any
	}{
		{`SELECT COALESCE(MAX(key), 0) FROM sources`, &w.lastSource}, {`SELECT COALESCE(MAX(key), 0) FROM traces`, &w.lastTrace},
		{`SELECT COALESCE(MAX(key), 0) FROM sessions`, &w.lastSession}, {`SELECT COALESCE(MAX(stamp), 0) FROM hours`, &w.stamp},
	} {
		if err := w.sql.conn.QueryRowContext(ctx, last.q).Scan(last.into); err != nil {
			return err
		}
	}
	for name, into := range map[string]*int64{metaActs: &w.acts, metaGone: &w.gone} {
		if *into, err = w.store.number(ctx, name); err != nil {
			return err
		}
	}
	if err := w.loadBlock(ctx); err != nil {
		return err
	}
	return w.loadCalendar(ctx)
}

// Close gives the right to write back to the store, which stays open.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calendar.abandon()
	w.sql.close()
	w.read.close()
	return errors.Join(w.scribe.close(), w.sql.conn.Close(), w.read.conn.Close())
}

// reading is one journal: how far it was read, and what is under way in it.
type reading struct {
	Origin
	next    journal.Cursor
	known   journal.Cursor // up to which the store has had all before
	open    map[string]*stay
	touched []*stay
	kept    bool             // what retention left is being read: it has no cursors
	lasts   map[string]int64 // by boot: its last line, of those that the database has not been told
}

// readingOf is the state of a journal, as the store left it.
func (w *Writer) readingOf(ctx context.Context, name string) (*reading, journal.Cursor, error) {
	r := &reading{Origin: Origin{Name: name, Kind: Own}, open: map[string]*stay{}, lasts: map[string]int64{}}
	if name != "" {
		r.Kind = Imported
	}
	list, err := w.store.Origins(ctx)
	if err != nil {
		return nil, r.next, err
	}
	for _, o := range list {
		if o.Name == name {
			r.Origin, r.next = o, o.next
		}
	}
	r.known = r.next
	w.mu.Lock()
	w.readings[name] = r
	w.mu.Unlock()
	return r, r.resume, nil
}

// Size is how many sessions and acts the store has.
func (w *Writer) Size() (sessions, acts int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastSession - w.gone, w.acts
}

// begin starts a transaction; commit or rollback end it.
func (w *Writer) begin(ctx context.Context) error {
	w.mu.Lock()
	if w.broken != nil {
		w.mu.Unlock()
		return w.broken
	}
	if v := w.by.Versions(); v != w.versions { // what is known of addresses has changed
		w.versions = v
		clear(w.visitors)
	}
	if _, err := w.sql.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		w.mu.Unlock()
		return err
	}
	return nil
}

// commit ends the transaction with the cursor and the roll-ups; settled says that
// what goes on is judged as well.
func (w *Writer) commit(ctx context.Context, r *reading, settled bool) error {
	err := errors.Join(w.flush(ctx, r, settled), w.scribe.finish(ctx))
	if err == nil {
		_, err = w.sql.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		return w.rollback(ctx, err)
	}
	w.mu.Unlock()
	return nil
}

// Sound says whether the writer can go on: after a line that could not be taken it
// cannot, and the store must be opened anew.
func (w *Writer) Sound() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken == nil
}

// rollback ends the transaction for err. What the writer remembers is not what
// the store holds any more.
func (w *Writer) rollback(ctx context.Context, err error) error {
	err = errors.Join(err, w.scribe.finish(ctx))
	w.sql.conn.ExecContext(ctx, "ROLLBACK")
	w.broken = fmt.Errorf("store: %w", err)
	w.mu.Unlock()
	return w.broken
}

func (w *Writer) flush(ctx context.Context, r *reading, settled bool) error {
	if err := w.settle(ctx, r, settled); err != nil {
		return err
	}
	if err := w.flushHours(ctx); err != nil {
		return err
	}
	w.flushTraces(ctx)
	if err := w.flushBlock(ctx); err != nil {
		return err
	}
	if len(w.visitors) >= maxSources {
		clear(w.visitors)
	}
	if err := w.flushLasts(ctx, r); err != nil {
		return err
	}
	if err := w.digest(ctx); err != nil {
		return err
	}
	next, resume := r.next, r.next
	for _, s := range r.open {
		if (!s.skip || s.probe) && s.from.Before(resume) {
			resume = s.from
		}
	}
	if next.Before(r.known) {
		next = r.known
	}
	if r.kept {
		next, resume = journal.Cursor{}, journal.Cursor{} // begun anew if interrupted
	}
	if err := w.sql.exec(ctx, putOrigin, r.Name, r.Kind, r.Note, nanoseconds(r.First), nanoseconds(r.Last), r.Lines, next.String(), resume.String(), r.state); err != nil {
		return err
	}
	if err := w.sql.exec(ctx, putMeta, metaActs, fmt.Sprint(w.acts)); err != nil {
		return err
	}
	if err := w.sql.exec(ctx, putMeta, metaStamp, fmt.Sprint(w.stamp)); err != nil {
		return err
	}
	return w.sql.exec(ctx, keepMeta, metaVersions, w.versions)
}

// settle writes sessions that go on: those that the database does not have yet,
// and, if they are to be judged, what they are found to be so far.
func (w *Writer) settle(ctx context.Context, r *reading, judged bool) error {
	rest := r.touched[:0]
	for _, s := range r.touched {
		if s.skip || s.ended {
			s.touched = false
			continue
		}
		if !judged && s.stored {
			rest = append(rest, s)
			continue
		}
		if err := w.write(ctx, s, judged); err != nil {
			return err
		}
		if s.touched = !judged; s.touched {
			rest = append(rest, s)
		}
	}
	clear(r.touched[len(rest):])
	r.touched = rest
	return nil
}

// hourAt is the roll-up of the hour that has ns.
func (w *Writer) hourAt(ctx context.Context, ns int64) (*hour, error) {
	at := floor(ns, unitHour)
	if h := w.hours[at]; h != nil {
		h.used = w.commits
		return h, nil
	}
	h := &hour{at: at, visits: map[group]*tally{}, acts: map[action]*volume{}, used: w.commits}
	var visits, acts []byte
	err := w.sql.row(ctx, hourOf, at).Scan(&h.part, &visits, &acts)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, err
	default:
		err = errors.Join(unpackVisits(visits, func(g group, t *tally) { h.visit(g, t.sessions, t.acts, t.proven) }),
			unpackActs(acts, func(a action, v volume) { h.act(a, v.acts, v.in, v.out) }))
		if err != nil {
			return nil, err
		}
		if len(h.visits) >= maxPart {
			h.part++
			clear(h.visits)
			clear(h.acts)
		}
	}
	h.dirty = false
	w.hours[at] = h
	return h, nil
}

// flushHours writes the roll-ups that have changed.
func (w *Writer) flushHours(ctx context.Context) error {
	w.commits++
	for at, h := range w.hours {
		if h.dirty {
			w.stamp++
			if err := w.sql.exec(ctx, putHour, at, h.part, w.stamp, packVisits(h.visits), packActs(h.acts)); err != nil {
				return err
			}
			if err := w.changes(ctx, at); err != nil {
				return err
			}
			h.dirty = false
		}
		if len(h.visits) >= maxPart || len(w.hours) > maxHours && h.used+2 < w.commits {
			delete(w.hours, at)
		}
	}
	return nil
}
