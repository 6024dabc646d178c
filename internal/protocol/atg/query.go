package atg

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// query is one command being carried out, with one view of the plant. Each
// function fills in both formats; the command's letter picks one.
type query struct {
	*console
	cmd   wire.Command
	by    string // whose it is: the visitor's source
	now   time.Time
	view  process.View
	lines []string        // display format, below the date
	data  strings.Builder // computer format, behind the date
}

// begin takes the console for one command; the caller unlocks it.
func (c *console) begin(cmd wire.Command, now time.Time) *query {
	c.mu.Lock()
	q := &query{console: c, cmd: cmd, now: now, view: c.device.Process.View()}
	c.look(q.view, now)
	return q
}

// run carries out the command and returns the answer's octets. a is its act,
// which it completes.
func (q *query) run(a *event.Act) []byte {
	ok := false
	if q.cmd.Set {
		ok = q.set(a)
	} else {
		ok = q.inquire()
	}
	if !ok {
		a.Outcome = event.Refused
		return wire.Unknown()
	}
	now := q.local(q.now)
	if q.cmd.Computer {
		return wire.AppendComputer(nil, q.cmd.Code(), now.Format("0601021504"), q.data.String())
	}
	return wire.AppendDisplay(nil, q.cmd.Code(), append([]string{q.stamp(now), ""}, q.lines...))
}

// line adds a line to the display format.
func (q *query) line(format string, args ...any) {
	q.lines = append(q.lines, fmt.Sprintf(format, args...))
}

// add adds to the computer format.
func (q *query) add(format string, args ...any) { fmt.Fprintf(&q.data, format, args...) }

// floats adds a count and numbers to the computer format.
func (q *query) floats(x ...float64) {
	q.add("%02X", len(x))
	for _, f := range x {
		q.data.WriteString(wire.Float(f))
	}
}

// title begins a report: the station's header, where it has one, and a title.
func (q *query) title(header bool, title string) {
	if header {
		for n := 1; n <= 4; n++ {
			q.line("%-*s", labelLen, q.value("503", n))
		}
		q.line("")
	}
	q.line("%s", title)
	q.line("")
}

// heading adds a line of column names, in the console's units.
func (q *query) heading(names string) {
	if q.Units == "metric" {
		names = strings.NewReplacer("GALLONS", " LITERS", "INCHES", "    MM", "DEG F", "DEG C").Replace(names)
	}
	q.lines = append(q.lines, strings.TrimRight(names, " "))
}

// styles is how many ways a console has to write date and time.
const styles = 6

// stamp writes a console's time in the style of function 50F.
func (c *console) stamp(t time.Time) string {
	hour := (t.Hour()+11)%12 + 1
	half := t.Format("PM")
	switch style, _ := strconv.Atoi(c.value("50F", 0)); style {
	case 1:
		return strings.ToUpper(t.Format("Jan _2, 2006 15:04"))
	case 2:
		return fmt.Sprintf("%s %2d:%02d %s", t.Format("01/02/06"), hour, t.Minute(), half)
	case 3:
		return t.Format("    02-01-06 15:04")
	case 4:
		return fmt.Sprintf("    %s %2d:%02d %s", t.Format("01-02-06"), hour, t.Minute(), half)
	case 5:
		return fmt.Sprintf("%s %2d:%02d", t.Format("02/01/06"), t.Hour(), t.Minute())
	}
	return fmt.Sprintf("%s %2d:%02d %s", strings.ToUpper(t.Format("Jan _2, 2006")), hour, t.Minute(), half)
}

// compact writes a computer format's YYMMDDHHmm.
func (q *query) compact(t time.Time) string { return q.local(t).Format("0601021504") }

// shown writes a time in the console's style.
func (q *query) shown(t time.Time) string { return q.stamp(q.local(t)) }

// device returns the command's device number.
func (q *query) device() int {
	n, _ := strconv.Atoi(q.cmd.Device)
	return n
}

// active returns the tanks that the command asks for and that are in use.
func (q *query) active() []tank {
	var out []tank
	for i := range q.probes {
		n := i + 1
		if (q.device() == 0 || q.device() == n) && q.value("601", n) == "1" {
			out = append(out, q.read(q.view, i))
		}
	}
	return out
}

// inquire answers an I or i. It reports false for what is no inquiry of this
// console.
func (q *query) inquire() bool {
	f := q.cmd.Function
	switch {
	case q.tankReport(f), q.historyReport(f), q.testReport(f), q.systemReport(f):
		return !q.displayOnly() || !q.cmd.Computer
	case absentHardware(f):
		return true
	}
	p, ok := parameters(f)
	return ok && q.showParameter(p)
}

// displayOnly says whether a function's computer format is not known.
func (q *query) displayOnly() bool { return q.cmd.Function == "102" || q.cmd.Function == "901" }

// absentHardware says whether a function is of cards that this console has not:
// it then answers with code and date alone.
func absentHardware(function string) bool {
	switch function {
	case "306", "307", "311", "312", "315", "316", "322", "323", "341", "342", "346", "347", "34B", "34C",
		"351", "352", "353", "373", "374", "381", "382", "383", "384", "386", "387", "388", "389",
		"401", "402", "403", "406", "706", "707", "709", "801", "802", "806", "807", "B50", "B81":
		return true
	}
	return false
}

// tankReport answers the functions of the tanks' present state.
func (q *query) tankReport(function string) bool {
	switch function {
	case "201":
		q.inventory()
	case "202":
		q.deliveryReport("DELIVERY REPORT", maxDeliveries)
	case "20C":
		q.deliveryReport("LAST DELIVERY REPORT", 1)
	case "204":
		q.shiftReport()
	case "205":
		q.tankStatus()
	case "20D":
		q.stickHeight()
	case "301":
		q.sensorStatus()
	case "A01":
		q.probeReport()
	default:
		return false
	}
	return true
}

// historyReport answers the functions of alarms.
func (q *query) historyReport(function string) bool {
	switch function {
	case "101":
		q.systemStatus()
	case "111":
		q.alarmReport("PRIORITY ALARM HISTORY", q.changes(true))
	case "112":
		q.alarmReport("NON-PRIORITY ALARM HISTORY", q.changes(false))
	case "113":
		q.headerData()
		q.alarmReport("ACTIVE ALARM REPORT", q.activeChanges())
	case "114":
		q.headerData()
		q.alarmReport("CLEARED ALARM REPORT", q.clearedChanges())
	case "206":
		q.deviceHistory("TANK ALARM HISTORY", "TANK", categoryTank, len(q.probes))
	case "302":
		q.deviceHistory("LIQUID SENSOR ALARM HISTORY REPORT", "SENSOR", categorySensor, len(q.sensors))
	default:
		return false
	}
	return true
}
