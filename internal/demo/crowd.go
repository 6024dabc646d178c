package demo

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/demo/tape"
)

// A wordlist is pairs that many try in the same order.
type wordlist struct {
	pairs   []pair
	shipped bool // one of them is as devices are delivered
}

// A kind is a part of the crowd: sources that do the same sort of thing. Each
// source has one tape and keeps to it.
type kind struct {
	name    string
	perDay  float64 // sessions, over all sensors
	sources int
	tapes   []string
	pace    pace
	label   string // over the tapes' own
	probe   bool
}

// kinds are the crowd. A tape that leaves a trace of its own has 20 sources or
// more, so that it joins nobody (docs/analysis.md).
func kinds() []kind {
	return []kind{
		{name: "probe", perDay: 300, sources: 2200, probe: true, label: "port_probe",
			tapes: []string{"modbus-nmap-id", "s7-nmap", "http-hmi-get", "http-plc-get", "http-rtu-get", "enip-nmap", "iec104-testfr", "atg-inventory", "ftp-banner", "dnp3-sweep"}},
		{name: "banner grab", perDay: 140, sources: 700,
			tapes: []string{"http-hmi-get", "http-plc-get", "http-rtu-get", "snmp-sysdescr", "snmp-walk", "enip-list-udp", "bacnet-whois", "ftp-banner", "ipmi-auth", "modbus-nmap-device", "iec104-testfr"}},
		{name: "bulk scan", perDay: 110, sources: 380,
			tapes: []string{"modbus-nmap-id", "s7-nmap", "modbus-findunitid", "modbus-sweep", "enip-nmap", "bacnet-nmap", "iec104-nmap", "http-plc-nmap", "http-rtu-nmap", "http-hmi-curl", "http-plc-zgrab", "dnp3-sweep", "modbus-zgrab"}},
		{name: "misdirected", perDay: 90, sources: 420, tapes: []string{"modbus-http", "modbus-rdp", "s7-tls", "s7-rdp", "iec104-http"}},
		{name: "exploit", perDay: 75, sources: 450, tapes: []string{"http-env", "http-phpunit", "http-router", "http-luci", "http-log4j"}},
		{name: "guess", perDay: 20, sources: 110, tapes: []string{"snmp-guess", "ipmi-rakp"}},
		{name: "read", perDay: 14, sources: 240,
			tapes: []string{"modbus-reader", "s7-reader", "enip-reader", "bacnet-reader", "iec104-reader", "atg-reader", "atg-inventory", "atg-scan", "dnp3-reader"}},
		{name: "write", perDay: 6.5, sources: 184,
			tapes: []string{"modbus-write-register", "modbus-write-coil", "modbus-write-many", "s7-write-db", "bacnet-write", "enip-write", "iec104-blind", "dnp3-trip"}},
		{name: "files", perDay: 3, sources: 56, tapes: []string{"ftp-anonymous", "tftp-config"}},
	}
}

// wordlists are lists that many share: of FTP, and of the panel's page.
func wordlists() (ftp, web []wordlist) {
	ftp = []wordlist{
		{[]pair{{"admin", "admin"}, {"admin", "password"}, {"admin", "1234"}, {"root", "root"}, {"user", "user"}, {"ftp", "ftp"}, {"test", "test"}, {"guest", "guest"}}, true},
		{[]pair{{"root", "123456"}, {"root", "toor"}, {"root", "admin"}, {"admin", "admin123"}, {"www", "www"}, {"data", "data"}, {"web", "web"}, {"oracle", "oracle"}, {"pi", "raspberry"}}, false},
		{[]pair{{"administrator", "administrator"}, {"administrator", "123456"}, {"Administrator", "P@ssw0rd"}, {"operator", "operator"}, {"service", "service"}, {"hmi", "hmi1"}}, true},
	}
	web = []wordlist{
		{[]pair{{"admin", "password"}, {"admin", "admin1"}, {"admin", "12345"}, {"root", "root"}, {"user", "user"}, {"operator", "operator"}, {"scada", "scada"}}, true},
		{[]pair{{"Administrator", "admin"}, {"hmi", "hmi"}, {"siemens", "siemens"}, {"manager", "friend"}, {"support", "support"}, {"scada", "scada1"}}, false},
	}
	return ftp, web
}

// A planner draws the visits.
type planner struct {
	lib      *library
	sensors  []*sensor
	from, to time.Time
	scale    float64
	random   func(string) *rand.Rand
	visits   []*visit
}

func (p *planner) days() float64 { return p.to.Sub(p.from).Hours() / 24 }

// when draws a time with the crowd's rhythm: most in the afternoon by UTC, less
// on weekends.
func (p *planner) when(r *rand.Rand) time.Time {
	for {
		t := p.from.Add(time.Duration(r.Int64N(int64(p.to.Sub(p.from) - 10*time.Minute))))
		hour := float64(t.Hour()) + float64(t.Minute())/60
		w := (1 + 0.45*math.Cos((hour-14)/12*math.Pi)) / 1.45
		if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
			w *= 0.72
		}
		if r.Float64() < w {
			return t
		}
	}
}

// where draws a sensor that has the tape's persona, and listens then.
func (p *planner) where(r *rand.Rand, t *tape.Tape, at time.Time) *sensor {
	total := 0.0
	for _, s := range p.sensors {
		if s.has(t) {
			total += s.pull
		}
	}
	k := r.Float64() * total
	for _, s := range p.sensors {
		if !s.has(t) {
			continue
		}
		if k -= s.pull; k < 0 {
			if b := s.at(at); b == nil || at.Add(9*time.Minute).After(b.to) {
				return nil
			}
			return s
		}
	}
	return nil
}

// offered are the tapes for which there is a sensor.
func (p *planner) offered(names []string) []string {
	var out []string
	for _, n := range names {
		for _, s := range p.sensors {
			if s.has(p.lib.tapes[n]) {
				out = append(out, n)
				break
			}
		}
	}
	return out
}

// come draws a time and a sensor for a visit, and adds it.
func (p *planner) come(r *rand.Rand, v visit) {
	for range 200 {
		v.at = p.when(r)
		if v.sensor = p.where(r, v.tape, v.at); v.sensor != nil {
			p.visits = append(p.visits, &v)
			return
		}
	}
}

// crowd plans a kind: each source comes once, then some come much more often.
func (p *planner) crowd(k kind) {
	r := p.random("crowd " + k.name)
	n := int(k.perDay * p.days() * p.scale)
	tapes := p.offered(k.tapes)
	if len(tapes) == 0 {
		return
	}
	sources := crowd(r, min(n, max(k.sources, int(float64(k.sources)*math.Sqrt(p.scale)))))
	for i := range n {
		who := i
		if i >= len(sources) {
			who = int(float64(len(sources)) * math.Pow(r.Float64(), 2.6))
		}
		name := tapes[who%len(tapes)]
		label := k.label
		if label == "" {
			label = p.lib.truths[name].label
		}
		p.come(r, visit{src: sources[who], tape: p.lib.tapes[name], pace: k.pace, probe: k.probe, label: label, who: k.name})
	}
}

// brute plans those who try lists of credentials.
func (p *planner) brute() {
	r := p.random("brute")
	ftp, web := wordlists()
	sources := crowd(r, 27*(len(ftp)+len(web)))
	n := int(32 * p.days() * p.scale)
	for i := range n {
		who := i
		if i >= len(sources) {
			who = int(float64(len(sources)) * math.Pow(r.Float64(), 1.8))
		}
		list, name := who%(len(ftp)+len(web)), "ftp-login"
		v := visit{src: sources[who%len(sources)], label: "brute_force", who: "brute force", pace: machine}
		if list < len(ftp) {
			v.pairs, v.shipped = ftp[list].pairs, ftp[list].shipped
		} else {
			v.pairs, v.shipped, name = web[list-len(ftp)].pairs, web[list-len(ftp)].shipped, "http-login"
			v.pace = steady
		}
		if v.tape = p.lib.tapes[name]; len(p.offered([]string{name})) > 0 {
			p.come(r, v)
		}
	}
}

// burst plans one day on which a hosting network scans more than all others.
func (p *planner) burst() {
	if p.days() < 3 {
		return
	}
	r := p.random("burst")
	day := p.from.Add(time.Duration(p.days()*0.55) * 24 * time.Hour)
	tapes := p.offered([]string{"modbus-nmap-id", "s7-nmap", "iec104-nmap", "http-plc-nmap"})
	var sources []netip.Addr
	for range 90 {
		sources = append(sources, within(r, networks()[3].prefix))
	}
	for range int(1300 * p.scale) {
		i := r.IntN(len(sources))
		v := visit{src: sources[i], tape: p.lib.tapes[tapes[i%len(tapes)]], label: p.lib.truths[tapes[i%len(tapes)]].label, who: "burst"}
		v.at = day.Add(8*time.Hour + time.Duration(r.Int64N(int64(5*time.Hour))))
		if v.sensor = p.where(r, v.tape, v.at); v.sensor != nil {
			p.visits = append(p.visits, &v)
		}
	}
}

// research plans the known scanners, which come round and round.
func (p *planner) research() {
	tapes := p.offered([]string{"modbus-zgrab", "s7-zgrab", "enip-list-udp", "bacnet-whois", "http-plc-zgrab", "http-rtu-zgrab", "http-hmi-get", "snmp-sysdescr",
		"ipmi-auth", "ftp-banner", "iec104-testfr", "atg-inventory", "dnp3-probe"})
	for _, x := range scanners() {
		r := p.random("research " + x.name)
		first := netip.MustParsePrefix(x.prefix).Addr().As4()
		for _, s := range p.sensors {
			for _, name := range tapes {
				t := p.lib.tapes[name]
				if !s.has(t) {
					continue
				}
				for day := x.arrives + 0.3*r.Float64(); day < p.days(); day += x.every * (0.8 + 0.4*r.Float64()) / p.scale {
					a := first
					a[3] += byte(1 + r.IntN(x.hosts))
					v := visit{at: p.from.Add(time.Duration(day * float64(24*time.Hour))), src: netip.AddrFrom4(a), sensor: s, tape: t, label: "research_confirmed", who: x.name}
					if b := s.at(v.at); b != nil && !v.at.Add(9*time.Minute).After(b.to) {
						p.visits = append(p.visits, &v)
					}
				}
			}
		}
	}
}
