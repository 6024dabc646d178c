package atg

import (
	"fmt"
	"strings"
)

// date writes the console's date alone.
func (q *query) date() string {
	return strings.ToUpper(q.local(q.now).Format("Jan _2, 2006"))
}

// systemReport answers the functions of the console itself.
func (q *query) systemReport(function string) bool {
	switch function {
	case "102":
		q.configuration()
	case "501":
		q.title(false, "SYSTEM DATE AND TIME")
		q.line("%s", q.stamp(q.local(q.now)))
		q.line("")
		q.add("%s", q.compact(q.now))
	case "901":
		q.selfTest()
	case "902":
		q.revision(false)
	case "905":
		q.revision(true)
	default:
		return false
	}
	return true
}

// configuration is function 102: the cards in the console's slots with what
// their identity resistors read, 1 to 8 intrinsically safe, 9 to 16 power.
func (q *query) configuration() {
	q.title(true, "SYSTEM CONFIGURATION")
	q.line("SLOT    BOARD TYPE                     POWER ON RESET    CURRENT")
	probeBoards := (len(q.probes) + 3) / 4
	for slot := 1; slot <= 16; slot++ {
		board, at := "UNUSED", 15000000
		switch {
		case slot <= probeBoards:
			board, at = "4 PROBE / G.T.", 163000
		case slot == probeBoards+1 && len(q.sensors) > 0:
			board, at = "INTERSTITIAL BD", 209000
		case slot <= 8:
			at = 9960000 // an open input reads noise
		}
		first, now := at, at
		if slot <= 8 {
			spread := float64(at) / 60
			first += int(spread * q.draw("slot at reset", int64(slot)))
			now = first + int(spread/20*q.draw("slot", int64(slot)+q.now.Unix()/600*16))
		}
		q.line("%3d     %-30s%10d%16d", slot, board, first, now)
	}
	q.line("")
	for i, board := range []string{"RS232 SERIAL BD", "ELEC DISP INT.", "UNUSED", "UNUSED", "UNUSED", "UNUSED"} {
		at := 15000000
		if board != "UNUSED" {
			at = 6300000 + 2300000*i + int(90000*q.draw("comm", int64(i)))
		}
		q.line("COMM %d  %-30s%10d%16d", i+1, board, at, at)
	}
	q.line("")
}

// selfTest is function 901.
func (q *query) selfTest() {
	q.title(false, "SYSTEM SELF TEST RESULTS")
	for _, part := range []string{"ROM", "RAM", "EEPROM", "CLOCK"} {
		q.line("%-8s PASSED", part)
	}
	q.line("")
}

// revision is functions 902 and 905, which has the version in both formats.
func (q *query) revision(second bool) {
	s := q.Software
	q.title(false, "SOFTWARE REVISION LEVEL")
	q.line("VERSION %s", s.Version)
	q.line("SOFTWARE# %s", s.Number)
	q.line("CREATED - %s", s.Created)
	q.line("")
	q.line("S-MODULE# %s", s.Module)
	q.line("SYSTEM FEATURES:")
	for _, f := range s.Features {
		q.line("  %s", f)
	}
	q.line("")
	if second {
		q.add("VERSION %s", s.Version)
	}
	q.add("SOFTWARE# %sCREATED - %s", s.Number, s.Created)
}

// showParameter answers the inquiry of a setup value: of all positions for 00.
// It reports false for a position that is not there.
func (q *query) showParameter(p parameter) bool {
	first, last, ok := q.span(p)
	if !ok {
		return false
	}
	if last < first { // I50300 answers with code and date alone
		return true
	}
	q.title(false, p.title)
	switch p.of {
	case tanks:
		q.heading(fmt.Sprintf("TANK    %-26s%s", "PRODUCT LABEL", p.column))
	case sensors:
		q.heading(fmt.Sprintf("SENSOR  %-26s%s", "LOCATION LABEL", p.column))
	}
	for n := first; n <= last; n++ {
		q.parameterLine(p, n)
	}
	q.line("")
	return true
}

func (q *query) parameterLine(p parameter, n int) {
	value := q.value(q.cmd.Function, n)
	switch p.of {
	case system:
		q.line("%s", p.show(value))
		q.add("%s", p.encode(value))
		return
	case headers:
		q.line("%-*s", labelLen, value)
	case shifts:
		if value == "" {
			q.line("SHIFT %d: DISABLED", n)
			value = notSet
		} else {
			q.line("SHIFT %d: %s:%s", n, value[:2], value[2:])
		}
	default:
		label := q.value(map[scope]string{tanks: "602", sensors: "702"}[p.of], n)
		shown := ""
		if p.column != "" {
			shown = fmt.Sprintf("%9s", p.show(value))
		}
		q.line("%s", strings.TrimRight(fmt.Sprintf("%2d      %-24s%s", n, label, shown), " "))
	}
	if p.of != headers {
		q.add("%02d", n)
	}
	q.add("%s", p.encode(value))
}

// span returns the positions that a command's device number means.
func (q *query) span(p parameter) (first, last int, ok bool) {
	n, most := q.device(), 0
	switch p.of {
	case system:
		return 0, 0, n == 0
	case tanks:
		most = max((len(q.probes)+3)/4*4, 4) // inputs of the probe cards
	case sensors:
		most = max((len(q.sensors)+7)/8*8, 8)
	case headers, shifts:
		most = 4
	}
	if n == 0 {
		if p.of == headers && !q.cmd.Set {
			most = 0
		}
		return 1, most, true
	}
	return n, n, n <= most
}
