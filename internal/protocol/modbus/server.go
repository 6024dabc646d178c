package modbus

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// server is one Modbus service.
type server struct {
	settings
	device    *device.Device
	state     protocol.State
	areas     [areaCount]*area
	units     [256]bool
	functions [128]bool
	status    []process.Ref
	objects   []wire.Object
	about     string

	counters
	log commLog

	mu    sync.RWMutex // of the areas' memory and of files
	files map[uint16][]uint16
	dirty atomic.Bool
	saved atomic.Int64 // when memory was, in Unix nanoseconds
	tally atomic.Int64 // when counters were
}

// visitor is one session with the server.
type visitor struct {
	*server
	s          *session.Session
	listenOnly bool // this connection only: see README
	details    [2]detail
	turn       int
	in         [wire.MaxFrame]byte
	out        []byte // the answer's frame
}

func newServer(env protocol.Env) (*server, error) {
	d := &server{settings: defaults(), device: env.Device, state: env.State, files: map[uint16][]uint16{}}
	if err := env.Decode(&d.settings); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := d.build(); err != nil {
		return nil, err
	}
	if err := d.load(); err != nil {
		return nil, fmt.Errorf("what the device kept: %w", err)
	}
	return d, nil
}

// build makes the data model and the tables of what is answered.
func (d *server) build() error {
	points := [areaCount][]point{coils: d.Coils, discrete: d.Discrete, input: d.Input, holding: d.Holding}
	var ranges [areaCount][]memoryRange
	for _, m := range d.Memory {
		k := slices.IndexFunc([]areaKind{coils, discrete, input, holding}, func(k areaKind) bool { return k.String() == m.Area })
		if k < 0 {
			return fmt.Errorf("memory: area = %q: use coils, discrete, holding or input", m.Area)
		}
		ranges[k] = append(ranges[k], m)
	}
	for k := range areaCount {
		a, err := buildArea(k, d.device.Process, points[k], ranges[k], &d.settings)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		d.areas[k] = a
	}
	for _, f := range d.Files {
		records := make([]uint16, f.Records)
		copy(records, f.Values)
		d.files[uint16(f.Number)] = records
	}
	for _, at := range d.FIFO {
		if !d.areas[holding].covers(at, 1) {
			return fmt.Errorf("fifo: no holding register at %d", at)
		}
	}
	d.allow()
	return d.buildIdentity()
}

// allow fills the tables of units and functions.
func (d *server) allow() {
	for _, n := range d.Units {
		d.units[n] = true
	}
	if d.Units == nil {
		for i := range d.units {
			d.units[i] = true
		}
	}
	for _, f := range wire.Functions() {
		d.functions[f] = d.Functions == nil || slices.Contains(d.Functions, int(f))
	}
	if d.Identification == nil {
		d.functions[wire.Encapsulated] = false
	}
}

// buildIdentity expands the texts by which the device names itself.
func (d *server) buildIdentity() error {
	for _, tag := range d.Status {
		ref, ok := d.device.Process.Ref(tag)
		if !ok || len(d.Status) > 8 {
			return fmt.Errorf("status: at most eight tags of the process; %q", tag)
		}
		d.status = append(d.status, ref)
	}
	about, err := d.device.Identity.Expand(d.Server.About)
	if err != nil {
		return fmt.Errorf("server: about: %w", err)
	}
	if len(about) > wire.MaxPDU-4 {
		return fmt.Errorf("server: about is longer than %d octets", wire.MaxPDU-4)
	}
	d.about = about
	for key, text := range d.Identification {
		id, err := objectID(key)
		if err != nil {
			return err
		}
		value, err := d.device.Identity.Expand(text)
		if err != nil {
			return fmt.Errorf("identification: %s: %w", key, err)
		}
		if len(value) > wire.MaxObject {
			return fmt.Errorf("identification: %s is longer than %d octets", key, wire.MaxObject)
		}
		d.objects = append(d.objects, wire.Object{ID: id, Value: value})
	}
	slices.SortFunc(d.objects, func(x, y wire.Object) int { return int(x.ID) - int(y.ID) })
	for i := range d.objects {
		if i > 0 && d.objects[i].ID == d.objects[i-1].ID {
			return fmt.Errorf("identification: object %#02x is there twice", d.objects[i].ID)
		}
	}
	return nil
}

// respond sends the frame that v.out holds, in the time that the device takes.
func (v *visitor) respond() {
	low, high := time.Duration(v.Latency.Min), time.Duration(v.Latency.Max)
	if high > low {
		low += time.Duration(v.s.Rand().Int64N(int64(high - low + 1)))
	}
	v.s.Delay(low)
	v.s.Write(v.out)
}
