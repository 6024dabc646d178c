package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/sundew-ics/sundew/internal/alert"
	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/sandbox"
	"github.com/sundew-ics/sundew/internal/sensor"
)

// machine is a sensor put together: what runs, from the plant to the sinks.
type machine struct {
	dir       directory
	sites     []*site
	journal   *journal.Journal
	artifacts *artifact.Store
	sinks     []*follower
	alerts    []*alert.Alerter
	config    sensor.Config
	sensor    *sensor.Sensor
	log       *slog.Logger
	standard  bool // on the devices' real ports
	started   time.Time
	octets    int64             // of the journal at the start
	sandbox   []sandbox.Measure // what was given up; none: no sandbox
	backup    *backup.Daily     // nil: none
	door      *door             // of the dashboard; nil: none
	made      []string          // directories beside dir that did not exist before
	store     *storeKeeper      // nil: none

	interpreter *interpreter // for the store and the dashboard; nil: neither

	// tasks run beside the sensor: from before the first visitor until after
	// the last has gone.
	tasks []func(ctx context.Context)
	// asks is what commands may ask the running sensor about.
	asks map[string]control.Handler
}

// openStores opens the journal, the artefacts and the sinks.
func (m *machine) openStores(s *settings) error {
	var err error
	m.journal, err = journal.Open(journal.Config{
		Dir: m.dir.path("journal"), Log: m.log,
		MaxAge: time.Duration(s.Journal.MaxAge), MaxBytes: s.Journal.MaxBytes,
		Status: func(st event.Status) {
			if m.sensor != nil {
				m.sensor.Status(st)
			}
		},
	})
	if err != nil {
		return err
	}
	m.artifacts, err = artifact.Open(artifact.Config{Dir: m.dir.path("artifacts"), Total: s.Artifacts.MaxBytes, Log: m.log})
	if err != nil {
		return err
	}
	configured := s.Sink
	if len(configured) == 0 && inConpotsPlace() {
		configured = []sinkSettings{conpotSink()}
	}
	if m.sinks, err = newFollowers(configured, m.journal, m.log); err != nil {
		return err
	}
	m.alerts, err = newAlerters(s, m.dir, m.log)
	return err
}

// bind opens the ports: the devices' real ones if that is asked for or
// possible, else the unprivileged ones.
func (m *machine) bind(c *runCmd, t *terminal) error {
	listen, err := c.listenAddress()
	if err != nil {
		return err
	}
	if c.Ports != "unprivileged" {
		m.standard = true
		err := m.listen(c, listen)
		if err == nil || c.Ports == "standard" {
			return explainBind(err)
		}
		if !errors.Is(err, syscall.EACCES) {
			return explainBind(err)
		}
		fmt.Fprintln(t.err, "The devices' real ports need privileges that this user lacks: listening on unprivileged ports instead.")
	}
	m.standard = false
	return explainBind(m.listen(c, listen))
}

func (m *machine) listen(c *runCmd, listen netip.Addr) error {
	cfg := m.config
	public, _ := netip.ParseAddr(c.PublicAddress)
	for _, s := range m.sites {
		for _, v := range s.services {
			port := v.Protocol.Alt
			if m.standard {
				port = v.Protocol.Port
			}
			a := s.address
			if !a.IsValid() {
				a = listen
			}
			v.Addr, v.Announce = netip.AddrPortFrom(a, port), public
			cfg.Services = append(cfg.Services, v)
		}
	}
	m.sensor = sensor.New(cfg)
	m.config.Services = cfg.Services
	err := m.sensor.Listen()
	if err != nil {
		m.config.Services = nil
	}
	return err
}

// explainBind says what to do about a port that cannot be had.
func explainBind(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; %s", err, bindAdvice(err))
}

func bindAdvice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "something else listens there: see `ss -lntup`, stop it, or choose --ports or --address"
	case errors.Is(err, syscall.EACCES):
		return "use --ports unprivileged, or grant the right with `setcap cap_net_bind_service=+ep BINARY`"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this host has no such address: see `ip addr`"
	}
	return "choose another --address"
}

// open opens the operator's doors. It comes after bind, since a sensor that
// cannot have its ports has nothing to tell, and before any visitor is served.
func (m *machine) open(c *runCmd) error {
	m.started = time.Now().UTC()
	if st, err := m.journal.Stats(); err == nil {
		m.octets = st.Octets
	}
	if m.backup != nil {
		m.tasks = append(m.tasks, m.backup.Run)
	}
	if err := m.openMetrics(c.Metrics); err != nil {
		return err
	}
	if err := m.openDashboard(c); err != nil {
		return err
	}
	m.asks["status"] = func(context.Context, json.RawMessage) (any, error) { return m.snapshot(), nil }
	m.asks["probe"] = m.expectProbe
	if m.store != nil {
		m.asks["reindex"] = m.store.reindex
	}
	ctl, err := control.Listen(string(m.dir), m.asks)
	if err != nil {
		m.log.Warn("status, health and doctor will not work", "err", err)
		return nil
	}
	m.tasks = append(m.tasks, ctl.Run)
	return nil
}

// run moves plants, listens, writes and delivers until ctx is done, then stops
// in the order in which evidence flows: visitors, plants, journal, sinks.
func (m *machine) run(ctx context.Context) error {
	back, stopBack := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBack()
	var plants, writer, sinks sync.WaitGroup
	plantCtx, stopPlants := context.WithCancel(back)
	for _, s := range m.sites {
		plants.Go(func() { s.run(plantCtx, m.log) })
	}
	for _, f := range m.tasks {
		plants.Go(func() { f(plantCtx) })
	}
	journalCtx, stopJournal := context.WithCancel(back)
	var journalErr error
	writer.Go(func() { journalErr = m.journal.Run(journalCtx) })
	sinkCtx, stopSinks := context.WithCancel(back)
	for _, f := range m.sinks {
		sinks.Go(func() { f.run(sinkCtx) })
	}
	for _, a := range m.alerts {
		sinks.Go(func() { m.runAlerter(sinkCtx, a) })
	}
	var keeper sync.WaitGroup
	keeperCtx, stopKeeper := context.WithCancel(back)
	defer stopKeeper()
	if m.store != nil {
		keeper.Go(func() { m.store.run(keeperCtx) })
	}
	err := m.sensor.Run(ctx)
	stopPlants()
	plants.Wait()
	stopJournal()
	writer.Wait()
	stop := time.AfterFunc(500*time.Millisecond, stopSinks) // they resume where they were at the next start
	if m.store != nil {
		close(m.store.hurry)
		defer time.AfterFunc(storeGrace, stopKeeper).Stop()
	}
	sinks.Wait()
	stop.Stop()
	stopSinks()
	m.leave(&keeper)
	return errors.Join(err, journalErr)
}

// leave waits for the store to stop, but not for a disk that is slow to take what it
// has written: the store may be left in the midst of a transaction, which the next
// start makes again from the journal.
func (m *machine) leave(keeper *sync.WaitGroup) {
	done := make(chan struct{})
	go func() {
		keeper.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(storeGrace + storeLeave):
		m.log.Info("the disk is slow: the store is left where it is, and goes on at the next start")
	}
}
