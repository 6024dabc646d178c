package journal

import "fmt"

// Held is the number of the first segment that the journal in dir still has
// whole, and of the first of which it has anything: what retention kept of a
// deleted one. Both are 0 where there is none.
func Held(dir string) (whole, kept uint64, err error) {
	list, err := pieces(dir)
	if err != nil {
		return 0, 0, fmt.Errorf("journal: %w", err)
	}
	for _, p := range list {
		segment := p.suffix == plainSuffix || p.suffix == packedSuffix
		if kept == 0 && (segment || p.suffix == keptSuffix) {
			kept = p.n
		}
		if segment {
			return p.n, kept, nil
		}
	}
	return 0, kept, nil
}
