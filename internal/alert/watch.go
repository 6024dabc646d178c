package alert

import (
	"bytes"
	"net/netip"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

// Bounds of what an alerter remembers.
const (
	maxStays   = 20_000 // sessions
	maxSources = 20_000 // that have alerted
	maxPending = 200    // alerts not delivered
	lastActs   = 12     // of a session, told in an alert
	late       = time.Hour
	scoreEvery = time.Second // a session that only looks is judged this often
)

// stay is a session that has not ended.
type stay struct {
	means   *analysis.Session
	source  analysis.Source
	open    event.Event // without acts
	acts    []event.Event
	skip    bool // the operator's own probe
	scored  bool // has alerted by its score
	changed bool // since it was judged
	judged  time.Time
}

// guarded is take; a fault of analysis at a line that a visitor made up costs that
// line, not the sensor.
func (a *Alerter) guarded(line []byte, now time.Time) (news bool) {
	defer func() {
		if p := recover(); p != nil {
			a.cfg.Log.Error("an alert cannot judge a line", "alert", a.cfg.Name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return a.take(line, now)
}

// take looks at one line and says whether there is something to send.
func (a *Alerter) take(line []byte, now time.Time) bool {
	if bytes.HasPrefix(line, []byte(`{"v":1,"kind":"status"`)) {
		return false
	}
	e, err := event.Parse(line)
	if err != nil || e.Session == "" || e.Kind == event.KindStatus {
		return false
	}
	s := a.stay(&e)
	news := false
	switch {
	case s.skip:
	case e.Kind == event.KindAct:
		news = a.act(s, &e, now)
	case e.Kind == event.KindClose && s.changed:
		if n := len(s.acts); n > 0 {
			news = a.judge(s, &s.acts[n-1], now)
		}
	}
	if e.Kind == event.KindClose {
		delete(a.stays, e.Session)
	}
	return news
}

func (a *Alerter) stay(e *event.Event) *stay {
	if s := a.stays[e.Session]; s != nil {
		return s
	}
	if len(a.stays) >= maxStays { // some are forgotten: sessions whose end was lost would stay for ever
		for id := range a.stays {
			delete(a.stays, id)
			if len(a.stays) < maxStays*9/10 {
				break
			}
		}
	}
	s := &stay{means: a.cfg.Rules.NewSession(e), open: *e, skip: e.Probe != "" || e.Src == nil}
	if !s.skip {
		s.source = a.cfg.Source(e.Src.IP)
		s.skip = s.source.Scanner != "" && a.cfg.Scanners == "none"
	}
	a.stays[e.Session] = s
	return s
}

// act takes an act. What it alerts of is the act itself, or else the score that it
// brings.
func (a *Alerter) act(s *stay, e *event.Event, now time.Time) bool {
	s.means.Add(e)
	s.changed = true
	if len(s.acts) == lastActs {
		s.acts = append(s.acts[:0], s.acts[1:]...)
	}
	brief := *e
	brief.Request, brief.Response, brief.Detail = "", "", nil
	s.acts = append(s.acts, brief)
	if slices.Contains(a.cfg.Classes, string(e.Class)) && a.first(e) {
		return a.raise(s, e, "first_act", s.means.Finding(s.source), now)
	}
	if e.Class.Passive() && e.Time.Sub(s.judged) < scoreEvery {
		return false
	}
	return a.judge(s, e, now)
}

// judge alerts if the session's score has passed the threshold.
func (a *Alerter) judge(s *stay, e *event.Event, now time.Time) bool {
	s.judged, s.changed = e.Time, false
	if s.scored || a.cfg.Score > 1 || s.source.Scanner != "" && a.cfg.Scanners != "all" {
		return false
	}
	f := s.means.Finding(s.source)
	if f.Score < a.cfg.Score {
		return false
	}
	return a.raise(s, e, "score", f, now)
}

// first says whether an act is its source's first of these for a while.
func (a *Alerter) first(e *event.Event) bool {
	src := sourceKey(e.Src.IP)
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, ok := a.s.Seen[src]; ok && e.Time.Sub(last) < time.Duration(a.cfg.Repeat) {
		return false
	}
	if len(a.s.Seen) >= maxSources {
		a.s.forgetOld(e.Time.Add(-time.Duration(a.cfg.Repeat)))
	}
	a.s.Seen[src] = e.Time
	return true
}

// sourceKey is what a source is counted by: an IPv4 address, an IPv6 /64.
func sourceKey(a netip.Addr) string {
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// raise puts an alert on its way, or into the digest if it is late.
func (a *Alerter) raise(s *stay, e *event.Event, reason string, f analysis.Finding, now time.Time) bool {
	s.scored = s.scored || f.Score >= a.cfg.Score
	m := message(s, e, reason, f)
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Time.Before(a.s.Since) || slices.Contains(a.s.Sent, m.ID) || slices.ContainsFunc(a.s.Pending, func(p *Message) bool { return p.ID == m.ID }) {
		return false
	}
	if now.Sub(e.Time) > late || len(a.s.Pending) >= maxPending {
		a.s.summarise(m, now)
	} else {
		a.s.Pending = append(a.s.Pending, m)
	}
	return true
}
