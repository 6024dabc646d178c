package enrich

// Scanners names the research scanners whose own networks are known.
func (d *DB) Scanners() []string {
	var out []string
	for _, o := range d.owners {
		out = append(out, o.name)
	}
	return out
}
