package dnp3

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// kind is a type of point.
type kind int

// The kinds, in the order in which class 0 reports them.
const (
	binary kind = iota
	double
	output
	counter
	frozen
	analog
	analogOutput
	text
	kinds
)

// groups returns the groups of a kind's static objects and of its events.
func (k kind) groups() (static, event uint8) {
	switch k {
	case binary:
		return 1, 2
	case double:
		return 3, 4
	case output:
		return 10, 11
	case counter:
		return 20, 22
	case frozen:
		return 21, 23
	case analog:
		return 30, 32
	case analogOutput:
		return 40, 42
	}
	return 110, 111
}

// kindOf returns whose group it is, and whether of events.
func kindOf(group uint8) (k kind, events, ok bool) {
	for k := range kinds {
		switch static, event := k.groups(); group {
		case static:
			return k, false, true
		case event:
			return k, true, true
		}
	}
	return 0, false, false
}

// point is one point. What is set in the service's file comes first; the rest
// is guarded by the outstation's lock.
type point struct {
	At          int      `toml:"at"`
	Tag         string   `toml:"tag"`
	Opened      string   `toml:"opened"`  // of a double-bit point: the tag of its other contact
	Status      string   `toml:"status"`  // of an output: the tag that says what it is; default: its own
	Online      string   `toml:"online"`  // tag: false means that the point is offline
	Inhibit     string   `toml:"inhibit"` // of an output: a tag that forbids to switch it on (status 10)
	Failed      string   `toml:"failed"`  // of an output: a tag that says it cannot act (status 6)
	Accept      []string `toml:"accept"`  // of an output: the controls it takes; default: all
	Text        string   `toml:"text"`    // of a text: instead of a tag
	Class       *int     `toml:"class"`   // of its events, 1 to 3; 0: none
	Static      int      `toml:"static"`  // default variations
	Event       int      `toml:"event"`
	Frozen      bool     `toml:"frozen"` // of a counter: it can be frozen
	FrozenClass int      `toml:"frozen_class"`
	Scale       float64  `toml:"scale"` // point = value * scale + offset
	Offset      float64  `toml:"offset"`
	Deadband    float64  `toml:"deadband"` // of an analog's events, in the point's unit

	kind                                         kind
	tag, opened, status, online, inhibit, failed process.Ref

	class   int
	last    wire.Value
	words   string  // last text
	base    float64 // of a counter: what was cleared
	held    wire.Value
	pulsing string    // of an output: the control that pulses
	busy    time.Time // and until when
}

// index is the point's number on the wire.
func (p *point) index() uint32 { return uint32(p.At) }

// static and event groups with their default variations.
func (p *point) staticObject() (group, variation uint8) {
	group, _ = p.kind.groups()
	return group, uint8(p.Static)
}

func (p *point) eventObject() (group, variation uint8) {
	_, group = p.kind.groups()
	return group, uint8(p.Event)
}

// defaultVariations are what devices of this kind report unless told otherwise.
func (k kind) defaultVariations() (static, event int) {
	switch k {
	case binary, double:
		return 2, 2
	case output:
		return 2, 2
	case counter:
		return 1, 1
	case frozen:
		return 1, 5
	case analog:
		return 1, 3
	case analogOutput:
		return 1, 1
	}
	return 0, 0
}

// build resolves the point's tags.
func (p *point) build(k kind, o *outstation) error {
	p.kind = k
	if p.At < 0 || p.At > math.MaxUint16 {
		return fmt.Errorf("at = %d: use 0 to 65535", p.At)
	}
	for _, t := range []struct {
		name string
		ref  *process.Ref
	}{{p.Tag, &p.tag}, {p.Opened, &p.opened}, {p.Status, &p.status}, {p.Online, &p.online}, {p.Inhibit, &p.inhibit}, {p.Failed, &p.failed}} {
		ref, err := o.ref(t.name)
		if err != nil {
			return err
		}
		*t.ref = ref
	}
	if p.tag == process.None && k != text {
		return fmt.Errorf("%d: give it a tag", p.At)
	}
	if p.status == process.None {
		p.status = p.tag
	}
	if p.Scale == 0 {
		p.Scale = 1
	}
	static, event := k.defaultVariations()
	if p.Static == 0 {
		p.Static = static
	}
	if p.Event == 0 {
		p.Event = event
	}
	return p.buildReports(o)
}

// buildReports settles classes and variations.
func (p *point) buildReports(o *outstation) error {
	if p.kind == text {
		words, err := o.device.Identity.Expand(p.Text)
		if err != nil {
			return err
		}
		p.Text = words
	} else {
		for _, v := range [][2]int{{0, p.Static}, {1, p.Event}} {
			static, event := p.kind.groups()
			group := []uint8{static, event}[v[0]]
			if v[1] < 0 || v[1] > 255 {
				return fmt.Errorf("%d: no variation %d", p.At, v[1])
			}
			if err := checkVariation(group, uint8(v[1])); err != nil {
				return fmt.Errorf("%d: %w", p.At, err)
			}
		}
	}
	if p.Class != nil {
		p.class = *p.Class
	}
	if p.class < 0 || p.class > 3 || p.FrozenClass < 0 || p.FrozenClass > 3 {
		return fmt.Errorf("%d: class: use 0 to 3", p.At)
	}
	for _, a := range p.Accept {
		if !slices.Contains([]string{"pulse_on", "pulse_off", "latch_on", "latch_off", "close", "trip"}, a) {
			return fmt.Errorf("%d: accept: no control %q", p.At, a)
		}
	}
	return nil
}

// frozenOf returns the frozen counter of a counter.
func (p *point) frozenOf() *point {
	static, event := frozen.defaultVariations()
	return &point{At: p.At, kind: frozen, Tag: p.Tag, tag: p.tag, class: p.FrozenClass, Static: static, Event: event, held: wire.Value{Flags: wire.Online}}
}

// find returns the point of an index.
func find(list []*point, index uint32) *point {
	i := sort.Search(len(list), func(i int) bool { return list[i].index() >= index })
	if i < len(list) && list[i].index() == index {
		return list[i]
	}
	return nil
}

// between returns the points from start to stop.
func between(list []*point, start, stop uint32) []*point {
	i := sort.Search(len(list), func(i int) bool { return list[i].index() >= start })
	j := sort.Search(len(list), func(i int) bool { return list[i].index() > stop })
	return list[i:j]
}
