package s7comm

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// cpu is the controller that all connections of a service share.
type cpu struct {
	set     settings
	device  *device.Device
	memory  *memory
	program *program
	diag    *diagnostics
	lists   szlFile
	tsaps   map[string]bool
	offers  map[string]bool

	mu      sync.Mutex
	conns   map[int]uint8 // connection type of each resource in use
	unit    uint8         // data unit reference of the next fragmented answer
	upload  uint32        // id of the last upload
	stopped bool          // the mode, where the device has no tag for it
	known   string        // the mode that the diagnostic buffer tells of
	changed time.Time     // when it was entered, by the CPU's clock
	rand    *rand.Rand
}

// newCPU builds the controller of a service.
func newCPU(env protocol.Env) (*cpu, error) {
	set, err := readSettings(env)
	if err != nil {
		return nil, err
	}
	c := &cpu{
		set: set, device: env.Device, tsaps: set.tsaps(), offers: map[string]bool{}, conns: map[int]uint8{},
		unit: uint8(env.Rand.UintN(0xe0)), upload: uint32(env.Rand.UintN(8)), known: process.ModeRun,
		rand: rand.New(rand.NewPCG(env.Rand.Uint64(), env.Rand.Uint64())),
	}
	for _, name := range set.Offers {
		c.offers[name] = true
	}
	boot := env.Device.Clock.At(env.Device.Identity.Boot)
	if c.memory, err = newMemory(&set, env.Device, env.State); err != nil {
		return nil, err
	}
	if c.program, err = newProgram(&set, env.Files, env.State, boot, env.Rand); err != nil {
		return nil, err
	}
	c.program.complete(c.memory.lengths(), boot.AddDate(0, -1, 0))
	if c.diag, err = newDiagnostics(env.State, boot, env.Rand); err != nil {
		return nil, err
	}
	if c.lists, err = readSZL(set.SZL, env.Files); err != nil {
		return nil, err
	}
	if err := c.fill(); err != nil {
		return nil, err
	}
	c.changed = boot
	if view := env.Device.Process.View(); env.Device.Mode != process.None && view.Text(env.Device.Mode) != c.known {
		c.known = view.Text(env.Device.Mode) // as a visitor left it; the buffer tells of it
		c.changed = env.Device.Clock.At(view.Since(env.Device.Mode))
	}
	return c, nil
}

// fill gives the memory its first values and what visitors wrote there. Data
// blocks that a visitor deleted are not there, though tags are bound to them.
func (c *cpu) fill() error {
	blocks := c.program.dataBlocks()
	for db := range c.memory.lengths() {
		if _, ok := blocks[db]; !ok {
			c.memory.remove(db)
		}
	}
	for db, values := range blocks {
		if err := c.memory.start(db, values); err != nil {
			return err
		}
	}
	return c.memory.restore()
}

// mode returns the CPU's mode, and notes in the diagnostic buffer what changed
// it besides this service.
func (c *cpu) mode() string {
	mode, since := process.ModeRun, time.Time{}
	if c.device.Mode != process.None {
		view := c.device.Process.View()
		mode, since = view.Text(c.device.Mode), c.device.Clock.At(view.Since(c.device.Mode))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.device.Mode == process.None {
		if c.stopped {
			return process.ModeStop
		}
		return process.ModeRun
	}
	if mode != c.known {
		c.enter(mode, eventManualWarm, since)
	}
	return mode
}

// setMode makes the device run or stop in the name of by. request is the
// event that asks for a start.
func (c *cpu) setMode(mode string, request uint16, by string) error {
	if c.device.Mode != process.None {
		if err := c.device.Process.Write(by, process.Write{Tag: c.device.Mode, Value: process.TextValue(mode)}); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = mode == process.ModeStop
	c.enter(mode, request, c.device.Clock.Now())
	return nil
}

// enter notes a mode in the diagnostic buffer, under the lock.
func (c *cpu) enter(mode string, request uint16, t time.Time) {
	if mode == c.known {
		return
	}
	switch mode {
	case process.ModeStop:
		c.diag.add(diagEntry(eventStopped, 0xff84, 0xc7000000, t))
	case process.ModeRun:
		c.diag.add(startEntries(request, t, c.rand)...)
	}
	c.known, c.changed = mode, t
}

// acquire takes a connection resource for a visitor of that connection type
// (1 PG, 2 OP, 3 other); false where the CPU has none left. One each is
// reserved for PG and OP.
func (c *cpu) acquire(kind uint8) (ref int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var pg, op int
	for _, k := range c.conns {
		switch k {
		case 1:
			pg = 1
		case 2:
			op = 1
		}
	}
	free := c.set.Connections - len(c.conns)
	if c.set.Connections >= 4 && kind != 1 {
		free -= 1 - pg
	}
	if c.set.Connections >= 4 && kind != 2 {
		free -= 1 - op
	}
	if free <= 0 {
		return 0, false
	}
	for ref = 1; ; ref++ {
		if _, used := c.conns[ref]; !used {
			c.conns[ref] = kind
			return ref, true
		}
	}
}

// release gives a connection resource back.
func (c *cpu) release(ref int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, ref)
}

// connected returns how many connections of each type there are.
func (c *cpu) connected() (pg, op, other int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.conns {
		switch k {
		case 1:
			pg++
		case 2:
			op++
		default:
			other++
		}
	}
	return pg, op, other
}

// nextUnit returns the data unit reference of a fragmented answer; 0 is none.
func (c *cpu) nextUnit() uint8 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unit++; c.unit == 0 {
		c.unit = 1
	}
	return c.unit
}

// nextUpload returns the id of a new upload.
func (c *cpu) nextUpload() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.upload++
	return c.upload
}
