package alert

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

// A Message is what an alerter sends: an alert, a digest of alerts, or a test.
type Message struct {
	Kind   string    `json:"kind"` // "alert", "digest" or "test"
	ID     string    `json:"id"`   // the same if it is sent again
	At     time.Time `json:"at"`   // of the act; of a digest, of its last
	Sensor string    `json:"sensor"`

	Reason     string              `json:"reason,omitempty"` // "first_act": of its source; "score"
	Session    string              `json:"session,omitempty"`
	Src        *event.Endpoint     `json:"src,omitempty"`
	Source     *analysis.Source    `json:"source,omitempty"`
	Persona    string              `json:"persona,omitempty"`
	Device     string              `json:"device,omitempty"`
	Service    string              `json:"service,omitempty"`
	Protocol   string              `json:"protocol,omitempty"`
	Act        *Act                `json:"act,omitempty"`
	Label      string              `json:"label,omitempty"`
	Score      float64             `json:"score,omitempty"`
	Severity   int                 `json:"severity,omitempty"`
	Evidence   []analysis.Evidence `json:"evidence,omitempty"`
	Techniques []string            `json:"techniques,omitempty"`
	Acts       []Act               `json:"acts,omitempty"` // the latest of the session, this one last
	Command    string              `json:"command,omitempty"`

	Digest *Digest `json:"digest,omitempty"`
}

// An Act is one of a session's, in an alert's words.
type Act struct {
	Seq      int           `json:"seq"`
	AtUS     int64         `json:"at_us"`
	Op       string        `json:"op"`
	Class    event.Class   `json:"class"`
	Outcome  event.Outcome `json:"outcome"`
	Target   *event.Target `json:"target,omitempty"`
	Tags     []string      `json:"tags,omitempty"`
	Values   []string      `json:"values,omitempty"`
	Previous []string      `json:"previous,omitempty"`
}

// A Digest stands for alerts that came too fast, or too late to be sent singly.
type Digest struct {
	Alerts   int       `json:"alerts"`
	Late     int       `json:"late"` // of them, of acts more than an hour old
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Sources  []string  `json:"sources"`  // the first
	Sessions []string  `json:"sessions"` // the first
}

const (
	maxListed = 20 // sources and sessions of a digest
	maxValues = 8  // of an act
)

// brief is an act in an alert's words.
func brief(e *event.Event) Act {
	cut := func(l []string) []string { return l[:min(len(l), maxValues)] }
	return Act{e.Seq, e.AtUS, e.Op, e.Class, e.Outcome, e.Target, cut(e.Tags), cut(e.Values), cut(e.Previous)}
}

// message is an alert of an act.
func message(s *stay, e *event.Event, reason string, f analysis.Finding) *Message {
	m := &Message{
		Kind: "alert", ID: fmt.Sprintf("%s-%d-%s", e.Session, e.Seq, reason), At: e.Time, Sensor: e.Sensor, Reason: reason, Session: e.Session, Src: e.Src, Protocol: e.Protocol,
		Persona: s.open.Persona, Device: s.open.Device, Service: s.open.Listener, Label: f.Label, Score: f.Score, Severity: f.Severity, Evidence: f.Evidence, Command: "sundew session " + e.Session,
	}
	if s.source != (analysis.Source{}) {
		m.Source = &s.source
	}
	for _, t := range f.Techniques {
		m.Techniques = append(m.Techniques, t.ID)
	}
	for i := range s.acts {
		m.Acts = append(m.Acts, brief(&s.acts[i]))
	}
	this := brief(e)
	m.Act = &this
	return m
}

// Subject is the message in one line.
func (m *Message) Subject() string {
	switch {
	case m.Kind == "test":
		return fmt.Sprintf("[sundew] %s: a test", m.Sensor)
	case m.Digest != nil:
		return fmt.Sprintf("[sundew] %s: %d more alerts", m.Sensor, m.Digest.Alerts)
	case m.Reason == "score":
		return fmt.Sprintf("[sundew] %s: targeted %.2f: %s by %s", m.Sensor, m.Score, m.Protocol, m.Src.IP)
	}
	return fmt.Sprintf("[sundew] %s: %s by %s: %s %s", m.Sensor, m.Act.Class, m.Src.IP, m.Protocol, m.Act.Op)
}

// Text is the message for people. What visitors sent cannot turn it into another.
func (m *Message) Text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s%s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	switch {
	case m.Kind == "test":
		line("Test", "sensor %s can send alerts", m.Sensor)
		return b.String()
	case m.Digest != nil:
		d := m.Digest
		line("Alerts", "%d, which came too fast to be sent singly; %d of them are of more than an hour before", d.Alerts, d.Late)
		line("Time", "%s to %s UTC", d.From.Format(time.DateTime), d.To.Format(time.DateTime))
		line("Sources", "%s", strings.Join(d.Sources, " "))
		for _, s := range d.Sessions {
			line("Look", "sundew session %s", s)
		}
		return b.String()
	}
	line("Why", "%s", map[string]string{"first_act": "the source's first attempt to change something", "score": "the session's score"}[m.Reason])
	line("Sensor", "%s", m.Sensor)
	line("When", "%s UTC", m.At.UTC().Format("2006-01-02 15:04:05.000"))
	line("Visitor", "%s%s", m.Src.IP, whence(m.Source))
	line("Service", "%s (%s) of %s, %s", m.Service, m.Protocol, m.Device, m.Persona)
	line("Act", "%s", m.Act)
	line("Judged", "%s, targeted %.2f, severity %d %s", m.Label, m.Score, m.Severity, strings.Join(m.Techniques, " "))
	for _, e := range m.Evidence {
		line("", "%s: %s", e.Rule, e.Text)
	}
	b.WriteString("\nThe session's latest acts:\n")
	for i := range m.Acts {
		a := &m.Acts[i]
		line("", "%3d  %8.3f s  %s", a.Seq, float64(a.AtUS)/1e6, a)
	}
	fmt.Fprintf(&b, "\nAll of it: %s\n", plain(m.Command))
	return b.String()
}

func whence(s *analysis.Source) string {
	if s == nil {
		return ""
	}
	var parts []string
	for _, v := range []string{s.Country, s.ASOrg, s.NetType} {
		if v != "" {
			parts = append(parts, v)
		}
	}
	if s.Scanner != "" {
		parts = append(parts, "scanner of "+s.Scanner)
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// String says an act in one phrase.
func (a *Act) String() string {
	s := fmt.Sprintf("%s %s", a.Class, a.Op)
	if a.Target != nil {
		s += fmt.Sprintf(" %s %s", a.Target.Kind, a.Target.Ref)
	}
	for i := range max(len(a.Tags), len(a.Values)) {
		if i < len(a.Tags) {
			s += " " + a.Tags[i]
		}
		if i < len(a.Previous) {
			s += " " + a.Previous[i] + " ->"
		}
		if i < len(a.Values) {
			s += " " + a.Values[i]
		}
	}
	return s + ", " + string(a.Outcome)
}

// plain is text in which nothing ends a line, moves a cursor or turns direction.
func plain(s string) string {
	const most = 600
	var b strings.Builder
	for _, r := range s {
		if b.Len() > most {
			return b.String() + " …"
		}
		if unicode.IsGraphic(r) && !unicode.Is(unicode.Bidi_Control, r) && (r == ' ' || !unicode.IsSpace(r)) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04X", r)
		}
	}
	return b.String()
}
