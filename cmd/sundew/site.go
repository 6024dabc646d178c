package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/sensor"
	"github.com/sundew-ics/sundew/internal/state"
	"github.com/sundew-ics/sundew/personas"
)

// directory is DIR of --data: everything that a sensor keeps.
type directory string

func (d directory) path(name ...string) string {
	return filepath.Join(append([]string{string(d)}, name...)...)
}

// secret returns the installation's seed and when it was made, making it at the
// first start.
func (d directory) secret() (seed []byte, born time.Time, err error) {
	file := d.path("seed")
	seed, err = os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, 32)
		rand.Read(seed) // never fails
		err = os.WriteFile(file, seed, 0o600)
	}
	if err != nil {
		return nil, born, d.explain(err)
	}
	if len(seed) < 16 {
		return nil, born, fmt.Errorf("%s holds %d octets, fewer than 16; restore it from a backup, or remove it to become another installation", file, len(seed))
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, born, err
	}
	return seed, info.ModTime().UTC(), nil
}

// make makes the directory.
func (d directory) make() error {
	if err := os.MkdirAll(string(d), 0o750); err != nil {
		return d.explain(err)
	}
	return nil
}

// explain says what to do about a directory that does not let us in.
func (d directory) explain(err error) error {
	if errors.Is(err, fs.ErrPermission) && inImage() {
		return fmt.Errorf("cannot write %s: permission denied; on the host run `sudo chown -R %d:%d FOLDER`, FOLDER being what is mounted there", d, os.Geteuid(), os.Getegid())
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("cannot write %s: permission denied; run `chown -R %d:%d %s`, or choose another with --data DIR", d, os.Geteuid(), os.Getegid(), d)
	}
	return fmt.Errorf("cannot use %s: %w; choose another directory with --data DIR", d, err)
}

// site is one persona built and ready to listen: a process, its devices, their
// services.
type site struct {
	folder   string // on disk; "": shipped
	persona  *persona.Persona
	instance string
	address  netip.Addr // where it listens; invalid: where --address says
	process  *process.Process
	kept     *state.Device // the process's state
	states   []*state.Device
	services []sensor.Service
}

// siteArg is NAME|DIR[@ADDRESS] of --persona.
type siteArg struct {
	name    string
	address netip.Addr
}

func parseSite(arg string) (siteArg, error) {
	name, text, at := strings.Cut(arg, "@")
	if name == "" || name == "default" {
		name = personas.Default
	}
	s := siteArg{name: name}
	if at {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return s, usageError{fmt.Errorf("--persona %s: %q is not an address; write NAME@192.0.2.5", arg, text)}
		}
		s.address = a
	}
	return s, nil
}

// builder builds sites for one installation.
type builder struct {
	dir   directory
	seed  []byte
	born  time.Time
	reset bool
	log   *slog.Logger
}

// load reads a persona as this installation shows it.
func (b *builder) load(arg siteArg) (*persona.Persona, string, error) {
	name, files, err := persona.Find(personas.FS(), arg.name)
	if err != nil {
		return nil, "", usageError{err}
	}
	instance := ""
	if arg.address.IsValid() {
		instance = arg.address.String()
	}
	p, err := persona.Load(files, name, persona.Installation{Seed: b.seed, Instance: instance, Born: b.born})
	return p, instance, err
}

// diskFolder is the absolute path of a persona's folder; "" for a shipped one.
func diskFolder(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return ""
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return ""
	}
	return abs
}

// build makes a site of a persona.
func (b *builder) build(arg siteArg) (*site, error) {
	p, instance, err := b.load(arg)
	if err != nil {
		return nil, err
	}
	plant, err := p.NewProcess()
	if err != nil {
		return nil, fmt.Errorf("persona %s: %w", p.Name, err)
	}
	s := &site{persona: p, instance: instance, address: arg.address, process: plant, folder: diskFolder(arg.name)}
	folder := p.Name
	if instance != "" {
		folder += "@" + strings.ReplaceAll(instance, ":", "_")
	}
	if s.kept, err = b.open(folder, "site"); err != nil {
		return nil, err
	}
	var saved json.RawMessage
	if b.reset {
		err = s.kept.Reset()
	} else if err = s.kept.Load("process.state", &saved); err == nil && saved != nil {
		err = plant.RestoreState(saved)
	}
	if err != nil {
		return nil, fmt.Errorf("persona %s: %w", p.Name, err)
	}
	for _, d := range p.Devices {
		if err := b.device(s, folder, d); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// open opens one device's state; damaged files are set aside and told.
func (b *builder) open(folder, device string) (*state.Device, error) {
	st, err := state.Open(b.dir.path("state", folder, device), 0)
	if st == nil {
		return nil, b.dir.explain(err)
	}
	if err != nil {
		b.log.Warn("some of a device's state was damaged and set aside", "device", device, "err", err)
	}
	return st, nil
}

// device builds one device and its services.
func (b *builder) device(s *site, folder string, d persona.Device) error {
	st, err := b.open(folder, d.Key)
	if err != nil {
		return err
	}
	s.states = append(s.states, st)
	if b.reset {
		if err := st.Reset(); err != nil {
			return err
		}
	}
	clock := d.Clock
	if err := st.Load("device.clock", &clock); err != nil {
		return err
	}
	dev := &device.Device{Key: d.Key, Identity: d.Identity, Process: s.process, Mode: process.None}
	dev.Clock = device.NewClock(clock, d.Identity.Drift, func(c device.ClockState) error { return st.Save("device.clock", c) })
	if d.ModeTag != "" {
		dev.Mode, _ = s.process.Ref(d.ModeTag)
	}
	for _, v := range d.Services {
		if err := b.service(s, dev, st, v); err != nil {
			return fmt.Errorf("persona %s: %s/%s: %w", s.persona.Name, d.Key, v.Name, err)
		}
	}
	return nil
}

// service builds one service, once for each network that its protocol has.
func (b *builder) service(s *site, dev *device.Device, st protocol.State, v persona.Service) error {
	found := false
	for _, p := range catalog.Protocols() {
		if p.Name != v.Protocol || v.Network != "" && v.Network != p.Network {
			continue
		}
		found = true
		h, err := p.New(protocol.Env{
			Device: dev, Decode: v.Decode, State: st, Files: s.persona.Files,
			Rand: s.persona.Rand(dev.Key, v.Name), Decoder: catalog.Decoder,
		})
		if err != nil {
			return err
		}
		if v.Port != 0 {
			p.Port = v.Port
		}
		if v.Alt != 0 {
			p.Alt = v.Alt
		}
		s.services = append(s.services, sensor.Service{
			Persona: s.persona.Name, Device: dev.Key, Name: v.Name, Protocol: p, Handler: h, Standard: p.Port,
			Sides: sensor.PortRange(v.Sides), Limits: sensor.Limits{Sessions: v.Sessions, Idle: v.Idle},
		})
	}
	if !found {
		return fmt.Errorf("no protocol %q; `sundew check` lists what there is", v.Protocol)
	}
	return nil
}

const keepEvery = 10 * time.Second

// run moves the plant and keeps its state and the devices' until ctx is done.
func (s *site) run(ctx context.Context, log *slog.Logger) {
	warn := func(err error) { log.Warn("a device's state could not be saved; it is tried again", "err", err) }
	saves, stop := context.WithCancel(context.Background()) // devices may save until the plant has stopped
	var wg, plant sync.WaitGroup
	for _, st := range append(s.states, s.kept) {
		wg.Go(func() {
			if err := st.Run(saves, warn); err != nil {
				warn(err)
			}
		})
	}
	plant.Go(func() { s.process.Run(ctx) })
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		s.keep(warn)
	}
	plant.Wait()
	s.keep(warn)
	stop()
	wg.Wait()
}

func (s *site) keep(warn func(error)) {
	b, err := s.process.MarshalState()
	if err == nil {
		err = s.kept.Save("process.state", json.RawMessage(b))
	}
	if err != nil {
		warn(err)
	}
}

// secretFor derives another secret from the seed, for one purpose.
func secretFor(seed []byte, purpose string) [32]byte {
	return sha256.Sum256(append(append([]byte(nil), seed...), purpose...))
}
