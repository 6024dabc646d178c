package demo

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sundew-ics/sundew/internal/demo/tape"
)

//go:embed tapes.jsonl
var tapes []byte

//go:embed truth.tsv
var truths string

// truth is what a tape must be found to be.
type truth struct {
	label, tool string
	techniques  []string
}

// library is the tapes by name, with what is true of them.
type library struct {
	tapes  map[string]*tape.Tape
	truths map[string]truth
}

func newLibrary() (*library, error) {
	l := &library{map[string]*tape.Tape{}, map[string]truth{}}
	for line := range bytes.Lines(tapes) {
		t := &tape.Tape{}
		if err := json.Unmarshal(line, t); err != nil {
			return nil, fmt.Errorf("demo: tapes.jsonl: %w", err)
		}
		l.tapes[t.Name] = t
	}
	for line := range strings.Lines(truths) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || l.tapes[strings.TrimSuffix(f[0], "+")] == nil {
			return nil, fmt.Errorf("demo: truth.tsv: %q is no tape's line", line)
		}
		l.truths[f[0]] = truth{f[1], f[2], strings.Fields(f[3])}
	}
	return l, nil
}
