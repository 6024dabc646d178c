package iec104

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// maxObject is the greatest information object address.
const maxObject = 1<<24 - 1

// server is one IEC 104 service.
type server struct {
	settings
	device *device.Device
	state  protocol.State
	folder fs.FS

	stations []uint16 // common addresses
	base     int
	points   []*point // by common address, kind and object address
	objects  map[address]*point
	params   map[address]*point // by the address of the parameter
	commands map[address]*command
	files    []*file
	byTag    map[process.Ref][]*point
	watched  []process.Ref
	cycles   []cycle
	without  [256]bool
	away     device.Outage // while the device restarts

	mu       sync.Mutex
	visitors map[*visitor]bool
	selected map[*command]selection
	fresh    map[uint16]bool // stations whose end of initialisation has not been told
	bands    []float64       // deadbands, by point.index
	noCycle  []bool          // cyclic transmission switched off (113), by point.index
	counts   []count         // by point.index
	delay    uint16          // ms, of 106
}

func newServer(env protocol.Env) (*server, error) {
	d := &server{
		settings: defaults(), device: env.Device, state: env.State, folder: env.Files,
		objects: map[address]*point{}, params: map[address]*point{}, commands: map[address]*command{},
		byTag: map[process.Ref][]*point{}, visitors: map[*visitor]bool{}, selected: map[*command]selection{}, fresh: map[uint16]bool{},
	}
	if err := env.Decode(&d.settings); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	for _, n := range d.Without {
		d.without[n] = true
	}
	if err := d.number(); err != nil {
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

// build makes the points, then the commands, which name points, then the files.
func (d *server) build() error {
	for i, row := range d.Points {
		p, err := d.point(row)
		if err == nil && d.objects[p.address] != nil {
			err = fmt.Errorf("another point is at %s", p.address)
		}
		if err != nil {
			return fmt.Errorf("points: row %d: %w", i+1, err)
		}
		d.objects[p.address] = p
		d.points = append(d.points, p)
	}
	slices.SortFunc(d.points, func(x, y *point) int {
		if x.common != y.common {
			return int(x.common) - int(y.common)
		}
		if x.kind != y.kind {
			return int(x.kind) - int(y.kind)
		}
		return int(x.object) - int(y.object)
	})
	for i, p := range d.points {
		p.index = i
		d.bands = append(d.bands, p.deadband)
		if !p.silent && p.kind != wire.Totals {
			if d.byTag[p.tag] == nil {
				d.watched = append(d.watched, p.tag)
			}
			d.byTag[p.tag] = append(d.byTag[p.tag], p)
		}
		if p.param != 0 {
			at := address{p.common, p.param}
			if d.objects[at] != nil || d.params[at] != nil {
				return fmt.Errorf("points: parameter %s: another object is there", at)
			}
			d.params[at] = p
		}
	}
	d.noCycle, d.counts = make([]bool, len(d.points)), make([]count, len(d.points))
	d.buildCycles()
	for i, row := range d.Commands {
		c, err := d.command(row)
		if err == nil && (d.commands[c.address] != nil || d.objects[c.address] != nil) {
			err = fmt.Errorf("another object is at %s", c.address)
		}
		if err != nil {
			return fmt.Errorf("commands: row %d: %w", i+1, err)
		}
		d.commands[c.address] = c
	}
	return d.buildFiles()
}

// number takes the common addresses and the base of the object addresses from
// the settings.
func (d *server) number() error {
	for _, v := range d.Common {
		n, err := d.integer(v)
		if err == nil && (n < 1 || n >= wire.Broadcast || d.station(uint16(n))) {
			err = fmt.Errorf("%d is no address of a further station (1 to 65534)", n)
		}
		if err != nil {
			return fmt.Errorf("common: %w", err)
		}
		d.stations = append(d.stations, uint16(n))
	}
	if len(d.stations) == 0 {
		return errors.New("common: give the device at least one common address")
	}
	var err error
	if d.base, err = d.integer(d.Base); err == nil && (d.base < 0 || d.base > maxObject) {
		err = fmt.Errorf("%d: use 0 to %d", d.base, maxObject)
	}
	if err != nil {
		return fmt.Errorf("base: %w", err)
	}
	return nil
}

// integer returns a number, or that of a text with ${name}s of the identity.
func (d *server) integer(v any) (int, error) {
	switch v := v.(type) {
	case int:
		return v, nil
	case int64:
		return int(v), nil
	case string:
		text, err := d.device.Identity.Expand(v)
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(text)
	}
	return 0, fmt.Errorf("%v is no number", v)
}

// address returns a row's address.
func (d *server) address(station, object int) (address, error) {
	if station == 0 {
		station = 1
	}
	if station < 0 || station > len(d.stations) {
		return address{}, fmt.Errorf("station = %d: common has %d", station, len(d.stations))
	}
	if object < 1 || object+d.base > maxObject {
		return address{}, fmt.Errorf("ioa = %d: use 1 to %d", object, maxObject-d.base)
	}
	return address{d.stations[station-1], uint32(object + d.base)}, nil
}

func (d *server) tag(name string) (process.Ref, error) {
	ref, ok := d.device.Process.Ref(name)
	if !ok {
		return process.None, fmt.Errorf("no tag %q; add it to process.toml or correct the name", name)
	}
	return ref, nil
}

// station says whether ca is a common address of this device.
func (d *server) station(ca uint16) bool { return slices.Contains(d.stations, ca) }
