// Package dnp3 is the outstation of an RTU or a recloser control over TCP and
// UDP (IEEE 1815-2012): points from the tags of the process, an event buffer
// with confirmation, controls that act on the plant, freezing, files, restarts
// and unsolicited responses.
package dnp3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol is the room's entry in the catalogue for TCP.
func Protocol() protocol.Protocol { return entry("tcp") }

// Datagrams is the room's entry in the catalogue for UDP.
func Datagrams() protocol.Protocol { return entry("udp") }

func entry(network string) protocol.Protocol {
	return protocol.Protocol{
		Name: "dnp3", Title: "DNP3", Network: network, Port: wire.Port, Alt: wire.Port,
		New: func(env protocol.Env) (protocol.Handler, error) {
			o, err := build(env)
			if err != nil {
				return nil, err
			}
			return o, nil
		},
		Decode: func() protocol.Decoder { return &decoder{} },
		Refuse: refuse,
		Hello:  hello,
	}
}

// errRestart ends the conversations of a device that restarts.
var errRestart = errors.New("dnp3: the device restarts")

// Serve answers one visitor until he leaves or the device restarts.
func (o *outstation) Serve(ctx context.Context, s *session.Session) error {
	o.enter(s)
	ctx, cancel := context.WithCancel(ctx)
	v := &visitor{outstation: o, s: s, assembler: wire.Assembler{Limit: wire.MaxFragment}, ctx: ctx, confirmed: make(chan struct{}, 1)}
	defer o.leave(s)
	defer v.lost()
	defer v.watchers.Wait()
	defer cancel()
	if o.Announce && !s.Packet() {
		v.announce()
	}
	err := v.converse()
	if errors.Is(err, errRestart) {
		return nil
	}
	return err
}

func (v *visitor) converse() error {
	for {
		next := v.stream
		if v.s.Packet() {
			next = v.datagram
		}
		if err := next(); err != nil {
			return err
		}
	}
}

// visitor is one session with the outstation. Only what unsol guards is used by
// more than the goroutine that reads.
type visitor struct {
	*outstation
	s         *session.Session
	ctx       context.Context
	watchers  sync.WaitGroup
	assembler wire.Assembler
	link      link
	in, out   []byte // a frame
	stray     []byte // octets between frames, on TCP

	last     []byte // the last request that changes something
	answered [][]byte
	selected selection

	unsol     sync.Mutex
	transport uint8  // number of the next segment
	master    uint16 // whom answers go to
	waiting   waiting
	reports   reports
	confirmed chan struct{} // an unsolicited response was confirmed
	handles   map[uint32]*openFile
	lastFile  uint32
	keys      map[uint32]bool
}

// stream takes the next frame of a TCP connection.
func (v *visitor) stream() error {
	head, err := v.s.R().Peek(2)
	if err != nil {
		return v.leftOver(err)
	}
	if head[0] != 0x05 || head[1] != 0x64 {
		return v.hunt()
	}
	if head, err = v.s.R().Peek(wire.HeaderLen); err != nil {
		return v.leftOver(err)
	}
	n, err := wire.FrameLen(head)
	if err != nil {
		return v.hunt() // start octets by chance: hunt on behind them
	}
	v.strays()
	if head, err = v.s.R().Peek(n); err != nil {
		return v.leftOver(err)
	}
	v.in = append(v.in[:0], head...)
	if _, err := v.s.R().Discard(n); err != nil {
		return err
	}
	return v.frame(v.in)
}

// maxStray is how many octets outside of frames one act takes.
const maxStray = 4096

// hunt passes over one octet that begins no frame, as a receiver does that
// looks for the start octets (IEEE 1815 §9.2.4.1.1).
func (v *visitor) hunt() error {
	c, err := v.s.R().ReadByte()
	if err != nil {
		return err
	}
	if v.stray = append(v.stray, c); len(v.stray) >= maxStray {
		v.record(strayAct(v.stray))
		v.stray = v.stray[:0]
	}
	return nil
}

// strays records the octets that stood before a frame. What the reader has
// handed out up to here is theirs.
func (v *visitor) strays() {
	if len(v.stray) > 0 {
		v.record(strayAct(v.stray))
		v.stray = v.stray[:0]
	}
}

// leftOver records the octets that came before the end and began no frame.
func (v *visitor) leftOver(err error) error {
	p := make([]byte, v.s.R().Buffered())
	n, _ := io.ReadFull(v.s.R(), p)
	if v.stray = append(v.stray, p[:n]...); len(v.stray) > 0 {
		v.record(strayAct(v.stray))
		v.stray = nil
	}
	return err
}

// strayAct is octets that are no frame, named where they are another protocol's.
func strayAct(p []byte) event.Act {
	if name := foreign.Name(p); name != "" && name != "dnp3" || foreign.Printable(p) {
		return event.Act{Op: "foreign_protocol", Class: event.Foreign, Outcome: event.Ignored, Detail: stray{Protocol: event.Text(name)}}
	}
	return event.Act{Op: "malformed_frame", Class: event.Malformed, Outcome: event.Ignored}
}

// stray is the detail of octets that are no frame.
type stray struct {
	Protocol event.Text `json:"protocol,omitempty"`
}

// datagram takes the frames of the next datagram.
func (v *visitor) datagram() error {
	p, err := v.s.Datagram()
	if err != nil {
		return err
	}
	p = append([]byte(nil), p...)
	for first := true; first || len(p) > 0; first = false {
		n, err := wire.FrameLen(p)
		if err != nil || n > len(p) {
			v.record(strayAct(p))
			return nil
		}
		if err := v.frame(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// refuse is the protocol's own refusal of a request: a null response that says
// "function not supported" (IIN2.0). Nil where the octets are no request.
func refuse(request []byte) []byte {
	n, err := wire.FrameLen(request)
	if err != nil || n > len(request) {
		return nil
	}
	f, err := wire.ParseFrame(request[:n])
	if err != nil || len(f.UserData) < 3 {
		return nil
	}
	q, err := wire.ParseFragment(f.UserData[1:])
	if err != nil || q.Function == wire.Confirm || q.Function.Response() {
		return nil
	}
	a := wire.Fragment{Control: wire.FIR | wire.FIN | q.Control&wire.Seq, Function: wire.Response, IIN: wire.NoFunction}
	var out []byte
	wire.Segments(a.Append(nil), 0, func(segment []byte) {
		out = wire.Frame{Control: wire.Prm | uint8(wire.UnconfirmedData), Dest: f.Src, Src: f.Dest, UserData: segment}.Append(out)
	})
	return out
}

// hello asks every likely address for its link status, as scanners do, and
// takes one frame as an answer.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	var ask []byte
	for dest := range uint16(100) {
		ask = wire.Frame{Control: wire.Dir | wire.Prm | uint8(wire.RequestStatus), Dest: dest}.Append(ask)
	}
	if _, err := c.Write(ask); err != nil {
		return err
	}
	head := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	if _, err := wire.FrameLen(head); err != nil {
		return err
	}
	if got := wire.LinkFunction(head[3] & 15); got != wire.LinkStatus {
		return fmt.Errorf("link function %d answers a request for the link's status", got)
	}
	return nil
}
