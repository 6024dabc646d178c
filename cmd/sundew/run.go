package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/sensor"
	"github.com/sundew-ics/sundew/internal/session"
)

// runCmd listens for visitors.
type runCmd struct {
	Persona       []string `short:"t" aliases:"template" placeholder:"NAME|DIR[@ADDRESS]" env:"SUNDEW_PERSONA" help:"Whom to pretend to be (Conpot calls it a template); repeatable. Default: default."`
	Data          string   `placeholder:"DIR" env:"SUNDEW_DATA" help:"Where journal, artefacts, state and seed are kept. Default: the platform's state directory."`
	Address       string   `placeholder:"IP" env:"SUNDEW_ADDRESS" help:"Where to listen. Default: all addresses."`
	Ports         string   `enum:"auto,standard,unprivileged" default:"auto" env:"SUNDEW_PORTS" help:"The devices' real ports, or unprivileged ones; auto takes the real ones where it may (${enum})."`
	PublicAddress string   `placeholder:"IP" env:"SUNDEW_PUBLIC_ADDRESS" help:"The address that visitors know, announced for FTP data ports."`
	Sensor        string   `placeholder:"NAME" env:"SUNDEW_SENSOR" help:"This sensor's name in the record. Default: the host's name."`
	Limits        string   `enum:"on,off" default:"on" env:"SUNDEW_LIMITS" help:"off: no limits, for tests on loopback."`
	Latency       string   `enum:"on,off" default:"on" env:"SUNDEW_LATENCY" help:"off: answer at once, for tests on loopback."`
	User          string   `placeholder:"NAME|UID[:GID]" env:"SUNDEW_USER" help:"Whom to become when started as root, once the ports are bound. Default: sundew if there is such a user, else 65532."`
	Sandbox       string   `enum:"on,off,strict" default:"on" env:"SUNDEW_SANDBOX" help:"Give up files, programs and sockets that are not needed: as far as the kernel can, not at all, or refuse to start if something does not hold (${enum})."`
	Store         string   `enum:"on,off" default:"on" env:"SUNDEW_STORE" help:"Keep the store up with the journal, for questions and pages; off: commands do it when they are asked (${enum})."`
	Metrics       string   `placeholder:"IP:PORT" env:"SUNDEW_METRICS" help:"Serve figures to Prometheus (/metrics, /healthz, /readyz) here; a loopback address. Default: nowhere."`
	Dashboard     string   `placeholder:"IP:PORT|off" env:"SUNDEW_DASHBOARD" help:"Serve the dashboard here. Default: 127.0.0.1:8900 if that port is free and there is a store."`
	BackupDir     string   `placeholder:"DIR" env:"SUNDEW_BACKUP_DIR" help:"Make a backup every day, here."`
	BackupAt      string   `name:"backup.at" placeholder:"HH:MM" default:"02:00" env:"SUNDEW_BACKUP_AT" help:"When, in local time (${default})."`
	BackupKeep    string   `name:"backup.keep" placeholder:"SPAN" default:"30d" env:"SUNDEW_BACKUP_KEEP" help:"How long backups are kept; the newest always is (${default})."`
	ResetProcess  bool     `help:"Start with the plant and the devices as the persona has them, not as visitors left them."`
	Config        string   `placeholder:"FILE" env:"SUNDEW_CONFIG" help:"Configuration file. Default: /etc/sundew/sundew.toml if it is there."`
	Log           string   `enum:"debug,info,warn,error" default:"info" env:"SUNDEW_LOG" help:"What to print of the sensor's own doings (${enum})."`

	DashboardFlags dashboardFlags `embed:"" prefix:"dashboard-" envprefix:"SUNDEW_DASHBOARD_"`

	SiteName     string `name:"site.name" hidden:"" env:"SUNDEW_SITE_NAME"`
	SiteCountry  string `name:"site.country" hidden:"" env:"SUNDEW_SITE_COUNTRY"`
	SiteProvider string `name:"site.provider" hidden:"" env:"SUNDEW_SITE_PROVIDER"`
}

// Run implements kong's command.
func (c *runCmd) Run(ctx context.Context, t *terminal, s *settings) error {
	log, err := newLog(t, c.Log)
	if err != nil {
		return err
	}
	m, err := c.assemble(s, log)
	if err != nil {
		return err
	}
	defer m.journal.Close()
	if err := m.bind(c, t); err != nil {
		return err
	}
	if err := m.open(c); err != nil {
		return err
	}
	if err := m.confine(c); err != nil {
		return err
	}
	if err := m.banner(t, c); err != nil {
		return err
	}
	boundMemory()
	return m.run(ctx)
}

// memoryAim is what the sensor's memory is kept to, in octets: under all loads at
// once some 160 MB are in use, and the rest is garbage waiting to be collected.
const memoryAim = 190 << 20

// boundMemory has the collector work harder near memoryAim, or near four fifths
// of what the control group grants if that is less. GOMEMLIMIT overrules it.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	aim := int64(memoryAim)
	if limit := memoryLimit(); limit > 0 {
		aim = min(aim, limit/5*4)
	}
	debug.SetMemoryLimit(aim)
}

func newLog(t *terminal, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usageError{err}
	}
	return slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: l})), nil
}

// assemble builds everything that can fail for reasons of configuration. It
// opens the journal, and no port.
func (c *runCmd) assemble(s *settings, log *slog.Logger) (*machine, error) {
	listen, err := c.listenAddress()
	if err != nil {
		return nil, err
	}
	if c.Data == "" {
		c.Data = dataDir()
	}
	m := &machine{dir: directory(c.Data), log: log, asks: map[string]control.Handler{}}
	if err := m.dir.make(); err != nil {
		return nil, err
	}
	seed, born, err := m.dir.secret()
	if err != nil {
		return nil, err
	}
	b := &builder{dir: m.dir, seed: seed, born: born, reset: c.ResetProcess, log: log}
	if len(c.Persona) == 0 {
		c.Persona = []string{"default"}
	}
	for _, arg := range c.Persona {
		a, err := parseSite(arg)
		if err != nil {
			return nil, err
		}
		site, err := b.build(a)
		if err != nil {
			return nil, err
		}
		m.sites = append(m.sites, site)
	}
	if err := c.checkOff(m.sites, listen); err != nil {
		return nil, err
	}
	if err := m.openStores(s); err != nil {
		return nil, err
	}
	m.config = sensor.Config{
		Journal: recorder{m.journal}, Artifacts: m.artifacts, Sensor: c.Sensor, Boot: session.NewID(time.Now()), Build: version(),
		Seed: secretFor(seed, "session"), Site: sensor.Site{Name: c.SiteName, Country: c.SiteCountry, Provider: c.SiteProvider},
		NoLimits: c.Limits == "off", Instant: c.Latency == "off", Log: log,
	}
	if c.Sensor == "" {
		m.config.Sensor, _ = os.Hostname()
	}
	if c.Store == "on" || c.Dashboard != "off" {
		if m.interpreter, err = newInterpreter(m.dir, s.geo()); err != nil {
			return nil, err
		}
	}
	if c.Store == "on" {
		m.store = newStoreKeeper(m.dir, m.journal, m.interpreter, s.retention(c.Data), log)
	}
	m.backup, err = c.daily(m, s.Backup.MaxBytes)
	return m, err
}

func (c *runCmd) listenAddress() (netip.Addr, error) {
	if c.Address == "" {
		return netip.IPv6Unspecified(), nil
	}
	a, err := netip.ParseAddr(c.Address)
	if err != nil {
		return a, usageError{fmt.Errorf("--address %q is not an IP address", c.Address)}
	}
	return a, nil
}

// checkOff refuses to drop limits or latency where strangers could come.
func (c *runCmd) checkOff(sites []*site, listen netip.Addr) error {
	if c.Limits == "on" && c.Latency == "on" {
		return nil
	}
	for _, s := range sites {
		a := s.address
		if !a.IsValid() {
			a = listen
		}
		if !a.IsLoopback() {
			return usageError{fmt.Errorf("--limits off and --latency off are for tests on loopback; %s is reachable by others: add --address 127.0.0.1", a)}
		}
	}
	return nil
}
