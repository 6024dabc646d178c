package store

// Forget lets go of what is remembered of the roll-up: the next question reads it
// anew.
func (s *Store) Forget() {
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	u.parts, u.sums, u.things = nil, nil, nil
	u.acts.stamp, u.acts.list = "", nil
	u.clusters.stamp, u.clusters.of = "", nil
	u.traces.stamp, u.traces.list = "", nil
}
