package analysis

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestAcross(t *testing.T) {
	r := rules(t)
	start := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	// visit is "hours src device protocol label score".
	visits := func(lines ...string) (out []Visit) {
		for i, l := range lines {
			v := Visit{Session: fmt.Sprint("s", i), Sensor: "x", Persona: "p", Src: one}
			var hours float64
			var src int
			if _, err := fmt.Sscan(l, &hours, &src, &v.Device, &v.Protocol, &v.Label, &v.Score); err != nil {
				t.Fatal(err)
			}
			if v.At = start.Add(time.Duration(hours * float64(time.Hour))); src == 2 {
				v.Src = two
			}
			out = append(out, v)
		}
		return out
	}
	for _, c := range []struct {
		name, want string
		visits     []Visit
	}{
		{"nothing", "unknown 0.00", nil},
		{"one session", "ics_write 0.25", visits("0 1 plc modbus ics_write 0.25")},
		{"back the next day", "ics_write 0.35 A-RETURN[s0 s1]", visits("0 1 plc modbus ics_write 0.25", "1 1 plc modbus ics_interactive 0")},
		{"a scanner comes daily", "banner_grab 0.00", visits("0 1 plc modbus banner_grab 0", "24 1 plc modbus banner_grab 0")},
		{"from the panel to the controller", "ics_write 0.35 A-SITE[s0 s1]", visits("0 1 hmi http ics_interactive 0", "0.4 1 plc s7comm ics_write 0.25")},
		{"together they are aimed", "targeted_ics 0.75 A-RETURN[s0 s1] A-SITE[s0 s1]", visits("0 1 hmi http ics_interactive 0", "1 1 plc s7comm ics_write 0.55")},
		{"three plant protocols within the hour", "port_probe 0.00 A-SWEEP[s0 s1 s3] T0846.001 T1595.001",
			visits("0 1 plc modbus port_probe 0", "0.1 1 plc s7comm port_probe 0", "0.2 1 plc s7comm port_probe 0", "0.9 1 skid enip port_probe 0")},
		{"of two sources", "port_probe 0.00", visits("0 1 plc modbus port_probe 0", "0.1 2 plc s7comm port_probe 0", "0.9 1 skid enip port_probe 0")},
		{"too slowly", "port_probe 0.00", visits("0 1 plc modbus port_probe 0", "0.6 1 plc s7comm port_probe 0", "1.2 1 skid enip port_probe 0")},
		{"what not only plants have", "port_probe 0.00", visits("0 1 plc http port_probe 0", "0.1 1 plc s7comm port_probe 0", "0.2 1 router snmp port_probe 0")},
	} {
		got := r.Across(c.visits)
		text := fmt.Sprintf("%s %.2f", got.Label, got.Score)
		for _, e := range got.Evidence {
			text += fmt.Sprintf(" %s%v", e.Rule, e.Sessions)
		}
		for _, x := range got.Techniques {
			text += " " + x.ID
		}
		if strings.TrimSpace(text) != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}
