package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// answers is an open store and what it goes by.
type answers struct {
	*store.Store
	by  *interpreter
	dir directory
	now time.Time

	release func()
}

// ask opens the store of a directory, brings it up to date with the journals, and
// makes it where there is none. Where a sensor keeps it, it waits for that.
func ask(ctx context.Context, t *terminal, data string, anew bool) (*answers, error) {
	if data == "" {
		data = dataDir()
	}
	a := &answers{dir: directory(data), now: time.Now().UTC(), release: func() {}}
	names := imported(a.dir)
	if _, err := journal.OpenRead(a.dir.path("journal")); err != nil && len(names) == 0 {
		return nil, err
	} else if err == nil {
		names = append([]string{""}, names...)
	}
	var err error
	if a.by, err = newInterpreter(a.dir, t.geo); err != nil {
		return nil, err
	}
	release, ok, err := store.Lock(data)
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EROFS) {
		ok, err = false, nil // another's directory: what there is can be read
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		if anew {
			return nil, errKept
		}
		return a, a.wait(ctx, t, names)
	}
	a.release = release
	if err := a.follow(ctx, t, names, anew); err != nil {
		a.release()
		return nil, err
	}
	return a, nil
}

// errKept says that another process writes the store.
var errKept = errors.New("another command is at the store: wait for it, and try again")

// follow takes into the store what the journals have more.
func (a *answers) follow(ctx context.Context, t *terminal, names []string, anew bool) error {
	file := a.dir.path("store.db")
	if anew {
		if err := store.Remove(file); err != nil {
			return err
		}
	}
	var err error
	if a.Store, err = store.Open(ctx, file, slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn}))); err != nil {
		return err
	}
	a.warn(ctx, t)
	w, err := a.Writer(ctx, a.by)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	for _, name := range names {
		l, lerr := store.LinesOf(ctx, string(a.dir), name)
		if lerr != nil && name != "" {
			fmt.Fprintf(t.err, "sundew: %v: left out\n", lerr)
			continue
		}
		if err = lerr; err == nil {
			err = w.Follow(ctx, l, progress(t, l.End()))
		}
		if err != nil {
			break
		}
	}
	if err == nil {
		err = retainWith(ctx, a.dir, w)
	}
	if err == nil && ctx.Err() != nil {
		err = errors.New("interrupted; what was done is kept")
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return errors.Join(err, a.Close())
	}
	return likeDirectory(string(a.dir), file, file+"-wal", file+"-shm", a.dir.path("store.lock"))
}

// warn says if the store was made by other rules or data.
func (a *answers) warn(ctx context.Context, t *terminal) {
	if made, err := a.Versions(ctx); err == nil && made != "" && made != a.by.Versions() {
		fmt.Fprintln(t.err, "sundew: the store was made by other rules or data than this build's: `sundew reindex` makes it anew")
	}
}

// catchUp is how long a command waits for a running sensor's store.
const catchUp = 2 * time.Second

// wait opens the store that another process keeps, once it has what the journals
// have now; it says so if that takes too long.
func (a *answers) wait(ctx context.Context, t *terminal, names []string) error {
	ends := map[string]journal.Cursor{}
	for _, name := range names {
		if r, err := journal.OpenRead(store.JournalDir(string(a.dir), name)); err == nil {
			if ends[name], err = r.End(); err != nil {
				return err
			}
		}
	}
	file := a.dir.path("store.db")
	var err error
	for last := time.Now().Add(catchUp); ; time.Sleep(50 * time.Millisecond) {
		if a.Store == nil {
			a.Store, err = store.OpenRead(file)
		}
		behind := ""
		if err == nil {
			behind, err = a.behind(ctx, ends)
		}
		switch {
		case err == nil && behind == "":
			a.warn(ctx, t)
			return nil
		case time.Now().Before(last) && ctx.Err() == nil:
			if err != nil && a.Store != nil { // being made
				a.Store.Close()
				a.Store, err = nil, nil
			}
		case err != nil:
			if a.Store != nil {
				a.Store.Close()
			}
			return fmt.Errorf("%w; `sundew status` says how the sensor's store does", err)
		default:
			fmt.Fprintf(t.err, "sundew: the store does not have all of %s yet: the newest is missing here; `sundew status` tells how far it is behind\n", behind)
			a.warn(ctx, t)
			return nil
		}
	}
}

// behind names a journal of which the store lacks lines.
func (a *answers) behind(ctx context.Context, ends map[string]journal.Cursor) (string, error) {
	for name, end := range ends {
		behind, err := a.Behind(ctx, string(a.dir), name, end)
		if err != nil {
			return "", err
		}
		if behind && name == "" {
			return "the journal", nil
		}
		if behind {
			return "the imported journal " + name, nil
		}
	}
	return "", nil
}

// progress tells a terminal how far a long read has come.
func progress(t *terminal, end journal.Cursor) store.Progress {
	begun, told := time.Now(), time.Time{}
	return func(at journal.Cursor, lines int) {
		if !t.colour || time.Since(begun) < time.Second {
			return
		}
		if last := !at.Before(end); last || time.Since(told) > 200*time.Millisecond {
			told = time.Now()
			fmt.Fprintf(t.err, "\rreading the journal: segment %d of %d, %d lines", at.Segment, end.Segment, lines)
			if last {
				fmt.Fprintln(t.err)
			}
		}
	}
}

// likeDirectory gives files that root has made to the directory's own user.
func likeDirectory(dir string, files ...string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || st.Uid == 0 {
		return nil
	}
	for _, f := range files {
		if err := os.Lchown(f, int(st.Uid), int(st.Gid)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w", filepath.Base(f), err)
		}
	}
	return nil
}

func (a *answers) close() {
	a.Close()
	a.release()
}

// reindexCmd makes the store anew.
type reindexCmd struct {
	Data string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
}

// Run implements kong's command.
func (c *reindexCmd) Run(ctx context.Context, t *terminal) error {
	begun := time.Now()
	a, err := ask(ctx, t, c.Data, true)
	if errors.Is(err, errKept) {
		return c.askSensor(ctx, t)
	}
	if err != nil {
		return err
	}
	defer a.close()
	total, err := a.Totals(ctx, store.Filter{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "made anew in %v: %d sessions of %d sources (%s)\n", time.Since(begun).Round(10*time.Millisecond), total.Sessions, total.Sources, a.by.Versions())
	return err
}

// askSensor has the running sensor make the store anew, which takes its time.
func (c *reindexCmd) askSensor(ctx context.Context, t *terminal) error {
	data := c.Data
	if data == "" {
		data = dataDir()
	}
	var done struct{}
	if err := control.Ask(ctx, data, "reindex", nil, &done); err != nil {
		return errors.Join(errKept, err)
	}
	_, err := fmt.Fprintln(t.out, "the running sensor makes it anew beside the old one, which answers until then; `sundew status` tells when it is done")
	return err
}
