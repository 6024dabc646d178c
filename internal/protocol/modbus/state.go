package modbus

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/session"
)

// What the device keeps over restarts, by its keys in State.
const (
	keyMemory   = "modbus.memory"
	keyCounters = "modbus.counters"
)

const (
	saveEvery  = time.Second // bounds how often a visitor's writes reach the disk
	tallyEvery = time.Minute // the same for counters, which reads change too
)

// kept is the memory of the areas and the files: registers in base64, by the
// area's name or "file N". Only the first registers up to the last that is not
// 0 are there.
type kept map[string]string

func pack(regs []uint16) string {
	n := len(regs)
	for n > 0 && regs[n-1] == 0 {
		n--
	}
	b := make([]byte, 0, 2*n)
	for _, r := range regs[:n] {
		b = binary.BigEndian.AppendUint16(b, r)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// unpack fills regs; what the settings no longer have room for is let go.
func unpack(s string, regs []uint16) error {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	clear(regs)
	for i := range min(len(regs), len(b)/2) {
		regs[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return nil
}

// stores yields what is kept by its name.
func (d *server) stores(yield func(string, []uint16) bool) {
	for _, a := range d.areas {
		if len(a.mem) > 0 && !yield(a.kind.String(), a.mem) {
			return
		}
	}
	for n, regs := range d.files {
		if !yield(fmt.Sprintf("file %d", n), regs) {
			return
		}
	}
}

// load takes up what was kept.
func (d *server) load() error {
	k := kept{}
	if err := d.state.Load(keyMemory, &k); err != nil {
		return err
	}
	for name, regs := range d.stores {
		if s, ok := k[name]; ok {
			if err := unpack(s, regs); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	var c keptCounters
	if err := d.state.Load(keyCounters, &c); err != nil {
		return err
	}
	d.counters.set(c)
	return nil
}

// keep saves what visitors changed: at once where the last time is long enough
// ago, otherwise with a later write or at the end of a session.
func (d *server) keep(s *session.Session, end bool) {
	now := time.Now().UnixNano()
	if end && now-d.tally.Load() >= int64(tallyEvery) {
		d.tally.Store(now)
		if err := d.state.Save(keyCounters, d.counters.get()); err != nil {
			s.Log.Warn("modbus counters are not kept over a restart", "err", err)
		}
	}
	if !end && now-d.saved.Load() < int64(saveEvery) || !d.dirty.Swap(false) {
		return
	}
	d.saved.Store(now)
	k := kept{}
	d.mu.RLock()
	for name, regs := range d.stores {
		k[name] = pack(regs)
	}
	d.mu.RUnlock()
	if err := d.state.Save(keyMemory, k); err != nil {
		s.Log.Warn("modbus memory is not kept over a restart", "err", err)
	}
}
