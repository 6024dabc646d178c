package redact

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/journal"
)

// archive rewrites a backup without the source.
func (s *survey) archive(ctx context.Context, path string, rec *record, now time.Time) error {
	a, err := s.lookInto(ctx, path)
	if err != nil {
		return err
	}
	var changed []journal.Change
	lines := 0
	edit := func(name string, r io.Reader, w io.Writer) (bool, error) {
		top, rest, _ := strings.Cut(name, "/")
		switch {
		case top == "artifacts" && rest == artifact.IndexName:
			return false, artifact.FilterIndex(r, w, s.match.sighting)
		case top == "artifacts" && a.gone != nil:
			if sum := strings.ReplaceAll(rest, "/", ""); a.gone.Has(sum) && !a.named[sum] {
				return true, nil
			}
		case top == "state":
			b, err := io.ReadAll(r)
			if err != nil || s.match.text(b, true) {
				return true, err
			}
			_, err = w.Write(b)
			return false, err
		case top == "journal" && rest == journal.HashesName: // after all segments
			if _, err := io.Copy(w, r); err != nil {
				return false, err
			}
			return false, addHashes(w, changed)
		case top == "journal" && isSegment(rest):
			c, leaveOut, err := s.segment(ctx, rest, r, w)
			if c.Lines > 0 {
				changed, lines = append(changed, c), lines+c.Lines
			}
			return leaveOut, err
		}
		_, err := io.Copy(w, r)
		return false, err
	}
	return backup.Rewrite(ctx, path, now, edit, func(was, is string) error {
		return rec.add(journal.Change{File: filepath.Base(path), Was: was, Now: is, Lines: lines})
	})
}

// segment copies a file of a journal as it was, or with tombstones if it has lines
// of the source.
func (s *survey) segment(ctx context.Context, name string, r io.Reader, w io.Writer) (c journal.Change, leaveOut bool, err error) {
	if _, kind := journal.KindOf(name); kind == journal.Torn {
		b, err := io.ReadAll(r)
		for l := range bytes.Lines(b) {
			leaveOut = leaveOut || s.match.line(l)
		}
		if err == nil && !leaveOut {
			_, err = w.Write(b)
		}
		return c, leaveOut, err
	}
	c, err = journal.RedactFile(ctx, name, r, w, s.match.line)
	return c, false, err
}

func addHashes(w io.Writer, changed []journal.Change) error {
	for _, c := range changed {
		if _, kind := journal.KindOf(c.File); kind == journal.Kept {
			continue // the hash list has closed segments alone
		}
		b, err := json.Marshal(c.Hash())
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", b); err != nil {
			return err
		}
	}
	return nil
}
