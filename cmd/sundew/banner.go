package main

import (
	"fmt"
	"net/netip"
	"strings"
	"text/tabwriter"
)

// banner tells the operator what listens where, where the data is, what to try,
// and how to expose the sensor.
func (m *machine) banner(t *terminal, c *runCmd) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tDEVICE\tADDRESS\tSTANDARD PORT")
	var try []string
	loopback := true
	for i, v := range m.config.Services {
		for _, a := range m.sensor.Addrs(i) {
			shown := a.String()
			if a.Addr().IsUnspecified() {
				shown = fmt.Sprintf("*:%d", a.Port())
			}
			loopback = loopback && a.Addr().IsLoopback()
			fmt.Fprintf(w, "%s\t%s\t%s/%s\t%d\n", v.Protocol.Title, v.Device, shown, v.Protocol.Network, v.Standard)
			if line := tryLine(v.Protocol.Name, v.Device, a); line != "" {
				try = append(try, line)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nPersona  %s\nData     %s (journal in %s)\n", strings.Join(m.names(), ", "), m.dir, m.dir.path("journal"))
	if len(try) > 0 {
		fmt.Fprintf(t.out, "Try      %s\n", strings.Join(try[:min(2, len(try))], "\n         "))
	}
	fmt.Fprintf(t.out, "Watch    %s events --data %s --follow\n", t.program, m.dir)
	if m.door != nil {
		token, err := m.door.token()
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "See      %s\n", m.door.sign(token))
	}
	if loopback {
		fmt.Fprintf(t.out, "Expose   %s run --persona %s --data %s --ports standard   (as root or with cap_net_bind_service; read docs/security.md first)\n", t.program, strings.Join(c.Persona, " --persona "), m.dir)
	}
	_, err := fmt.Fprintln(t.out, "\nCtrl-C stops.")
	return err
}

func (m *machine) names() []string {
	var out []string
	for _, s := range m.sites {
		out = append(out, s.persona.Name+" ("+s.persona.Title+")")
	}
	return out
}

// tryLine is a command with which an operator sees a service answer.
func tryLine(protocol, device string, a netip.AddrPort) string {
	host := a.Addr()
	if host.IsUnspecified() {
		host = netip.MustParseAddr("127.0.0.1")
	}
	switch {
	case protocol == "modbus":
		return fmt.Sprintf("mbpoll -m tcp -a 1 -p %d -0 -r 0 -c 4 -1 %s", a.Port(), host)
	case protocol == "http" && device == "hmi":
		return fmt.Sprintf("curl -i http://%s/", netip.AddrPortFrom(host, a.Port()))
	}
	return ""
}
