package main

import (
	"context"
	"fmt"

	"github.com/sundew-ics/sundew/internal/web"
)

// openDashboard opens the dashboard's door. Where nobody asked for it and its
// port is taken, or there is no store, the sensor runs without.
func (m *machine) openDashboard(c *runCmd) error {
	if c.Dashboard == "off" || c.Dashboard == "" && m.store == nil { // which asks the store
		return nil
	}
	addr := c.Dashboard
	if addr == "" {
		addr = dashboardAddress
	}
	d, err := openDoor(addr, c.DashboardFlags, m.dir)
	if taken(err) && c.Dashboard == "" {
		m.log.Warn("runs without a dashboard: its port is taken; choose another with --dashboard", "address", addr)
		return nil
	}
	if taken(err) {
		return fmt.Errorf("--dashboard: %w; choose another port, or off", err)
	}
	if err != nil {
		return err
	}
	m.door = d
	by := m.interpreter
	m.tasks = append(m.tasks, func(ctx context.Context) {
		if err := serveDashboard(ctx, d, m.dir, by, m.log, m.store != nil, m.running); err != nil && ctx.Err() == nil {
			m.log.Error("the dashboard is no longer served", "err", err)
		}
	})
	return nil
}

// running adds to a dashboard what the running sensor knows.
func (m *machine) running(cfg *web.Config) {
	r := &web.Running{Health: func() web.Health { s := m.snapshot(); return healthOf(&s) }}
	for _, s := range m.sites {
		r.Sites = append(r.Sites, web.Site{Persona: s.persona.Name, Title: s.persona.Title, Process: s.process})
	}
	cfg.Running = r
	if m.store != nil {
		cfg.Behind = func() int64 {
			if s := m.snapshot().Store; s != nil {
				return s.Behind
			}
			return 0
		}
	}
}

// healthOf is a snapshot as the dashboard shows it.
func healthOf(s *snapshot) web.Health {
	h := web.Health{
		Sensor: s.Sensor, Build: s.Build, Personas: s.Personas, Started: s.Started, Now: s.Now, Well: s.well() == nil, Ready: s.ready() == nil,
		RSS: s.Process.RSS, Memory: s.Process.Memory, CPU: s.Process.CPU, Files: s.Process.Files, FilesLimit: s.Process.Limit, Panics: s.Stats.Panics,
		Journal:   web.JournalHealth{Octets: s.Journal.Octets, Quota: s.Journal.Quota, Segments: s.Journal.Segments, PerDay: s.Journal.PerDay, Failing: s.Journal.Failing, DaysToFull: s.daysToFull()},
		Disk:      web.DiskHealth{Free: s.Disk.Free, Total: s.Disk.Total},
		Artifacts: s.Artifacts, Dropped: map[string]uint64{}, Followers: map[string]int64{}, Sandbox: []web.SandboxHealth{},
	}
	if err := s.ready(); err != nil {
		h.Trouble = err.Error()
	}
	for class, n := range s.Dropped {
		h.Dropped[class] = n
	}
	if s.Store != nil {
		h.Followers["the store"] = s.Store.Behind
	}
	for name, n := range s.Sinks {
		h.Followers[name] = n
	}
	for _, x := range s.Sandbox {
		h.Sandbox = append(h.Sandbox, web.SandboxHealth{Name: x.Name, Held: x.Held, Detail: x.Detail})
	}
	if s.Backup != nil {
		h.Backup = &web.BackupHealth{When: s.Backup.When, Error: s.Backup.Error}
	}
	for _, v := range s.Stats.Services {
		l := web.Listening{
			Persona: v.Persona, Device: v.Device, Service: v.Service, Protocol: v.Protocol, Network: v.Network, Up: len(v.Addrs) > 0, Addrs: v.Addrs,
			Now: v.Sessions, Served: v.Served, Refused: v.Refused, Reasons: v.Reasons, Acts: map[string]uint64{}, Last: v.Last,
		}
		for class, n := range v.Classes {
			l.Acts[string(class)] = n
		}
		h.Listeners = append(h.Listeners, l)
	}
	return h
}
