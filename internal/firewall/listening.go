package firewall

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Listening finds the TCP ports on which programs of these names listen for
// others, by the kernel's tables (proc(5)): whatever they were told on their command
// line. root is the host's file system. What may not be read, others' open files
// for one who is not root, is not found.
func Listening(root fs.FS, programs ...string) []uint16 {
	open := map[string]bool{} // sockets, by inode
	names, _ := fs.Glob(root, "proc/[0-9]*/comm")
	for _, name := range names {
		b, _ := fs.ReadFile(root, name)
		if !slices.Contains(programs, strings.TrimSpace(string(b))) {
			continue
		}
		files, _ := fs.Glob(root, path.Join(path.Dir(name), "fd/*"))
		for _, f := range files {
			to, _ := fs.ReadLink(root, f)
			if inode, ok := strings.CutPrefix(to, "socket:["); ok {
				open[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	var out []uint16
	for _, table := range []string{"proc/net/tcp", "proc/net/tcp6"} {
		b, _ := fs.ReadFile(root, table)
		for l := range strings.Lines(string(b)) {
			if f := strings.Fields(l); len(f) > 9 && open[f[9]] {
				if p, ok := listener(f[1], f[3]); ok {
					out = append(out, p)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// listener reads the columns local_address and st: in hexadecimal, the address in
// the machine's order of octets; 0A is LISTEN.
func listener(local, state string) (uint16, bool) {
	host, p, _ := strings.Cut(local, ":")
	switch host {
	case "0100007F", "00000000000000000000000001000000", "7F000001", "00000000000000000000000000000001": // loopback
		return 0, false
	}
	n, ok := number(p, 16)
	return n, ok && state == "0A"
}
