package s7comm

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// complete adds the data blocks that have tags but no source, so that what can
// be read is also listed.
func (p *program) complete(lengths map[uint16]int, made time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for db, n := range lengths {
		key := blockKey{wire.DB, db}
		name := wire.BlockRef{Type: wire.DB, Number: db, Place: 'A'}.Name()
		if _, ok := p.active[key]; ok || slices.Contains(p.kept.Deleted, name) {
			continue
		}
		b := wire.Block{
			Header: wire.Header{Format: 1, Flags: 1, Language: wire.LangDB, Type: wire.DB, Number: db, Code: wire.StampOf(made), Interface: wire.StampOf(made)},
			Code:   make([]byte, n), Footer: wire.Footer{Version: 0x10},
		}
		p.active[key] = b.Seal().Append(nil)
		p.shipped[key] = true
	}
}

// occupied returns how many octets the program takes in load and work memory.
func (p *program) occupied() (load, work int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.active {
		load += len(b)
		if h, err := wire.ParseHeader(b); err == nil && h.Type != wire.SDB {
			work += int(h.CodeLen) + wire.HeaderLen
		}
	}
	return load, work
}

// checksums returns those of the hardware configuration and of the program, as
// SZL 0132 index 4 tells them: they change with every block that does.
func (p *program) checksums() (hardware, user uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, b := range p.active {
		sum := crc32.ChecksumIEEE(append([]byte(key.String()), b...))
		if key.Type == wire.SDB {
			hardware ^= sum
		} else {
			user ^= sum
		}
	}
	return hardware, user
}

// dataBlocks returns the values that each data block begins with.
func (p *program) dataBlocks() map[uint16][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[uint16][]byte{}
	for key, b := range p.active {
		if key.Type != wire.DB {
			continue
		}
		if k, err := wire.ParseBlock(b); err == nil {
			out[key.Number] = k.Code
		}
	}
	return out
}

// insert links a loaded block in. What cannot be kept is not linked in: the
// device's state is the CPU's memory.
func (p *program) insert(key blockKey) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.passive[key]
	if !ok {
		return nil, errNotLoaded
	}
	name := wire.BlockRef{Type: key.Type, Number: key.Number, Place: 'A'}.Name()
	kept := keptProgram{Loaded: map[string][]byte{}}
	maps.Copy(kept.Loaded, p.kept.Loaded)
	kept.Loaded[name] = b
	for _, n := range p.kept.Deleted {
		if n != name {
			kept.Deleted = append(kept.Deleted, n)
		}
	}
	if err := p.state.Save(stateProgram, kept); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoRoom, err)
	}
	delete(p.passive, key)
	p.active[key], p.kept = b, kept
	return b, nil
}

// remove deletes a block, linked in or not; false where there is none.
func (p *program) remove(key blockKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, active := p.active[key]
	_, passive := p.passive[key]
	delete(p.active, key)
	delete(p.passive, key)
	if active {
		name := wire.BlockRef{Type: key.Type, Number: key.Number, Place: 'A'}.Name()
		delete(p.kept.Loaded, name)
		if p.shipped[key] && !slices.Contains(p.kept.Deleted, name) {
			p.kept.Deleted = append(p.kept.Deleted, name)
		}
		_ = p.state.Save(stateProgram, p.kept) // what is deleted takes no room
	}
	return active || passive
}
