package process

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// stateVersion is the version of what MarshalState writes.
const stateVersion = 1

// A saved plant is what a restart keeps, as JSON.
type saved struct {
	V    int                 `json:"v"`
	Tags map[string]savedTag `json:"tags"`
}

type savedTag struct {
	Number *float64    `json:"number,omitempty"`
	Text   *string     `json:"text,omitempty"`
	Octets []byte      `json:"octets,omitempty"` // a text that is no UTF-8
	Timer  float64     `json:"timer,omitempty"`
	Input  *bool       `json:"input,omitempty"`
	Touch  *savedTouch `json:"touch,omitempty"`
}

type savedTouch struct {
	Age    float64 `json:"age"`
	Offset float64 `json:"offset,omitempty"`
}

// MarshalState returns all that a restart must keep, as JSON: values, sums,
// timers, latches, and how long ago visitors wrote what.
func (p *Process) MarshalState() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cells := p.now.Load().cells
	out := saved{V: stateVersion, Tags: make(map[string]savedTag, len(cells))}
	for i := range cells {
		c, m := &cells[i], &p.moving[i]
		s := savedTag{Timer: m.memory.timer}
		switch text := c.shown.text; {
		case p.tags[i].Type != Text:
			s.Number = &c.exact
		case utf8.ValidString(text):
			s.Text = &text
		default:
			s.Octets = []byte(text)
		}
		if m.memory.primed {
			s.Input = &m.memory.input
		}
		if m.touched.on {
			s.Touch = &savedTouch{Age: m.touched.age, Offset: m.touched.offset}
		}
		out.Tags[p.tags[i].Name] = s
	}
	return json.Marshal(out)
}

// RestoreState puts the plant where MarshalState found it, as if no time had
// passed. A tag that either side lacks is passed over, and values are brought
// into today's limits. After an error the plant is as before.
func (p *Process) RestoreState(b []byte) error {
	var in saved
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("process: state: %w", err)
	}
	if in.V != stateVersion {
		return fmt.Errorf("process: state: version %d, not %d; start once with --reset-process", in.V, stateVersion)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.now.Load()
	cells := slices.Clone(old.cells)
	for i := range cells {
		if s, ok := in.Tags[p.tags[i].Name]; ok {
			p.restore(Ref(i), &cells[i], s)
		}
	}
	p.publish(cells, old.at)
	return nil
}

// restore puts what was saved into a tag's cell, unless the tag was a text and
// is a number now, or the reverse.
func (p *Process) restore(r Ref, c *cell, s savedTag) {
	tag, m := &p.tags[r], &p.moving[r]
	switch {
	case tag.Type != Text && s.Number != nil:
		if c.exact = tag.clamp(*s.Number); tag.Type == Bool {
			c.exact = BoolValue(*s.Number != 0).Float()
		}
		c.shown = p.shown(r, c.exact)
	case tag.Type == Text && s.Text != nil:
		c.shown = TextValue(tag.cut(*s.Text))
	case tag.Type == Text && s.Octets != nil:
		c.shown = TextValue(tag.cut(string(s.Octets)))
	default:
		return
	}
	m.memory = memory{timer: max(s.Timer, 0), primed: s.Input != nil, input: s.Input != nil && *s.Input}
	m.touched = touch{}
	if s.Touch != nil {
		m.touched = touch{on: true, age: max(s.Touch.Age, 0), offset: s.Touch.Offset}
	}
}
