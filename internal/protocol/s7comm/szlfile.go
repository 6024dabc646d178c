package s7comm

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// szlKey names a list as a request does; any stands for every index.
type szlKey struct {
	id    uint16
	index uint16
	any   bool
}

// A szlList is a list of the file: its record length, and its records.
type szlList struct {
	size    uint16
	records [][]byte
}

// szlFile is the lists that are the same on every installation of a model.
type szlFile map[szlKey]szlList

// has says whether the CPU's directory, list 0000, names a list. Without a
// directory nothing is ruled out.
func (f szlFile) has(id uint16) bool {
	directory, ok := f[szlKey{any: true}]
	if !ok {
		return true
	}
	for _, r := range directory.records {
		if binary.BigEndian.Uint16(r) == id {
			return true
		}
	}
	return false
}

// readSZL reads a file of lists. A line names the list, with an index or for
// every index, the length of a record, and the records in hex; a line that
// begins with a blank continues the one before:
//
//	0131/0002 40: 0002befd4f00…
//	0012 2: 0000 0101 0103
func readSZL(name string, files fs.FS) (szlFile, error) {
	out := szlFile{}
	if name == "" {
		return out, nil
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var key szlKey
	var size uint16
	var digits string
	start, open := 0, false
	flush := func() error {
		if !open {
			return nil
		}
		list, err := newSZLList(size, digits)
		if err != nil {
			return fmt.Errorf("%s line %d: %w", name, start, err)
		}
		out[key] = list
		return nil
	}
	for n, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			digits += line
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		if key, size, digits, err = szlLine(line); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", name, n+1, err)
		}
		start, open = n+1, true
	}
	return out, flush()
}

// szlLine reads the head of a list and its first digits.
func szlLine(line string) (key szlKey, size uint16, digits string, err error) {
	head, digits, ok := strings.Cut(line, ":")
	f := strings.Fields(head)
	if !ok || len(f) != 2 {
		return key, 0, "", fmt.Errorf("%q: write ID[/INDEX] LENGTH: RECORDS", line)
	}
	id, index, indexed := strings.Cut(f[0], "/")
	n, err := strconv.ParseUint(id, 16, 16)
	if err != nil {
		return key, 0, "", err
	}
	key = szlKey{id: uint16(n), any: !indexed}
	if indexed {
		if n, err = strconv.ParseUint(index, 16, 16); err != nil {
			return key, 0, "", err
		}
		key.index = uint16(n)
	}
	if n, err = strconv.ParseUint(f[1], 10, 16); err != nil || n == 0 {
		return key, 0, "", fmt.Errorf("%q is not a record length", f[1])
	}
	return key, uint16(n), digits, nil
}

// newSZLList cuts hex digits into records. The last one may be short: it is
// filled with zeros.
func newSZLList(size uint16, digits string) (szlList, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		return szlList{}, err
	}
	l := szlList{size: size}
	for len(b) > 0 {
		record := make([]byte, size)
		b = b[copy(record, b):]
		l.records = append(l.records, record)
	}
	return l, nil
}
