package kamstrup

import (
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/session"
)

// Telnet's octets (RFC 854).
const (
	telnetIAC  = 255
	telnetDont = 254
	telnetDo   = 253
	telnetWont = 252
	telnetWill = 251
	telnetSB   = 250
	telnetSE   = 240
)

// maxLine bounds a line; what is longer is cut into several.
const maxLine = 1024

// terminal is one session with the management.
type terminal struct {
	*module
	s    *session.Session
	ends int // line ends read that no act has claimed
}

// record records an act, which claims the line ends before it too.
func (v *terminal) record(a event.Act) {
	v.ends = 0
	v.s.Record(a)
}

// next takes one line, or one telnet command, and answers it. It reports false
// when the module hangs up.
func (v *terminal) next() (bool, error) {
	p, err := v.s.R().Peek(1)
	switch {
	case err != nil:
		return v.leave("", err)
	case p[0] == telnetIAC:
		return true, v.telnet()
	case p[0] == '\n' || p[0] == 0: // behind a CR that ended the line before
		v.s.R().Discard(1)
		v.ends++
		return true, nil
	}
	return v.command()
}

// command reads one line and carries it out.
func (v *terminal) command() (bool, error) {
	line, err := v.line()
	if err != nil {
		return v.leave(line, err)
	}
	if v.away.Holds(v.s.Source(), time.Now()) {
		v.record(withOutcome(describeLine(parseLine(line)), event.Ignored))
		return false, nil
	}
	return v.run(line), nil
}

// line reads up to CR, LF or a telnet command, of which the last stays unread.
func (v *terminal) line() (string, error) {
	var line []byte
	for len(line) < maxLine {
		p, err := v.s.R().Peek(1)
		if err != nil {
			return string(line), err
		}
		c := p[0]
		if c == telnetIAC && len(line) > 0 {
			// A command within a line: binary octets of another protocol, or an
			// interrupt. What came before it stands for itself.
			return string(line), nil
		}
		v.s.R().Discard(1)
		if c == '\r' || c == '\n' {
			return string(line), nil
		}
		line = append(line, c)
	}
	return string(line), nil
}

// leave claims what came before the connection ended.
func (v *terminal) leave(line string, err error) (bool, error) {
	switch {
	case line != "":
		v.record(withOutcome(describeLine(parseLine(line)), event.Ignored))
	case v.ends > 0:
		v.record(event.Act{Op: "line_end", Class: event.Other, Outcome: event.Ignored})
	}
	return false, err
}

// telnet takes one telnet command. Options are refused, as a device does that
// knows none (RFC 855 §"Option Negotiation").
func (v *terminal) telnet() error {
	p, err := v.s.R().Peek(2)
	if err != nil {
		v.s.R().Discard(1)
		v.record(event.Act{Op: "telnet_command", Class: event.Other, Outcome: event.Ignored})
		return err
	}
	verb := p[1]
	d := telnetDetail{Command: int(verb)}
	a := event.Act{Op: "telnet_command", Class: event.Other, Outcome: event.Ignored}
	switch verb {
	case telnetDo, telnetDont, telnetWill, telnetWont:
		p, err = v.s.R().Peek(3)
		if err != nil {
			v.s.R().Discard(2)
			a.Detail = d
			v.record(a)
			return err
		}
		option := p[2]
		v.s.R().Discard(3)
		d.Option = int(option)
		a.Op, a.Detail = "telnet_option", d
		answer := byte(0)
		switch verb {
		case telnetDo:
			answer = telnetWont
		case telnetWill:
			answer = telnetDont
		}
		if answer != 0 {
			a.Outcome = event.Refused
		}
		v.record(a)
		if answer != 0 {
			v.s.Write([]byte{telnetIAC, answer, option})
		}
		return nil
	case telnetSB:
		return v.subnegotiation(a, d)
	}
	v.s.R().Discard(2)
	a.Detail = d
	v.record(a)
	return nil
}

// subnegotiation takes IAC SB up to IAC SE, or as much as a line may have.
func (v *terminal) subnegotiation(a event.Act, d telnetDetail) error {
	last := byte(0)
	var err error
	for n := 0; n < maxLine; n++ {
		var c byte
		if c, err = v.s.R().ReadByte(); err != nil || last == telnetIAC && c == telnetSE {
			break
		}
		last = c
	}
	a.Op, a.Detail = "telnet_option", d
	v.record(a)
	return err
}

// telnetDetail is the detail of a telnet command.
type telnetDetail struct {
	Command int `json:"command"`
	Option  int `json:"option,omitempty"`
}

// run carries out a line. It reports false when the module hangs up.
func (v *terminal) run(text string) bool {
	l := parseLine(text)
	a := describeLine(l)
	q := &command{line: l, module: v.module, act: &a}
	v.carryOut(q)
	if q.restart {
		v.away.Begin(v.s.Source(), time.Now().Add(restartTime))
	}
	v.record(a)
	if q.answer != "" {
		v.s.Delay(v.Latency.draw(v.s.Rand()))
		v.s.Write([]byte(q.answer))
	}
	return !q.restart && !q.quit
}

// carryOut has the module to itself while a line is carried out.
func (v *terminal) carryOut(q *command) {
	v.mu.Lock()
	defer v.mu.Unlock()
	q.c = v.seenBy(v.s.Source())
	if q.run(); q.changed {
		v.change(q.c, v.s)
	}
}

// line is a management line taken apart.
type line struct {
	text  string
	word  string   // the first, in capitals
	args  []string // the others
	param string   // behind the first word
}

func parseLine(text string) line {
	text = strings.Trim(text, " \t\x00")
	word, rest, _ := strings.Cut(text, " ")
	return line{text: text, word: strings.ToUpper(word), args: strings.Fields(rest), param: strings.TrimSpace(rest)}
}

// describeLine returns a line's act, as if it were answered.
func describeLine(l line) event.Act {
	a := event.Act{Class: event.Read, Outcome: event.Answered, Detail: lineDetail{event.Text(l.text)}}
	set := len(l.args) > 0
	change := func(c event.Class) {
		if set && a.Op != "" {
			a.Op, a.Class = "set_"+a.Op, c
		}
	}
	switch {
	case l.text == "":
		return event.Act{Op: "empty_line", Class: event.Other, Outcome: event.Answered}
	case strings.HasPrefix(l.word, "Q"):
		a.Op, a.Class = "quit", event.Other
	case l.word == "H":
		a.Op, a.Class = "help", event.Enumerate
	default:
		a.Op = commandName(l.word)
		switch l.word {
		case "!GC", "!GV":
			a.Class = event.Identify
		case "!RR":
			a.Class = event.Restart
		case "!WM", "!RC":
			a.Class = event.Control
		case "!SC":
			a.Class = event.Config
		case "!SD":
			if a.Class = event.Restart; set {
				change(event.Config)
			}
		default:
			change(event.Config)
		}
	}
	if a.Op == "" {
		a.Op, a.Class, a.Outcome = "unknown_command", event.Malformed, event.Refused
		if name := foreign.Name([]byte(l.text)); name != "" {
			a.Op, a.Class = "foreign_protocol", event.Foreign
			a.Detail = strayDetail{event.Text(name)}
		}
	}
	return a
}

// lineDetail is the detail of a line.
type lineDetail struct {
	Line event.Text `json:"line"`
}

// commandName names a command in words, or "".
func commandName(word string) string {
	switch word {
	case "!AC":
		return "access_control"
	case "!AS":
		return "alarm_server"
	case "!GC":
		return "get_config"
	case "!GV":
		return "get_version"
	case "!SA":
		return "server_address"
	case "!SB":
		return "second_server_address"
	case "!SC":
		return "set_config"
	case "!SD":
		return "device_name"
	case "!SH":
		return "server_hostname"
	case "!SI":
		return "ip_address"
	case "!SK":
		return "watchdog"
	case "!SN":
		return "dns_servers"
	case "!SP":
		return "ports"
	case "!SS":
		return "serial_setup"
	case "!RC":
		return "request_connect"
	case "!RR":
		return "request_restart"
	case "!WM":
		return "wink_module"
	}
	return ""
}
