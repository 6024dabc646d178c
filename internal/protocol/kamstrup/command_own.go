package kamstrup

import (
	"fmt"
	"strconv"
	"strings"
)

// configuration is what !GC answers.
func (q *command) configuration() string {
	var b strings.Builder
	b.WriteString("\r\n")
	row := func(name, value string) { fmt.Fprintf(&b, "%-20s: %s\r\n", name, value) }
	yes := func(on bool) string {
		if on {
			return "YES"
		}
		return "NO"
	}
	c := &q.c
	row("Device Name", c.Name)
	row("Use DHCP", yes(c.DHCP))
	row("IP addr.", c.Address)
	row("IP Subnet", c.Mask)
	row("Gateway addr.", c.Gateway)
	row("Service server addr.", c.Server)
	row("Service server hostname.", q.host())
	for i, a := range c.DNS {
		row(fmt.Sprintf("DNS Server No. %d", i+1), a)
	}
	row("MAC addr. (HEX)", q.MAC)
	row("Channel A device meterno.", c.MeterA)
	row("Channel B device meterno.", c.MeterB)
	row("Keep alive timer (flash setting)", timer(c.KeepAlive))
	row("Keep alive timer (current setting)", timer(c.KeepAlive))
	row("Has the module received acknowledge from the server", "NO")
	row("KAP Server port", strconv.Itoa(c.ServerPort))
	row("KAP Local port", strconv.Itoa(c.LocalPort))
	row("Software watchdog", timer(c.Watchdog))
	return b.String()
}

// timer shows a time in seconds, which 0 switches off.
func timer(seconds int) string { return onOff(seconds > 0) + " " + strconv.Itoa(seconds) }

// setConfig is !SC: name, DHCP, address, mask, gateway, server, host name and
// three name servers. The module then restarts without an answer.
func (q *command) setConfig() {
	q.restart = true
	if len(q.args) != 10 {
		return
	}
	a := q.args
	previous := strings.Join([]string{q.c.Name, q.c.Address, q.c.Mask, q.c.Gateway, q.c.Server, q.host()}, " ")
	q.c.Name = a[0][:min(len(a[0]), maxName)]
	q.c.DHCP = a[1] == "1"
	for i, to := range []*string{&q.c.Address, &q.c.Mask, &q.c.Gateway, &q.c.Server} {
		*to, _ = parseAddress(a[2+i])
	}
	if q.c.Host = a[6][:min(len(a[6]), 64)]; len(a[6]) == 1 {
		q.c.Host = noHost
	}
	for i := range q.c.DNS {
		q.c.DNS[i], _ = parseAddress(a[7+i])
	}
	q.set(previous)
}

// maxName is the length of a device name.
const maxName = 20

// deviceName is !SD; without a name the module restarts.
func (q *command) deviceName() {
	if q.param == "" {
		q.restart = true
		q.say("\r\nOK")
		return
	}
	previous := q.c.Name
	q.c.Name = q.param[:min(len(q.param), maxName)]
	q.set(previous)
	if len(q.param) <= maxName {
		q.say("\r\nOK")
	}
}

// address is !SI: "address [mask [gateway]]", "0" for DHCP. The module takes it
// up by a restart.
func (q *command) address() {
	show := func() string {
		dhcp := "NO"
		if q.c.DHCP {
			dhcp = "YES"
		}
		return fmt.Sprintf("\r\nUse DHCP            : %s\r\n\r\nIP addr.            : %s\r\n", dhcp, q.c.Address)
	}
	if len(q.args) > 0 {
		previous := q.c.Address
		if q.c.DHCP = q.args[0] == "0"; !q.c.DHCP {
			for i, to := range []*string{&q.c.Address, &q.c.Mask, &q.c.Gateway} {
				if i < len(q.args) {
					*to, _ = parseAddress(q.args[i])
				}
			}
		}
		q.set(previous)
		q.restart = true
	}
	q.say("%s", show())
}

// watchdog is !SK: watchdog, missing server, keep-alive, in seconds.
func (q *command) watchdog() {
	ok := ""
	if len(q.args) > 0 {
		ok = "\r\nOK"
		previous := fmt.Sprintf("%d %d %d", q.c.Watchdog, q.c.Missing, q.c.KeepAlive)
		if len(q.args) > 3 {
			q.refuse()
			return
		}
		for i, to := range []*int{&q.c.Watchdog, &q.c.Missing, &q.c.KeepAlive} {
			if i >= len(q.args) {
				break
			}
			n, err := strconv.Atoi(q.args[i])
			if err != nil || n < 0 || n > 65535 {
				q.refuse()
				return
			}
			*to = n
		}
		if q.c.Watchdog < 5 {
			q.c.Watchdog = 0
		}
		q.set(previous)
	}
	q.say("%s\r\nSoftware watchdog: %s\r\nKAP Missing warning: %s\r\nKeep alive timer (flash setting): %s\r\n",
		ok, timer(q.c.Watchdog), timer(q.c.Missing), timer(q.c.KeepAlive))
}

// ports is !SP: server, channel A, channel B, configuration; 0 leaves one.
func (q *command) ports() {
	ok := "\r\n"
	if len(q.args) > 0 {
		if len(q.args) > 4 {
			q.refuse()
			return
		}
		previous := fmt.Sprintf("%d %d %d %d", q.c.ServerPort, q.c.PortA, q.c.PortB, q.c.PortConfig)
		for i, to := range []*int{&q.c.ServerPort, &q.c.PortA, &q.c.PortB, &q.c.PortConfig} {
			if i < len(q.args) {
				*to = parsePort(q.args[i], *to)
			}
		}
		ok = "\r\nOK"
		q.set(previous)
	}
	q.say("%s\r\nKAP on server: %d\r\nChA on module: %d\r\nChB on module: %d\r\nCfg on module: %d\r\n",
		ok, q.c.ServerPort, q.c.PortA, q.c.PortB, q.c.PortConfig)
}

// serialSetup is !SS: "A 9600,8,N,1".
func (q *command) serialSetup() {
	if len(q.args) == 0 {
		q.say("\r\nUART A setup : %s\r\nUART B setup : %s\r\n", q.c.SerialA, q.c.SerialB)
		return
	}
	var to *string
	switch strings.ToUpper(q.args[0]) {
	case "A":
		to = &q.c.SerialA
	case "B":
		to = &q.c.SerialB
	}
	if to == nil || len(q.args) != 2 || !serialLine(q.args[1]) {
		q.refuse()
		q.say("\r\nInvalid data!\r\n\r\n")
		return
	}
	previous := *to
	*to = q.args[1]
	q.set(previous)
	q.say("\r\nOK\r\n")
}

// serialLine says whether s describes a serial line: "Auto", or rate, bits,
// parity and stop bits, and perhaps a mode.
func serialLine(s string) bool {
	if strings.EqualFold(s, "auto") {
		return true
	}
	parts := strings.Split(s, ",")
	if len(parts) < 4 || len(parts) > 5 || len(s) > 24 {
		return false
	}
	rate, err := strconv.Atoi(parts[0])
	return err == nil && rate >= 300 && rate <= 115200 && (parts[1] == "7" || parts[1] == "8") &&
		len(parts[2]) == 1 && strings.Contains("NEO", strings.ToUpper(parts[2])) && (parts[3] == "1" || parts[3] == "2")
}

// connect is !RC: "D" hangs up, "A address [port]" and "B address [port]" ask a
// channel to call. The module says that it will; it dials nobody.
func (q *command) connect() {
	if len(q.args) == 0 {
		q.say("\r\nStatus: 0100\r\n")
		return
	}
	address, port := noAddress, q.c.ServerPort
	if len(q.args) > 1 {
		address, _ = parseAddress(q.args[1])
	}
	if len(q.args) == 3 {
		port = parsePort(q.args[2], port)
	}
	target := fmt.Sprintf("%s:%d", address, port)
	previous := ""
	switch word := strings.ToUpper(q.args[0]); {
	case word == "D" && len(q.args) == 1:
		previous = strings.TrimSpace(q.c.ConnectA + " " + q.c.ConnectB)
		q.c.ConnectA, q.c.ConnectB = "", ""
	case word == "A" && len(q.args) <= 3 && address != noAddress:
		previous, q.c.ConnectA = q.c.ConnectA, target
	case word == "B" && len(q.args) <= 3 && address != noAddress:
		previous, q.c.ConnectB = q.c.ConnectB, target
	default:
		q.refuse()
		return
	}
	q.set(previous)
	q.say("\r\nOK\r\nStatus: 0100\r\n")
}
