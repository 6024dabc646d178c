package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
	"github.com/sundew-ics/sundew/internal/web"
)

// dashboardCmd serves the dashboard of a directory, or sets its password.
type dashboardCmd struct {
	Serve  dashboardServeCmd  `cmd:"" default:"withargs" help:"Serve what a sensor has recorded, running or not."`
	Passwd dashboardPasswdCmd `cmd:"" help:"Set the dashboard's password."`
}

// dashboardServeCmd serves the data of a directory.
type dashboardServeCmd struct {
	Data    string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	Address string `placeholder:"IP:PORT" default:"127.0.0.1:8900" help:"Where (${default})."`

	dashboardFlags `embed:"" envprefix:"SUNDEW_DASHBOARD_"`
}

// Run implements kong's command.
func (c *dashboardServeCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	dir := directory(c.Data)
	if _, err := journal.OpenRead(dir.path("journal")); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(t.err, nil))
	d, err := openDoor(c.Address, c.dashboardFlags, dir)
	if err != nil {
		if taken(err) {
			return fmt.Errorf("%w; choose another with --address", err)
		}
		return err
	}
	token, err := d.token()
	if err != nil {
		return errors.Join(err, d.Close())
	}
	fmt.Fprintf(t.out, "Dashboard %s\nCtrl-C stops.\n", d.sign(token))
	boundMemory()
	return serveDashboard(ctx, d, dir, log, nil)
}

// errNoStore says that a store is not there yet.
var errNoStore = errors.New("no store yet")

// serveDashboard keeps the store up to date with the journal, as far as no other
// process does, and serves the dashboard until ctx is done. add, if not nil, adds
// what a running sensor has more.
func serveDashboard(ctx context.Context, d *door, dir directory, log *slog.Logger, add func(*web.Config)) error {
	defer d.Close()
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	by, err := newInterpreter(dir)
	if err != nil {
		return err
	}
	defer by.known.Close()
	beside.Go(func() { keepStore(ctx, dir, by, log) })
	s, err := awaitStore(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	cfg := dashboardConfig(dir, s, by, d)
	cfg.Log = log
	if add != nil {
		add(&cfg)
	}
	srv, err := web.New(cfg)
	if err != nil {
		return err
	}
	return srv.Run(ctx, d.Listener, d.cert)
}

// awaitStore opens the store for reading as soon as it is there.
func awaitStore(ctx context.Context, dir directory) (*store.Store, error) {
	for {
		s, err := readable(ctx, dir)
		if err == nil || ctx.Err() != nil {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func readable(ctx context.Context, dir directory) (*store.Store, error) {
	s, err := store.OpenRead(dir.path("store.db"))
	if err != nil {
		return nil, err
	}
	if g, err := s.Generation(ctx); err != nil || g == "" {
		return nil, errors.Join(errNoStore, err, s.Close())
	}
	return s, nil
}

// storeEvery is how often a store that another process keeps is tried again.
const storeEvery = 2 * time.Second

// keepStore follows the journal into the store until ctx is done; while another
// process does, it waits.
func keepStore(ctx context.Context, dir directory, by *interpreter, log *slog.Logger) {
	told := ""
	for ctx.Err() == nil {
		err := followStore(ctx, dir, by, log)
		if err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			log.Error("the store cannot be kept; the dashboard shows what it has", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(storeEvery):
		}
	}
}

// followStore takes the journal into the store until ctx is done, if no other
// process does.
func followStore(ctx context.Context, dir directory, by *interpreter, log *slog.Logger) error {
	release, ok, err := store.Lock(string(dir))
	if err != nil || !ok {
		return err
	}
	defer release()
	s, err := store.Open(ctx, dir.path("store.db"), log)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := journal.OpenRead(dir.path("journal"))
	if err != nil {
		return err
	}
	if err := likeDirectory(string(dir), dir.path("store.db"), dir.path("store.db-wal"), dir.path("store.db-shm"), dir.path("store.lock")); err != nil {
		return err
	}
	read := func(from journal.Cursor) iter.Seq2[journal.Batch, error] {
		return func(yield func(journal.Batch, error) bool) {
			if from == (journal.Cursor{}) {
				for b, err := range r.Kept(ctx) {
					if !yield(b, err) {
						return
					}
				}
			}
			for b, err := range r.Follow(ctx, from) {
				if !yield(b, err) {
					return
				}
			}
		}
	}
	return s.Follow(ctx, by, read, nil)
}

// dashboardPasswdCmd sets the password.
type dashboardPasswdCmd struct {
	Data string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
}

// Run implements kong's command.
func (c *dashboardPasswdCmd) Run(t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	dir := directory(c.Data)
	if err := dir.make(); err != nil {
		return err
	}
	s, err := web.OpenSecrets(c.Data)
	if err != nil {
		fmt.Fprintln(t.err, "sundew:", err) // a new one mends it
	}
	password, err := askPassword(t)
	if err != nil {
		return err
	}
	if err := s.SetPassword(password); err != nil {
		return err
	}
	if err := likeDirectory(c.Data, dir.path(web.SecretsFile)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.out, "The password is set. Who was logged in must log in again.")
	return err
}

// askPassword reads a password twice from a terminal, without showing it, or
// once from a pipe.
func askPassword(t *terminal) (string, error) {
	f, ok := t.in.(*os.File)
	if !ok {
		return readLine(t.in)
	}
	old, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return readLine(f)
	}
	quiet := *old
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &quiet); err != nil {
		return "", err
	}
	defer unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, old)
	in := bufio.NewReader(f)
	fmt.Fprint(t.err, "New password: ")
	first, err := readLine(in)
	fmt.Fprintln(t.err)
	if err != nil {
		return "", err
	}
	fmt.Fprint(t.err, "Once more: ")
	second, err := readLine(in)
	fmt.Fprintln(t.err)
	if err == nil && first != second {
		err = errors.New("they differ; nothing was changed")
	}
	return first, err
}

// readLine reads a line, without its end.
func readLine(r io.Reader) (string, error) {
	in, ok := r.(*bufio.Reader)
	if !ok {
		in = bufio.NewReader(r)
	}
	line, err := in.ReadString('\n')
	if err == io.EOF && line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
