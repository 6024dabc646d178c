// Package ftp is the FTP server of a device that keeps files: RFC 959 with the
// extensions of RFC 2389, 2428 and 3659, over the device's virtual file system.
// Data connections are passive: nothing is ever dialled.
package ftp

import (
	"bufio"
	"context"
	"fmt"
	"net"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
	"github.com/sundew-ics/sundew/internal/vfs"
)

// Protocol is the room's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "ftp", Title: "FTP", Network: "tcp", Port: 21, Alt: 2121,
		Sides: []string{"tcp"},
		New:   newServer, Decode: func() protocol.Decoder { return decoder{} }, Refuse: refuse, Hello: hello,
	}
}

// server is one service.
type server struct {
	env   protocol.Env
	set   settings
	texts map[string]string
	files *vfs.FS
}

func newServer(env protocol.Env) (protocol.Handler, error) {
	h := &server{env: env, set: defaults()}
	if err := env.Decode(&h.set); err != nil {
		return nil, err
	}
	if err := h.set.check(env.Device.Identity.Expand); err != nil {
		return nil, err
	}
	if err := h.makeTexts(); err != nil {
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

// Serve converses with one visitor.
func (h *server) Serve(ctx context.Context, s *session.Session) error {
	v := &visit{server: h, s: s, ctx: ctx, view: h.files.For(s.Source()), cwd: "/", facts: wire.FactNames, ascii: true}
	defer v.leave()
	s.SetIdle(h.set.idle())
	if _, err := s.Write(v.text(220, "greeting").Append(nil)); err != nil {
		return err
	}
	for !v.closing {
		if err := v.next(); err != nil {
			return v.idle(err)
		}
	}
	return nil
}

// refuse is the protocol's own refusal of any command; nil where the octets are
// no line.
func refuse(request []byte) []byte {
	c, err := wire.Parse(request)
	if err != nil {
		return nil
	}
	return wire.Text(502, c.Verb+" command not implemented").Append(nil)
}

// hello reads the greeting, which the server sends unasked.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err
	}
	if len(line) < 4 || line[:3] != "220" {
		return fmt.Errorf("greeting %q is not FTP's", line)
	}
	return nil
}
