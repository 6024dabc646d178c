package journal

import (
	"bytes"
	"maps"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// NoClass is given to Append for lines that are not acts and that nobody waits
// for: session.close and status. They may use the reserve.
const NoClass event.Class = ""

// Append adds a line, newline included, and copies it. For a class that only
// looks, and for NoClass, it returns when the line is in memory; for all others
// when write(2) has taken it, many appenders sharing one write.
//
// Whatever it returns, the visitor is to be served. ErrDropped: the line is
// lost and counted. ErrUnwritten: the line is safe from nothing yet but will be
// written once the disk takes it.
func (j *Journal) Append(line []byte, class event.Class) error {
	if len(line) == 0 || len(line) > event.MaxLine || bytes.IndexByte(line, '\n') != len(line)-1 {
		return ErrLine
	}
	active := class != NoClass && !class.Passive()
	limit := bufferSize
	if class.Passive() {
		limit -= reserveSize
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.fill)+len(line) > limit && !j.waitForRoom(len(line), limit) {
		j.drops[class]++
		return ErrDropped
	}
	if j.closed {
		return ErrClosed
	}
	first := len(j.fill) == 0
	j.fill = append(j.fill, line...)
	if hurry := active || len(j.fill) > bufferSize/2; hurry && !j.urgent {
		j.urgent = true
		signal(j.wake)
	} else if first {
		signal(j.wake)
	}
	if !active {
		return nil
	}
	for mine := j.batch; j.written < mine; j.done.Wait() {
		if j.failing != nil || !j.running {
			return ErrUnwritten
		}
	}
	return nil
}

// waitForRoom waits for the writer to take the full buffer, at most fullWait,
// and not at all while the disk fails: then waiting would only slow visitors.
func (j *Journal) waitForRoom(n, limit int) bool {
	j.urgent = true
	signal(j.wake)
	late := false
	timer := time.AfterFunc(fullWait, func() {
		j.mu.Lock()
		late = true
		j.mu.Unlock()
		j.room.Broadcast()
	})
	defer timer.Stop()
	for len(j.fill)+n > limit {
		if late || j.failing != nil || j.closed || !j.running {
			return false
		}
		j.room.Wait()
	}
	return true
}

// signal leaves a token in c; one that is there already says the same.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Drops says how many lines were lost, by class, since Open. Lines of no class
// (closes, status) are under NoClass.
func (j *Journal) Drops() map[event.Class]uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.drops)
}
