// Package tftp is the TFTP server of a device that keeps files: RFC 1350 with
// the options of RFC 2347 to 2349, over the device's virtual file system. Each
// transfer has a port of its own, from which nothing but small packets leaves
// until the visitor has acknowledged one there.
package tftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/tftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
	"github.com/sundew-ics/sundew/internal/vfs"
)

// Protocol is the room's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "tftp", Title: "TFTP", Network: "udp", Port: 69, Alt: 6969,
		Sides: []string{"udp"},
		New:   newServer, Decode: func() protocol.Decoder { return decoder{} }, Refuse: refuse, Hello: hello,
	}
}

// settings is the service's file.
type settings struct {
	Tree     string           `toml:"tree"` // CSV table of the file system (internal/vfs)
	Root     string           `toml:"root"` // directory of the tree that names are in
	User     string           `toml:"user"` // on whose behalf files are read and written
	Group    string           `toml:"group"`
	Write    bool             `toml:"write"`     // whether write requests are taken
	MaxBlock int              `toml:"max_block"` // greatest blksize granted
	Options  *[]string        `toml:"options"`   // of blksize, tsize, timeout; without it all
	Timeout  process.Duration `toml:"timeout"`   // before a packet is sent again
	Retries  int              `toml:"retries"`
	Errors   []string         `toml:"errors"` // texts of error codes 0 to 8
	Latency  process.Duration `toml:"latency"`
}

func defaults() settings {
	return settings{
		Root: "/", User: "tftp", MaxBlock: 1468, Timeout: process.Duration(time.Second), Retries: 2,
		Errors: []string{"Undefined error code", "File not found", "Access violation", "Disk full or allocation exceeded",
			"Illegal TFTP operation", "Unknown transfer ID", "File already exists", "No such user", "Failure to negotiate RFC2347 options"},
	}
}

func (s *settings) check() error {
	switch {
	case s.Tree == "":
		return errors.New("tree: name the table of the file system")
	case !strings.HasPrefix(s.Root, "/"):
		return fmt.Errorf("root: %q: begin with /", s.Root)
	case s.MaxBlock < wire.MinBlock || s.MaxBlock > wire.MaxBlock:
		return fmt.Errorf("max_block = %d: give a number from %d to %d", s.MaxBlock, wire.MinBlock, wire.MaxBlock)
	case s.Timeout <= 0 || s.Retries < 0 || s.Retries > 20:
		return errors.New("timeout: give more than nothing; retries: 20 at most")
	case len(s.Errors) != 9:
		return errors.New("errors: give nine texts, of the codes 0 to 8")
	}
	if s.Group == "" {
		s.Group = s.User
	}
	if s.Options == nil {
		s.Options = &[]string{"blksize", "tsize", "timeout"}
	}
	return nil
}

// maxTransfers is how many transfers a service carries out at once; a request
// beyond them is left to be asked again.
const maxTransfers = 40

// server is one service.
type server struct {
	set       settings
	files     *vfs.FS
	transfers atomic.Int32
}

func newServer(env protocol.Env) (protocol.Handler, error) {
	h := &server{set: defaults()}
	if err := env.Decode(&h.set); err != nil {
		return nil, err
	}
	if err := h.set.check(); err != nil {
		return nil, err
	}
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(env.Rand.Uint32())
	}
	files, err := env.Device.Shared("vfs:"+h.set.Tree, func() (any, error) {
		return vfs.New(vfs.Config{
			Files: env.Files, Tree: h.set.Tree, Expand: env.Device.Identity.Expand, Now: env.Device.Clock.Now,
			Old: env.Device.Identity.Boot, Seed: seed, State: env.State,
		})
	})
	if err != nil {
		return nil, err
	}
	h.files = files.(*vfs.FS)
	return h, nil
}

// Serve answers the requests of one visitor's port; transfers go on beside it.
func (h *server) Serve(ctx context.Context, s *session.Session) error {
	v := &visit{server: h, s: s, ctx: ctx, view: h.files.For(s.Source()), running: map[string]bool{}}
	defer v.leave()
	for {
		p, err := s.Datagram()
		if err != nil {
			return err
		}
		v.request(p)
	}
}

// visit is one visitor's flow to the well-known port.
type visit struct {
	*server
	s    *session.Session
	ctx  context.Context
	view *vfs.View

	mu      sync.Mutex
	running map[string]bool // requests whose transfer is under way
	work    sync.WaitGroup
}

// leave waits for the transfers that the flow has begun.
func (v *visit) leave() {
	v.work.Wait()
	if err := v.files.Sync(); err != nil {
		v.s.Log.Warn("what a visitor sent could not be kept in the file system", "err", err)
	}
}

// refuse is the protocol's own refusal of a request.
func refuse([]byte) []byte {
	return wire.Packet{Op: wire.ERROR, Code: wire.Access, Message: "Access violation"}.Append(nil)
}

// hello asks for a file that is not there; any answer will do.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := c.Write(wire.Packet{Op: wire.RRQ, File: "doctor-4c1f", Mode: "octet"}.Append(nil)); err != nil {
		return err
	}
	b := make([]byte, 600)
	n, err := c.Read(b)
	if err != nil {
		return err
	}
	_, err = wire.Parse(b[:n])
	return err
}
