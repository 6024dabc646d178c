package web

import (
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

// liveAct is an act as the stream tells it.
type liveAct struct {
	ID       string        `json:"id"`
	Session  string        `json:"session"`
	Seq      int           `json:"seq"`
	At       time.Time     `json:"at"`
	Sensor   string        `json:"sensor"`
	Persona  string        `json:"persona,omitempty"`
	Protocol string        `json:"protocol"`
	Op       string        `json:"op"`
	Class    event.Class   `json:"class"`
	Outcome  event.Outcome `json:"outcome"`
	Severity int           `json:"severity"`
	Target   string        `json:"target,omitempty"`
	Values   []string      `json:"values,omitempty"`
	User     string        `json:"user,omitempty"`
	Count    int           `json:"count,omitempty"`
	Src      netip.Addr    `json:"src"`
	SrcPort  uint16        `json:"src_port"`

	analysis.Source
}

// liveSession is a session's beginning or end.
type liveSession struct {
	ID         string     `json:"id"`
	What       string     `json:"what"` // open or close
	Session    string     `json:"session"`
	At         time.Time  `json:"at"`
	Sensor     string     `json:"sensor"`
	Persona    string     `json:"persona,omitempty"`
	Protocol   string     `json:"protocol"`
	Src        netip.Addr `json:"src"`
	SrcPort    uint16     `json:"src_port"`
	DstPort    uint16     `json:"dst_port"`
	Reason     string     `json:"reason,omitempty"`
	Acts       *int       `json:"acts,omitempty"`
	Label      string     `json:"label,omitempty"`
	Severity   *int       `json:"severity,omitempty"`
	Automation string     `json:"automation,omitempty"`
	Tool       string     `json:"tool,omitempty"`

	analysis.Source
}

// Bounds of a visitor's text in the stream.
const (
	maxLiveText   = 200 // octets
	maxLiveValues = 8
)

func (s *Server) liveAct(e *event.Event) (liveAct, int) {
	v := liveAct{
		Session: e.Session, Seq: e.Seq, At: e.Time, Sensor: e.Sensor, Persona: e.Persona, Protocol: e.Protocol, Op: e.Op, Class: e.Class, Outcome: e.Outcome,
		Count: e.Count, Src: e.Src.IP, SrcPort: e.Src.Port, Source: s.source(e.Src.IP),
	}
	v.Severity = s.cfg.Rules.NewSession(e).Add(e).Severity
	if e.Target != nil {
		v.Target = short(string(e.Target.Kind) + " " + e.Target.Ref)
	}
	for _, x := range e.Values[:min(len(e.Values), maxLiveValues)] {
		v.Values = append(v.Values, short(x))
	}
	if e.Cred != nil {
		v.User = short(e.Cred.User)
	}
	return v, v.Severity
}

func (s *Server) liveSession(e *event.Event, what string) liveSession {
	v := liveSession{
		What: what, Session: e.Session, At: e.Time, Sensor: e.Sensor, Persona: e.Persona, Protocol: e.Protocol,
		Src: e.Src.IP, SrcPort: e.Src.Port, Reason: e.Reason, Source: s.source(e.Src.IP),
	}
	if e.Dst != nil {
		v.DstPort = e.Dst.Port
	}
	return v
}

func (s *Server) source(a netip.Addr) analysis.Source {
	if s.cfg.Source == nil {
		return analysis.Source{}
	}
	return s.cfg.Source(a)
}

// short is a text of maxLiveText octets at most, not cut within a character.
func short(s string) string {
	if len(s) <= maxLiveText {
		return s
	}
	end := maxLiveText
	for end > 0 && s[end]&0xC0 == 0x80 {
		end--
	}
	return s[:end] + "…"
}
