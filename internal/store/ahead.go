package store

import (
	"fmt"
	"iter"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// entry is a line of a journal: where it begins and ends, and what it says.
type entry struct {
	at, end journal.Cursor
	event   event.Event
	said    bool  // else it is padding, or of a later version: `sundew events` tells
	err     error // why the following ends here
}

// How many lines are read by one, and how many such lots ahead of what is taken.
const (
	lot  = 64
	lots = 4
)

// entries reads the lines of a batch, those of a long one ahead of what is taken, on
// a processor of their own. An entry is valid until the next.
func entries(b journal.Batch) iter.Seq[*entry] {
	at := b.Next
	for _, l := range b.Lines {
		at.Offset -= int64(len(l))
	}
	read := func(to []entry, lines [][]byte) []entry {
		for _, l := range lines {
			to = append(to, entry{at: at})
			e := &to[len(to)-1]
			at.Offset += int64(len(l))
			e.end = at
			e.read(l)
		}
		return to
	}
	return func(yield func(*entry) bool) {
		if len(b.Lines) <= lot {
			for i := range b.Lines {
				if e := read(nil, b.Lines[i:i+1]); !yield(&e[0]) {
					return
				}
			}
			return
		}
		full, empty, stop := make(chan []entry, lots), make(chan []entry, lots), make(chan struct{})
		for range lots {
			empty <- make([]entry, 0, lot)
		}
		go func() {
			defer close(full)
			for lines := b.Lines; len(lines) > 0; {
				select {
				case to := <-empty:
					n := min(lot, len(lines))
					full <- read(to[:0], lines[:n])
					lines = lines[n:]
				case <-stop:
					return
				}
			}
		}()
		defer func() { // the lines are the caller's only until then
			close(stop)
			for range full {
			}
		}()
		for list := range full {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
			clear(list)
			empty <- list
		}
	}
}

// read parses the line. What fails at it, as parsing may at what a visitor made up,
// ends the following and not the sensor.
func (e *entry) read(line []byte) {
	defer func() {
		if r := recover(); r != nil {
			e.err = fmt.Errorf("the line at %v cannot be read: %v", e.at, r)
		}
	}()
	var err error
	e.event, err = event.Parse(line)
	e.said = err == nil
}
