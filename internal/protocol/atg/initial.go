package atg

import (
	"fmt"
	"math"
	"strconv"
)

// initial returns what the console was set up with.
func (c *console) initial(function string, n int) string {
	if function[0] == '6' && function != "60B" {
		return c.initialTank(function, n)
	}
	switch function {
	case "502":
		if n == 1 {
			return "0600"
		}
		return "" // shift not in use
	case "503":
		if n >= 1 && n <= len(c.Header) {
			return c.Header[n-1]
		}
		return ""
	case "504":
		return c.Security
	case "505":
		if c.Units == "metric" {
			return "21"
		}
		return "11"
	case "517":
		if c.Units == "metric" {
			return "201"
		}
		return "101"
	case "507", "547":
		return "10"
	case "508", "548":
		return "00"
	case "50A", "54A":
		return "030"
	case "50B", "54B":
		return "000"
	case "50D", "51A":
		return "1"
	case "50E":
		if c.Units == "metric" {
			return "15.00"
		}
		return "60.00"
	case "50F":
		return c.Stamp
	case "564":
		return map[string]string{"90": "1", "95": "2", "100": "3"}[c.Ullage]
	case "701":
		return boolDigit(n <= len(c.sensors))
	case "702":
		if n <= len(c.sensors) {
			return c.settings.Sensors[n-1].Label
		}
		return ""
	case "703":
		return "1" // tri-state, a single float switch
	case "704":
		return "1"
	}
	return "0"
}

// initialTank returns what tank n was set up with; a position without a tank
// has the maker's values.
func (c *console) initialTank(function string, n int) string {
	if n < 1 || n > len(c.probes) {
		return absentTank(function)
	}
	spec, b := c.Tanks[n-1], c.probes[n-1]
	v := c.device.Process.View()
	capacity := v.Float(b.capacity)
	part := func(share float64) string { return strconv.FormatFloat(math.Round(capacity*share), 'f', 0, 64) }
	switch function {
	case "601", "630":
		return "1"
	case "602":
		return spec.Label
	case "603":
		return spec.Code
	case "604":
		return part(1)
	case "607":
		return fmt.Sprintf("%.2f", v.Float(b.diameter))
	case "608":
		return fmt.Sprintf("%.2f", spec.Tilt)
	case "609":
		return fmt.Sprintf("%.6f", spec.Coefficient)
	case "610":
		return "05"
	case "621":
		return part(0.08)
	case "622", "623":
		return part(0.90)
	case "624":
		return "3.0"
	case "625", "626":
		return "99"
	case "627":
		return "2.0"
	case "628":
		return part(0.95)
	case "629":
		return part(0.15)
	case "62A", "636":
		return part(0.10)
	case "62B":
		return c.local(c.memory.Begun).AddDate(0, -7, -n).Format("060102")
	}
	return "0"
}

// absentTank returns what stands at a position without a tank.
func absentTank(function string) string {
	switch function {
	case "602", "603":
		return ""
	case "607", "608":
		return "0.00"
	case "609":
		return "0.000000"
	case "610":
		return "05"
	case "624", "627":
		return "0.0"
	case "62B":
		return "000101"
	}
	return "0"
}

func boolDigit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
