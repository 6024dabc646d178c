package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/doctor"
)

// doctorCmd looks a sensor and its host over.
type doctorCmd struct {
	Data          string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	PublicAddress string `placeholder:"IP" env:"SUNDEW_PUBLIC_ADDRESS" help:"The address that visitors know, for the commands to run elsewhere. Nothing is sent to it."`
	JSON          bool   `name:"json" help:"Print JSON."`
}

// diagnosis is what doctor prints.
type diagnosis struct {
	Findings []doctor.Finding `json:"findings"`
	Outside  []string         `json:"outside,omitempty"` // commands for a second host
	Links    []string         `json:"links,omitempty"`   // what search engines know of us; never fetched
}

// Run implements kong's command.
func (c *doctorCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	if c.PublicAddress != "" {
		if _, err := netip.ParseAddr(c.PublicAddress); err != nil {
			return usageError{fmt.Errorf("--public-address %q is not an IP address", c.PublicAddress)}
		}
	}
	d, err := c.examine(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(t, d)
	} else {
		err = d.print(t)
	}
	if err != nil {
		return err
	}
	for _, f := range d.Findings {
		if f.Level == doctor.Fail {
			return errFindings
		}
	}
	return nil
}

func (c *doctorCmd) examine(ctx context.Context) (*diagnosis, error) {
	d := &diagnosis{}
	var s snapshot
	err := control.Ask(ctx, c.Data, "status", nil, &s)
	switch _, missing := os.Stat(c.Data); {
	case err == nil:
		d.Findings = append(d.Findings, c.sensor(&s)...)
		d.Findings = append(d.Findings, askServices(ctx, c.Data, &s)...)
		d.outside(&s, c.PublicAddress)
	case !errors.Is(err, control.ErrNotRunning):
		return nil, err
	case missing != nil:
		d.Findings = append(d.Findings, doctor.Finding{Level: doctor.Skip, Name: "sensor", What: "there is none in " + c.Data, Mend: "name its directory with --data; what follows is the host alone"})
	default:
		d.Findings = append(d.Findings, doctor.Finding{Level: doctor.Fail, Name: "sensor", What: "none is running in " + c.Data, Mend: "`sundew run --data " + c.Data + "`; `sundew check` says what hinders it"})
	}
	d.Findings = append(d.Findings, doctor.Clock())
	d.Findings = append(d.Findings, host().Check(ctx)...)
	return d, nil
}

// host is this machine, as doctor sees it.
func host() doctor.Host {
	_, docker := os.Stat("/.dockerenv")
	_, podman := os.Stat("/run/.containerenv")
	return doctor.Host{
		Files: os.DirFS("/"), Root: os.Geteuid() == 0, Inside: inImage() || docker == nil || podman == nil,
		Output: func(ctx context.Context, name string, args ...string) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return exec.CommandContext(ctx, name, args...).Output()
		},
	}
}

// sensor judges what a running sensor says of itself.
func (c *doctorCmd) sensor(s *snapshot) []doctor.Finding {
	var out []doctor.Finding
	add := func(l doctor.Level, name, mend, format string, args ...any) {
		out = append(out, doctor.Finding{Level: l, Name: name, What: fmt.Sprintf(format, args...), Mend: mend})
	}
	add(doctor.OK, "sensor", "", "%s, up %s, %d services", s.Build, s.Now.Sub(s.Started).Round(time.Second), len(s.Stats.Services))
	if s.Journal.Failing != "" {
		add(doctor.Fail, "journal", "make room, or give the directory to the sensor's user", "cannot be written: %s", s.Journal.Failing)
	} else if n := s.dropped(); n > 0 {
		add(doctor.Warn, "journal", "the disk is too slow for what comes in: see `sundew status`", "%d lines were lost since the start", n)
	} else {
		add(doctor.OK, "journal", "", "nothing lost")
	}
	for name, behind := range s.Sinks {
		if behind > 64<<20 {
			add(doctor.Warn, "sink "+name, "see the sensor's log for what its receiver says", "is %s behind", octets(float64(behind)))
		}
	}
	switch free := float64(s.Disk.Free) / max(1, float64(s.Disk.Total)); {
	case s.Disk.Total == 0:
		add(doctor.Skip, "disk", "", "the system does not tell")
	case s.Disk.Free < minFree:
		add(doctor.Fail, "disk", "make room, or set [journal] max_bytes", "%s free", octets(float64(s.Disk.Free)))
	case free < 0.1:
		add(doctor.Warn, "disk", "make room, or set [journal] max_bytes", "%s free, %.0f %%", octets(float64(s.Disk.Free)), 100*free)
	default:
		add(doctor.OK, "disk", "", "%s free, %.0f %%", octets(float64(s.Disk.Free)), 100*free)
	}
	if s.Stats.Panics > 0 {
		add(doctor.Warn, "faults", "please report what the log says of them", "%d sessions ended by a fault of ours", s.Stats.Panics)
	}
	if s.Process.Limit < 8192 {
		add(doctor.Warn, "open files", "LimitNOFILE=8192 in the unit, or `ulimit -n 8192`", "at most %d", s.Process.Limit)
	}
	out = append(out, c.directory(), s.confinement(), s.sources())
	return append(out, s.backups())
}

// directory looks who may read the evidence and the seed.
func (c *doctorCmd) directory() doctor.Finding {
	dir := directory(c.Data)
	for _, p := range []string{c.Data, dir.path("seed")} {
		info, err := os.Stat(p)
		if errors.Is(err, fs.ErrPermission) {
			return doctor.Finding{Level: doctor.Skip, Name: "data", What: "only the sensor's user and root can look into " + c.Data}
		}
		if err != nil {
			return doctor.Finding{Level: doctor.Fail, Name: "data", What: err.Error(), Mend: "the sensor's directory was moved or taken away: restart it"}
		}
		if info.Mode().Perm()&0o007 != 0 {
			return doctor.Finding{Level: doctor.Warn, Name: "data", What: "every user of this host can read " + p, Mend: "`chmod o-rwx " + p + "`"}
		}
	}
	return doctor.Finding{Level: doctor.OK, Name: "data", What: c.Data + " is its own"}
}

func (s *snapshot) dropped() (n uint64) {
	for _, v := range s.Dropped {
		n += v
	}
	return n
}

// confinement says whether the sandbox holds.
func (s *snapshot) confinement() doctor.Finding {
	f := doctor.Finding{Level: doctor.OK, Name: "sandbox", What: "holds"}
	if len(s.Sandbox) == 0 {
		return doctor.Finding{Level: doctor.Warn, Name: "sandbox", What: "there is none", Mend: "start without --sandbox off"}
	}
	var missing []string
	for _, m := range s.Sandbox {
		if !m.Held {
			missing = append(missing, m.Name+" ("+m.Detail+")")
		}
	}
	if len(missing) > 0 {
		f.Level, f.What, f.Mend = doctor.Warn, "does not hold in full: "+strings.Join(missing, "; "), "a newer kernel can do more (Landlock: 5.13, its network rules: 6.7), and so can a sensor that does not stay root"
	}
	return f
}

// sources looks whether something between hides who the visitors are.
func (s *snapshot) sources() doctor.Finding {
	hidden, seen := 0, 0
	for _, v := range s.Stats.Services {
		if !v.LastSource.IsValid() || v.LastSource.IsLoopback() {
			continue
		}
		seen++
		if v.LastSource.IsPrivate() {
			hidden++
		}
	}
	switch {
	case seen == 0:
		return doctor.Finding{Level: doctor.Skip, Name: "sources", What: "nobody has come yet"}
	case hidden == seen:
		return doctor.Finding{Level: doctor.Warn, Name: "sources", What: "every service's last visitor has a private address: a proxy or a container network may hide who they are",
			Mend: "with Docker set \"userland-proxy\": false in /etc/docker/daemon.json, or use the host's network"}
	}
	return doctor.Finding{Level: doctor.OK, Name: "sources", What: "visitors' own addresses arrive"}
}

// backups looks at the daily backup.
func (s *snapshot) backups() doctor.Finding {
	f := doctor.Finding{Level: doctor.Warn, Name: "backup"}
	switch b := s.Backup; {
	case b == nil:
		f.What, f.Mend = "none is made", "set backup_dir in the configuration, and copy the files elsewhere"
	case b.Error != "":
		f.Level, f.What, f.Mend = doctor.Fail, "the last one failed: "+b.Error, "mend that; it is tried again at the next hour of backup"
	case b.When.IsZero():
		f.Level, f.What = doctor.OK, "none yet; the first is made at its hour"
	case s.Now.Sub(b.When) > 49*time.Hour:
		f.What, f.Mend = fmt.Sprintf("the last one is %s old", s.Now.Sub(b.When).Round(time.Hour)), "was the sensor or the host asleep? `sundew backup` makes one now"
	default:
		f.Level, f.What = doctor.OK, fmt.Sprintf("the last one is %s old", s.Now.Sub(b.When).Round(time.Minute))
	}
	return f
}

func (d *diagnosis) print(t *terminal) error {
	p := eventPrinter{colour: t.colour}
	colours := map[doctor.Level]string{doctor.OK: plain, doctor.Skip: dim, doctor.Warn: yellow, doctor.Fail: red}
	for _, f := range d.Findings {
		fmt.Fprintf(t.out, "%s  %-16s %s\n", p.paint(colours[f.Level], fmt.Sprintf("%-4s", strings.ToUpper(string(f.Level)))), f.Name, f.What)
		if f.Mend != "" && f.Level != doctor.OK {
			fmt.Fprintf(t.out, "      %-16s %s\n", "", f.Mend)
		}
	}
	if len(d.Outside) > 0 {
		fmt.Fprintln(t.out, "\nWhat only a second host can tell (put the published ports in their place, if those differ):")
		for _, l := range d.Outside {
			fmt.Fprintln(t.out, "  "+l)
		}
	}
	for _, l := range d.Links {
		fmt.Fprintln(t.out, "  "+l)
	}
	return nil
}

// expectProbe answers a question of doctor's: a probe is about to come.
func (m *machine) expectProbe(_ context.Context, ask json.RawMessage) (any, error) {
	var q probeQuestion
	if err := json.Unmarshal(ask, &q); err != nil {
		return nil, err
	}
	if q.Nonce == "" || len(q.Nonce) > 64 || !q.Source.IsValid() {
		return nil, errors.New("a probe needs a source and a nonce")
	}
	if !m.sensor.Expect(q.Network, q.Source, q.Nonce) {
		return nil, errors.New("too many probes at once")
	}
	return struct{}{}, nil
}
