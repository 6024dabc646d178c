package vfs

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// A series is a file for each of the last periods.
type series struct {
	row
	snapshot bool // written at once, in the first hours of its period
	late     func(path string) time.Duration
	make     func(path string, from, to time.Time) content
}

func (f *FS) newSeries(path string, w row) (series, error) {
	open, shut := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
	if open < strings.LastIndexByte(path, '/') || shut < open {
		return series{}, fmt.Errorf("%s: name the period in braces, as in {20060102}", path)
	}
	w.path = path
	s := series{row: w, snapshot: !strings.HasPrefix(w.source, "csv:") && !strings.HasPrefix(w.source, "log:")}
	s.late = func(path string) time.Duration {
		seed := f.seed(path)
		return time.Duration(seed[0]) * time.Second
	}
	var err error
	s.make, err = f.period(w)
	return s, err
}

// files yields the series' files at a time; whole ones are taken from old.
func (s series) files(now time.Time, old map[string]*node) iter.Seq2[string, *node] {
	open, shut := strings.IndexByte(s.path, '{'), strings.IndexByte(s.path, '}')
	return func(yield func(string, *node) bool) {
		last := now.Truncate(s.every)
		for i := range s.count {
			from := last.Add(-time.Duration(i) * s.every)
			path := s.path[:open] + from.Format(s.path[open+1:shut]) + s.path[shut+1:]
			n := old[path]
			if n == nil || !n.whole {
				n = s.file(path, from, now)
			}
			if n != nil && !yield(path, n) {
				return
			}
		}
	}
}

// file makes that of the period from a moment on; nil where it is not written yet.
func (s series) file(path string, from, now time.Time) *node {
	n := &node{mode: s.mode, owner: s.owner, group: s.group}
	to := from.Add(s.every)
	switch late := s.late(path); {
	case s.snapshot:
		n.time, n.whole = from.Add(2*time.Hour+late), true
		if n.time.After(now) {
			return nil
		}
	case to.Add(late).After(now):
		n.time, to = now, minTime(now, to)
	default:
		n.time, n.whole = to.Add(late), true
	}
	n.content = s.make(path, from, to)
	return n
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
