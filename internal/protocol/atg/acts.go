package atg

import (
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// detail is what an act says of a command.
type detail struct {
	code, data string
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if d.code != "" {
		o.Text("code", d.code)
	}
	if d.data != "" {
		o.Text("data", d.data)
	}
	return o.End()
}

// describe returns a command's act, as if it were answered.
func describe(cmd wire.Command) event.Act {
	name, class := operation(cmd)
	a := event.Act{Op: name, Class: class, Outcome: event.Answered, Detail: &detail{cmd.Code(), cmd.Data}}
	if n, err := strconv.Atoi(cmd.Device); err == nil && n > 0 {
		switch cmd.Function[0] {
		case '2', '6', 'A':
			a.Target = event.Target{Kind: event.TargetTank, Ref: strconv.Itoa(n)}
		case '3', '7', 'B':
			a.Target = event.Target{Kind: event.TargetPoint, Ref: strconv.Itoa(n)}
		case '0':
			if cmd.Function[1] == '5' {
				a.Target = event.Target{Kind: event.TargetTank, Ref: strconv.Itoa(n)}
			}
		}
	}
	if cmd.Security != "" {
		a.Cred = &event.Cred{Secret: cmd.Security, Method: "security_code"}
	}
	return a
}

// operation names a command by its function and says what it attempts.
func operation(cmd wire.Command) (string, event.Class) {
	if name, class := actionName(cmd.Function); name != "" {
		if !cmd.Set {
			class = event.Read
		}
		return name, class
	}
	if name, class := reportName(cmd.Function); name != "" && !cmd.Set {
		return name, class
	}
	p, known := parameters(cmd.Function)
	switch {
	case !cmd.Set && known:
		return "inquire_setup", event.Read
	case !cmd.Set:
		return "inquire_function", event.Read
	}
	class := event.Write
	if cmd.Function[0] == '5' || cmd.Function[0] == '8' {
		class = event.Config
	}
	switch {
	case cmd.Function == "501":
		return "set_date_and_time", class
	case known:
		return "set_" + strings.TrimPrefix(snake(p.title), "set_"), class
	}
	return "set_function", class
}

// snake makes an op of a report's title.
func snake(title string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r | 0x20
		}
		return '_'
	}, title), "_")
}

// actionName has the functions that do something.
func actionName(function string) (string, event.Class) {
	switch function {
	case "001":
		return "system_reset", event.Restart
	case "002":
		return "clear_power_reset_flag", event.Config
	case "003":
		return "remote_alarm_reset", event.Control
	case "010":
		return "cancel_autodial", event.Control
	case "031":
		return "confirm_clear", event.Config
	case "051":
		return "clear_delivery_reports", event.Control
	case "052":
		return "start_leak_test", event.Control
	case "053":
		return "stop_leak_test", event.Control
	}
	return "", ""
}

// reportName has the reports.
func reportName(function string) (string, event.Class) {
	switch function {
	case "101":
		return "system_status", event.Read
	case "102":
		return "system_configuration", event.Identify
	case "111":
		return "priority_alarm_history", event.Read
	case "112":
		return "non_priority_alarm_history", event.Read
	case "113":
		return "active_alarms", event.Read
	case "114":
		return "cleared_alarms", event.Read
	case "201":
		return "in_tank_inventory", event.Read
	case "202":
		return "delivery_report", event.Read
	case "203":
		return "leak_detect_report", event.Read
	case "204":
		return "shift_report", event.Read
	case "205":
		return "tank_status", event.Read
	case "206":
		return "tank_alarm_history", event.Read
	case "207":
		return "leak_test_history", event.Read
	case "208":
		return "leak_test_results", event.Read
	case "20C":
		return "last_delivery", event.Read
	case "20D":
		return "stick_height", event.Read
	case "251":
		return "csld_results", event.Read
	case "301":
		return "liquid_sensor_status", event.Read
	case "302":
		return "liquid_sensor_alarm_history", event.Read
	case "501":
		return "inquire_date_and_time", event.Read
	case "901":
		return "self_test_results", event.Read
	case "902", "905":
		return "software_revision", event.Identify
	case "A01":
		return "probe_type", event.Identify
	}
	return "", ""
}
