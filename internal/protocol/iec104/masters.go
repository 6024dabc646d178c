package iec104

import "time"

// selection is a command selected before it is operated.
type selection struct {
	by    *visitor
	value float64
	until time.Time
}

func (d *server) enter(v *visitor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.visitors[v] = true
}

// leave forgets a visitor and what he selected.
func (d *server) leave(v *visitor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.visitors, v)
	for c, s := range d.selected {
		if s.by == v {
			delete(d.selected, c)
		}
	}
}

// claim asks whether v may start transfer, and makes room where the newest goes
// before (redundancy group of one, §10.1).
func (d *server) claim(v *visitor) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Masters == each {
		return true
	}
	for other := range d.visitors {
		if other == v || !other.transferring.Load() {
			continue
		}
		if d.Masters == oldest {
			return false
		}
		other.transferring.Store(false)
		other.s.HangUp("protocol")
	}
	v.transferring.Store(true)
	return true
}
