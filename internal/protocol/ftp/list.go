package ftp

import (
	"net/netip"
	pathpkg "path"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
	"github.com/sundew-ics/sundew/internal/vfs"
)

// listing is what LIST, NLST, MLSD or STAT is about.
type listing struct {
	dir     vfs.Info // of the entries; without a path: a single file
	entries []vfs.Info
	all     bool // -a: also . and ..
	path    string
}

// list finds what an argument names: options, then a directory, a file or a
// pattern in the last element.
func (v *visit) list(arg string, options bool) (listing, error) {
	var l listing
	for options && strings.HasPrefix(arg, "-") {
		var word string
		word, arg, _ = strings.Cut(arg, " ")
		l.all = l.all || strings.ContainsRune(word, 'a')
		arg = strings.TrimLeft(arg, " ")
	}
	dir, pattern := arg, ""
	if strings.ContainsAny(arg, "*?[") {
		dir, pattern = pathpkg.Split(arg)
	}
	i, _, path, err := v.stat(dir)
	if l.path = path; err != nil {
		return l, err
	}
	if !i.Dir {
		l.entries = []vfs.Info{i}
		return l, nil
	}
	l.dir = i
	all, err := v.view.List(v.who(), root(path))
	if err != nil {
		return l, err
	}
	for _, e := range all {
		if matched, _ := pathpkg.Match(pattern, e.Name()); pattern == "" || matched {
			l.entries = append(l.entries, e)
		}
	}
	return l, nil
}

func entry(i vfs.Info, name string) wire.Entry {
	return wire.Entry{Name: name, Dir: i.Dir, Mode: uint32(i.Mode), Owner: i.Owner, Group: i.Group, Size: i.Size, Time: i.Time}
}

// append renders the listing as a command has it.
func (v *visit) append(b []byte, verb string, l listing) []byte {
	now := v.env.Device.Clock.Now()
	line := func(i vfs.Info, name string) {
		switch {
		case verb == "NLST":
			b = append(append(b, name...), "\r\n"...)
		case verb == "MLSD":
			b = append(v.factsOf(b, i, name), "\r\n"...)
		case v.set.List == "windows":
			b = entry(i, name).AppendDOS(b)
		default:
			b = entry(i, name).AppendUnix(b, now)
		}
	}
	if l.dir.Path != "" && l.all && verb != "MLSD" && v.set.List != "windows" {
		line(l.dir, ".")
		line(l.dir, "..")
	}
	if l.dir.Path != "" && verb == "MLSD" {
		b = append(l.factsOfSelf(v, b), "\r\n"...)
	}
	for _, i := range l.entries {
		line(i, i.Name())
	}
	return b
}

// factsOfSelf appends the directory's own line (RFC 3659 §7.5.1).
func (l listing) factsOfSelf(v *visit, b []byte) []byte {
	return entry(l.dir, ".").AppendFacts(b, v.facts, v.perm(l.dir), "cdir")
}

func (v *visit) factsOf(b []byte, i vfs.Info, name string) []byte {
	kind := "file"
	if i.Dir {
		kind = "dir"
	}
	return entry(i, name).AppendFacts(b, v.facts, v.perm(i), kind)
}

// perm is what the visitor may do with an entry (RFC 3659 §7.5.5).
func (v *visit) perm(i vfs.Info) string {
	write := v.who().May(i, 2) && !v.user.ReadOnly
	perm := ""
	add := func(letters string, ok bool) {
		if ok {
			perm += letters
		}
	}
	if i.Dir {
		add("cm", write)
		add("e", v.who().May(i, 1))
		add("l", v.who().May(i, 4))
		add("p", write)
		return perm
	}
	add("a", write)
	add("r", v.who().May(i, 4))
	add("w", write)
	return perm
}

// cmdList sends a listing over a data connection.
func (v *visit) cmdList(verb, arg string) result {
	l, err := v.list(arg, verb != "MLSD")
	if err == nil && verb == "MLSD" && l.dir.Path == "" {
		err = vfs.ErrNotDir
	}
	if err != nil {
		return result{path: l.path, reply: v.fault(err, arg)}
	}
	body := v.append(nil, verb, l)
	act := event.Act{Op: strings.ToLower(verb) + "_data", Class: event.Enumerate, Target: event.Target{Kind: event.TargetPath, Ref: root(l.path)}}
	return v.begin(root(l.path), v.text(150, "open_list"), false, func(kid *session.Session) (int, string) {
		act.Detail = &dataDetail{octets: int64(len(body)), whole: true}
		kid.Record(act)
		if _, err := kid.Write(body); err != nil {
			return 426, "aborted"
		}
		return 226, "done"
	})
}

// cmdMlst describes one entry over the control connection (RFC 3659 §7.2).
func (v *visit) cmdMlst(arg string) result {
	i, seen, path, err := v.stat(arg)
	if err != nil {
		return result{path: path, reply: v.fault(err, arg)}
	}
	return result{path: root(path), reply: wire.Reply{Code: 250, Lines: []string{
		"Start of list for " + printable(seen), string(v.factsOf(nil, i, seen)), v.texts["end"],
	}}}
}

// cmdStat tells of the connection, or lists over it.
func (v *visit) cmdStat(arg string) result {
	if arg == "" {
		return result{reply: v.status()}
	}
	l, err := v.list(arg, true)
	if err != nil {
		return result{path: l.path, reply: v.fault(err, arg)}
	}
	lines := strings.Split(strings.TrimSuffix(string(v.append(nil, "STAT", l)), "\r\n"), "\r\n")
	if len(l.entries) == 0 && !l.all {
		lines = nil
	}
	head := v.text(213, "status_file", "path", arg)
	head.Lines = append(append(head.Lines, lines...), v.texts["end_status"])
	return result{path: root(l.path), reply: head}
}

func (v *visit) status() wire.Reply {
	mode := "BINARY"
	if v.ascii {
		mode = "ASCII"
	}
	r := v.text(211, "status", "name", v.env.Device.Identity.Name)
	r.Lines = append(r.Lines,
		"Connected from "+v.s.Remote().Addr().Unmap().String(),
		"Logged in as "+printable(v.user.Name),
		"TYPE: "+mode+", STRUcture: File, Mode: Stream",
		v.dataStatus(), v.texts["end_status"])
	return r
}

func (v *visit) dataStatus() string {
	if v.transfer != nil {
		select {
		case <-v.transfer.replied:
		default:
			return "Data connection open"
		}
	}
	switch {
	case v.passive != nil:
		return "Passive mode, waiting for data connection"
	case v.active != netip.AddrPort{}:
		return "Data connection to " + v.active.String()
	}
	return "No data connection"
}
