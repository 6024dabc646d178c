package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Cursor is a place between two lines: a segment's number and an offset in
// its uncompressed octets. The zero Cursor is the oldest line there is.
type Cursor struct {
	Segment uint64
	Offset  int64
}

// String gives "segment:offset".
func (c Cursor) String() string { return fmt.Sprintf("%d:%d", c.Segment, c.Offset) }

// Before says whether c comes before d.
func (c Cursor) Before(d Cursor) bool {
	return c.Segment < d.Segment || c.Segment == d.Segment && c.Offset < d.Offset
}

// ParseCursor reads what String gives.
func ParseCursor(s string) (Cursor, error) {
	seg, off, ok := strings.Cut(s, ":")
	n, err1 := strconv.ParseUint(seg, 10, 64)
	o, err2 := strconv.ParseInt(off, 10, 64)
	if !ok || err1 != nil || err2 != nil || o < 0 {
		return Cursor{}, fmt.Errorf("journal: %q is not a cursor", s)
	}
	return Cursor{n, o}, nil
}

const cursorDir = "cursors"

func cursorPath(dir, name string) (string, error) {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}
	if name == "" || name[0] == '.' || len(name) > 100 || strings.ContainsFunc(name, bad) || strings.HasSuffix(name, tempSuffix) {
		return "", fmt.Errorf("journal: %q cannot name a cursor; use a-z, 0-9, - and _", name)
	}
	return filepath.Join(dir, cursorDir, name), nil
}

// SaveCursor keeps how far the follower called name has come, over restarts and
// power loss.
func (j *Journal) SaveCursor(name string, c Cursor) error {
	path, err := cursorPath(j.cfg.Dir, name)
	if err != nil {
		return err
	}
	if err := replaceFile(path, fmt.Appendln(nil, c)); err != nil {
		return explain(j.cfg.Dir, err)
	}
	return nil
}

// LoadCursor gives what SaveCursor kept; the zero Cursor when there is none.
func (j *Journal) LoadCursor(name string) (Cursor, error) { return loadCursor(j.cfg.Dir, name) }

func loadCursor(dir, name string) (Cursor, error) {
	path, err := cursorPath(dir, name)
	if err != nil {
		return Cursor{}, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Cursor{}, nil
	}
	if err != nil {
		return Cursor{}, explain(dir, err)
	}
	return ParseCursor(strings.TrimSpace(string(b)))
}
