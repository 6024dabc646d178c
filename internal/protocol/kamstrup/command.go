package kamstrup

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// command is one management line being carried out on a copy of the
// configuration.
type command struct {
	line
	*module
	c       config
	act     *event.Act
	answer  string
	changed bool // c is to be kept
	restart bool
	quit    bool
}

// say sets the answer.
func (q *command) say(format string, args ...any) { q.answer = fmt.Sprintf(format, args...) }

// set notes what a visitor changed.
func (q *command) set(previous string) {
	q.changed = true
	q.act.Values, q.act.Previous = []string{q.param}, []string{previous}
}

// refuse answers that a parameter is wrong.
func (q *command) refuse() {
	q.act.Outcome = event.Refused
	q.say("\r\n? Invalid parameter.\r\nTry 'H cmd' for specific help.\r\n Ie: H !SC\r\n")
}

// run carries the line out.
func (q *command) run() {
	switch {
	case q.text == "":
	case strings.HasPrefix(q.word, "Q"):
		q.quit = true
	case q.word == "H":
		q.help()
	case q.word == "!GC":
		q.say("%s", q.configuration())
	case q.word == "!GV":
		q.say("\r\nSoftware Version: %s\r\n", q.Software)
	case q.word == "!WM":
		q.say("\r\n\r\nOK\r\n")
	case q.word == "!RR":
		q.restart = true
	case q.word == "!AC", q.word == "!AS", q.word == "!SA", q.word == "!SB", q.word == "!SH", q.word == "!SN":
		q.servers()
	case commandName(q.word) != "":
		q.own()
	default:
		q.act.Outcome = event.Refused
		q.say("\r\n? Command not found.\r\nSend 'H' for help.\r\n")
	}
}

// servers carries out what concerns other machines.
func (q *command) servers() {
	switch q.word {
	case "!AC":
		q.accessControl()
	case "!AS":
		q.alarmServer()
	case "!SA":
		q.server()
	case "!SB":
		q.secondServer()
	case "!SH":
		q.hostname()
	case "!SN":
		q.nameServers()
	}
}

// own carries out what concerns the module itself.
func (q *command) own() {
	switch q.word {
	case "!SC":
		q.setConfig()
	case "!SD":
		q.deviceName()
	case "!SI":
		q.address()
	case "!SK":
		q.watchdog()
	case "!SP":
		q.ports()
	case "!SS":
		q.serialSetup()
	case "!RC":
		q.connect()
	}
}

// parseAddress reads an address as the module does: dotted, or twelve digits
// ("192168001200"). What is neither is 0.0.0.0 and false.
func parseAddress(s string) (string, bool) {
	if len(s) == 12 && strings.Trim(s, "0123456789") == "" {
		parts := make([]string, 4)
		for i := range parts {
			n, _ := strconv.Atoi(s[3*i : 3*i+3])
			parts[i] = strconv.Itoa(n)
		}
		s = strings.Join(parts, ".")
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return noAddress, false
	}
	return a.String(), true
}

// parsePort reads a port; what is none leaves the old one.
func parsePort(s string, old int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return old
	}
	return n
}

func onOff(b bool) string {
	if b {
		return "ENABLED"
	}
	return "DISABLED"
}

// accessControl is !AC: "0" and "1" switch it, "N address" sets an entry.
func (q *command) accessControl() {
	ok := ""
	list := func() string {
		out := onOff(q.c.Access) + " \r\n"
		for i, a := range q.c.Allowed {
			out += fmt.Sprintf(" [%d] %s\r\n", i+1, a)
		}
		return out
	}
	if len(q.args) > 0 {
		previous := strings.ReplaceAll(list(), "\r\n", "")
		ok = "\r\nOK"
		args := q.args
		if args[0] == "0" || args[0] == "1" && len(args) != 2 {
			q.c.Access = args[0] == "1"
			args = args[1:]
		}
		if len(args) > 0 {
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 || n > 5 || len(args) != 2 {
				q.refuse()
				return
			}
			q.c.Allowed[n-1], _ = parseAddress(args[1])
		}
		q.set(previous)
	}
	q.say("%s\r\n%s", ok, list())
}

// alarmServer is !AS: "address port", "0" for none.
func (q *command) alarmServer() {
	ok, end := "", ""
	if len(q.args) > 0 {
		ok, end = "\r\nOK", "\r\n"
		previous := q.c.Alarm
		address, is := parseAddress(q.args[0])
		switch {
		case q.args[0] == "0":
			q.c.Alarm = ""
		case !is || len(q.args) > 2:
			q.refuse()
			return
		default:
			port := 4000
			if len(q.args) == 2 {
				port = parsePort(q.args[1], port)
			}
			q.c.Alarm = fmt.Sprintf("%s:%d", address, port)
		}
		q.set(previous)
	}
	state := q.c.Alarm
	if state == "" {
		state = "DISABLED"
	}
	q.say("%s\r\nAlarm server:  %s %s", ok, state, end)
}

// serverArgs reads "address port" into a server.
func (q *command) serverArgs(address *string, port *int) bool {
	if len(q.args) > 2 {
		q.refuse()
		return false
	}
	previous := fmt.Sprintf("%s:%d", *address, *port)
	*address, _ = parseAddress(q.args[0])
	if len(q.args) == 2 {
		*port = parsePort(q.args[1], *port)
	}
	q.set(previous)
	return true
}

// server is !SA. An address takes the place of a host name.
func (q *command) server() {
	ok := "\r\n"
	if len(q.args) > 0 {
		if !q.serverArgs(&q.c.Server, &q.c.ServerPort) {
			return
		}
		ok, q.c.Host = "\r\nOK", noHost
	}
	q.say("%s\r\nService server addr.: %s:%d\r\n", ok, q.c.Server, q.c.ServerPort)
}

// noHost stands for a host name that is not used.
const noHost = "0 - none"

// secondServer is !SB.
func (q *command) secondServer() {
	ok := "\r\n"
	if len(q.args) > 0 {
		if !q.serverArgs(&q.c.Second, &q.c.SecondPort) {
			return
		}
		ok = "\r\nOK"
	}
	from := ""
	if q.host() != noHost {
		from = " (from DNS)"
	}
	second := "No redundancy."
	if q.c.Second != noAddress {
		second = fmt.Sprintf("and fallback KAP to:  %s:%d\r\n", q.c.Second, q.c.SecondPort)
	}
	q.say("%s\r\nService server addr.: %s:%d%s\r\n%s", ok, q.c.Server, q.c.ServerPort, from, second)
}

func (q *command) host() string {
	if q.c.Host == "" {
		return noHost
	}
	return q.c.Host
}

// hostname is !SH; a single character means none.
func (q *command) hostname() {
	ok := ""
	if q.param != "" {
		ok = "\r\nOK"
		previous := q.host()
		q.c.Host = q.param[:min(len(q.param), 64)]
		if len(q.param) == 1 {
			q.c.Host = noHost
		}
		q.set(previous)
	}
	q.say("%s\r\nService server hostname.: %s\r\n", ok, q.host())
}

// nameServers is !SN, which wants all three.
func (q *command) nameServers() {
	if len(q.args) != 3 {
		q.refuse()
		return
	}
	previous := strings.Join(q.c.DNS, " ")
	for i, a := range q.args {
		q.c.DNS[i], _ = parseAddress(a)
	}
	q.set(previous)
	q.say("\r\nOK\r\n")
}
