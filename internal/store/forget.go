package store

// Forget lets go of what is remembered of the roll-up, some 50 octets for each
// session: the next question reads it anew.
func (s *Store) Forget() {
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	u.hours, u.groups, u.parts, u.sums = nil, 0, nil, nil
	u.listed.stamp, u.listed.hours = "", nil
	u.pairs.stamp, u.pairs.list = "", nil
}
