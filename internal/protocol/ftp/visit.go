package ftp

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
	"github.com/sundew-ics/sundew/internal/vfs"
)

// visit is one visitor's control connection.
type visit struct {
	*server
	s    *session.Session
	ctx  context.Context
	view *vfs.View

	lines    int   // read so far
	user     *user // logged in; nil: not
	named    string
	known    *user // whom USER named, if there is such a one
	failures int
	cwd      string // as the visitor sees it
	ascii    bool
	rest     int64
	renaming string // RNFR's path, as the visitor sees it
	facts    string // of MLST, as OPTS chose them
	epsvAll  bool
	passive  *session.Side
	active   netip.AddrPort // of PORT or EPRT: recorded, never dialled
	transfer *transfer      // the last one; nil: none yet
	closing  bool
}

// result is what a command comes to.
type result struct {
	reply    wire.Reply
	path     string // of the tree; empty: none
	cred     *event.Cred
	values   []string
	previous []string
	then     func() // once the reply is on its way
}

// next reads a command and answers it.
func (v *visit) next() error {
	line, length, err := v.line()
	if err != nil {
		return err
	}
	v.command(line, length)
	return nil
}

// command carries out a line, of which length octets came.
func (v *visit) command(line []byte, length int) {
	v.lines++
	c, err := wire.Parse(line)
	if err != nil { // longer than any command
		v.settle()
		v.answer(event.Act{Op: "long_line", Class: event.Malformed, Outcome: event.Refused, Detail: detail{length: length, code: 500}}, v.text(500, "line"))
		return
	}
	if c.Verb != "ABOR" && (c.Verb != "STAT" || c.Arg != "") {
		v.settle()
	}
	r := v.do(c)
	a := event.Act{Op: opOf(c.Verb), Class: classOf(c), Cred: r.cred, Values: r.values, Previous: r.previous, Detail: detail{arg: c.Arg, code: r.reply.Code}}
	if a.Op == opUnknown {
		a.Detail = detail{verb: c.Verb, arg: c.Arg, code: r.reply.Code}
	}
	if r.reply.Code >= 400 {
		a.Outcome = event.Refused
	}
	if r.path != "" {
		a.Target = event.Target{Kind: event.TargetPath, Ref: r.path}
	}
	if name := foreign.Name(line); v.lines == 1 && a.Op == opUnknown && name != "" && name != "ftp" {
		a.Op, a.Class, a.Detail = "foreign_protocol", event.Foreign, detail{protocol: name, code: r.reply.Code}
	}
	v.answer(a, r.reply)
	if r.then != nil {
		r.then()
	}
}

// answer records and replies. A secret is in the act's Cred, not in its detail.
func (v *visit) answer(a event.Act, r wire.Reply) {
	if d, ok := a.Detail.(detail); ok && a.Cred != nil && a.Cred.Method != "" {
		d.arg = ""
		a.Detail = d
	}
	v.s.Record(a)
	v.s.Delay(time.Duration(v.set.Latency))
	v.s.Write(r.Append(nil))
}

// line reads a line with its end; of a longer one than any command it keeps
// nothing and returns the length.
func (v *visit) line() ([]byte, int, error) {
	var line []byte
	for n := 1; ; n++ {
		c, err := v.s.R().ReadByte()
		if err != nil {
			return nil, 0, err
		}
		if n <= wire.MaxLine {
			line = append(line, c)
		}
		if c == '\n' {
			if n > wire.MaxLine {
				line = nil
			}
			return line, n, nil
		}
	}
}

// idle says so where the visitor was silent for too long.
func (v *visit) idle(err error) error {
	if errors.Is(err, session.ErrIdle) {
		v.s.Write(v.text(421, "idle", "seconds", strconv.Itoa(int(v.set.idle().Seconds()))).Append(nil))
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// leave ends what the visit has begun beside its session.
func (v *visit) leave() {
	v.hangUp()
	if t := v.transfer; t != nil {
		t.visitorLeft()
		<-t.done
	}
	if err := v.files.Sync(); err != nil {
		v.s.Log.Warn("what a visitor changed in the file system could not be kept", "err", err)
	}
}

// hangUp closes the data port that waits.
func (v *visit) hangUp() {
	if v.passive != nil {
		v.passive.Close()
		v.passive = nil
	}
}

// settle waits for the transfer under way to be over.
func (v *visit) settle() {
	if v.transfer != nil {
		<-v.transfer.replied
	}
}

// resolve turns a visitor's path into what he sees it as and where it is in the tree.
func (v *visit) resolve(name string) (seen, path string, err error) {
	if seen, err = vfs.Resolve(v.cwd, name); err != nil {
		return "", "", err
	}
	if v.user.Root == "" || v.user.Root == "/" {
		return seen, seen, nil
	}
	return seen, strings.TrimSuffix(v.user.Root+seen, "/"), nil
}

func (v *visit) who() vfs.User { return vfs.User{Name: v.user.Name, Group: v.user.Group} }

// has says whether this server has a command.
func (v *visit) has(verb string) bool {
	return syntax(verb) != "" && !slices.Contains(v.set.Disabled, verb)
}
