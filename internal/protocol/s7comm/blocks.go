package s7comm

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

var (
	// errNoRoom says that visitors have loaded as much program as the device takes.
	errNoRoom = errors.New("the load memory for visitors is full")
	// errNotLoaded says that no block of that name waits to be linked in.
	errNotLoaded = errors.New("no such block is loaded")
)

// A blockKey names a block.
type blockKey struct {
	Type   wire.BlockType
	Number uint16
}

// String returns the block's name in STEP 7.
func (k blockKey) String() string { return fmt.Sprintf("%s%d", k.Type, k.Number) }

// A systemBlock is a function of the firmware: it is listed, never uploaded.
type systemBlock struct {
	key          blockKey
	family, name string
}

// program is the CPU's blocks. It is safe for concurrent use.
type program struct {
	state   protocol.State
	limit   int // octets that visitors may load
	system  []systemBlock
	shipped map[blockKey]bool // blocks of the persona

	mu      sync.Mutex
	active  map[blockKey][]byte
	passive map[blockKey][]byte // loaded, not yet linked in
	kept    keptProgram
}

// keptProgram is what visitors changed, as the device's state has it.
type keptProgram struct {
	Loaded  map[string][]byte `json:"loaded,omitempty"` // by wire name
	Deleted []string          `json:"deleted,omitempty"`
}

const stateProgram = "s7comm.program"

// newProgram reads the sources and applies what visitors changed. The blocks'
// dates are moved so that the program was last changed one to thirty months before boot:
// the same distances on every installation, other days on each.
func newProgram(s *settings, files fs.FS, state protocol.State, boot time.Time, r *rand.Rand) (*program, error) {
	p := &program{state: state, limit: s.Sizes.Blocks, shipped: map[blockKey]bool{}, active: map[blockKey][]byte{}, passive: map[blockKey][]byte{}}
	blocks, err := readSources(s.Blocks, files)
	if err != nil {
		return nil, err
	}
	shiftDates(blocks, boot, r)
	for _, b := range blocks {
		key := blockKey{b.Header.Type, b.Header.Number}
		if _, twice := p.active[key]; twice {
			return nil, fmt.Errorf("blocks: %v is there twice", key)
		}
		p.active[key] = b.Append(nil)
		p.shipped[key] = true
	}
	if p.system, err = readSystem(s.System, files); err != nil {
		return nil, err
	}
	if err := state.Load(stateProgram, &p.kept); err != nil {
		return nil, err
	}
	for _, name := range p.kept.Deleted {
		if ref, err := wire.ParseBlockRef(name); err == nil {
			delete(p.active, blockKey{ref.Type, ref.Number})
		}
	}
	for name, b := range p.kept.Loaded {
		if ref, err := wire.ParseBlockRef(name); err == nil {
			p.active[blockKey{ref.Type, ref.Number}] = b
		}
	}
	return p, nil
}

// counts returns how many blocks of each type there are.
func (p *program) counts() wire.BlockCounts {
	n := map[wire.BlockType]uint16{}
	p.mu.Lock()
	for key := range p.active {
		n[key.Type]++
	}
	p.mu.Unlock()
	for _, s := range p.system {
		n[s.key.Type]++
	}
	var out wire.BlockCounts
	for _, typ := range wire.BlockTypes() {
		out = append(out, wire.BlockCount{Type: typ, Count: n[typ]})
	}
	return out
}

// list returns the blocks of a type in the order of their numbers; those of the
// firmware in the order of the file.
func (p *program) list(typ wire.BlockType) wire.BlockEntries {
	var out wire.BlockEntries
	for _, s := range p.system {
		if s.key.Type == typ {
			out = append(out, wire.BlockEntry{Number: s.key.Number, Flags: wire.FlagSystem, Language: wire.LangSTL})
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, b := range p.active {
		if key.Type == typ {
			out = append(out, wire.BlockEntry{Number: key.Number, Flags: wire.FlagUser, Language: language(b)})
		}
	}
	if typ != wire.SFC && typ != wire.SFB {
		slices.SortFunc(out, func(a, b wire.BlockEntry) int { return int(a.Number) - int(b.Number) })
	}
	return out
}

func language(b []byte) uint8 {
	h, err := wire.ParseHeader(b)
	if err != nil {
		return wire.LangNone
	}
	return h.Language
}

// info returns what the CPU tells of a block.
func (p *program) info(key blockKey, place byte) (wire.Info, bool) {
	for _, s := range p.system {
		if s.key == key {
			return s.info(), true
		}
	}
	b, ok := p.block(key, place)
	if !ok {
		return wire.Info{}, false
	}
	if k, err := wire.ParseBlock(b); err == nil {
		return wire.Info{Flags: wire.FlagUser, Header: k.Header, Footer: k.Footer}, true
	}
	h, err := wire.ParseHeader(b) // a visitor's, odd behind its header
	return wire.Info{Flags: wire.FlagUser, Header: h}, err == nil
}

// info returns what the CPU tells of a system function; its code is not there.
func (s systemBlock) info() wire.Info {
	sum := crc32.ChecksumIEEE([]byte(s.family + s.name))
	made := wire.Stamp{Millis: 0x02c1aac8, Day: 0x0f76} // of all system functions, capture blocklist
	return wire.Info{
		Flags: wire.FlagSystem, Fill: 0x30,
		Header: wire.Header{
			Format: 1, Flags: 9, Language: wire.LangSTL, Type: s.key.Type, Number: s.key.Number, Length: 0x5a,
			Code: made, Interface: made, InterfLen: 12, ExtraLen: 4, CodeLen: 2,
		},
		Footer: wire.Footer{Author: "SIMATIC", Family: s.family, Name: s.name, Version: 0x10, Checksum: uint16(sum)},
	}
}

// block returns a block's octets: active, or loaded where place is 'P' and
// there is one.
func (p *program) block(key blockKey, place byte) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b, ok := p.passive[key]; ok && place == 'P' {
		return b, true
	}
	b, ok := p.active[key]
	return b, ok
}

// isSystem says whether a block is part of the firmware.
func (p *program) isSystem(key blockKey) bool {
	return slices.ContainsFunc(p.system, func(s systemBlock) bool { return s.key == key })
}

// load puts a downloaded block beside the program.
func (p *program) load(key blockKey, b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := len(b)
	for k, old := range p.passive {
		if k != key {
			total += len(old)
		}
	}
	for _, old := range p.kept.Loaded {
		total += len(old)
	}
	if total > p.limit {
		return errNoRoom
	}
	p.passive[key] = b
	return nil
}
