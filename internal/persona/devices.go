package persona

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
)

// devices makes the site's devices, and says all that is wrong with them.
func (l *loader) devices() error {
	if len(l.spec.Devices) == 0 {
		return &Problem{File: siteName, Text: "has no [[device]]; give the site at least one"}
	}
	l.p.Process.Programs = make(map[string]string)
	rows := make(map[string]bool)
	var wrong []error
	for i := range l.spec.Devices {
		spec, path := &l.spec.Devices[i], []any{"device", i}
		err := l.checkName(append(path, "name"), spec.Name)
		if err == nil && rows[spec.Name] {
			err = l.wrong(append(path, "name"), "there is a device %q already; rename one", spec.Name)
		}
		if err == nil {
			rows[spec.Name] = true
			err = l.device(i, spec, path)
		}
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

func (l *loader) device(i int, spec *deviceSpec, path []any) error {
	d := Device{Key: spec.Name, Title: spec.Title, ModeTag: spec.Mode}
	if err := l.mode(spec, path); err != nil {
		return err
	}
	r := l.in.rand(l.p.Name, "device", spec.Name)
	dice := &draw{Rand: r, net: l.net, site: l.values}
	dice.made = l.built.AddDate(0, -1-r.IntN(8), -r.IntN(28))
	d.Identity.Boot = l.in.Born.Add(-dice.uptime()).UTC().Truncate(time.Second)
	offset, drift := dice.offset(), dice.drift()
	switch spec.Clock {
	case "", "free":
		d.Clock = device.ClockState{Offset: offset, Since: l.in.Born.UTC()}
		d.Identity.Drift = drift
	case "ntp":
	default:
		return l.wrong(append(path, "clock"), "clock = %q: use \"free\" (a crystal that nobody sets) or \"ntp\"", spec.Clock)
	}
	if err := l.identity(&d.Identity, spec, path, dice); err != nil {
		return err
	}
	if err := l.addresses(&d.Identity, i, spec, path, dice); err != nil {
		return err
	}
	var err error
	if d.Services, err = l.services(spec, path); err != nil {
		return err
	}
	l.p.Devices = append(l.p.Devices, d)
	return nil
}

// mode checks that a device's mode is a text of the plant.
func (l *loader) mode(spec *deviceSpec, path []any) error {
	if spec.Mode == "" {
		return nil
	}
	at := append(path, "mode")
	i := l.tag(spec.Mode)
	if i < 0 {
		return l.wrong(at, "no tag %q in %s; correct the name or add the tag, type text, start \"run\"", spec.Mode, tagsName)
	}
	if t := l.p.Process.Tags[i].Type; t != process.Text {
		return l.wrong(at, "tag %q is a %v; a mode is a text: run, stop or startup", spec.Mode, t)
	}
	l.p.Process.Programs[spec.Name] = spec.Mode
	return nil
}

// identity draws what the device says of itself, then fills in the ${name}s:
// first of the identity's own texts, then of the further values.
func (l *loader) identity(id *device.Identity, spec *deviceSpec, path []any, dice *draw) error {
	id.Values = maps.Clone(l.values)
	id.Values["made"] = dice.made.Format(time.DateOnly)
	own := map[string]string{}
	for key, v := range map[string]any{
		"vendor": spec.Vendor, "product": spec.Product, "order": spec.Order, "firmware": spec.Firmware,
		"hardware": spec.Hardware, "serial": spec.Serial, "station": spec.Station,
		"location": spec.Location, "contact": spec.Contact,
	} {
		s, err := l.value(append(path, key), v, dice, "device", spec.Name, key)
		if err != nil {
			return err
		}
		own[key] = s
	}
	further := make(map[string]string)
	for key, v := range spec.Values {
		at := append(path, "values", key)
		if err := l.checkName(at, key); err != nil {
			return err
		}
		if _, taken := (&device.Identity{}).Lookup(key); taken {
			return l.wrong(at, "${%s} is the device's own; give this value another name", key)
		}
		s, err := l.value(at, v, dice, "device", spec.Name, "values", key)
		if err != nil {
			return err
		}
		further[key] = s
	}
	maps.Copy(id.Values, further)
	if err := l.expand(own, path, expander(id.Values)); err != nil {
		return err
	}
	id.Vendor, id.Product, id.Order = own["vendor"], own["product"], own["order"]
	id.Firmware, id.Hardware, id.Serial = own["firmware"], own["hardware"], own["serial"]
	id.Name, id.Location, id.Contact = own["station"], own["location"], own["contact"]
	if err := l.expand(further, append(path, "values"), id.Expand); err != nil {
		return err
	}
	maps.Copy(id.Values, further)
	return nil
}

// addresses draws the device's MAC and the private address that it believes to
// have; without one it gets the next of the site's network.
func (l *loader) addresses(id *device.Identity, i int, spec *deviceSpec, path []any, dice *draw) error {
	s, err := l.value(append(path, "mac"), spec.MAC, dice, "device", spec.Name, "mac")
	if err != nil {
		return err
	}
	if s != "" {
		hw, err := net.ParseMAC(s)
		if err != nil || len(hw) != len(id.MAC) {
			return l.wrong(append(path, "mac"), "mac = %q: write six octets, as in \"00:0E:8C:01:02:03\"", s)
		}
		copy(id.MAC[:], hw)
	}
	if spec.Address == nil {
		id.Address = l.net.host(l.net.first + i)
		return nil
	}
	if s, err = l.value(append(path, "address"), spec.Address, dice, "device", spec.Name, "address"); err != nil {
		return err
	}
	if id.Address, err = netip.ParseAddr(s); err != nil || !id.Address.IsPrivate() {
		return l.wrong(append(path, "address"), "address = %q: write a private address, such as 192.168.1.20", s)
	}
	return nil
}

// services makes a device's services, and says all that is wrong with them.
func (l *loader) services(spec *deviceSpec, path []any) ([]Service, error) {
	var out []Service
	names := make(map[string]bool)
	var wrong []error
	for i, s := range spec.Services {
		at := append(path[:len(path):len(path)], "service", i)
		name := s.Name
		if name == "" {
			name = s.Protocol
		}
		if err := l.service(&s, at, names[name]); err != nil {
			wrong = append(wrong, err)
			continue
		}
		sides, err := parsePorts(s.Sides)
		if err != nil {
			wrong = append(wrong, l.wrong(append(at, "sides"), "sides = %q: write a range of ports, as in \"50100-50149\"", s.Sides))
			continue
		}
		idle, err := parseIdle(s.Idle)
		if err != nil || s.Sessions < 0 {
			wrong = append(wrong, l.wrong(at, "sessions = %d, idle = %q: write a number of sessions and a time span, as in sessions = 8, idle = \"90s\"", s.Sessions, s.Idle))
			continue
		}
		names[name] = true
		out = append(out, Service{
			Name: name, Protocol: s.Protocol, Network: s.Network,
			Port: uint16(s.Port), Alt: uint16(s.Alt), Sides: sides, Sessions: s.Sessions, Idle: idle, File: s.File, Decode: l.decoder(s.File),
		})
	}
	return out, errors.Join(wrong...)
}

// service says what is wrong with one.
func (l *loader) service(s *serviceSpec, at []any, taken bool) error {
	key := func(name string) []any { return append(at[:len(at):len(at)], name) }
	switch {
	case s.Protocol == "":
		return l.wrong(at, "the service has no protocol; write protocol = \"modbus\", say")
	case taken && s.Name == "":
		return l.wrong(key("protocol"), "the device has a service %q already; give this one a name = \"…\" of its own", s.Protocol)
	case taken:
		return l.wrong(key("name"), "the device has a service %q already; rename one", s.Name)
	case s.Network != "" && s.Network != "tcp" && s.Network != "udp":
		return l.wrong(key("network"), "network = %q: use \"tcp\" or \"udp\", or leave it out for all that the protocol has", s.Network)
	case s.Port < 0 || s.Port > 65535:
		return l.wrong(key("port"), "port = %d: give a number from 1 to 65535", s.Port)
	case s.Alt < 0 || s.Alt > 65535:
		return l.wrong(key("alt"), "alt = %d: give a number from 1 to 65535", s.Alt)
	case s.File == "":
		return nil
	case !fs.ValidPath(s.File):
		return l.wrong(key("file"), "file = %q: write a path below the persona's folder, with / and without ..", s.File)
	}
	if info, err := fs.Stat(l.fsys, s.File); err != nil || info.IsDir() {
		return l.wrong(key("file"), "no file %s in the persona's folder; create it or correct the name", s.File)
	}
	return nil
}

func (l *loader) decoder(file string) func(any) error {
	return func(into any) error {
		if file == "" {
			return nil
		}
		if err := DecodeStrict(l.fsys, file, into); err != nil {
			return fmt.Errorf("persona %s: %w", l.p.Name, err)
		}
		return nil
	}
}

var errPorts = errors.New("no range of ports")

// parsePorts reads "50100-50149"; an empty text is no range.
func parsePorts(s string) (p Ports, err error) {
	if s == "" {
		return p, nil
	}
	first, last, _ := strings.Cut(s, "-")
	a, err1 := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if err1 != nil || err2 != nil || a == 0 || a > b {
		return p, errPorts
	}
	return Ports{uint16(a), uint16(b)}, nil
}

// parseIdle reads a time span; an empty text is none.
func parseIdle(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d <= 0 {
		err = errors.New("not a time to wait")
	}
	return d, err
}
