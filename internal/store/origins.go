package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/journal"
)

// Kinds of journals.
const (
	Own       = "own"       // the sensor's
	Imported  = "imported"  // another's
	Synthetic = "synthetic" // made up: a demonstration
)

// An Origin is a journal that the store has taken in.
type Origin struct {
	Name  string    `json:"name"` // "" for the sensor's own
	Kind  string    `json:"kind"`
	Note  string    `json:"note,omitempty"` // what its first line says of where it came from
	First time.Time `json:"first,omitzero"` // of its lines
	Last  time.Time `json:"last,omitzero"`
	Lines int64     `json:"lines"`

	next, resume journal.Cursor
	state        string
}

// Next is the cursor behind the last line that the store has of the journal.
func (o *Origin) Next() journal.Cursor { return o.next }

// Origins lists the journals that the store has taken in, the sensor's own first.
func (s *Store) Origins(ctx context.Context) ([]Origin, error) {
	out := []Origin{}
	err := each(ctx, s.db, `SELECT name, kind, note, first, last, lines, next, resume, state FROM origins ORDER BY name`, nil, func(rows *sql.Rows) error {
		var o Origin
		var first, last int64
		var next, resume string
		if err := rows.Scan(&o.Name, &o.Kind, &o.Note, &first, &last, &o.Lines, &next, &resume, &o.state); err != nil {
			return err
		}
		if first != 0 {
			o.First, o.Last = timeOf(first), timeOf(last)
		}
		var err error
		if o.next, err = journal.ParseCursor(next); err != nil {
			return err
		}
		o.resume, err = journal.ParseCursor(resume)
		out = append(out, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

// nanoseconds is a time as the store keeps it; the zero time is 0.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
