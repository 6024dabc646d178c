package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/persona"
)

// errFindings says that a check found something; it has been printed.
var errFindings = errors.New("the check found something to mend")

// checkCmd looks for what would stop or harm a run.
type checkCmd struct {
	runCmd
	JSON bool `name:"json" help:"Print JSON."`
}

// finding is one thing that an operator should look at.
type finding struct {
	Level string `json:"level"` // error: run would not start; warning: it would, but
	Where string `json:"where"`
	What  string `json:"what"`
	Mend  string `json:"mend"`
}

// Run implements kong's command.
func (c *checkCmd) Run(t *terminal, s *settings) error {
	found := c.findings(s)
	if c.JSON {
		if err := printJSON(t, found); err != nil {
			return err
		}
	} else {
		for _, f := range found {
			fmt.Fprintf(t.out, "%s  %s: %s\n         %s\n", f.Level, f.Where, f.What, f.Mend)
		}
	}
	for _, f := range found {
		if f.Level == "error" {
			return errFindings
		}
	}
	if !c.JSON {
		fmt.Fprintln(t.out, "ok: this sensor can run")
	}
	return nil
}

func (c *checkCmd) findings(s *settings) []finding {
	found := []finding{}
	fail := func(where string, err error, mend string) {
		found = append(found, finding{"error", where, err.Error(), mend})
	}
	if c.Data == "" {
		c.Data = dataDir()
	}
	if err := writable(c.Data); err != nil {
		fail("--data", directory(c.Data).explain(err), "give the directory to the user that runs sundew")
	}
	listen, err := c.listenAddress()
	if err != nil {
		fail("--address", err, "write an IP address of this host")
		return found
	}
	found = append(found, c.personas(listen)...)
	for i := range s.Sink {
		if _, err := newFollowers(s.Sink[i:i+1], nil, slog.New(slog.DiscardHandler)); err != nil {
			fail("[[sink]]", err, "correct it in "+s.file)
		}
	}
	if _, err := newAlerters(s, directory(c.Data), slog.New(slog.DiscardHandler)); err != nil {
		fail("[[alert]]", err, "correct it in "+s.file)
	}
	return append(found, limits()...)
}

// personas checks each persona, its services and their ports.
func (c *checkCmd) personas(listen netip.Addr) []finding {
	var found []finding
	args := c.Persona
	if len(args) == 0 {
		args = []string{"default"}
	}
	temp, err := os.MkdirTemp("", "sundew-check")
	if err != nil {
		return []finding{{"error", "temporary directory", err.Error(), "set TMPDIR to a directory that can be written"}}
	}
	defer os.RemoveAll(temp)
	b := &builder{dir: directory(temp), seed: []byte("of no installation, for a check"), born: time.Now(), log: slog.New(slog.DiscardHandler)}
	for _, arg := range args {
		a, err := parseSite(arg)
		if err == nil {
			var site *site
			if site, err = b.build(a); err == nil {
				if !a.address.IsValid() {
					a.address = listen
				}
				found = append(found, c.site(site, a.address)...)
				continue
			}
		}
		found = append(found, finding{"error", "--persona " + arg, err.Error(), "correct it there"})
	}
	return found
}

func (c *checkCmd) site(s *site, addr netip.Addr) []finding {
	var found []finding
	var known []persona.Known
	for _, p := range catalog.Protocols() {
		known = append(known, persona.Known{Name: p.Name, Network: p.Network, Port: p.Port, Alt: p.Alt})
	}
	for _, f := range persona.Check(s.persona, known) {
		found = append(found, finding{"warning", f.Where, f.What, f.Mend})
	}
	for _, v := range s.services {
		port := v.Protocol.Alt
		if c.Ports == "standard" {
			port = v.Protocol.Port
		}
		if err := bindable(v.Protocol.Network, netip.AddrPortFrom(addr, port)); err != nil {
			found = append(found, finding{"error", v.Device + "/" + v.Name, err.Error(), bindAdvice(err)})
		}
	}
	return found
}

func bindable(network string, a netip.AddrPort) error {
	text := a.String()
	if a.Addr().IsUnspecified() {
		text = fmt.Sprintf(":%d", a.Port())
	}
	if network == "udp" {
		c, err := net.ListenPacket("udp", text)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	l, err := net.Listen("tcp", text)
	if err == nil {
		err = l.Close()
	}
	return err
}

// writable says whether dir, or where it would be made, can be written.
func writable(dir string) error {
	for {
		err := unix.Access(dir, unix.W_OK|unix.X_OK)
		if !errors.Is(err, syscall.ENOENT) || dir == filepath.Dir(dir) {
			return err
		}
		dir = filepath.Dir(dir)
	}
}

// limits looks at what the system grants.
func limits() []finding {
	var r unix.Rlimit
	const wanted = 8192
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err == nil && r.Max < wanted {
		return []finding{{"warning", "limit of open files", fmt.Sprintf("%d; a sensor under a sweep holds thousands of connections", r.Max),
			fmt.Sprintf("run `ulimit -n %d`, or LimitNOFILE=%d in the systemd unit", wanted, wanted)}}
	}
	return nil
}
