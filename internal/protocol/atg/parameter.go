package atg

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// A parameter is one setup value of the console, or one of each tank, sensor,
// header line and so on: functions 5xx, 6xx and 7xx of 576013-635.
type parameter struct {
	title  string // of the report
	column string // over the values
	of     scope
	kind   kind
	width  int // characters of the value on the wire, display format
	digits int // behind the point, of numbers
}

// scope is what a parameter belongs to.
type scope int

const (
	system scope = iota
	tanks
	headers
	shifts
	sensors
)

// kind is how a parameter is written.
type kind int

const (
	text   kind = iota // characters, padded in computer format
	digits             // exactly so many decimal digits
	flag               // 0 or 1
	number             // decimal in display format, IEEE 754 in computer format
	clock              // HHmm
	date               // YYMMDD
)

// parameters returns the setup value of a function.
func parameters(function string) (parameter, bool) {
	if p, ok := systemParameter(function); ok {
		return p, true
	}
	switch function {
	case "601":
		return parameter{"TANK CONFIGURATION", "CONFIGURED", tanks, flag, 1, 0}, true
	case "602":
		return parameter{"TANK PRODUCT LABEL", "", tanks, text, labelLen, 0}, true
	case "603":
		return parameter{"TANK PRODUCT CODE", "PRODUCT CODE", tanks, text, 1, 0}, true
	case "604":
		return parameter{"TANK FULL VOLUME", "GALLONS", tanks, number, 6, 0}, true
	case "607":
		return parameter{"TANK DIAMETER", "INCHES", tanks, number, 6, 2}, true
	case "608":
		return parameter{"TANK TILT", "INCHES", tanks, number, 6, 2}, true
	case "609":
		return parameter{"TANK THERMAL COEFFICIENT", "COEFFICIENT", tanks, number, 8, 6}, true
	case "610":
		return parameter{"TANK DELIVERY DELAY", "MINUTES", tanks, digits, 2, 0}, true
	case "613":
		return parameter{"CSLD PROBABILITY OF DETECTION", "PERCENT", tanks, flag, 1, 0}, true
	case "614":
		return parameter{"CSLD CLIMATE FACTOR", "FACTOR", tanks, flag, 1, 0}, true
	case "61A":
		return parameter{"IN-TANK LEAK TEST EARLY STOP", "EARLY STOP", tanks, flag, 1, 0}, true
	case "630":
		return parameter{"TANK LEAK TEST NOTIFY", "NOTIFY", tanks, flag, 1, 0}, true
	case "632":
		return parameter{"TANK TEST SIPHON BREAK", "SIPHON BREAK", tanks, flag, 1, 0}, true
	case "62B":
		return parameter{"TANK LAST ANNUAL TEST", "DATE", tanks, date, 6, 0}, true
	case "701":
		return parameter{"LIQUID SENSOR CONFIGURATION", "CONFIGURED", sensors, flag, 1, 0}, true
	case "702":
		return parameter{"LIQUID SENSOR LOCATION LABEL", "", sensors, text, labelLen, 0}, true
	case "703":
		return parameter{"LIQUID SENSOR TYPE", "TYPE", sensors, digits, 1, 0}, true
	case "704":
		return parameter{"LIQUID SENSOR CATEGORY", "CATEGORY", sensors, digits, 1, 0}, true
	}
	return limitParameter(function)
}

// limitParameter has a tank's alarm limits.
func limitParameter(function string) (parameter, bool) {
	title, column, width, places := "", "GALLONS", 6, 0
	switch function {
	case "621":
		title = "TANK LOW PRODUCT LIMIT"
	case "622":
		title = "TANK HIGH PRODUCT LIMIT"
	case "623":
		title = "TANK OVERFILL LIMIT"
	case "624":
		title, column, width, places = "TANK HIGH WATER LIMIT", "INCHES", 4, 1
	case "625":
		title = "TANK SUDDEN LOSS LIMIT"
	case "626":
		title = "TANK LEAK ALARM LIMIT"
	case "627":
		title, column, width, places = "TANK HIGH WATER WARNING LIMIT", "INCHES", 4, 1
	case "628":
		title = "TANK MAXIMUM VOLUME LIMIT"
	case "629":
		title = "TANK DELIVERY REQUIRED LIMIT"
	case "62A":
		title = "TANK ANNUAL LEAK TEST MINIMUM VOLUME"
	case "636":
		title = "TANK PERIODIC LEAK TEST MINIMUM VOLUME"
	default:
		return parameter{}, false
	}
	return parameter{title, column, tanks, number, width, places}, true
}

// systemParameter has the values of the console as a whole.
func systemParameter(function string) (parameter, bool) {
	of, k, width, places, title := system, flag, 1, 0, ""
	switch function {
	case "502":
		of, k, width, title = shifts, clock, 4, "SHIFT START TIMES"
	case "503":
		of, k, width, title = headers, text, labelLen, "PRINT HEADER LINES"
	case "504":
		k, width, title = text, wire.SecurityLen, "RS-232 SECURITY CODE"
	case "505":
		k, width, title = digits, 2, "SYSTEM TYPE AND LANGUAGE"
	case "506", "546":
		title = "PERIODIC TEST NEEDED WARNINGS"
	case "507", "547":
		k, width, title = digits, 2, "DAYS BEFORE PERIODIC TEST NEEDED WARNING"
	case "508", "548":
		k, width, title = digits, 2, "DAYS BEFORE PERIODIC TEST NEEDED ALARM"
	case "509", "549":
		title = "ANNUAL TEST NEEDED WARNINGS"
	case "50A", "54A":
		k, width, title = digits, 3, "DAYS BEFORE ANNUAL TEST NEEDED WARNING"
	case "50B", "54B":
		k, width, title = digits, 3, "DAYS BEFORE ANNUAL TEST NEEDED ALARM"
	case "50C":
		title = "REMOTE PRINTER PAGE EJECT"
	case "50D":
		title = "PRINT TEMPERATURE COMPENSATION"
	case "50E":
		k, width, places, title = number, 6, 2, "TEMPERATURE COMPENSATION VALUE"
	case "50F":
		k, width, title = digits, 2, "SYSTEM DATE/TIME DISPLAY FORMAT"
	case "517":
		k, width, title = digits, 3, "SYSTEM TYPE AND LANGUAGE"
	case "51A":
		title = "AUTO DAYLIGHT SAVING TIME"
	case "531":
		title = "RS-232 END OF MESSAGE"
	case "564":
		k, width, title = digits, 1, "SET ULLAGE"
	case "60B":
		title = "TANK STICK HEIGHT"
	default:
		return parameter{}, false
	}
	return parameter{title, "", of, k, width, places}, true
}

// parse reads a value as a set command carries it, and returns it as it is kept.
func (p parameter) parse(data string, computer bool) (string, bool) {
	switch p.kind {
	case text:
		return p.parseText(data), true
	case number:
		return p.parseNumber(data, computer)
	}
	if p.kind == clock && data == notSet {
		return "", true
	}
	if len(data) != p.width || strings.Trim(data, "0123456789") != "" {
		return "", false
	}
	switch p.kind {
	case flag:
		return data, data < "2"
	case clock:
		_, err := time.Parse("1504", data)
		return data, err == nil
	case date:
		_, err := time.Parse("060102", data)
		return data, err == nil
	}
	return data, true
}

// notSet stands for a time that is not in use.
const notSet = "FFFF"

// parseText cuts a text at its width; what the console's printer does not have
// becomes a blank.
func (p parameter) parseText(data string) string {
	out := []byte(data[:min(len(data), p.width)])
	for i, c := range out {
		if c < 0x20 || c > 0x7e {
			out[i] = ' '
		}
	}
	return strings.TrimRight(string(out), " ")
}

func (p parameter) parseNumber(data string, computer bool) (string, bool) {
	x, err := strconv.ParseFloat(strings.TrimSpace(data), 64)
	if computer {
		x, err = wire.ParseFloat(data)
	}
	if err != nil || math.IsNaN(x) || x < 0 || x >= math.Pow10(7) || !computer && len(data) > p.width+4 {
		return "", false
	}
	return strconv.FormatFloat(x, 'f', p.digits, 64), true
}

// show writes a kept value in display format.
func (p parameter) show(value string) string {
	if p.kind != flag {
		return value
	}
	if value == "1" {
		return "ENABLED"
	}
	return "DISABLED"
}

// encode writes a kept value in computer format.
func (p parameter) encode(value string) string {
	switch p.kind {
	case text:
		return fmt.Sprintf("%-*s", p.width, value)
	case number:
		x, _ := strconv.ParseFloat(value, 64)
		return wire.Float(x)
	}
	return value
}

// value returns a parameter's value of tank, sensor or line n; 0 is the system.
func (c *console) value(function string, n int) string {
	if s, ok := c.memory.Set[parameterKey(function, n)]; ok {
		return s.Value
	}
	return c.initial(function, n)
}

// lock is the security code that a source's commands need. One that a visitor
// set locks himself out, not the others: else one line would blind the sensor.
func (c *console) lock(source string) string {
	if s, ok := c.memory.Set[parameterKey("504", 0)]; ok && s.By == source {
		return s.Value
	}
	return c.initial("504", 0)
}

// value is the console's as the visitor sees it.
func (q *query) value(function string, n int) string {
	if function == "504" {
		return q.lock(q.by)
	}
	return q.console.value(function, n)
}

// number returns a parameter that is a number.
func (c *console) number(function string, n int) float64 {
	x, _ := strconv.ParseFloat(c.value(function, n), 64)
	return x
}

func parameterKey(function string, n int) string { return fmt.Sprintf("%s.%02d", function, n) }
