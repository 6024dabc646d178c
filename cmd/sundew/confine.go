package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/sandbox"
	"github.com/sundew-ics/sundew/internal/sink"
)

// confine gives up what the sensor no longer needs, all ports being bound and all
// doors open: root, capabilities, files of others, new programs and sockets.
func (m *machine) confine(c *runCmd) error {
	u, err := c.becomes()
	if err != nil {
		return err
	}
	limit := m.limit()
	if os.Geteuid() == 0 && u.UID != 0 {
		for _, dir := range append([]string{string(m.dir)}, m.made...) {
			if err := sandbox.Own(dir, u); err != nil {
				return fmt.Errorf("giving %s to %v: %w", dir, u, err)
			}
		}
	}
	if err := sandbox.Become(u); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		m.log.Warn("runs as root, as --user asks: a fault in a room would be root's; use it for tests only")
	}
	for _, dir := range limit.Write {
		if err := sandbox.Reachable(dir); err != nil {
			return err
		}
	}
	if c.Sandbox == "off" {
		m.log.Warn("runs without a sandbox, as --sandbox off asks: use it for tests only")
		return nil
	}
	if m.sandbox, err = sandbox.Confine(limit); err != nil {
		return fmt.Errorf("%w; --sandbox off starts without", err)
	}
	return m.judge(c.Sandbox == "strict")
}

// makeDir makes a directory where there is none; it is then the sensor's own, and
// follows it to another user.
func (m *machine) makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	m.made = append(m.made, dir)
	return os.Mkdir(dir, 0o750)
}

// becomes is whom the sensor runs as.
func (c *runCmd) becomes() (sandbox.User, error) {
	if c.User == "" && os.Geteuid() != 0 {
		return sandbox.User{UID: os.Geteuid(), GID: os.Getegid()}, nil
	}
	u, err := sandbox.FindUser(c.User)
	if err != nil {
		return u, usageError{fmt.Errorf("--user: %w", err)}
	}
	return u, nil
}

// limit is what the sensor still needs.
func (m *machine) limit() sandbox.Limit {
	l := sandbox.Limit{Write: []string{string(m.dir)}, Read: []string{"/proc/self", "/sys/fs/cgroup", "/etc/localtime"}}
	for _, s := range m.sites {
		if s.folder != "" {
			l.Read = append(l.Read, s.folder)
		}
	}
	if m.store != nil {
		for _, f := range []string{m.store.by.files.Country, m.store.by.files.ASN} {
			if f != "" {
				l.Read = append(l.Read, filepath.Dir(f)) // a new file takes the old one's name
			}
		}
	}
	if m.backup != nil {
		l.Write = append(l.Write, m.backup.Dir)
	}
	unknown := false
	for _, reach := range m.reaches() {
		for _, d := range reach.Dirs {
			if abs, err := filepath.Abs(d); err == nil && !slices.Contains(l.Write, abs) {
				l.Write = append(l.Write, abs)
			}
		}
		l.Dial = l.Dial || reach.Dial
		l.Ports = append(l.Ports, reach.Ports...)
		unknown = unknown || reach.Dial && len(reach.Ports) == 0
	}
	if l.Dial {
		l.Read = append(l.Read, "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
	}
	if unknown {
		l.Ports = nil
	}
	return l
}

// reaches is what sinks and alerts need.
func (m *machine) reaches() []sink.Reach {
	var out []sink.Reach
	for _, f := range m.sinks {
		if r, ok := f.sink.(sink.Reacher); ok {
			out = append(out, r.Reach())
		}
	}
	for _, a := range m.alerts {
		out = append(out, a.Reach())
	}
	return out
}

// judge says what does not hold; with strict that is an error.
func (m *machine) judge(strict bool) error {
	var missing []string
	for _, x := range m.sandbox {
		if !x.Held {
			missing = append(missing, x.Name+": "+x.Detail)
		}
	}
	if len(missing) == 0 {
		m.log.Info("confined", "to", m.sandbox[0].Detail)
		return nil
	}
	if strict {
		return errors.New("--sandbox strict, and this does not hold: " + strings.Join(missing, "; "))
	}
	m.log.Warn("confined in part", "missing", strings.Join(missing, "; "))
	return nil
}
