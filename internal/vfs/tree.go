package vfs

import (
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// A node is an entry of the shipped tree.
type node struct {
	dir          bool
	mode         fs.FileMode
	owner, group string
	time         time.Time
	content      content
	whole        bool // of a series: its period is over
}

func (n *node) info(path string) Info {
	i := Info{Path: path, Dir: n.dir, Mode: n.mode, Owner: n.owner, Group: n.group, Time: n.time, content: n.content}
	if n.dir {
		i.Size = 4096 // as ext4 has it
	} else {
		i.Size = n.content.size()
	}
	return i
}

// A row is one line of the table:
//
//	path,mode,owner,group,age,repeat,source,size
//
// A path that ends in / is a directory. Age ("412d", "3h") is counted back from
// the device's last start. Repeat "45x1d" makes a series: the file of each of
// the last 45 days, whose path has the day in braces, as Go writes times:
// /trend/{20060102}.csv. Source is one of
//
//	file:PATH        octets of the persona's folder
//	text:PATH        text of it, with the device's ${names}
//	csv:STEP|NAME MEAN SWING DECIMALS|…   readings of a period
//	log:PATH|LINES   that many lines of a period, drawn from a file of messages
//	zip:DIR          an archive of the static files below a directory of the tree
//	noise:HEAD       size octets: a head in plain text, then what looks compressed
//
// and none an empty file.
type row struct {
	path, owner, group string
	mode               fs.FileMode
	age                time.Duration
	count              int
	every              time.Duration
	source             string
	size               int64
}

// load reads the table.
func (f *FS) load() error {
	file, err := f.cfg.Files.Open(f.cfg.Tree)
	if err != nil {
		return err
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comment, r.FieldsPerRecord = '#', 8
	var archives []row
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.cfg.Tree, err)
		}
		line, _ := r.FieldPos(0)
		if fields[0] == "path" { // the heading
			continue
		}
		w, err := f.row(fields)
		if err == nil && strings.HasPrefix(w.source, "zip:") {
			archives = append(archives, w) // of files further down, too
			continue
		}
		if err == nil {
			err = f.add(w)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", f.cfg.Tree, line, err)
		}
	}
	for _, w := range archives {
		if err := f.add(w); err != nil {
			return fmt.Errorf("%s: %s: %w", f.cfg.Tree, w.path, err)
		}
	}
	return f.check()
}

// check asserts that every entry is in a directory.
func (f *FS) check() error {
	if root := f.static["/"]; root == nil || !root.dir {
		return fmt.Errorf("%s: has no row for /", f.cfg.Tree)
	}
	paths := make([]string, 0, len(f.static)+len(f.series))
	for p := range f.static {
		paths = append(paths, p)
	}
	for _, s := range f.series {
		paths = append(paths, s.path)
	}
	for _, p := range paths {
		if dir := f.static[parent(p)]; dir == nil || !dir.dir {
			return fmt.Errorf("%s: %s is in no directory of the table; give %s/ a row", f.cfg.Tree, p, strings.TrimSuffix(parent(p), "/"))
		}
	}
	return nil
}

func (f *FS) row(fields []string) (row, error) {
	w := row{owner: fields[2], group: fields[3], source: fields[6]}
	var err error
	if w.path, err = f.cfg.Expand(fields[0]); err != nil {
		return w, err
	}
	mode, err := strconv.ParseUint(fields[1], 8, 9)
	if err != nil {
		return w, fmt.Errorf("mode %q: write three octal digits, as in 0644", fields[1])
	}
	w.mode = fs.FileMode(mode)
	if w.age, err = parseAge(fields[4]); err != nil {
		return w, err
	}
	if fields[5] != "" {
		n, every, ok := strings.Cut(fields[5], "x")
		w.count, err = strconv.Atoi(n)
		if w.every, _ = parseAge(every); err != nil || !ok || w.count < 1 || w.count > 1000 || w.every < time.Hour {
			return w, fmt.Errorf("repeat %q: write a number and a period of an hour or more, as in 45x1d", fields[5])
		}
	}
	if fields[7] != "" {
		if w.size, err = strconv.ParseInt(fields[7], 10, 64); err != nil || w.size < 0 || w.size > 1<<32 {
			return w, fmt.Errorf("size %q: write a number of octets", fields[7])
		}
	}
	return w, nil
}

// parseAge reads a duration that may be in days; an empty text is none.
func parseAge(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("age %q: write days or hours, as in 412d or 3h", s)
		}
		return time.Duration(n * 24 * float64(time.Hour)), nil
	}
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("age %q: write days or hours, as in 412d or 3h", s)
	}
	return d, nil
}

// add makes the row's node or series.
func (f *FS) add(w row) error {
	path, err := Resolve("/", w.path)
	if err != nil {
		return err
	}
	dir := strings.HasSuffix(w.path, "/")
	if w.count > 0 && !dir {
		s, err := f.newSeries(path, w)
		if err == nil {
			f.series = append(f.series, s)
		}
		return err
	}
	if f.static[path] != nil {
		return fmt.Errorf("there is a row for %s already", path)
	}
	n := &node{dir: dir, mode: w.mode, owner: w.owner, group: w.group, time: f.date(path, w.age)}
	if !dir {
		if n.content, err = f.content(path, w, n.time); err != nil {
			return err
		}
	}
	f.static[path] = n
	return nil
}

// date is when a file of some age was written: on a working day's hours, at
// seconds that are its own.
func (f *FS) date(path string, age time.Duration) time.Time {
	t := f.cfg.Old.Add(-age).UTC()
	h := fnv.New64a()
	h.Write(f.cfg.Seed[:])
	io.WriteString(h, path)
	n := h.Sum64()
	if age < 24*time.Hour {
		return t.Add(-time.Duration(n%600) * time.Second).Truncate(time.Second)
	}
	day := t.Truncate(24 * time.Hour)
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, -1)
	}
	return day.Add(6*time.Hour + time.Duration(n%(9*3600))*time.Second)
}
