// Package wire is the serial protocol of Veeder-Root TLS-3xx tank gauges as the
// serial interface manual 576013-635 has it: commands and the two formats of
// their answers. Clauses are those of revision U.
package wire

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Port is the port of consoles behind a serial server.
const Port = 10001

// Control characters of the protocol (§5).
const (
	SOH = 0x01 // begins a command and an answer
	ETX = 0x03 // ends an answer; may end a command
	ESC = 0x1b // aborts a running answer
)

// CodeLen is the length of a function code with its device: "I20100".
const CodeLen = 6

// SecurityLen is the length of the RS-232 security code before it.
const SecurityLen = 6

// MaxCommand bounds a command: the longest set (63B, fifty points of 18 octets
// behind code, tank and counts) has 912.
const MaxCommand = 1024

// ErrCommand says that octets are no command.
var ErrCommand = errors.New("no command")

// A Command is what a visitor asks of the console: §5.
type Command struct {
	SOH      bool   // it began with SOH, which consoles can do without
	Security string // six characters in front of the code; "" for none
	Set      bool   // S or s; otherwise an inquiry, I or i
	Computer bool   // small letter: the answer is in computer format
	Function string // "201"
	Device   string // tank, sensor, line …: two digits, "00" for all
	Data     string // behind the code
	short    bool   // "200", as the TCP/IP card has it for I20100
}

// Code returns the function code as it was sent: "I20100", "s60201".
func (c Command) Code() string {
	letter := "I"
	if c.Set {
		letter = "S"
	}
	if c.Computer {
		letter = strings.ToLower(letter)
	}
	return letter + c.Function + c.Device
}

// Append appends c without a terminator.
func (c Command) Append(b []byte) []byte {
	if c.SOH {
		b = append(b, SOH)
	}
	b = append(b, c.Security...)
	if c.short {
		return append(b, "200"...)
	}
	b = append(b, c.Code()...)
	return append(b, c.Data...)
}

// Parse reads a command without its terminator. "200" alone asks for the
// inventory of all tanks (TCP/IP card, manual 577013-895).
func Parse(p []byte) (Command, error) {
	c := Command{}
	s := string(p)
	if len(s) > MaxCommand {
		return c, ErrCommand
	}
	s, c.SOH = strings.CutPrefix(s, "\x01")
	if c.SOH && s == "200" {
		return Command{SOH: true, Function: "201", Device: "00", short: true}, nil
	}
	if !isCode(s) {
		if len(s) < SecurityLen || !isCode(s[SecurityLen:]) {
			return c, ErrCommand
		}
		c.Security, s = s[:SecurityLen], s[SecurityLen:]
	}
	c.Set = s[0]|0x20 == 's'
	c.Computer = s[0] >= 'a'
	c.Function, c.Device, c.Data = s[1:4], s[4:6], s[6:]
	return c, nil
}

// isCode says whether s begins with a function code: a letter, three characters
// of it in capitals, and two of the device.
func isCode(s string) bool {
	if len(s) < CodeLen || !strings.ContainsRune("ISis", rune(s[0])) {
		return false
	}
	for i, c := range []byte(s[1:CodeLen]) {
		digit := c >= '0' && c <= '9'
		if !digit && (c < 'A' || c > 'Z' || i > 2) {
			return false
		}
	}
	return true
}

// Checksum returns the check of the computer format over all octets before it,
// SOH and && included: the two's complement of their sum, in 16 bits (§6.1).
func Checksum(p []byte) uint16 {
	sum := uint16(0)
	for _, c := range p {
		sum += uint16(c)
	}
	return -sum
}

// Unknown returns the answer to a function that the console does not have: in
// both formats 9999 with its checksum, no line ends (§6.1).
func Unknown() []byte { return []byte("\x019999FF1B\x03") }

// AppendDisplay appends an answer in display format: its lines below the echoed
// code, with their ends.
func AppendDisplay(b []byte, code string, lines []string) []byte {
	b = append(b, SOH, '\r', '\n')
	b = append(b, code...)
	b = append(b, '\r', '\n')
	for _, l := range lines {
		b = append(b, l...)
		b = append(b, '\r', '\n')
	}
	return append(b, ETX)
}

// AppendComputer appends an answer in computer format: code, date and data, &&
// and the checksum.
func AppendComputer(b []byte, code, stamp, data string) []byte {
	start := len(b)
	b = append(b, SOH)
	b = append(b, code...)
	b = append(b, stamp...)
	b = append(b, data...)
	b = append(b, "&&"...)
	b = fmt.Appendf(b, "%04X", Checksum(b[start:]))
	return append(b, ETX)
}

// Float writes a number as the computer format does: eight hex digits of IEEE
// 754 single precision, most significant first (§6.3).
func Float(x float64) string { return fmt.Sprintf("%08X", math.Float32bits(float32(x))) }

// ParseFloat reads what Float writes. NaN and the infinities are no numbers.
func ParseFloat(s string) (float64, error) {
	if len(s) != 8 {
		return 0, ErrCommand
	}
	bits, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return 0, ErrCommand
	}
	x := float64(math.Float32frombits(uint32(bits)))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, ErrCommand
	}
	return x, nil
}

// An Answer is one answer of a console, of either format.
type Answer struct {
	Code     string // echoed; "9999" for an unknown function
	Computer bool
	Lines    []string // display: what follows the code
	Data     string   // computer: date and data
}

// Append appends the answer.
func (a Answer) Append(b []byte) []byte {
	switch {
	case a.Code == "9999":
		return append(b, Unknown()...)
	case a.Computer:
		return AppendComputer(b, a.Code, "", a.Data)
	}
	return AppendDisplay(b, a.Code, a.Lines)
}

// ErrAnswer says that octets are no answer of a console.
var ErrAnswer = errors.New("no answer of a tank gauge")

// ParseAnswer reads an answer from SOH to ETX.
func ParseAnswer(p []byte) (Answer, error) {
	if len(p) < 2 || p[0] != SOH || p[len(p)-1] != ETX {
		return Answer{}, ErrAnswer
	}
	if string(p) == string(Unknown()) {
		return Answer{Code: "9999"}, nil
	}
	body := string(p[1 : len(p)-1])
	if text, ok := strings.CutPrefix(body, "\r\n"); ok {
		text, ok = strings.CutSuffix(text, "\r\n")
		lines := strings.Split(text, "\r\n")
		if !ok || !isCode(lines[0]) || len(lines[0]) != CodeLen {
			return Answer{}, ErrAnswer
		}
		return Answer{Code: lines[0], Lines: lines[1:]}, nil
	}
	n := len(p) - 5 // && ends here
	if n < 1+CodeLen+2 || string(p[n-2:n]) != "&&" || fmt.Sprintf("%04X", Checksum(p[:n])) != string(p[n:n+4]) || !isCode(body) {
		return Answer{}, ErrAnswer
	}
	return Answer{Code: body[:CodeLen], Computer: true, Data: string(p[1+CodeLen : n-2])}, nil
}
