// Package export writes what the store and the journal hold in others' formats:
// tables (CSV, Parquet), events (JSON Lines, ECS), packets (pcapng), threat
// intelligence (STIX, MISP, lists) and an ATT&CK Navigator layer.
//
// An export streams: a row or an event is written before the next is read.
// docs/exports.md describes formats, columns and what Anonymiser takes away.
package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// A Reader yields the journal of an origin ("": the sensor's own) from a cursor on.
type Reader func(ctx context.Context, origin string, from journal.Cursor) iter.Seq2[journal.Batch, error]

// A Job is what is exported, and from where.
type Job struct {
	Store  *store.Store
	Rules  *analysis.Rules
	Read   Reader
	Filter store.Filter
	Anon   *Anonymiser     // nil: everything as recorded
	Tell   func(rows int)  // told now and then how far it has come; may be nil
	Warn   func(err error) // of a part that cannot be had; may be nil

	rows int
}

// count tells how far the export has come.
func (j *Job) count() {
	if j.rows++; j.Tell != nil && j.rows%1000 == 0 {
		j.Tell(j.rows)
	}
}

// ErrNone says that no session is of the kind asked for.
var ErrNone = errors.New("no session fits: nothing to export")

// key stands for a session's id in a set of many.
type key [16]byte

func keyOf(id []byte) key {
	sum := sha256.Sum256(id)
	return key(sum[:16])
}

// line is one of a chosen session's, without its newline; valid until the next.
type line []byte

// parse reads the line. What cannot be read is passed over: the journal's own
// commands tell of it.
func (l line) parse() (event.Event, bool) {
	e, err := event.Parse(l)
	return e, err == nil
}

// closes says whether the line ends a session: kind is the second member.
func (l line) closes() bool {
	return bytes.Contains(l[:min(len(l), 64)], []byte(`"kind":"`+string(event.KindClose)+`"`))
}

// lines yields the lines of the chosen sessions, journal after journal, each in
// its order and in one pass: from where the first session begins until all have
// ended.
func (j *Job) lines(ctx context.Context) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		chosen, err := j.choose(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, c := range chosen {
			if !j.pass(ctx, c, yield) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// pass reads one journal; false ends the iteration.
func (j *Job) pass(ctx context.Context, c *part, yield func(line, error) bool) bool {
	open := len(c.sessions)
	for b, err := range j.Read(ctx, c.origin, c.from) {
		if lost, ok := errors.AsType[*journal.Lost](err); ok {
			if j.Warn != nil {
				j.Warn(lost)
			}
			continue
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		for _, raw := range b.Lines {
			id, ok := sessionOf(raw)
			if !ok || !c.sessions[keyOf(id)] {
				continue
			}
			j.count()
			l := line(bytes.TrimRight(raw, "\n"))
			if !yield(l, nil) {
				return false
			}
			if l.closes() {
				if open--; open == 0 {
					return true
				}
			}
		}
	}
	return true
}

// events yields lines read.
func (j *Job) events(ctx context.Context) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		for l, err := range j.lines(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if e, ok := l.parse(); ok && !yield(&e, nil) {
				return
			}
		}
	}
}

// part is what of one journal is exported.
type part struct {
	origin   string
	from     journal.Cursor // where the first session begins
	sessions map[key]bool
}

// choose lists the sessions that the filter takes, by journal.
func (j *Job) choose(ctx context.Context) ([]*part, error) {
	parts := map[string]*part{}
	err := j.Store.EachSession(ctx, j.Filter, func(s *store.Session) error {
		p := parts[s.Origin]
		if p == nil {
			p = &part{s.Origin, s.At(), map[key]bool{}}
			parts[s.Origin] = p
		}
		if s.At().Before(p.from) {
			p.from = s.At()
		}
		p.sessions[keyOf([]byte(s.ID))] = true
		return nil
	})
	if err == nil && len(parts) == 0 {
		err = ErrNone
	}
	var out []*part
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, parts[name])
	}
	return out, err
}

// sessionOf finds a line's session without reading all of it. The envelope comes
// first, and quotes in visitors' text are escaped: the first match is the session.
func sessionOf(raw []byte) ([]byte, bool) {
	const mark = `"session":"`
	i := bytes.Index(raw, []byte(mark))
	if i < 0 {
		return nil, false
	}
	raw = raw[i+len(mark):]
	n := bytes.IndexByte(raw, '"')
	return raw[:max(n, 0)], n > 0
}
