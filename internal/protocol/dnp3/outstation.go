package dnp3

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// outstation is one DNP3 service: what its visitors share.
type outstation struct {
	settings
	device  *device.Device
	state   protocol.State
	address uint16
	remote  process.Ref
	trouble process.Ref
	attrs   []attribute
	files   *fileStore
	down    device.Outage

	mu        sync.Mutex // of all below and of what points change
	points    [kinds][]*point
	buffer    eventBuffer
	schedules []schedule
	scanned   process.View // what was looked at last
	kept      kept
	recorded  time.Time // when record current time came
	visitors  map[*session.Session]bool
}

// build makes an outstation of its settings.
func build(env protocol.Env) (*outstation, error) {
	o := &outstation{settings: defaults(), device: env.Device, state: env.State, visitors: map[*session.Session]bool{}}
	if err := env.Decode(&o.settings); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	address, err := o.device.Identity.Expand(o.Address)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	if o.address, err = ownAddress(address); err != nil {
		return nil, err
	}
	if o.remote, err = o.ref(o.Remote); err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	if o.trouble, err = o.ref(o.Trouble); err != nil {
		return nil, fmt.Errorf("trouble: %w", err)
	}
	if err := o.buildPoints(); err != nil {
		return nil, err
	}
	if o.attrs, err = o.buildAttributes(); err != nil {
		return nil, err
	}
	if o.files, err = newFileStore(o.settings.Files, env); err != nil {
		return nil, err
	}
	o.buffer.limit = o.settings.Events
	o.kept = kept{Restart: o.settings.Restart, NeedTime: o.settings.NeedTime}
	if err := o.load(); err != nil {
		return nil, fmt.Errorf("what the device kept: %w", err)
	}
	o.prime()
	return o, nil
}

// ref finds a tag; the empty name is none.
func (o *outstation) ref(name string) (process.Ref, error) {
	if name == "" {
		return process.None, nil
	}
	ref, ok := o.device.Process.Ref(name)
	if !ok {
		return process.None, fmt.Errorf("the process has no tag %q", name)
	}
	return ref, nil
}

// buildPoints makes the lists of points, each in the order of its indexes.
func (o *outstation) buildPoints() error {
	for k, list := range [kinds][]point{binary: o.Binary, double: o.Double, output: o.Output, counter: o.Counter, analog: o.Analog, analogOutput: o.AnalogOutput, text: o.Text} {
		for i := range list {
			p := &list[i]
			if err := p.build(kind(k), o); err != nil {
				static, _ := kind(k).groups()
				return fmt.Errorf("points of group %d: %w", static, err)
			}
			o.points[k] = append(o.points[k], p)
			if p.Frozen && kind(k) == counter {
				o.points[frozen] = append(o.points[frozen], p.frozenOf())
			}
		}
	}
	for k := range o.points {
		slices.SortFunc(o.points[k], func(a, b *point) int { return a.At - b.At })
		for i, p := range o.points[k] {
			if i > 0 && o.points[k][i-1].At == p.At {
				return fmt.Errorf("two points %d of one kind", p.At)
			}
		}
	}
	return nil
}

// now is the device's time in milliseconds since 1970.
func (o *outstation) now() uint64 { return millis(o.device.Clock.Now()) }

func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) & (1<<48 - 1) }

// enter counts a visitor in.
func (o *outstation) enter(s *session.Session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.load(); err != nil {
		s.Log.Warn("dnp3: what the device kept", "error", err)
	}
	o.visitors[s] = true
}

func (o *outstation) leave(s *session.Session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.visitors, s)
}

// restarting says whether the device does not answer the visitor.
func (v *visitor) restarting() bool { return v.down.Holds(v.s.Source(), time.Now()) }

// deaf says that the device restarts and hears nothing: it forgets what it knew
// of the visitor, reports that were enabled included.
func (v *visitor) deaf() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.restarting() {
		return false
	}
	v.unsol.Lock()
	defer v.unsol.Unlock()
	v.reports.classes, v.reports.waiting, v.waiting = [4]bool{}, false, waiting{}
	v.last, v.selected, v.link = nil, selection{}, link{}
	return true
}

// indications are those of the device at this moment, under the lock.
func (o *outstation) indications(v process.View) wire.IIN {
	var iin wire.IIN
	for class, bit := range []wire.IIN{1: wire.Class1Events, 2: wire.Class2Events, 3: wire.Class3Events} {
		if o.buffer.has(class) {
			iin |= bit
		}
	}
	for _, c := range []struct {
		on  bool
		bit wire.IIN
	}{
		{o.kept.NeedTime, wire.NeedTime},
		{o.remote != process.None && !v.Bool(o.remote), wire.LocalControl},
		{o.trouble != process.None && v.Bool(o.trouble), wire.DeviceTrouble},
		{o.kept.Restart, wire.DeviceRestart},
		{o.buffer.overflow, wire.BufferOverflow},
	} {
		if c.on {
			iin |= c.bit
		}
	}
	return iin
}

// kept is what the device keeps over restarts of the sensor.
type kept struct {
	Restart   bool                  `json:"restart"`
	NeedTime  bool                  `json:"need_time"`
	Classes   map[string]int        `json:"classes,omitempty"`   // assigned, by point
	Deadbands map[string]float64    `json:"deadbands,omitempty"` // written, by point
	Cleared   map[string]float64    `json:"cleared,omitempty"`   // counters: what freeze and clear took off
	Frozen    map[string]wire.Value `json:"frozen,omitempty"`
}

const keptKey = "dnp3.outstation"

// load takes over what was kept, under the lock or before the first visitor.
func (o *outstation) load() error {
	if err := o.state.Load(keptKey, &o.kept); err != nil {
		return err
	}
	for k := range o.points {
		for _, p := range o.points[k] {
			name := p.name()
			if class, ok := o.kept.Classes[name]; ok {
				p.class = class
			}
			if x, ok := o.kept.Deadbands[name]; ok {
				p.Deadband = x
			}
			if x, ok := o.kept.Cleared[name]; ok {
				p.base = x
			}
			if v, ok := o.kept.Frozen[name]; ok {
				p.held = v
			}
		}
	}
	return nil
}

// save keeps it, under the lock.
func (o *outstation) save(s *session.Session) {
	if err := o.state.Save(keptKey, &o.kept); err != nil {
		s.Log.Warn("dnp3: cannot keep what a visitor changed", "error", err)
	}
}

// name is the point's key in what is kept and its name in the record: "g30:4".
func (p *point) name() string {
	static, _ := p.kind.groups()
	return fmt.Sprintf("g%d:%d", static, p.At)
}

// set puts a value into one of the maps of what is kept.
func set[V any](m *map[string]V, name string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = v
}

// writeError is what a refused write of the process means to a control.
func writeError(err error) wire.ControlStatus {
	switch {
	case err == nil:
		return wire.ControlSuccess
	case errors.Is(err, process.ErrRate):
		return wire.ProcessingLimited
	case errors.Is(err, process.ErrType):
		return wire.OutOfRange
	}
	return wire.HardwareError
}
