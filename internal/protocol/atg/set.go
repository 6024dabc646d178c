package atg

import (
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// What some functions want behind their device number.
const (
	verification = "149"
	clearCode    = "832382" // function 031
)

// restartTime is how long a console is silent that starts again.
const restartTime = 20 * time.Second

// set carries out an S or s. It reports false for what is no set command of this
// console, or has a value that it does not take.
func (q *query) set(a *event.Act) bool {
	if q.cmd.Function == "501" {
		return q.setClock(a)
	}
	if done, known := q.action(); known {
		return done
	}
	p, ok := parameters(q.cmd.Function)
	return ok && q.setParameter(p, a)
}

// setParameter keeps a value for the position, or all of them, and answers with
// the report of the new values.
func (q *query) setParameter(p parameter, a *event.Act) bool {
	first, last, ok := q.span(p)
	if !ok {
		return false
	}
	value, ok := p.parse(q.cmd.Data, q.cmd.Computer)
	if !ok {
		a.Values = []string{q.cmd.Data}
		return false
	}
	for n := first; n <= last; n++ {
		a.Values = append(a.Values, value)
		a.Previous = append(a.Previous, q.value(q.cmd.Function, n))
		q.memory.Set[parameterKey(q.cmd.Function, n)] = setting{value, q.now, q.by}
	}
	q.memory.dirty = true
	q.notice(q.view, q.now) // other limits, other alarms
	if !q.cmd.Computer {
		q.showParameter(p)
	}
	return true
}

// setClock is function 501.
func (q *query) setClock(a *event.Act) bool {
	data := strings.TrimSpace(q.cmd.Data)
	a.Values = []string{data}
	at, err := time.ParseInLocation("0601021504", data, q.zone)
	if err != nil || q.device() != 0 {
		return false
	}
	a.Previous = []string{q.compact(q.now)}
	// A clock that cannot be kept over a restart still runs.
	_ = q.console.device.Clock.Set(at)
	if !q.cmd.Computer {
		q.systemReport("501")
	}
	return true
}

// action carries out the functions that do something rather than set a value.
func (q *query) action() (done, known bool) {
	data := q.cmd.Data
	plain := data == "" || data == verification
	switch q.cmd.Function {
	case "001":
		if done = plain && q.device() == 0; done {
			q.restart()
		}
	case "002":
		if done = plain && q.device() == 0; done {
			q.title(false, "POWER RESET FLAG CLEARED")
		}
	case "003":
		if done = plain && q.device() == 0; done {
			q.title(false, "REMOTE ALARM RESET")
		}
	case "010":
		if done = plain && q.device() == 0; done {
			q.title(false, "AUTODIAL SESSION CANCELLED")
		}
	case "031":
		if done = data == clearCode && q.device() == 0; done {
			q.title(false, "CLEAR FUNCTION CONFIRMED")
		}
	case "051":
		if done = plain && q.device() <= len(q.probes); done {
			q.clearDeliveries()
		}
	case "052", "053":
		if done = plain && q.device() <= len(q.probes); done {
			q.leakTests(q.cmd.Function == "052")
		}
	default:
		return false, false
	}
	return done, true
}

// restart is function 001: the console answers, then says nothing for a while.
func (q *query) restart() {
	q.silent.Begin(q.by, q.now.Add(restartTime))
	q.title(false, "SYSTEM RESET")
}

// clearDeliveries is function 051.
func (q *query) clearDeliveries() {
	kept := q.memory.Deliveries[:0:0]
	for _, d := range q.memory.Deliveries {
		if q.device() != 0 && q.device() != d.Tank {
			kept = append(kept, d)
		}
	}
	q.memory.Deliveries, q.memory.dirty = kept, true
	q.title(false, "IN-TANK DELIVERY REPORTS CLEARED")
}

// leakTests is functions 052 and 053.
func (q *query) leakTests(start bool) {
	title, word, digit := "STOP IN-TANK LEAK DETECT TEST", "TEST STOPPED", "0"
	if start {
		title, word, digit = "START IN-TANK LEAK DETECT TEST", "TEST STARTED", "1"
	}
	q.title(false, title)
	for _, t := range q.active() {
		if start {
			q.startTest(t, q.now)
		} else {
			q.stopTest(t.n)
		}
		q.line("TANK %d    %-20s %s", t.n, t.label, word)
		q.add("%02d%s", t.n, digit)
	}
	q.line("")
}
