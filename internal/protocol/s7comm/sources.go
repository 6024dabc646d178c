package s7comm

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// readSources reads every .awl file of a folder, in the order of their names.
func readSources(folder string, files fs.FS) ([]wire.Block, error) {
	if folder == "" {
		return nil, nil
	}
	names, err := fs.Glob(files, path.Join(folder, "*.awl"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("blocks = %q: no .awl file there", folder)
	}
	var out []wire.Block
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		blocks, err := wire.ParseSource(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, blocks...)
	}
	return out, nil
}

// shiftDates moves all dates by whole weeks, and each by a few minutes.
func shiftDates(blocks []wire.Block, boot time.Time, r *rand.Rand) {
	var latest time.Time
	for _, b := range blocks {
		if t := b.Header.Code.Time(); t.After(latest) {
			latest = t
		}
	}
	target := boot.AddDate(0, 0, -30-r.IntN(900))
	weeks := int(target.Sub(latest)/(7*24*time.Hour)) - 1
	for i := range blocks {
		jitter := time.Duration(r.IntN(2400000)-1200000) * time.Millisecond
		for _, stamp := range []*wire.Stamp{&blocks[i].Header.Code, &blocks[i].Header.Interface} {
			if t := stamp.Time().AddDate(0, 0, 7*weeks).Add(jitter); t.Year() >= 1994 {
				*stamp = wire.StampOf(t)
			}
		}
	}
}

// readSystem reads the table of system functions: type, number, family, name.
func readSystem(name string, files fs.FS) ([]systemBlock, error) {
	if name == "" {
		return nil, nil
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var out []systemBlock
	for n, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, ",")
		typ := map[string]wire.BlockType{"SFC": wire.SFC, "SFB": wire.SFB}[f[0]]
		if len(f) != 4 || typ == 0 {
			return nil, fmt.Errorf("%s line %d: write SFC or SFB, number, family, name", name, n+1)
		}
		num, err := strconv.ParseUint(f[1], 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%s line %d: %w", name, n+1, err)
		}
		out = append(out, systemBlock{blockKey{typ, uint16(num)}, f[2], f[3]})
	}
	return out, nil
}
