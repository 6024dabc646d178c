package export

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/render"
	"github.com/sundew-ics/sundew/internal/report/export/pcapng"
	"github.com/sundew-ics/sundew/internal/store"
)

// JSONL writes the journal's own lines. With enriched, each gets the member
// "analysis": what is known of its source and found in its session, on
// session.open with the evidence, on an act with the techniques that it proves.
func (j *Job) JSONL(ctx context.Context, w io.Writer, enriched bool) error {
	known := findings{}
	var b []byte
	for l, err := range j.lines(ctx) {
		if err != nil {
			return err
		}
		b = append(b[:0], l...)
		if enriched || j.Anon != nil {
			if b, err = j.rewritten(ctx, b, known, enriched); err != nil {
				return err
			}
		}
		if len(b) == 0 {
			continue
		}
		if _, err := w.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// rewritten is a line with its analysis, or anonymised, or both. One that cannot
// be read is left as it is, and left out where it would have to be anonymised.
func (j *Job) rewritten(ctx context.Context, b []byte, known findings, enriched bool) ([]byte, error) {
	e, ok := line(b).parse()
	if !ok {
		if j.Anon != nil {
			b = b[:0]
		}
		return b, nil
	}
	var a *Analysis
	var err error
	if enriched {
		if a, err = known.of(ctx, j, &e); err != nil {
			return nil, err
		}
	}
	if j.Anon != nil {
		if b, err = j.anonymous(b[:0], &e); err != nil {
			return nil, err
		}
	}
	if a == nil {
		return b, nil
	}
	more, err := json.Marshal(a)
	return append(append(append(b[:len(b)-1], `,"analysis":`...), more...), '}'), err
}

// shared is an event without what only the sensor and its visitor know. Its
// members stand in for the event's of their names.
type shared struct {
	*event.Event
	Src *sharedEnd `json:"src,omitempty"`
	Dst *sharedEnd `json:"dst,omitempty"`
}

type sharedEnd struct {
	IP   *netip.Addr `json:"ip,omitempty"`
	Port uint16      `json:"port,omitempty"`
}

func (j *Job) anonymous(b []byte, e *event.Event) ([]byte, error) {
	j.Anon.Event(e)
	s := shared{Event: e}
	if e.Src != nil {
		s.Src = &sharedEnd{IP: &e.Src.IP}
	}
	if e.Dst != nil {
		s.Dst = &sharedEnd{Port: e.Dst.Port}
	}
	p, err := json.Marshal(s)
	return append(b, p...), err
}

// ECS writes events in the Elastic Common Schema, enriched.
func (j *Job) ECS(ctx context.Context, w io.Writer) error {
	known := findings{}
	o := render.ECS{Destination: j.Anon == nil, Secrets: true}
	var b []byte
	for e, err := range j.events(ctx) {
		if err != nil {
			return err
		}
		a, err := known.of(ctx, j, e)
		if err != nil {
			return err
		}
		if j.Anon != nil {
			j.Anon.Event(e)
		}
		var more *render.Enrichment
		if a != nil {
			more = &render.Enrichment{Source: a.Source, Label: a.Label, Automation: a.Automation, Score: a.Score, Tool: a.Tool, Techniques: j.entries(a.Techniques)}
		}
		b = o.Enriched(b[:0], e, more)
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (j *Job) entries(list []analysis.Technique) []render.Technique {
	var out []render.Technique
	for _, t := range list {
		e, _ := j.Rules.Attack().Entry(t.ID)
		out = append(out, render.Technique{ID: t.ID, Name: e.Name, Tactics: e.Tactics})
	}
	return out
}

// Packets writes a capture. Anonymised, it has sources of the truncated
// networks, one made-up sensor, and lengths instead of octets.
func (j *Job) Packets(ctx context.Context, w io.Writer, o pcapng.Options) error {
	if j.Anon != nil {
		o.Lengths, o.Address = true, j.packetAddress
	}
	out, err := pcapng.NewWriter(w, o)
	if err != nil {
		return err
	}
	for e, err := range j.events(ctx) {
		if err != nil {
			return err
		}
		if j.Anon != nil && e.Target != nil && e.Src != nil && e.Dst != nil {
			e.Target.Ref = j.Anon.target(e.Target.Ref, e.Src.IP, e.Dst.IP, secretOf(e))
		}
		if err := out.Event(e); err != nil {
			return err
		}
	}
	return out.Close()
}

func secretOf(e *event.Event) string {
	if e.Cred == nil {
		return ""
	}
	return e.Cred.Secret
}

// packetAddress rewrites addresses: the sensor's becomes one for documentation.
func (j *Job) packetAddress(a netip.Addr, visitor bool) netip.Addr {
	if visitor {
		return j.Anon.Host(a)
	}
	if a.Unmap().Is4() {
		return netip.AddrFrom4([4]byte{192, 0, 2, 1})
	}
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 1})
}

// An Analysis is what "analysis" of an enriched line says.
type Analysis struct {
	analysis.Source
	Label      string               `json:"label,omitempty"`
	Score      float64              `json:"score"`
	Automation string               `json:"automation,omitempty"`
	Severity   int                  `json:"severity"` // of the session
	Tool       string               `json:"tool,omitempty"`
	Techniques []analysis.Technique `json:"techniques,omitempty"` // of the act
	Finding    *analysis.Finding    `json:"finding,omitempty"`    // on session.open
}

// findings remembers what was found in sessions whose lines are still coming.
type findings map[string]*store.Session

// maxFindings bounds how many are remembered: those of sessions without an end
// would stay for ever.
const maxFindings = 10_000

// of is what is said of an event: nil where the store does not know its session.
func (f findings) of(ctx context.Context, j *Job, e *event.Event) (*Analysis, error) {
	s := f[e.Session]
	if s == nil {
		v, err := j.Store.Session(ctx, e.Session)
		if errors.Is(err, store.ErrNone) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if len(f) >= maxFindings {
			clear(f)
		}
		s = &v
		f[e.Session] = s
	}
	a := &Analysis{Source: s.Source, Label: s.Label, Score: s.Score, Automation: s.Automation, Severity: s.Severity, Tool: s.Tool}
	switch e.Kind {
	case event.KindOpen:
		if a.Finding = s.Finding; j.Anon != nil && a.Finding != nil {
			a.Finding = j.Anon.finding(a.Finding, s.Src)
		}
	case event.KindAct:
		if e.Class != event.Report {
			a.Techniques = j.Rules.Attack().Act(e)
		}
	case event.KindClose:
		delete(f, e.Session)
	}
	return a, nil
}
