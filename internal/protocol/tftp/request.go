package tftp

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/tftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
	"github.com/sundew-ics/sundew/internal/vfs"
)

// request answers one datagram to the well-known port.
func (v *visit) request(b []byte) {
	p, err := wire.Parse(b)
	if err != nil {
		v.malformed(b)
		return
	}
	if p.Op != wire.RRQ && p.Op != wire.WRQ { // of no transfer (RFC 1350 §4)
		d := &detail{block: -1, code: -1}
		switch p.Op {
		case wire.DATA, wire.ACK:
			d.block = int(p.Block)
		case wire.ERROR:
			d.code, d.message = int(p.Code), p.Message
		}
		a := event.Act{Op: p.Op.Name(), Class: event.Other, Outcome: event.Refused, Detail: d}
		if p.Op == wire.ERROR { // never answered
			a.Outcome = event.Ignored
			v.s.Record(a)
			return
		}
		v.refuse(a, wire.Illegal)
		return
	}
	a := event.Act{Op: p.Op.Name(), Class: event.FileRead, Detail: &detail{mode: p.Mode, options: p.Options, block: -1, code: -1}}
	if p.Op == wire.WRQ {
		a.Class = event.FileWrite
	}
	path, err := v.resolve(p.File)
	a.Target = event.Target{Kind: event.TargetPath, Ref: path}
	if err != nil {
		a.Target.Ref = p.File
		v.refuse(a, wire.Access)
		return
	}
	switch mode := strings.ToLower(p.Mode); {
	case mode != "octet" && mode != "netascii": // mail is obsolete (RFC 1350 §5)
		v.refuse(a, wire.Illegal)
	case !v.start(string(b)):
		a.Detail.(*detail).repeated = true
		a.Outcome = event.Ignored // its transfer is under way and repeats by itself
		v.s.Record(a)
	default:
		if code, ok := v.begin(p, path, a, string(b)); !ok {
			v.end(string(b))
			v.refuse(a, code)
		}
	}
}

// malformed answers what is no packet with error 4, unless it is too short to
// be from a TFTP client at all.
func (v *visit) malformed(b []byte) {
	a := event.Act{Op: "malformed_packet", Class: event.Malformed, Detail: &detail{block: -1, code: int(wire.Illegal)}}
	if name := foreign.Name(b); name != "" && name != "tftp" {
		a.Op, a.Class, a.Detail = "foreign_protocol", event.Foreign, &detail{block: -1, code: -1, protocol: name}
	}
	if len(b) < 4 || b[0] != 0 {
		a.Outcome = event.Ignored
		a.Detail.(*detail).code = -1
		v.s.Record(a)
		return
	}
	v.refuse(a, wire.Illegal)
}

// refuse answers with an error.
func (v *visit) refuse(a event.Act, code uint16) {
	a.Outcome = event.Refused
	if d, ok := a.Detail.(*detail); ok {
		d.code = int(code)
	}
	v.s.Record(a)
	v.s.Delay(time.Duration(v.set.Latency))
	v.s.Write(v.failure(code))
}

// failure is an ERROR packet.
func (h *server) failure(code uint16) []byte {
	return wire.Packet{Op: wire.ERROR, Code: code, Message: h.set.Errors[min(int(code), 8)]}.Append(nil)
}

// errorOf is the code for what the file system says no to.
func errorOf(err error) uint16 {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, vfs.ErrNotDir), errors.Is(err, vfs.ErrDir):
		return wire.NotFound
	case errors.Is(err, fs.ErrPermission), errors.Is(err, vfs.ErrName):
		return wire.Access
	case errors.Is(err, vfs.ErrQuota):
		return wire.Full
	}
	return wire.NotDefined
}

// resolve finds a name below the root; both slashes are taken, and nothing leads
// above it.
func (v *visit) resolve(name string) (string, error) {
	seen, err := vfs.Resolve("/", strings.ReplaceAll(name, `\`, "/"))
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(seen+"/", strings.TrimSuffix(v.set.Root, "/")+"/") { // the whole path, as configurations have it
		return seen, nil
	}
	return strings.TrimSuffix(v.set.Root, "/") + seen, nil
}

func (v *visit) who() vfs.User { return vfs.User{Name: v.set.User, Group: v.set.Group} }

// Idle limits of the flow to the well-known port: alone, and beside a transfer,
// which has a limit of its own.
const (
	flowIdle  = 30 * time.Second
	whileBusy = 24 * time.Hour
)

// start notes a request; false where its transfer is under way already.
func (v *visit) start(request string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.running[request] {
		return false
	}
	v.running[request] = true
	v.s.SetIdle(whileBusy)
	return true
}

func (v *visit) end(request string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if delete(v.running, request); len(v.running) == 0 {
		v.s.SetIdle(flowIdle)
	}
}

// side opens the port of a transfer.
func (v *visit) side() (*session.Side, error) {
	if v.transfers.Add(1) > maxTransfers {
		v.transfers.Add(-1)
		return nil, errBusy
	}
	side, err := v.s.Side(v.ctx, "udp")
	if err != nil {
		v.transfers.Add(-1)
	}
	return side, err
}

var errBusy = errors.New("tftp: all transfers are under way")

// terms are what a transfer goes by.
type terms struct {
	block   int
	timeout time.Duration
	granted []wire.Option // to be acknowledged
	text    bool
}

// negotiate grants the options that are known (RFC 2347); size is the file's,
// negative where the visitor is to say it.
func (v *visit) negotiate(p wire.Packet, size int64) terms {
	t := terms{block: wire.DefaultBlock, timeout: time.Duration(v.set.Timeout), text: strings.EqualFold(p.Mode, "netascii")}
	seen := map[string]bool{}
	for _, o := range p.Options {
		name := strings.ToLower(o.Name)
		n, err := strconv.ParseInt(o.Value, 10, 64)
		if err != nil || seen[name] || !slices.Contains(*v.set.Options, name) {
			continue
		}
		seen[name] = true
		switch {
		case name == "blksize" && n >= wire.MinBlock: // RFC 2348; a greater one is answered with ours
			t.block = int(min(n, int64(v.set.MaxBlock)))
			n = int64(t.block)
		case name == "timeout" && n >= 1 && n <= 255: // RFC 2349
			t.timeout = time.Duration(n) * time.Second
		case name == "tsize" && n >= 0 && !(t.text && size >= 0):
			if size >= 0 {
				n = size
			}
		default:
			continue
		}
		t.granted = append(t.granted, wire.Option{Name: o.Name, Value: strconv.FormatInt(n, 10)})
	}
	return t
}

// begin starts the transfer of a request, or returns the error's code.
func (v *visit) begin(p wire.Packet, path string, a event.Act, request string) (code uint16, ok bool) {
	var file io.ReadCloser
	size := int64(-1)
	if p.Op == wire.RRQ {
		f, info, err := v.view.Open(v.who(), path, 0, v.s.Artifact)
		if err != nil {
			return errorOf(err), false
		}
		file, size = f, info.Size
	} else {
		if !v.set.Write {
			return wire.Access, false
		}
		if err := v.view.MayCreate(v.who(), path); err != nil {
			return errorOf(err), false
		}
	}
	side, err := v.side()
	if err != nil { // more than this visitor, or all of them, may have: he asks again
		if file != nil {
			file.Close()
		}
		v.end(request)
		a.Outcome = event.Dropped
		v.s.Record(a)
		return 0, true
	}
	v.s.Record(a)
	v.s.Flush()
	t := v.negotiate(p, size)
	v.work.Go(v.s.Guarded(func() {
		defer v.end(request)
		defer v.transfers.Add(-1)
		defer side.Close()
		kid, err := side.Accept(v.ctx)
		if err != nil {
			if file != nil {
				file.Close()
			}
			return
		}
		defer kid.End(nil) // by now it has ended, unless the transfer panicked
		if p.Op == wire.RRQ {
			defer file.Close()
			kid.End(v.send(kid, t, path, file))
			return
		}
		kid.End(v.receive(kid, t, path, p.File))
	}))
	return 0, true
}
