package demo

import (
	"net/netip"
	"time"
)

// A step of a story: on a day, counted from the period's start as a share of it,
// at an hour.
type act struct {
	share float64
	hour  float64
	tape  string
	pace  pace
	label string // over the tape's own
}

// A story is what a planted actor does over days.
type story struct {
	name  string
	about string
	label string // of the actor: the gravest of its sessions
	src   string
	value string
	acts  []act
}

func stories() []story {
	return []story{
		{name: "pump", about: "looks round, reads the panel, uploads the program of the pump controller a few days later, then changes the set point and stops it",
			label: "targeted_ics", src: "203.0.113.41", acts: []act{
				{0.17, 9.1, "s7-nmap", machine, ""}, {0.17, 9.15, "http-hmi-curl", machine, ""},
				{0.2, 10.4, "http-hmi-get", machine, ""},
				{0.27, 8.3, "s7-upload", human, "targeted_ics"},
				{0.4, 13.2, "s7-stop", human, "targeted_ics"}, {0.4, 13.5, "s7-stop", human, "targeted_ics"},
			}},
		{name: "breakers", about: "interrogates the substation, comes back and opens three breakers, twice",
			label: "ics_write", src: "192.0.2.140", acts: []act{
				{0.3, 7.2, "iec104-nmap", machine, ""}, {0.34, 7.9, "iec104-reader", human, ""},
				{0.47, 11.6, "iec104-breakers", machine, ""}, {0.47, 11.7, "iec104-breakers", machine, ""},
			}},
		{name: "defacer", about: "renames the products in the tank gauge",
			label: "ics_write", src: "198.51.100.200", value: "WE_R_HERE", acts: []act{
				{0.6, 18.2, "atg-inventory", machine, ""}, {0.6, 18.3, "atg-deface", human, ""}, {0.67, 19.8, "atg-deface", human, ""},
			}},
		{name: "valve", about: "reads the set points of the pumping station and closes the inlet valve",
			label: "ics_write", src: "203.0.113.99", acts: []act{{0.77, 15.3, "modbus-valve", human, ""}}},
		{name: "person", about: "clicks through the operator panel, logs in with the maker's password and changes a set point",
			label: "ics_write", src: "2001:db8:7::31", acts: []act{
				{0.5, 12.1, "http-walk", human, ""}, {0.53, 12.9, "modbus-reader", human, ""}, {0.57, 14.3, "http-walk", human, ""},
			}},
	}
}

// campaign are sources that belong together: they try one list, leave one file,
// load one block.
func campaign() []string {
	return []string{"203.0.113.77", "192.0.2.201", "198.51.100.222", "2001:db8:5::8", "198.18.50.50", "198.18.17.9"}
}

func (p *planner) stories() {
	for _, s := range stories() {
		for _, a := range s.acts {
			v := visit{src: netip.MustParseAddr(s.src), tape: p.lib.tapes[a.tape], pace: a.pace, value: s.value, label: a.label, who: s.name}
			p.tell(v, a.share, a.hour)
		}
	}
	list := []pair{{"plcadmin", "plc2019"}, {"plcadmin", "Winter19"}, {"wartung", "wartung1"}, {"anlage", "anlage7"}}
	for i, src := range campaign() {
		v := visit{src: netip.MustParseAddr(src), who: "campaign"}
		day, hour := 0.3+0.07*float64(i), 5+2.3*float64(i)
		v.tape, v.pairs, v.pace = p.lib.tapes["ftp-login"], list, steady
		p.tell(v, day, hour)
		v.tape, v.pairs, v.pace = p.lib.tapes["ftp-drop"], nil, machine
		p.tell(v, day, hour+0.1)
		v.tape = p.lib.tapes["s7-download"]
		p.tell(v, day, hour+0.3)
	}
}

// tell adds a step of a story: at its hour, at the first sensor that can hear it.
func (p *planner) tell(v visit, share, hour float64) {
	day := p.from.Add(time.Duration(p.days()*share) * 24 * time.Hour)
	v.at = day.Add(time.Duration(hour * float64(time.Hour)))
	if v.label == "" {
		v.label = p.lib.truths[v.tape.Name].label
	}
	for _, s := range p.sensors {
		if s.has(v.tape) && s.at(v.at) != nil {
			v.sensor = s
			p.visits = append(p.visits, &v)
			return
		}
	}
}
