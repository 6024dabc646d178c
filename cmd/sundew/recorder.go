package main

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// recorder is the journal as sessions see it: a line that waits in memory for a
// disk that is full or slow is not lost.
type recorder struct{ *journal.Journal }

// Append implements session.Journal.
func (r recorder) Append(line []byte, class event.Class) error {
	err := r.Journal.Append(line, class)
	if errors.Is(err, journal.ErrUnwritten) {
		return nil
	}
	return err
}
