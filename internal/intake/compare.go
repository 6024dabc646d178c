package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// compare says what becomes of a file; proven: what is here begins as it does.
func (t *taker) compare(p *plan, r io.Reader) (proven bool, err error) {
	have, kind := t.have(p.n)
	switch {
	case have == "":
		p.take = true
		return false, nil
	case p.kind == journal.Kept && kind != journal.Kept:
		t.result.Same++ // we hold all of it
		return false, nil
	case p.kind != journal.Kept && kind == journal.Kept:
		p.take, p.replace = true, have
		return false, nil
	}
	d, err := t.differences(have, kind, p.kind, r)
	if err != nil {
		return false, err
	}
	switch {
	case d.other && kind == journal.Kept:
		t.result.Same++ // ours was kept at another time
		return false, nil
	case d.other:
		return false, fmt.Errorf("segment %d of imported/%s is another than that of %s: two sensors' journals are never mixed, and what was changed is not overwritten; import it under another --name", p.n, t.cfg.Name, t.cfg.Path)
	case d.erasedHere > 0:
		t.result.Erased++
	case d.more || d.erasedThere > 0 && !d.fewer || kind == journal.Plain && p.kind == journal.Packed && !d.fewer:
		p.take, p.replace = true, have
	default:
		t.result.Same++
	}
	return true, nil
}

// difference is how a file of the source differs from ours.
type difference struct {
	other                   bool // it is not the same segment
	more, fewer             bool // it is longer; it is shorter
	erasedThere, erasedHere int  // lines that only one side has as a tombstone
}

// differences compares line by line: a redaction keeps a line's length.
func (t *taker) differences(have string, haveKind, kind journal.Kind, r io.Reader) (d difference, err error) {
	f, err := os.Open(filepath.Join(t.cfg.dir(), have))
	if err != nil {
		return d, err
	}
	defer f.Close()
	ours, end, err := wholeLines(haveKind, f)
	if err != nil {
		return d, err
	}
	defer end()
	theirs, endTheirs, err := wholeLines(kind, r)
	if err != nil {
		return d, err
	}
	defer endTheirs()
	for {
		a, aerr := ours.next()
		b, berr := theirs.next()
		d.more, d.fewer = aerr != nil && berr == nil, aerr == nil && berr != nil
		if err := notEnd(aerr, berr); err != nil {
			return d, err
		}
		if aerr != nil || berr != nil {
			return d, nil
		}
		switch {
		case bytes.Equal(a, b):
		case len(a) != len(b) || isTombstone(a) == isTombstone(b):
			d.other = true
			return d, nil
		case isTombstone(a):
			d.erasedHere++
		default:
			d.erasedThere++
		}
	}
}

func notEnd(errs ...error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// isTombstone says whether a line is what is left of an erased one.
func isTombstone(l []byte) bool {
	if string(bytes.TrimSpace(l)) == "{}" {
		return true
	}
	e, err := event.Parse(l)
	return err == nil && e.What == "redact" && len(e.Detail) == 0
}

// measureFile hashes the whole lines of a file of ours.
func measureFile(path string, n uint64, kind journal.Kind) (journal.Hash, error) {
	f, err := os.Open(path)
	if err != nil {
		return journal.Hash{}, err
	}
	defer f.Close()
	lines, end, err := wholeLines(kind, f)
	if err != nil {
		return journal.Hash{}, err
	}
	defer end()
	return journal.Measure(n, lines)
}

// firstLine is a journal's first line of segment n; "" where there is none.
func firstLine(dir string, n uint64) string {
	for _, k := range []journal.Kind{journal.Packed, journal.Plain} {
		f, err := os.Open(filepath.Join(dir, journal.Name(n, k)))
		if err != nil {
			continue
		}
		defer f.Close()
		lines, end, err := wholeLines(k, f)
		if err != nil {
			return ""
		}
		defer end()
		first := ""
		lines.see = func(l []byte) {
			if first == "" {
				first = string(l)
			}
		}
		if _, err := lines.Read(make([]byte, event.MaxLine)); err != nil {
			return ""
		}
		return first
	}
	return ""
}

// lines reads a file's whole lines and leaves an unfinished last one out.
type lines struct {
	br   *bufio.Reader
	see  func(line []byte) // nil: nobody
	rest []byte
}

func wholeLines(kind journal.Kind, r io.Reader) (*lines, func(), error) {
	end := func() {}
	if kind != journal.Plain {
		z, err := journal.Unpack(r)
		if err != nil {
			return nil, nil, err
		}
		r, end = z, func() { z.Close() }
	}
	return &lines{br: bufio.NewReaderSize(r, event.MaxLine)}, end, nil
}

// next is the next line, valid until the one after; io.EOF: there is none.
func (l *lines) next() ([]byte, error) {
	line, err := l.br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errors.New("a line is longer than a journal's may be")
	}
	if err != nil {
		return nil, err // io.EOF: what is left has no end
	}
	if l.see != nil {
		l.see(line)
	}
	return line, nil
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		var err error
		if l.rest, err = l.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
