package kamstrup

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/session"
)

// keyModule is what visitors configured, in State.
const keyModule = "kamstrup_management.config"

// moduleSettings is the management's file, as README.md describes it.
type moduleSettings struct {
	Software string           `toml:"software"`
	MAC      string           `toml:"mac"`
	Revert   process.Duration `toml:"revert"` // until the operator sets back what a visitor set; 0: never
	Latency  latency          `toml:"latency"`
	Config   config           `toml:"config"`
}

// config is what the module keeps, and what visitors change.
type config struct {
	Name       string   `toml:"name" json:"name"`
	DHCP       bool     `toml:"dhcp" json:"dhcp"`
	Address    string   `toml:"address" json:"address"`
	Mask       string   `toml:"mask" json:"mask"`
	Gateway    string   `toml:"gateway" json:"gateway"`
	Server     string   `toml:"server" json:"server"` // the collecting system's
	ServerPort int      `toml:"server_port" json:"serverPort"`
	Second     string   `toml:"second" json:"second"`
	SecondPort int      `toml:"second_port" json:"secondPort"`
	Host       string   `toml:"host" json:"host"`
	DNS        []string `toml:"dns" json:"dns"`
	LocalPort  int      `toml:"local_port" json:"localPort"`
	PortA      int      `toml:"port_a" json:"portA"`
	PortB      int      `toml:"port_b" json:"portB"`
	PortConfig int      `toml:"port_config" json:"portConfig"`
	MeterA     string   `toml:"meter_a" json:"meterA"`
	MeterB     string   `toml:"meter_b" json:"meterB"`
	Watchdog   int      `toml:"watchdog" json:"watchdog"` // seconds; 0: off
	Missing    int      `toml:"missing" json:"missing"`   // seconds
	KeepAlive  int      `toml:"keep_alive" json:"keepAlive"`
	SerialA    string   `toml:"serial_a" json:"serialA"`
	SerialB    string   `toml:"serial_b" json:"serialB"`
	Alarm      string   `toml:"alarm" json:"alarm"` // "address:port"; "" for none
	Access     bool     `toml:"access" json:"access"`
	Allowed    []string `toml:"allowed" json:"allowed"` // five
	ConnectA   string   `toml:"-" json:"connectA"`
	ConnectB   string   `toml:"-" json:"connectB"`
}

// kept is config as State has it, with when a visitor last changed it.
type kept struct {
	At     time.Time `json:"at"`
	Config config    `json:"config"`
	Access string    `json:"access,omitempty"` // the source that last changed access control
}

// module is the management of one meter's Ethernet module.
type module struct {
	moduleSettings
	device *device.Device
	state  protocol.State
	away   *device.Outage

	mu   sync.Mutex
	kept kept // zero: as it was set up
}

// noAddress stands for an entry that is not used.
const noAddress = "0.0.0.0"

func newModule(env protocol.Env) (*module, error) {
	m := &module{device: env.Device, state: env.State}
	m.Config = config{
		ServerPort: 50, SecondPort: 50, LocalPort: 800, PortA: 1025, PortB: 1027, PortConfig: 50,
		Watchdog: 3600, Missing: 60, KeepAlive: 10, SerialA: "Auto", SerialB: "Auto",
	}
	if err := env.Decode(&m.moduleSettings); err != nil {
		return nil, err
	}
	c := &m.Config
	for _, s := range []*string{&m.Software, &m.MAC, &c.Name, &c.Address, &c.Mask, &c.Gateway, &c.Server, &c.Second, &c.Host, &c.MeterA, &c.MeterB} {
		var err error
		if *s, err = env.Device.Identity.Expand(*s); err != nil {
			return nil, err
		}
	}
	for _, s := range []*string{&c.Address, &c.Mask, &c.Gateway, &c.Server, &c.Second} {
		if *s == "" {
			*s = noAddress
		}
		if *s, _ = parseAddress(*s); *s == noAddress && s == &c.Address {
			return nil, fmt.Errorf("config: address: write an IPv4 address")
		}
	}
	if len(c.DNS) > 3 || len(c.Allowed) > 5 {
		return nil, fmt.Errorf("config: at most three dns and five allowed")
	}
	for len(c.DNS) < 3 {
		c.DNS = append(c.DNS, noAddress)
	}
	for len(c.Allowed) < 5 {
		c.Allowed = append(c.Allowed, noAddress)
	}
	if err := m.Latency.check(); err != nil {
		return nil, err
	}
	var err error
	if m.away, err = sharedAway(env.Device); err != nil {
		return nil, err
	}
	return m, m.state.Load(keyModule, &m.kept)
}

// now returns the present configuration; the caller holds mu.
func (m *module) now() config {
	if m.kept.At.IsZero() || m.Revert > 0 && time.Since(m.kept.At) >= time.Duration(m.Revert) {
		m.kept = kept{}
		return m.Config.clone()
	}
	return m.kept.Config.clone()
}

func (c config) clone() config {
	c.DNS = append([]string(nil), c.DNS...)
	c.Allowed = append([]string(nil), c.Allowed...)
	return c
}

// change keeps what a visitor configured.
func (m *module) change(c config, s *session.Session) {
	seen, now, by := m.seenBy(s.Source()), m.now(), m.kept.Access
	if c.Access != seen.Access || !slices.Equal(c.Allowed, seen.Allowed) {
		by = s.Source()
	} else {
		c.Access, c.Allowed = now.Access, now.Allowed
	}
	m.kept = kept{time.Now(), c, by}
	if err := m.state.Save(keyModule, m.kept); err != nil {
		s.Log.Warn("what visitors configured is not kept over a restart", "err", err)
	}
}

// seenBy is the configuration as a source finds it; the caller holds mu. What a
// visitor made of access control holds for himself: else one line would blind
// the sensor for the others.
func (m *module) seenBy(source string) config {
	c := m.now()
	if m.kept.Access != source {
		first := m.Config.clone()
		c.Access, c.Allowed = first.Access, first.Allowed
	}
	return c
}

// admits says whether access control lets an address in.
func (m *module) admits(address string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.seenBy(address)
	if !c.Access {
		return true
	}
	for _, a := range c.Allowed {
		if a == address {
			return true
		}
	}
	return false
}

// Serve greets one visitor and carries out his lines until he leaves or the
// module restarts.
func (m *module) Serve(_ context.Context, s *session.Session) error {
	if m.away.Holds(s.Source(), time.Now()) {
		return nil
	}
	if !m.admits(s.Source()) {
		s.Record(event.Act{Op: "access_denied", Class: event.Connect, Outcome: event.Refused})
		return nil
	}
	s.Write([]byte("\r\nWelcome...\r\nConnected to [" + m.MAC + "]\r\n"))
	v := &terminal{module: m, s: s}
	for {
		more, err := v.next()
		if err != nil || !more {
			return err
		}
	}
}
