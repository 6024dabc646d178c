package modbus

import (
	"sync"
	"sync/atomic"

	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// counters are those of functions 8 and 11 (V1.1b3 §6.8.1, §6.9). They are
// 16 bits wide on the wire and wrap.
type counters struct {
	messages   atomic.Uint32 // frames seen
	errors     atomic.Uint32 // frames with a header or length error: a serial line's CRC errors
	exceptions atomic.Uint32 // refused
	served     atomic.Uint32 // frames for one of our units, broadcasts included
	unanswered atomic.Uint32
	busy       atomic.Uint32 // refused with exception 06
	events     atomic.Uint32 // completed without exception; not functions 11 and 12
}

// keptCounters is how counters survive a restart.
type keptCounters struct {
	Messages, Errors, Exceptions, Served, Unanswered, Busy, Events uint32
}

func (c *counters) get() keptCounters {
	return keptCounters{c.messages.Load(), c.errors.Load(), c.exceptions.Load(), c.served.Load(), c.unanswered.Load(), c.busy.Load(), c.events.Load()}
}

func (c *counters) set(k keptCounters) {
	c.messages.Store(k.Messages)
	c.errors.Store(k.Errors)
	c.exceptions.Store(k.Exceptions)
	c.served.Store(k.Served)
	c.unanswered.Store(k.Unanswered)
	c.busy.Store(k.Busy)
	c.events.Store(k.Events)
}

// counter returns what a diagnostic sub-function reads, and whether it reads a counter.
func (c *counters) counter(sub wire.Diagnostic) (uint16, bool) {
	switch sub {
	case wire.BusMessageCount:
		return uint16(c.messages.Load()), true
	case wire.BusErrorCount:
		return uint16(c.errors.Load()), true
	case wire.ExceptionCount:
		return uint16(c.exceptions.Load()), true
	case wire.ServerMessageCount:
		return uint16(c.served.Load()), true
	case wire.NoResponseCount:
		return uint16(c.unanswered.Load()), true
	case wire.BusyCount:
		return uint16(c.busy.Load()), true
	case wire.NAKCount, wire.OverrunCount: // of serial lines; here they stay 0
		return 0, true
	case wire.ReturnDiagnosticRegister:
		return 0, true
	}
	return 0, false
}

// Octets of the communication event log (§6.10).
const (
	eventReceived   = 0x80
	eventBroadcast  = 0x40
	eventListenOnly = 0x20
	eventSent       = 0x40
	eventEntered    = 0x04 // listen only mode
	eventRestarted  = 0x00
	maxEvents       = 64
)

// commLog is the event log of function 12: the last 64 events, newest first.
type commLog struct {
	mu    sync.Mutex
	ring  [maxEvents]byte
	next  int
	count int
}

func (l *commLog) add(e byte) {
	l.mu.Lock()
	l.ring[l.next] = e
	l.next = (l.next + 1) % maxEvents
	l.count = min(l.count+1, maxEvents)
	l.mu.Unlock()
}

func (l *commLog) clear() {
	l.mu.Lock()
	l.count = 0
	l.mu.Unlock()
}

// append appends the events to b, newest first.
func (l *commLog) append(b []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.count {
		b = append(b, l.ring[(l.next-1-i+2*maxEvents)%maxEvents])
	}
	return b
}

// sentEvent is the log's octet for an answer: bits by the kind of exception.
func sentEvent(e wire.Exception) byte {
	switch e {
	case 0:
		return eventSent
	case wire.IllegalFunction, wire.IllegalAddress, wire.IllegalValue:
		return eventSent | 0x01
	case wire.DeviceFailure:
		return eventSent | 0x02
	case wire.Acknowledge, wire.DeviceBusy:
		return eventSent | 0x04
	}
	return eventSent
}
