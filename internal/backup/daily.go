package backup

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Daily makes an archive every day, and removes old ones.
type Daily struct {
	Config
	At   string // local time of day: "02:00"
	Keep time.Duration
	Max  int64 // octets of all archives together; 0: a third of the file system
	Log  *slog.Logger

	mu   sync.Mutex
	last Last
}

// Last is how the latest archive came out.
type Last struct {
	When   time.Time `json:"when,omitzero"` // of the last that is good
	Path   string    `json:"path,omitempty"`
	Octets int64     `json:"octets,omitempty"`
	Error  string    `json:"error,omitempty"` // of the latest attempt, if it failed
	All    int64     `json:"all_octets"`      // of all archives
}

// late is how old the newest archive may be at a start before one is made at once.
const late = 26 * time.Hour

// Check says what is wrong with the settings.
func (d *Daily) Check() error {
	if _, err := time.Parse("15:04", d.At); err != nil {
		return fmt.Errorf("backup.at = %q: write a time of day such as 02:00", d.At)
	}
	if d.Keep <= 0 {
		return fmt.Errorf("backup.keep: write a time span such as 30d")
	}
	return nil
}

// Run makes archives until ctx is done.
func (d *Daily) Run(ctx context.Context) {
	if list := archives(d.Dir); len(list) > 0 {
		newest := list[len(list)-1]
		d.note(Last{When: newest.when, Path: newest.path, Octets: newest.octets})
		if time.Since(newest.when) > late {
			d.one(ctx, time.Now())
		}
	}
	for {
		next := d.next(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
			d.one(ctx, next)
		}
	}
}

// next is the first time of the day after now. Where the clock is put forward
// over it, it is an hour off; where it is put back, it comes once.
func (d *Daily) next(now time.Time) time.Time {
	at, err := time.Parse("15:04", d.At)
	if err != nil { // Check has seen it
		at = time.Time{}
	}
	for day := 0; ; day++ {
		t := time.Date(now.Year(), now.Month(), now.Day()+day, at.Hour(), at.Minute(), 0, 0, now.Location())
		if t.After(now) {
			return t
		}
	}
}

// one makes an archive and removes those that are too old.
func (d *Daily) one(ctx context.Context, now time.Time) {
	path, m, err := Create(ctx, d.Config, now)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		d.Log.Error("the daily backup has failed; it is tried again tomorrow", "err", err)
		last := d.Last()
		last.Error = err.Error()
		d.note(last)
		return
	}
	removed, err := Purge(d.Dir, now.Add(-d.Keep), d.max())
	if err != nil {
		d.Log.Warn("an old backup could not be removed", "err", err)
	}
	info, serr := os.Stat(path)
	last := Last{When: now, Path: path}
	if serr == nil {
		last.Octets = info.Size()
	}
	d.note(last)
	d.Log.Info("backup made", "path", path, "lines", m.Lines, "removed", removed)
}

func (d *Daily) max() int64 {
	var s unix.Statfs_t
	if d.Max > 0 || unix.Statfs(d.Dir, &s) != nil {
		return d.Max
	}
	return int64(s.Blocks) * int64(s.Bsize) / 3
}

func (d *Daily) note(l Last) {
	for _, a := range archives(d.Dir) {
		l.All += a.octets
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = l
}

// Last returns how the latest archive came out.
func (d *Daily) Last() Last {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.last
	l.All = 0
	for _, a := range archives(d.Dir) {
		l.All += a.octets
	}
	return l
}

// made is an archive in a folder.
type made struct {
	path   string
	day    string // with -2 and so on
	when   time.Time
	octets int64
}

// archives lists the archives in dir, the oldest first, by their names.
func archives(dir string) []made {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	name := regexp.MustCompile(`^sundew-(\d{8})(?:-(\d{1,4}))?\.tar\.zst$`)
	var out []made
	for _, e := range entries {
		f := name.FindStringSubmatch(e.Name())
		info, err := e.Info()
		if f == nil || err != nil || !info.Mode().IsRegular() {
			continue
		}
		if _, err := time.Parse("20060102", f[1]); err != nil {
			continue
		}
		out = append(out, made{filepath.Join(dir, e.Name()), fmt.Sprintf("%s-%04s", f[1], f[2]), info.ModTime(), info.Size()})
	}
	slices.SortFunc(out, func(a, b made) int {
		if a.day < b.day {
			return -1
		}
		return 1
	})
	return out
}

// Purge removes archives of days before a time, and the oldest while all have
// more than max octets (0: whatever they have), but never the newest.
func Purge(dir string, before time.Time, max int64) (removed int, err error) {
	list := archives(dir)
	if len(list) == 0 {
		return 0, nil
	}
	var all int64
	for _, a := range list {
		all += a.octets
	}
	for _, a := range list[:len(list)-1] {
		if a.day[:8] > before.Format("20060102") && (max <= 0 || all <= max) {
			break
		}
		if err := os.Remove(a.path); err != nil {
			return removed, err
		}
		all -= a.octets
		removed++
	}
	return removed, nil
}
