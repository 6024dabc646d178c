package store

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// findingsDict is findings of a demonstration, the usual ones last: what most
// findings repeat. Stores hold what was packed by it: it may not change, but for
// another with another number beside it.
//
//go:embed findings.dict
var findingsDict []byte

// findingsDictID is its number in what was packed by it.
const findingsDictID = 1

// newPacker packs findings, to a seventh of their JSON.
func newPacker() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderDictRaw(findingsDictID, findingsDict), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(32<<10), zstd.WithLowerEncoderMem(true))
}

// unpackFinding reads a finding's row: packed, or JSON as former stores have it.
func unpackFinding(b []byte) (*analysis.Finding, error) {
	text, err := findingText(b)
	if err != nil {
		return nil, err
	}
	f := &analysis.Finding{}
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("%w: %w", errFinding, err)
	}
	return f, nil
}

var errFinding = errors.New("a finding is damaged; `sundew reindex` makes the store anew")

// findingText is the JSON of a finding's row.
func findingText(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == '{' {
		return b, nil
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(findingsDictID, findingsDict), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(16<<20))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if b, err = d.DecodeAll(b, nil); err != nil {
		return nil, fmt.Errorf("%w: %w", errFinding, err)
	}
	return b, nil
}
