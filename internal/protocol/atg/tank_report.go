package atg

import (
	"math"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// inventory is function 201.
func (q *query) inventory() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, "IN-TANK INVENTORY       ")
	q.line("TANK PRODUCT             VOLUME TC VOLUME   ULLAGE   HEIGHT    WATER     TEMP")
	compensate := q.value("50D", 0) == "1"
	for _, t := range all {
		volume, ullage := t.shown()
		tc := 0.0
		if compensate {
			tc = t.tc
		}
		places := 2 // inches
		if q.Units == "metric" {
			places = 1 // millimetres
		}
		q.line("%3d  %-20s%6d%10d%9d%9.*f%9.*f%9.2f", t.n, t.label, volume, int(tc), ullage, places, t.height, places, t.water, t.temperature)
		q.add("%02d%1s%04X", t.n, t.code, q.bits(t))
		q.floats(t.volume, tc, t.ullage, t.height, t.water, t.temperature, t.waterVolume)
	}
	q.line("")
	q.line("")
}

// bits is the tank's status word: delivery, leak test, invalid fuel height.
func (q *query) bits(t tank) (w int) {
	if t.delivering {
		w |= 1
	}
	if q.running(t.n) != nil {
		w |= 2
	}
	if t.height < lowestFloat {
		w |= 4
	}
	return w
}

// lowestFloat is below what the float of a probe can sink to, in inches or, far
// below, millimetres.
const lowestFloat = 3.0

// deliveryReport is functions 202 and 20C: each tank's last deliveries.
func (q *query) deliveryReport(title string, most int) {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, title)
	for _, t := range all {
		list := q.deliveries(t.n)
		list = list[:min(len(list), most)]
		q.line("T%2d:%-20s", t.n, t.label)
		q.heading("INCREASE   DATE / TIME             GALLONS TC GALLONS WATER  TEMP DEG F  HEIGHT")
		q.line("")
		q.add("%02d%1s%02d", t.n, t.code, len(list))
		for _, d := range list {
			q.delivery(t, d)
		}
		q.line("")
	}
}

func (q *query) delivery(t tank, d delivery) {
	t.water = d.Water
	start, end := t.at(q.console, d.Before, d.BeforeTemp), t.at(q.console, d.After, d.AfterTemp)
	for _, row := range []struct {
		name string
		at   time.Time
		t    tank
	}{{"END", d.End, end}, {"START", d.Start, start}} {
		volume, _ := row.t.shown()
		q.line("%9s: %-24s%7d%11d%6.2f%12.2f%8.2f", row.name, q.shown(row.at), volume, int(row.t.tc), row.t.water, row.t.temperature, row.t.height)
	}
	from, _ := start.shown()
	to, _ := end.shown()
	q.line("%9s: %-24s%7d%11d", "AMOUNT", "", to-from, int(end.tc)-int(start.tc))
	q.line("")
	q.add("%s%s", q.compact(d.Start), q.compact(d.End))
	q.floats(start.volume, start.tc, start.water, start.temperature, end.volume, end.tc, end.water, end.temperature, start.height, end.height)
}

// shiftReport is function 204: since the shift began.
func (q *query) shiftReport() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, " SHIFT REPORT")
	begin := q.value("502", 1)
	if at, err := time.Parse("1504", begin); err == nil {
		q.line("SHIFT 1 TIME: %8s", at.Format("3:04 PM"))
	} else {
		q.line("SHIFT 1 TIME: DISABLED")
	}
	q.line("")
	q.line("TANK PRODUCT")
	for _, t := range all {
		b := q.probes[t.n-1]
		start := t.at(q.console, q.view.Float(b.shiftVolume), q.view.Float(b.shiftTemperature))
		brought := math.Round(q.view.Float(b.shiftDelivered)/grain) * grain
		q.line("")
		q.line("%3d  %-20s VOLUME TC VOLUME  ULLAGE  HEIGHT   WATER    TEMP", t.n, t.label)
		q.shiftRow("SHIFT  1 STARTING VALUES", start)
		q.shiftRow("         ENDING VALUES", t)
		first, _ := start.shown()
		last, _ := t.shown()
		q.line("%-25s%7d", "         DELIVERY VALUE", int(brought))
		q.line("%-25s%7d", "         TOTALS", first+int(brought)-last)
		q.add("%02d%1s01", t.n, t.code)
		q.floats(start.volume, start.tc, start.ullage, start.height, start.water, start.temperature,
			t.volume, t.tc, t.ullage, t.height, t.water, t.temperature, brought, start.volume+brought-t.volume)
	}
	q.line("")
}

func (q *query) shiftRow(name string, t tank) {
	volume, ullage := t.shown()
	q.line("%-25s%7d%10d%8d%8.2f%8.2f%8.2f", name, volume, int(t.tc), ullage, t.height, t.water, t.temperature)
}

// tankStatus is function 205.
func (q *query) tankStatus() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, "TANK STATUS REPORT")
	q.line("TANK    PRODUCT                 STATUS")
	q.line("")
	for _, t := range all {
		var found []alarm
		for _, a := range q.memory.Active {
			if a.Category == categoryTank && a.Device == t.n {
				found = append(found, a)
			}
		}
		q.add("%02d%02d", t.n, len(found))
		if len(found) == 0 {
			q.line("%2d      %-20s    NORMAL", t.n, t.label)
		}
		for i, a := range found {
			if i == 0 {
				q.line("%2d      %-20s    %s", t.n, t.label, a.name())
			} else {
				q.line("%32s%s", "", a.name())
			}
			q.add("%02d", a.Type)
		}
	}
	q.line("")
}

// stickHeight is function 20D, which function 60B enables.
func (q *query) stickHeight() {
	all := q.active()
	if len(all) == 0 || q.value("60B", 0) != "1" {
		return
	}
	q.title(true, "TANK STICK HEIGHT")
	q.heading("TANK PRODUCT LABEL        INCHES")
	for _, t := range all {
		q.line("%3d  %-20s%7.2f", t.n, t.label, t.height)
		q.add("%02d%s", t.n, wire.Float(t.height))
	}
	q.line("")
}

// probeReport is function A01: type, length and serial number of the probes.
func (q *query) probeReport() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(false, "PROBE TYPE AND SERIAL NUMBER")
	q.line("TANK    PROBE TYPE    LENGTH    SERIAL NUMBER")
	for _, t := range all {
		length := math.Ceil(t.diameter)
		q.line("%2d      MAG           %6.2f    %s", t.n, length, q.Tanks[t.n-1].Probe)
		// 03: magnetostrictive; its circuit code
		q.add("%02d%1s03%s%s%06s", t.n, t.code, "C000", wire.Float(length), q.Tanks[t.n-1].Probe)
	}
	q.line("")
}

// sensorStatus is function 301.
func (q *query) sensorStatus() {
	if len(q.sensors) == 0 || q.device() > len(q.sensors) {
		return
	}
	q.title(true, "LIQUID STATUS REPORT")
	q.line("SENSOR  LOCATION              STATUS")
	q.line("")
	for i, ref := range q.sensors {
		n := i + 1
		if q.device() != 0 && q.device() != n || q.value("701", n) != "1" {
			continue
		}
		state, word := "SENSOR NORMAL", 0
		if q.view.Bool(ref) {
			state, word = "FUEL ALARM", alarmFuel
		}
		q.line("%3d     %-20s  %s", n, q.value("702", n), state)
		q.add("%02d%04X", n, word)
	}
	q.line("")
}
