package kamstrup

import "strings"

// help is H: the menu, or one command's own.
func (q *command) help() {
	if len(q.args) == 0 {
		q.answer = menu()
		return
	}
	word := strings.ToUpper(q.args[0])
	if commandName(word) == "" {
		q.refuse()
		return
	}
	q.answer = "\r\nHELP\r\n" + usage(word)
}

// menu lists the commands.
func menu() string {
	rule := strings.Repeat("=", 78) + "\r\n"
	rows := []string{
		"H [cmd]   Help, on one command", "Q         Quit",
		"!AC       Access control", "!AS       Alarm server",
		"!GC       Get configuration", "!GV       Get software version",
		"!SA       Service server address (KAP)", "!SB       Second service server",
		"!SC       Set configuration (*1)", "!SD       Set device name (*1)",
		"!SH       Service server host name", "!SI       Set IP address (*1)",
		"!SK       Watchdog and keep alive", "!SN       Set name servers",
		"!SP       Set ports", "!SS       Serial line setup",
		"!RC       Request connection", "!RR       Request restart (*1)",
		"!WM       Wink module",
	}
	var b strings.Builder
	b.WriteString("\r\n" + rule + "Service Menu\r\n" + rule)
	for _, r := range rows {
		b.WriteString(r + "\r\n")
	}
	b.WriteString(rule + "(*1) Forces system restart\r\n" + rule + "Kamstrup (R)\r\n")
	return b.String()
}

// usage says how a command is written.
func usage(word string) string {
	text := ""
	switch word {
	case "!AC":
		text = "Shows or sets who may connect.\r\n !AC 0|1            off or on\r\n !AC 0|1 n a.b.c.d  entry 1 to 5"
	case "!AS":
		text = "Shows or sets the server that alarms go to.\r\n !AS a.b.c.d [port]\r\n !AS 0              none"
	case "!GC":
		text = "Shows the configuration of the module."
	case "!GV":
		text = "Shows the software version."
	case "!SA":
		text = "Shows or sets the address of the service server.\r\n !SA a.b.c.d [port]"
	case "!SB":
		text = "Shows or sets the server that is called when the first does not answer.\r\n !SB a.b.c.d [port]\r\n !SB 0.0.0.0        none"
	case "!SC":
		text = "Sets the whole configuration and restarts.\r\n !SC name dhcp ip mask gateway server host dns1 dns2 dns3"
	case "!SD":
		text = "Sets the device name, of up to 20 characters.\r\n !SD name"
	case "!SH":
		text = "Shows or sets the host name of the service server.\r\n !SH name\r\n !SH 0              none"
	case "!SI":
		text = "Sets the IP address and restarts.\r\n !SI a.b.c.d [mask [gateway]]\r\n !SI 0              DHCP"
	case "!SK":
		text = "Shows or sets watchdog, server warning and keep alive, in seconds.\r\n !SK watchdog [missing [keepalive]]"
	case "!SN":
		text = "Sets the three name servers.\r\n !SN a.b.c.d a.b.c.d a.b.c.d"
	case "!SP":
		text = "Shows or sets the ports; 0 leaves one.\r\n !SP server [chA [chB [cfg]]]"
	case "!SS":
		text = "Shows or sets the serial lines.\r\n !SS A|B rate,bits,parity,stop"
	case "!RC":
		text = "Asks a channel to connect.\r\n !RC A|B a.b.c.d [port]\r\n !RC D              disconnect"
	case "!RR":
		text = "Restarts the module."
	case "!WM":
		text = "Flashes the lamp of the module."
	}
	return text + "\r\n"
}
