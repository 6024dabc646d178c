package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/journal"
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
	if _, err := journal.OpenRead(dir.path("journal")); err != nil && len(imported(dir)) == 0 {
		return err
	}
	by, err := newInterpreter(dir, t.geo)
	if err != nil {
		return err
	}
	defer by.known.Close()
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
	return serveDashboard(ctx, d, dir, by, log, false, nil)
}

// serveDashboard serves the dashboard until ctx is done. Where nobody else keeps
// the store, it does. add, if not nil, adds what a running sensor has more.
func serveDashboard(ctx context.Context, d *door, dir directory, by *interpreter, log *slog.Logger, kept bool, add func(*web.Config)) error {
	defer d.Close()
	s := &shownStore{file: dir.path("store.db")}
	defer s.close()
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	if !kept {
		beside.Go(func() { keepStore(ctx, dir, by, log) })
	}
	if err := s.await(ctx, &beside); err != nil {
		return err
	}
	cfg := dashboardConfig(dir, s, by, d, log)
	r := newReports(ctx, dir, s.get, by, log)
	cfg.Reports = &web.Reports{Make: r.order, List: r.list, Open: r.open}
	defer r.done.Wait()
	defer cancel()
	if add != nil {
		add(&cfg)
	}
	srv, err := web.New(cfg)
	if err != nil {
		return err
	}
	return srv.Run(ctx, d.Listener, d.cert)
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
