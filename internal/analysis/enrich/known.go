package enrich

// Scanners names the research scanners whose own networks are known.
func (d *DB) Scanners() []string {
	var out []string
	for _, o := range d.owners {
		out = append(out, o.name)
	}
	return out
}

// Scanners is DB's.
func (l *Live) Scanners() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.db.Scanners()
}
