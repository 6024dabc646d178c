package ftp

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
	"github.com/sundew-ics/sundew/internal/vfs"
)

const chunk = 32 << 10

func (v *visit) mode() string {
	if v.ascii {
		return "ASCII"
	}
	return "BINARY"
}

// cmdRest sets where the next transfer begins (RFC 3659 §5).
func (v *visit) cmdRest(arg string) result {
	n, err := strconv.ParseInt(arg, 10, 64)
	switch {
	case err != nil || n < 0:
		return result{reply: v.text(501, "rest_bad")}
	case v.ascii && n != 0:
		return result{reply: v.text(501, "rest_ascii")}
	}
	v.rest = n
	return result{reply: v.text(350, "rest", "arg", arg)}
}

// cmdRetr sends a file.
func (v *visit) cmdRetr(name string) result {
	offset := v.rest
	v.rest = 0
	_, path, err := v.resolve(name)
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	r, i, err := v.view.Open(v.who(), root(path), offset, v.s.Artifact)
	if errors.Is(err, vfs.ErrDir) {
		return result{path: path, reply: v.text(550, "not_file", "arg", name)}
	}
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	opening := v.text(150, "open_retr", "mode", v.mode(), "arg", name, "size", strconv.FormatInt(max(i.Size-offset, 0), 10))
	ascii := v.ascii
	res := v.begin(path, opening, false, func(kid *session.Session) (int, string) {
		defer r.Close()
		return send(kid, r, path, offset, ascii)
	})
	if res.then == nil {
		r.Close()
	}
	return res
}

// send writes a file to a data connection.
func send(kid *session.Session, r io.Reader, path string, offset int64, ascii bool) (int, string) {
	d := &dataDetail{offset: offset}
	kid.Record(event.Act{Op: "retr_data", Class: event.FileRead, Target: event.Target{Kind: event.TargetPath, Ref: path}, Detail: d})
	buf, text := make([]byte, chunk), make([]byte, 0, chunk)
	last := byte(0)
	for {
		n, err := r.Read(buf)
		p := buf[:n]
		if ascii && n > 0 {
			p, last = wire.ToNet(text[:0], p, last), p[n-1]
		}
		if _, werr := kid.Write(p); werr != nil {
			return 426, "aborted"
		}
		switch {
		case errors.Is(err, io.EOF):
			return 226, "done"
		case err != nil:
			return 451, "aborted"
		}
	}
}

// cmdStor takes a file: new, over another, behind another, or under a name of
// our own.
func (v *visit) cmdStor(verb, name string) result {
	offset := v.rest
	v.rest = 0
	if verb == "STOU" {
		name = v.unique(name)
	}
	_, path, err := v.resolve(name)
	if err == nil {
		err = v.mayWrite()
	}
	if err == nil {
		err = v.view.MayCreate(v.who(), root(path))
	}
	var old int64
	if i, serr := v.view.Stat(v.who(), root(path)); serr == nil {
		old = i.Size
	}
	if verb == "APPE" {
		offset = old
	}
	if err == nil && offset > 0 && old > maxJoined {
		err = vfs.ErrQuota
	}
	if err == nil && offset > old {
		return result{path: path, reply: v.text(554, "invalid", "arg", name)}
	}
	if err != nil {
		return result{path: path, reply: v.fault(err, name)}
	}
	opening := v.text(150, "open_stor", "mode", v.mode(), "arg", name)
	if verb == "STOU" {
		opening = v.text(150, "stou", "arg", name)
	}
	u := upload{visit: v, who: v.who(), verb: verb, name: name, path: path, offset: offset, ascii: v.ascii}
	return v.begin(path, opening, true, u.receive)
}

// maxJoined is how long a file may be that a visitor writes into or behind: its octets
// are read, hashed and kept again, however little he sends.
const maxJoined = 4 << 20

// unique is a name that is not there yet (RFC 959 §4.1.3, RFC 1123 §4.1.2.9).
func (v *visit) unique(name string) string {
	if name == "" {
		name = "ftp"
	}
	for {
		try := fmt.Sprintf("%s.%06x", name, v.s.Rand().Uint32()>>8)
		if _, _, _, err := v.stat(try); err != nil {
			return try
		}
	}
}

// upload is a file on its way to us.
type upload struct {
	visit            *visit
	who              vfs.User
	verb, name, path string
	offset           int64 // what stays of the file that is there
	ascii            bool
}

// receive keeps the file whole as an artifact and puts it into the visitor's tree.
func (u upload) receive(kid *session.Session) (int, string) {
	in := &intake{r: kid.R(), ascii: u.ascii}
	var whole io.Reader = in
	if u.offset > 0 {
		old, _, err := u.visit.view.Open(vfs.User{Name: "root"}, u.path, 0, u.visit.s.Artifact)
		if err != nil {
			return 451, "aborted"
		}
		defer old.Close()
		whole = io.MultiReader(io.LimitReader(old, u.offset), in, &remainder{in: in, old: old})
	}
	art, err := kid.Keep(u.name, "ftp-upload", whole)
	io.Copy(io.Discard, in) // what a full store would not take
	a := event.Act{Op: strings.ToLower(u.verb) + "_data", Class: event.FileWrite, Target: event.Target{Kind: event.TargetPath, Ref: u.path},
		Detail: &dataDetail{offset: u.offset, octets: in.n, whole: in.err == nil}}
	if art.SHA256 != "" {
		a.Artifact = &art
	}
	kid.Record(a)
	if art.SHA256 == "" || err != nil && in.err == nil {
		return 552, "full"
	}
	if err := u.visit.view.Put(u.who, u.path, art.SHA256, art.Size); err != nil {
		return 552, "full"
	}
	if in.err != nil {
		return 426, "aborted"
	}
	return 226, "done"
}

// intake reads a data connection and takes the line ends of text out.
type intake struct {
	r     io.Reader
	ascii bool
	held  bool   // a carriage return waits
	rest  []byte // of text
	n     int64  // octets read
	taken int64  // octets given on
	err   error  // other than the end
	eof   bool
}

// Read implements io.Reader. An error that is not the end is noted and read as
// one: a file that breaks off is kept as far as it came.
func (in *intake) Read(p []byte) (int, error) {
	for len(in.rest) == 0 {
		if in.eof {
			return 0, io.EOF
		}
		n, err := in.r.Read(p)
		in.n += int64(n)
		if in.rest = p[:n]; in.ascii {
			in.rest, in.held = wire.FromNet(p[:n], in.held)
		}
		if err != nil {
			if in.eof = true; !errors.Is(err, io.EOF) {
				in.err = err
			}
			if in.held {
				in.rest = append(in.rest, '\r')
			}
		}
		if !in.ascii && n > 0 {
			in.rest = nil
			in.taken += int64(n)
			return n, nil
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	in.taken += int64(n)
	return n, nil
}

// remainder is what stays of a file behind the octets that were written over.
type remainder struct {
	in  *intake
	old io.Reader // stands where they begin
}

// Read implements io.Reader; it is asked once the intake has ended.
func (r *remainder) Read(p []byte) (int, error) {
	if r.in.taken > 0 {
		if _, err := io.CopyN(io.Discard, r.old, r.in.taken); err != nil {
			return 0, err
		}
		r.in.taken = 0
	}
	return r.old.Read(p)
}
