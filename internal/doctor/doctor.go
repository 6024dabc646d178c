// Package doctor looks at the host that a sensor runs on: is its SSH guarded, are
// its updates applied, is its clock right, does a firewall stand before what is
// not the sensor's? It reads files and asks; it changes nothing.
package doctor

import (
	"context"
	"io/fs"
)

// A Level says how bad a finding is.
type Level string

// The levels, best first. Only Fail makes a sensor unfit.
const (
	OK   Level = "ok"
	Skip Level = "skip" // could not be looked at
	Warn Level = "warn"
	Fail Level = "fail"
)

// A Finding is one thing that was looked at.
type Finding struct {
	Level Level  `json:"level"`
	Name  string `json:"name"`
	What  string `json:"what"`
	Mend  string `json:"mend,omitempty"` // what to do about it
}

// A Host is what is looked at.
type Host struct {
	Files fs.FS // the root of its file system
	// Output runs a program and returns what it prints on standard output.
	Output func(ctx context.Context, name string, args ...string) ([]byte, error)
	Root   bool // whether we may read what only root may
	Inside bool // in a container: the host's own files cannot be seen
}

// Check looks at everything that is the host's rather than the sensor's.
func (h Host) Check(ctx context.Context) []Finding {
	if h.Inside {
		return []Finding{{Skip, "host", "this is the inside of a container: SSH, updates and firewall are the host's", "run `sundew doctor` on the host too; without a sensor there it looks at the host alone"}}
	}
	return append(h.sshd(), h.updates(), h.firewall(ctx))
}
