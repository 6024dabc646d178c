package ftp

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
	"github.com/sundew-ics/sundew/internal/vfs"
)

// fault is the reply to what the file system says no to.
func (v *visit) fault(err error, arg string) wire.Reply {
	code, key := 550, "io"
	switch {
	case errors.Is(err, vfs.ErrQuota):
		code, key = 552, "quota"
	case errors.Is(err, vfs.ErrName):
		code, key = 553, "invalid"
	case errors.Is(err, vfs.ErrDir):
		key = "is_dir"
	case errors.Is(err, vfs.ErrNotDir):
		key = "not_dir"
	case errors.Is(err, vfs.ErrNotEmpty):
		key = "not_empty"
	case errors.Is(err, fs.ErrNotExist):
		key = "not_exist"
	case errors.Is(err, fs.ErrExist):
		key = "exist"
	case errors.Is(err, fs.ErrPermission):
		key = "denied"
	case errors.Is(err, fs.ErrInvalid):
		key = "invalid"
	default:
		v.s.Log.Warn("a file could not be served", "err", err)
	}
	return v.text(code, key, "arg", arg)
}

// stat finds an entry by the visitor's name for it.
func (v *visit) stat(name string) (i vfs.Info, seen, path string, err error) {
	if seen, path, err = v.resolve(name); err == nil {
		i, err = v.view.Stat(v.who(), root(path))
	}
	return i, seen, path, err
}

// root is the path of the tree's root where path is empty.
func root(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

func (v *visit) cmdCwd(name, key string) result {
	i, seen, path, err := v.stat(name)
	if err == nil && !i.Dir {
		err = vfs.ErrNotDir
	}
	if err == nil && !v.who().May(i, 1) {
		err = fs.ErrPermission
	}
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	v.cwd = seen
	return result{path: path, reply: v.text(250, key)}
}

// cmdOf is SIZE or MDTM (RFC 3659 §3, §4).
func (v *visit) cmdOf(verb, name string) result {
	i, _, path, err := v.stat(name)
	switch {
	case err != nil:
		return result{path: path, reply: v.fault(err, name)}
	case i.Dir:
		return result{path: path, reply: v.text(550, "not_file", "arg", name)}
	case verb == "MDTM":
		return result{path: path, reply: wire.Text(213, i.Time.UTC().Format(wire.TimeVal))}
	case v.ascii:
		return result{path: path, reply: v.text(550, "size_ascii")}
	}
	return result{path: path, reply: wire.Text(213, strconv.FormatInt(i.Size, 10))}
}

// cmdMfmt sets a file's time (draft-somers-ftp-mfxx §3).
func (v *visit) cmdMfmt(arg string) result {
	stamp, name, _ := strings.Cut(arg, " ")
	t, err := time.Parse(wire.TimeVal, stamp)
	if err != nil || name == "" {
		return result{reply: v.text(501, "argument", "verb", "MFMT")}
	}
	return v.touch(name, t, wire.Text(213, "Modify="+stamp+"; "+printable(name)))
}

func (v *visit) touch(name string, t time.Time, done wire.Reply) result {
	_, path, err := v.resolve(name)
	if err == nil {
		err = v.mayWrite()
	}
	if err == nil {
		err = v.view.Chtimes(v.who(), root(path), t)
	}
	if err != nil {
		done = v.fault(err, name)
	}
	return result{path: path, values: []string{t.Format(wire.TimeVal)}, previous: []string{""}, reply: done}
}

// mayWrite says whether the user may change anything.
func (v *visit) mayWrite() error {
	if v.user.ReadOnly {
		return fs.ErrPermission
	}
	return nil
}

func (v *visit) cmdRemove(verb, name string) result {
	_, path, err := v.resolve(name)
	if err == nil {
		err = v.mayWrite()
	}
	if err == nil {
		err = v.view.Remove(v.who(), root(path), verb == "RMD")
	}
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	return result{path: path, reply: v.text(250, strings.ToLower(verb))}
}

func (v *visit) cmdMkd(name string) result {
	seen, path, err := v.resolve(name)
	if err == nil {
		err = v.mayWrite()
	}
	if err == nil {
		err = v.view.Mkdir(v.who(), root(path))
	}
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	return result{path: path, reply: v.text(257, "mkd", "path", quoted(seen))}
}

func (v *visit) cmdRnfr(name string) result {
	_, seen, path, err := v.stat(name)
	if err == nil {
		err = v.mayWrite()
	}
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	v.renaming = seen
	return result{path: path, reply: v.text(350, "rnfr")}
}

func (v *visit) cmdRnto(name string) result {
	from := v.renaming
	v.renaming = ""
	_, path, err := v.resolve(name)
	if from == "" {
		return result{path: path, reply: v.text(503, "rnto_early")}
	}
	r := result{path: path}
	_, old, ferr := v.resolve(from)
	if err = errors.Join(err, ferr); err == nil {
		r.values, r.previous = []string{path}, []string{old}
		err = v.view.Rename(v.who(), root(old), root(path))
	}
	if r.reply = v.text(250, "rnto"); err != nil {
		r.reply = v.fault(err, name)
	}
	return r
}

// cmdSite has CHMOD, UTIME and HELP.
func (v *visit) cmdSite(arg string) result {
	words := strings.SplitN(arg, " ", 3)
	switch strings.ToUpper(words[0]) {
	case "HELP":
		return result{reply: wire.Text(214, v.texts["site_help"]+"\n"+v.texts["help"])}
	case "CHMOD":
		if len(words) < 3 {
			break
		}
		return v.chmod(words[1], words[2])
	case "UTIME":
		if len(words) < 3 {
			break
		}
		t, err := time.Parse(wire.TimeVal, words[1])
		if err != nil {
			t, err = time.Parse("200601021504", words[1])
		}
		if err != nil {
			break
		}
		return v.touch(words[2], t, wire.Text(200, "UTIME command successful"))
	}
	return result{reply: v.text(501, "site_bad", "arg", arg)}
}

func (v *visit) chmod(mode, name string) result {
	i, _, path, err := v.stat(name)
	bits, perr := strconv.ParseUint(mode, 8, 12)
	if perr != nil {
		return result{path: path, reply: v.text(501, "site_bad", "arg", "CHMOD "+mode)}
	}
	if err == nil {
		err = v.mayWrite()
	}
	if err == nil {
		err = v.view.Chmod(v.who(), root(path), fs.FileMode(bits))
	}
	r := result{path: path, values: []string{mode}, previous: []string{"0" + strconv.FormatUint(uint64(i.Mode), 8)}, reply: v.text(200, "site_chmod")}
	if err != nil {
		r.reply = v.fault(err, name)
	}
	return r
}
