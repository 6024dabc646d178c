package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/firewall"
	"github.com/sundew-ics/sundew/internal/sandbox"
	"github.com/sundew-ics/sundew/internal/sensor"
)

// firewallCmd prints rules; it applies none.
type firewallCmd struct {
	runCmd
	Form   string   `arg:"" enum:"ufw,nft,iptables,docker" help:"${enum}; docker: what Docker forwards to a container."`
	SSH    []uint16 `name:"ssh" placeholder:"PORT" help:"Where sshd listens, besides what its configuration, its sockets and this login say; repeatable."`
	Bridge string   `placeholder:"NAME" default:"sundew0" help:"docker: the bridge of the sensor's network (${default})."`
}

// Run implements kong's command.
func (c *firewallCmd) Run(ctx context.Context, t *terminal, s *settings) error {
	if !regexp.MustCompile(`^[A-Za-z0-9_.-]{1,15}$`).MatchString(c.Bridge) {
		return usageError{fmt.Errorf("--bridge %q is not the name of an interface", c.Bridge)}
	}
	if c.Data == "" {
		c.Data = dataDir()
	}
	p := firewall.Plan{Bridge: c.Bridge}
	var now snapshot
	err := control.Ask(ctx, c.Data, "status", nil, &now)
	switch {
	case err == nil:
		running(&p, &now)
	case errors.Is(err, control.ErrNotRunning):
		err = c.planned(&p, s)
	}
	if err != nil {
		return err
	}
	if firewall.Form(c.Form) != firewall.Docker {
		if err := c.login(&p); err != nil {
			return err
		}
		spare(&p)
	}
	out, err := p.Text(firewall.Form(c.Form))
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(t.out, out)
	return err
}

// running fills the plan with what a running sensor says of itself.
func running(p *firewall.Plan, now *snapshot) {
	p.Notes = append(p.Notes, fmt.Sprintf("Made of the running sensor %q (%s).", now.Sensor, strings.Join(now.Personas, ", ")))
	for _, v := range now.Stats.Services {
		name := v.Device + " " + v.Service
		var addr netip.Addr
		for _, a := range v.Addrs {
			addr = a.Addr()
			p.Open = append(p.Open, firewall.Opening{Name: name, Network: v.Network, Addr: addr, First: a.Port(), Last: a.Port(), Published: v.Standard})
		}
		for _, r := range v.Sides {
			p.Sides = append(p.Sides, firewall.Opening{Name: name + " data", Network: r.Network, Addr: addr, First: r.First, Last: r.Last})
		}
	}
	p.Dials, p.Sinks = now.Outbound.Dial, now.Outbound.Ports
	p.User = firewall.User{UID: now.Process.UID, Name: userName(now.Process.UID)}
}

// planned fills the plan with what `sundew run` would do with the same settings.
func (c *firewallCmd) planned(p *firewall.Plan, s *settings) error {
	p.Notes = append(p.Notes, "No sensor runs here: made of the configuration.")
	listen, err := c.listenAddress()
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "sundew-firewall")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if len(c.Persona) == 0 {
		c.Persona = []string{"default"}
	}
	quiet := slog.New(slog.DiscardHandler)
	b := &builder{dir: directory(temp), seed: []byte("of no installation, for a plan"), born: time.Now(), log: quiet}
	for _, arg := range c.Persona {
		a, err := parseSite(arg)
		if err != nil {
			return err
		}
		built, err := b.build(a)
		if err != nil {
			return err
		}
		if !a.address.IsValid() {
			a.address = listen
		}
		for _, v := range built.services {
			c.plan(p, v, a.address)
		}
	}
	sinks, err := newFollowers(s.Sink, nil, quiet)
	if err != nil {
		return err
	}
	l := (&machine{sinks: sinks}).limit()
	p.Dials, p.Sinks = l.Dial, l.Ports
	u, err := sandbox.FindUser(c.User)
	if err != nil {
		return usageError{fmt.Errorf("--user: %w", err)}
	}
	p.User = firewall.User{Name: u.Name, UID: u.UID}
	return nil
}

// plan adds a service as it would listen.
func (c *firewallCmd) plan(p *firewall.Plan, v sensor.Service, addr netip.Addr) {
	name, port := v.Device+" "+v.Name, v.Protocol.Port
	if c.Ports == "unprivileged" {
		port = v.Protocol.Alt
	}
	p.Open = append(p.Open, firewall.Opening{Name: name, Network: v.Protocol.Network, Addr: addr, First: port, Last: port, Published: v.Standard})
	if firewall.Form(c.Form) == firewall.Docker { // the image's ports, and the standard ones
		p.Open[len(p.Open)-1].First, p.Open[len(p.Open)-1].Last = v.Protocol.Alt, v.Protocol.Alt
	}
	for _, network := range v.Protocol.Sides {
		if v.Sides.First == 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("NOT OPEN: the data ports of %s, which the system chooses at the start: ask again when the sensor runs, or give the service `sides` in the persona.", name))
			continue
		}
		p.Sides = append(p.Sides, firewall.Opening{Name: name + " data", Network: network, Addr: addr, First: v.Sides.First, Last: v.Sides.Last})
	}
}

// login adds where the operator comes in.
func (c *firewallCmd) login(p *firewall.Plan) error {
	host := os.DirFS("/")
	found, err := firewall.SSHPorts(host)
	if err != nil {
		return fmt.Errorf("%w; run as root, or the rules could lock you out", err)
	}
	p.SSH = slices.Concat(found, firewall.Listening(host, "sshd", "dropbear"), c.SSH)
	from := "sshd's configuration and sockets"
	if port, ok := firewall.LoginPort(loginEnv()); ok {
		p.SSH = append(p.SSH, port)
		from += " and this login"
	}
	slices.Sort(p.SSH)
	p.SSH = slices.Compact(p.SSH)
	p.Notes = append(p.Notes, fmt.Sprintf("SSH stays open, by %s: %d. Is yours there?", from, p.SSH))
	return nil
}

// loginEnv is SSH_CONNECTION of this process or the nearest above it that has
// one: sudo takes it away.
func loginEnv() string {
	if v := os.Getenv("SSH_CONNECTION"); v != "" {
		return v
	}
	for pid := os.Getppid(); pid > 1; pid = parent(pid) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		for v := range bytes.SplitSeq(b, []byte{0}) {
			if value, ok := strings.CutPrefix(string(v), "SSH_CONNECTION="); ok {
				return value
			}
		}
	}
	return ""
}

// parent is a process's parent, 0 if that cannot be told (proc(5): PPid of status).
func parent(pid int) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(l, "PPid:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(v))
			return n
		}
	}
	return 0
}

// spare leaves outward connections alone where the sensor's user is also a
// person, or root.
func spare(p *firewall.Plan) {
	own := os.Getuid()
	if n, err := strconv.Atoi(os.Getenv("SUDO_UID")); err == nil {
		own = n
	}
	if p.User.UID != 0 && p.User.UID != own {
		return
	}
	p.Notes = append(p.Notes, fmt.Sprintf("NOT FILTERED: what the sensor begins. It runs as %s, and so does other work: give it a user of its own.", userOr(p.User)))
	p.User = firewall.User{}
}

func userOr(u firewall.User) string {
	if u.UID == 0 {
		return "root"
	}
	return u.String()
}

func userName(uid int) string {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return ""
	}
	return u.Username
}
