package process

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/expr-lang/expr/vm"
)

// What a Write may be refused for.
var (
	ErrNoTag    = errors.New("no such tag")
	ErrReadOnly = errors.New("tag is read-only")
	ErrType     = errors.New("value does not fit the tag's type")
	ErrRate     = errors.New("too many writes")
)

// The texts of a mode tag.
const (
	ModeRun     = "run"
	ModeStop    = "stop"
	ModeStartup = "startup"
)

// A Config is what New makes a Process of.
type Config struct {
	Tags     []Tag
	Programs map[string]string // of each device with a program: its mode tag, a text
	Tick     time.Duration     // default 250 ms
	Seed     [32]byte          // of the noise: other on every installation
	Drift    time.Duration     // how long a visitor's write lasts; 0: for ever
	Zone     *time.Location    // the plant's, for schedules; default UTC
	Rate     float64           // writes a second of one source; default 20, negative: no limit
	Burst    int               // writes of one source at once; default 100
}

// A Process is a simulated plant. Its methods may be called from any goroutine.
type Process struct {
	tags []Tag
	refs map[string]Ref
	tick time.Duration
	zone *time.Location

	now atomic.Pointer[snapshot]

	mu      sync.Mutex // of all below, and of whoever replaces now
	moving  []moving   // by Ref
	drift   time.Duration
	rate    limiter
	faults  uint64
	env     map[string]any
	clock   [4]bool // which of clockNames expressions read
	machine vm.VM
}

// A moving is what the plant keeps of one tag besides its cell.
type moving struct {
	motion  motion
	mode    Ref    // the mode tag of its program, or -1
	key     uint64 // of its noise
	memory  memory
	touched touch
	faults  uint64
	inEnv   bool    // expressions read it
	env     Value   // what they read last
	noise   float64 // standard deviation
}

// A snapshot is the plant at one moment. It never changes.
type snapshot struct {
	at    time.Time
	cells []cell
	next  chan struct{} // closed when a newer one is published
}

// A cell is one tag's part of a snapshot.
type cell struct {
	shown Value
	exact float64 // of numbers and booleans: before noise, steps and rounding
	since time.Time
	by    string
}

// New returns a plant at its start values. Its time stands until Run or Step.
func New(cfg Config) (*Process, error) {
	p := &Process{
		tags: slices.Clone(cfg.Tags), refs: make(map[string]Ref, len(cfg.Tags)),
		tick: cfg.Tick, zone: cfg.Zone, drift: cfg.Drift, rate: newLimiter(cfg.Rate, cfg.Burst),
	}
	if p.tick == 0 {
		p.tick = 250 * time.Millisecond
	}
	if p.tick < time.Millisecond {
		return nil, fmt.Errorf("process: tick %v: give at least 1ms", p.tick)
	}
	if p.zone == nil {
		p.zone = time.UTC
	}
	if err := p.index(); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if err := p.build(cfg); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if err := p.start(time.Now()); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	return p, nil
}

// index checks each tag by itself and numbers them.
func (p *Process) index() error {
	for i := range p.tags {
		t := &p.tags[i]
		if err := t.check(); err != nil {
			return err
		}
		if _, ok := p.refs[t.Name]; ok {
			return fmt.Errorf("tag %s: declared twice; rename or remove one", t.Name)
		}
		if clock := clockNames(); t.Name == "self" || slices.Contains(clock[:], t.Name) {
			return fmt.Errorf("tag %s: expressions use that name for something else; rename it", t.Name)
		}
		p.refs[t.Name] = Ref(i)
	}
	return nil
}

// build compiles the motions.
func (p *Process) build(cfg Config) error {
	c := newCompiler(p.tags, p.refs)
	p.env = c.env
	p.moving = make([]moving, len(p.tags))
	for i := range p.tags {
		t, m := &p.tags[i], &p.moving[i]
		if err := c.nameable(t.Name); err != nil {
			return fmt.Errorf("tag %s: %w", t.Name, err)
		}
		var err error
		if m.motion, err = c.motion(t); err != nil {
			return fmt.Errorf("tag %s: motion: %w", t.Name, err)
		}
		if m.mode, err = p.modeOf(t, cfg.Programs); err != nil {
			return fmt.Errorf("tag %s: %w", t.Name, err)
		}
		sum := sha256.Sum256(append(cfg.Seed[:], t.Name...))
		m.key = binary.BigEndian.Uint64(sum[:])
		m.noise = t.Motion.Noise
	}
	for i := range p.tags {
		p.moving[i].inEnv = c.used[p.tags[i].Name]
	}
	for i, name := range clockNames() {
		p.clock[i] = c.used[name]
	}
	return nil
}

// modeOf returns the mode tag of the device whose program moves t.
func (p *Process) modeOf(t *Tag, programs map[string]string) (Ref, error) {
	if t.Program == "" {
		return -1, nil
	}
	name, ok := programs[t.Program]
	if !ok {
		return -1, fmt.Errorf("program = %q: no device of that name has a mode; write mode = \"TAG\" in its [[device]]", t.Program)
	}
	r, ok := p.refs[name]
	if !ok {
		return -1, fmt.Errorf("program = %q: %w named %s, its mode; add a [[tag]] of that name, type text, start \"run\"", t.Program, ErrNoTag, name)
	}
	if p.tags[r].Type != Text {
		return -1, fmt.Errorf("program = %q: its mode %s is a %v; make it a text", t.Program, name, p.tags[r].Type)
	}
	return r, nil
}

// Ref returns the tag of that name.
func (p *Process) Ref(name string) (Ref, bool) {
	r, ok := p.refs[name]
	if !ok {
		return -1, false
	}
	return r, true
}

// Tag returns the description of a tag; the zero Tag where r is none.
func (p *Process) Tag(r Ref) Tag {
	if r < 0 || int(r) >= len(p.tags) {
		return Tag{}
	}
	return p.tags[r]
}

// Tags returns the descriptions of all tags, by Ref.
func (p *Process) Tags() []Tag { return slices.Clone(p.tags) }
