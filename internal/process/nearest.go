package process

import "iter"

// Nearest is the name that a misspelt one was probably meant to be, of those that
// there are: the one of least distance, at most half of its length. "": none is like it.
func Nearest(name string, among iter.Seq[string]) string {
	near, best := "", len(name)/2+1
	for other := range among {
		d := distance(name, other)
		if d < best || d == best && near != "" && other < near {
			near, best = other, d
		}
	}
	return near
}

// distance returns how many octets must be changed, added or removed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
