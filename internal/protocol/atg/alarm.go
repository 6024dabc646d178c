package atg

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// Categories of alarms, as the computer format numbers them.
const (
	categorySystem = 1
	categoryTank   = 2
	categorySensor = 3
)

// Types of alarms within their category.
const (
	alarmPaper = 1 // system: printer out of paper

	alarmHighWater     = 3 // tank
	alarmOverfill      = 4
	alarmLowProduct    = 5
	alarmHighProduct   = 7
	alarmInvalidLevel  = 8
	alarmWaterWarning  = 10
	alarmDeliveryNeed  = 11
	alarmMaximumVolume = 12

	alarmFuel = 3 // liquid sensor
)

// alarm is one condition that the console sees.
type alarm struct {
	Category int `json:"category"`
	Type     int `json:"type"`
	Device   int `json:"device"` // tank or sensor; 0: none
}

// alarmChange is an alarm that came or went.
type alarmChange struct {
	Alarm alarm     `json:"alarm"`
	At    time.Time `json:"at"`
	Clear bool      `json:"clear"`
}

// name is the alarm in the words of reports.
func (a alarm) name() string {
	switch a.Category {
	case categorySystem:
		return "PAPER OUT"
	case categorySensor:
		return "FUEL ALARM"
	}
	switch a.Type {
	case alarmHighWater:
		return "HIGH WATER ALARM"
	case alarmOverfill:
		return "OVERFILL ALARM"
	case alarmLowProduct:
		return "LOW PRODUCT ALARM"
	case alarmHighProduct:
		return "HIGH PRODUCT ALARM"
	case alarmInvalidLevel:
		return "INVALID FUEL LEVEL"
	case alarmWaterWarning:
		return "HIGH WATER WARNING"
	case alarmDeliveryNeed:
		return "DELIVERY NEEDED"
	case alarmMaximumVolume:
		return "MAX PRODUCT ALARM"
	}
	return "SETUP DATA WARNING"
}

// id is the alarm's device as reports have it: "T 1".
func (a alarm) id() string {
	switch a.Category {
	case categoryTank:
		return fmt.Sprintf("T%2d", a.Device)
	case categorySensor:
		return fmt.Sprintf("L%2d", a.Device)
	}
	return ""
}

// priority says whether the alarm is in the priority history: warnings and the
// printer's are not.
func (a alarm) priority() bool {
	return a.Category != categorySystem && !strings.HasSuffix(a.name(), "WARNING") && a.name() != "DELIVERY NEEDED"
}

// conditions returns what is wrong now.
func (c *console) conditions(v process.View) []alarm {
	var out []alarm
	for i := range c.probes {
		n := i + 1
		if c.value("601", n) != "1" {
			continue
		}
		t := c.read(v, i)
		for _, rule := range []struct {
			kind int
			hit  bool
		}{
			{alarmHighWater, t.water > c.number("624", n)},
			{alarmOverfill, t.volume > c.number("623", n) && t.delivering},
			{alarmLowProduct, t.volume < c.number("621", n)},
			{alarmHighProduct, t.volume > c.number("622", n)},
			{alarmInvalidLevel, t.height < lowestFloat},
			{alarmWaterWarning, t.water > c.number("627", n)},
			{alarmDeliveryNeed, t.volume < c.number("629", n)},
			{alarmMaximumVolume, t.volume > c.number("628", n)},
		} {
			if rule.hit {
				out = append(out, alarm{categoryTank, rule.kind, n})
			}
		}
	}
	for i, ref := range c.sensors {
		if v.Bool(ref) && c.value("701", i+1) == "1" {
			out = append(out, alarm{categorySensor, alarmFuel, i + 1})
		}
	}
	return out
}

// notice compares what is wrong now with what was, and notes the difference in
// the history. A tank crossed its limit at some time since the last look.
func (c *console) notice(v process.View, now time.Time) {
	m := &c.memory
	is := c.conditions(v)
	change := func(a alarm, clear bool) {
		share := c.draw(a.name()+a.id(), now.Unix())
		at := now.Add(-time.Duration(share * float64(now.Sub(m.Looked))))
		m.History = append(m.History, alarmChange{a, at, clear})
		m.dirty = true
	}
	for _, a := range is {
		if !slices.Contains(m.Active, a) {
			change(a, false)
		}
	}
	for _, a := range m.Active {
		if !slices.Contains(is, a) {
			change(a, true)
		}
	}
	if len(m.History) > maxHistory {
		m.History = slices.Clone(m.History[len(m.History)-maxHistory:])
	}
	m.Active = is
}

// changes returns the history of one of the two sorts of alarms, the last first.
func (q *query) changes(priority bool) []alarmChange {
	var out []alarmChange
	for _, h := range slices.Backward(q.memory.History) {
		if h.Alarm.priority() == priority {
			out = append(out, h)
		}
	}
	if priority {
		return out
	}
	// The printer of each console once ran out of paper, long before.
	at := q.memory.Begun.Add(-time.Duration((20 + 90*q.draw("paper", 0)) * 24 * float64(time.Hour)))
	return append(out,
		alarmChange{alarm{categorySystem, alarmPaper, 0}, at.Add(time.Duration(40+200*q.draw("paper", 1)) * time.Minute), true},
		alarmChange{alarm{categorySystem, alarmPaper, 0}, at, false})
}

// activeChanges returns the alarms that are on, with when they came.
func (q *query) activeChanges() []alarmChange {
	var out []alarmChange
	for _, a := range q.memory.Active {
		h := alarmChange{Alarm: a, At: q.now}
		for _, old := range q.memory.History {
			if old.Alarm == a && !old.Clear {
				h.At = old.At
			}
		}
		out = append(out, h)
	}
	return out
}

// clearedChanges returns the alarms that went.
func (q *query) clearedChanges() []alarmChange {
	return slices.DeleteFunc(q.changes(true), func(h alarmChange) bool { return !h.Clear })
}

// alarmReport is functions 111 to 114.
func (q *query) alarmReport(title string, list []alarmChange) {
	q.title(true, title)
	q.line("ID  CATEGORY  DESCRIPTION          ALARM TYPE           STATE    DATE    TIME")
	for _, h := range list {
		a, state, word := h.Alarm, "ALARM", 1
		if h.Clear {
			state, word = "CLEAR", 2
		}
		category, label := "SYSTEM", ""
		switch a.Category {
		case categoryTank:
			category, label = "TANK", q.value("602", a.Device)
		case categorySensor:
			category, label = "OTHER", q.value("702", a.Device)
		}
		at := q.local(h.At)
		q.line("%-4s%-10s%-21s%-21s%-7s%8s %7s", a.id(), category, label, a.name(), state, at.Format("1-02-06"), at.Format("3:04PM"))
		q.add("%02d01%02d%02d%02d%s", a.Category, a.Type, a.Device, word, at.Format("0601021504"))
	}
	q.line("")
}

// headerData puts the header lines in front of the computer format's records.
func (q *query) headerData() {
	for n := 1; n <= 4; n++ {
		q.add("%-*s", labelLen, q.value("503", n))
	}
}

// systemStatus is function 101.
func (q *query) systemStatus() {
	q.title(true, "SYSTEM STATUS REPORT")
	if len(q.memory.Active) == 0 {
		q.line("  ALL FUNCTIONS NORMAL")
		q.add("000000")
	}
	for _, a := range q.memory.Active {
		q.line("%s:%s", a.id(), a.name())
		q.add("%02d%02d%02d", a.Category, a.Type, a.Device)
	}
	q.line("")
}

// deviceHistory is functions 206 and 302: of each type the last three times.
func (q *query) deviceHistory(title, name string, category, count int) {
	q.title(true, title)
	for n := 1; n <= count; n++ {
		if q.device() != 0 && q.device() != n {
			continue
		}
		label := q.value("602", n)
		if category == categorySensor {
			label = q.value("702", n)
		}
		q.line("%s %2d    %s", name, n, label)
		seen := map[int]int{}
		var records strings.Builder
		rows := 0
		for _, h := range slices.Backward(q.memory.History) {
			a := h.Alarm
			if a.Category != category || a.Device != n || h.Clear || seen[a.Type] == 3 {
				continue
			}
			seen[a.Type]++
			rows++
			q.line("    %-22s%s", a.name(), q.shown(h.At))
			fmt.Fprintf(&records, "%s%04X", q.compact(h.At), a.Type)
		}
		q.line("")
		q.add("%02d%02d%s", n, rows, records.String())
	}
}
