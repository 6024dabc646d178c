package sensor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// statusWriter writes the sensor's own lines; their seq counts per boot.
type statusWriter struct {
	journal      session.Journal
	sensor, boot string
	log          *slog.Logger

	mu  sync.Mutex
	seq int
}

func (w *statusWriter) write(what string, detail any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := event.AppendStatus(nil, time.Now(), w.seq, w.sensor, w.boot, event.Status{What: what, Detail: detail})
	w.seq++
	if err := w.journal.Append(line, ""); err != nil {
		w.log.Warn("a status line is not in the journal", "what", what, "err", err)
	}
}

// Details of status lines.
type (
	startDetail struct {
		Build    string          `json:"build"`
		Site     Site            `json:"site"`
		Services []serviceDetail `json:"services"`
		Limits   bool            `json:"limits"`
		Clock    clockDetail     `json:"clock"`
	}
	serviceDetail struct {
		Persona  string `json:"persona"`
		Device   string `json:"device"`
		Service  string `json:"service"`
		Protocol string `json:"protocol"`
		Network  string `json:"network"`
		Addr     string `json:"addr"`
		Standard uint16 `json:"standard_port"`
	}
	listenerDetail struct {
		Device   string `json:"device"`
		Service  string `json:"service"`
		Addr     string `json:"addr"`
		Standard uint16 `json:"standard_port"`
		State    string `json:"state"` // up, down
	}
	stopDetail struct {
		Uptime   float64 `json:"uptime_s"`
		Sessions uint64  `json:"sessions"`
		Panics   uint64  `json:"panics"`
	}
	refusedDetail struct {
		Device  string `json:"device"`
		Service string `json:"service"`
		Reason  string `json:"reason"`
		Count   uint64 `json:"count"`
	}
	heartbeatDetail struct {
		Clock    clockDetail `json:"clock"`
		Site     Site        `json:"site"`
		Sessions int         `json:"sessions"`
		Served   uint64      `json:"served"`
		Panics   uint64      `json:"panics"`
	}
	clockDetail struct {
		Synced bool  `json:"synced"`
		Offset int64 `json:"offset_ms"` // the kernel's estimate
		Step   int64 `json:"step_ms,omitempty"`
	}
)

func (s *Sensor) startDetail() startDetail {
	d := startDetail{Build: s.cfg.Build, Site: s.cfg.Site, Limits: !s.cfg.NoLimits, Clock: clock()}
	for _, v := range s.services {
		for _, l := range v.listen {
			d.Services = append(d.Services, serviceDetail{v.Persona, v.Device, v.Name, v.Protocol.Name, v.Protocol.Network, l.addr().String(), v.Standard})
		}
	}
	return d
}

// clock asks the kernel whether its clock is disciplined.
func clock() clockDetail {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	const staNano, timeError = 0x2000, 5
	offset := t.Offset
	if t.Status&staNano != 0 {
		offset /= 1000
	}
	return clockDetail{Synced: err == nil && state != timeError, Offset: int64(offset) / 1000}
}

// housekeep writes the sensor's own lines: refusals each minute, a heartbeat
// each hour, steps of the clock when they happen.
func (s *Sensor) housekeep(ctx context.Context) {
	const every, minStep = 10 * time.Second, 500 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	start, last, n := time.Now(), time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		wall, mono := now.Round(0).Sub(last.Round(0)), now.Sub(last)
		if step := wall - mono; step.Abs() >= minStep {
			d := clock()
			d.Step = step.Milliseconds()
			s.status.write("clock", d)
		}
		last = now
		if n++; n%6 == 0 {
			s.report()
			s.sources.forget(now)
			s.budget.forget(now)
		}
		if now.Sub(start) >= time.Hour {
			start = now
			st := s.Stats()
			s.status.write("heartbeat", heartbeatDetail{clock(), s.cfg.Site, st.Sessions(), st.Served(), st.Panics})
		}
	}
}
