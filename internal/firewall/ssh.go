package firewall

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Where OpenSSH's server is configured: sshd_config(5).
const (
	sshdConfig  = "etc/ssh/sshd_config"
	maxIncludes = 16 // deep, as in OpenSSH's servconf.c
)

// SSHPorts reads where sshd is told to listen. root is the host's file system. It
// finds more rather than fewer: every Port, every ListenAddress with a port, every
// ListenStream of a systemd socket, whatever overrides what. Without any it is 22.
// A file that cannot be read is an error, a missing one is not.
func SSHPorts(root fs.FS) ([]uint16, error) {
	r := sshd{root: root}
	if err := r.read(sshdConfig, 0); err != nil {
		return nil, fmt.Errorf("sshd's ports: %w", err)
	}
	if len(r.ports) == 0 || r.bare {
		r.ports = append(r.ports, 22)
	}
	if err := r.sockets(); err != nil {
		return nil, fmt.Errorf("sshd's ports: %w", err)
	}
	slices.Sort(r.ports)
	return slices.Compact(r.ports), nil
}

// LoginPort is the port of the current login's server: the last word of
// SSH_CONNECTION (ssh(1)). false: no login by SSH.
func LoginPort(connection string) (uint16, bool) {
	words := strings.Fields(connection)
	if len(words) != 4 {
		return 0, false
	}
	return port(words[3])
}

func port(s string) (uint16, bool) { return number(s, 10) }

func number(s string, base int) (uint16, bool) {
	n, err := strconv.ParseUint(s, base, 16)
	return uint16(n), err == nil && n != 0
}

// sshd is what its configuration says so far.
type sshd struct {
	root  fs.FS
	ports []uint16
	bare  bool // an address without a port, and perhaps no Port
	given bool // a Port
}

// read takes a file and what it includes.
func (r *sshd) read(file string, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("%s: included more than %d deep", file, maxIncludes)
	}
	b, err := fs.ReadFile(r.root, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for l := range strings.Lines(string(b)) {
		words := sshdWords(l)
		if len(words) < 2 {
			continue
		}
		switch strings.ToLower(words[0]) {
		case "port":
			r.add(words[1])
			r.given, r.bare = true, false
		case "listenaddress":
			r.listen(words[1])
		case "include":
			for _, pattern := range words[1:] {
				if err := r.include(pattern, depth); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *sshd) add(s string) {
	if p, ok := port(s); ok {
		r.ports = append(r.ports, p)
	}
}

// listen takes host, host:port or [host]:port; an IPv6 address in no brackets has
// no port.
func (r *sshd) listen(address string) {
	host, p, ok := strings.Cut(address, "]:")
	if !ok {
		host, p, ok = strings.Cut(address, ":")
		ok = ok && !strings.Contains(p, ":")
	}
	if ok && host != "" {
		r.add(p)
	} else if !r.given {
		r.bare = true
	}
}

// include reads the files of a pattern, which is relative to /etc/ssh.
func (r *sshd) include(pattern string, depth int) error {
	if !path.IsAbs(pattern) {
		pattern = path.Join("/etc/ssh", pattern)
	}
	files, err := fs.Glob(r.root, strings.TrimPrefix(path.Clean(pattern), "/"))
	if err != nil {
		return fmt.Errorf("include of %s: %w", pattern, err)
	}
	for _, f := range files {
		if err := r.read(f, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// sockets reads the units by which systemd listens for sshd, and their drop-ins;
// /run has those that Ubuntu generates.
func (r *sshd) sockets() error {
	for _, dir := range []string{"etc/systemd/system", "run/systemd/system", "run/systemd/generator"} {
		files := []string{dir + "/ssh.socket"}
		more, err := fs.Glob(r.root, dir+"/ssh.socket.d/*.conf")
		if err != nil {
			return err
		}
		for _, f := range append(files, more...) {
			b, err := fs.ReadFile(r.root, f)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			for l := range strings.Lines(string(b)) {
				if v, ok := strings.CutPrefix(strings.TrimSpace(l), "ListenStream="); ok {
					r.add(v[strings.LastIndexByte(v, ':')+1:])
				}
			}
		}
	}
	return nil
}

// sshdWords splits a line as sshd does: a keyword, an optional equals sign,
// arguments that may be quoted, and a comment.
func sshdWords(l string) []string {
	l = strings.TrimSpace(l)
	if strings.HasPrefix(l, "#") {
		return nil
	}
	l = strings.NewReplacer("\"", " ", "=", " ").Replace(l)
	var out []string
	for _, w := range strings.Fields(l) {
		if strings.HasPrefix(w, "#") {
			break
		}
		out = append(out, w)
	}
	return out
}
