// Package bacnet is a building controller on BACnet/IP: the virtual link with
// its tables, the network layer, and a device of objects bound to the plant.
package bacnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol returns BACnet/IP's entry of the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "bacnet", Title: "BACnet/IP", Network: "udp", Port: 47808, Alt: 47808,
		New: newService, Decode: newDecoder, Hello: hello,
	}
}

// A controller serves one device.
type controller struct {
	device   *device.Device
	set      settings
	services [64]bool
	zone     *time.Location
	self     *object
	objects  []*object // the device first, then as in the file
	byID     map[wire.ObjectID]*object
	kept     *kept
	tables   *tables
	quiet    *quiet
	seed     uint64       // of the trend logs' noise
	held     atomic.Int64 // octets of all flows' segmented transfers
}

func newService(env protocol.Env) (protocol.Handler, error) {
	c := &controller{device: env.Device, quiet: newQuiet(), seed: env.Rand.Uint64(), byID: map[wire.ObjectID]*object{}}
	if err := env.Decode(&c.set); err != nil {
		return nil, err
	}
	if err := c.set.check(); err != nil {
		return nil, err
	}
	var err error
	if c.services, err = c.set.serves(); err != nil {
		return nil, err
	}
	if c.zone, err = time.LoadLocation(c.set.Zone); err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	if err := c.expand(&c.set.Name, &c.set.Description, &c.set.Location, &c.set.VendorName, &c.set.Model,
		&c.set.Firmware, &c.set.Software, &c.set.Instance, &c.set.Password); err != nil {
		return nil, err
	}
	instance, err := strconv.ParseUint(c.set.Instance, 10, 32)
	if err != nil || instance >= wire.MaxInstance {
		return nil, fmt.Errorf("instance: %q; use 0 to 4194302", c.set.Instance)
	}
	if c.kept, err = newKept(env.State); err != nil {
		return nil, err
	}
	if c.tables, err = newTables(env.State, c.set.BDT); err != nil {
		return nil, err
	}
	id := wire.NewObjectID(typeDevice, uint32(instance))
	c.self = &object{id: id, set: objectSettings{Object: id.String(), Name: c.set.Name, Description: c.set.Description}, tag: -1}
	c.add(c.self)
	for i := range c.set.Objects {
		if err := c.build(&c.set.Objects[i], env); err != nil {
			return nil, fmt.Errorf("objects: %s: %w", c.set.Objects[i].Object, err)
		}
	}
	return c, c.resolve(env.State)
}

// expand replaces ${…} in texts.
func (c *controller) expand(texts ...*string) error {
	for _, s := range texts {
		var err error
		if *s, err = c.device.Identity.Expand(*s); err != nil {
			return err
		}
	}
	return nil
}

func (c *controller) add(o *object) {
	c.objects = append(c.objects, o)
	c.byID[o.id] = o
}

// local returns the device's own idea of the local time.
func (c *controller) local() time.Time { return c.device.Clock.Now().In(c.zone) }

// A flow is one visitor's stay: what the device keeps of it while it lasts.
type flow struct {
	*controller
	s       *session.Session
	in      map[uint8]*incoming
	out     map[uint8]*outgoing
	order   sync.Mutex // held while a datagram is answered: what it changes is told after
	mu      sync.Mutex // of subs
	subs    []*subscription
	watch   sync.Once
	ctx     context.Context
	workers sync.WaitGroup
	invoke  uint8
	held    int // what the flow counts in the controller's
}

// Serve answers the datagrams of one visitor's flow.
func (c *controller) Serve(ctx context.Context, s *session.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	f := &flow{controller: c, s: s, ctx: ctx, in: map[uint8]*incoming{}, out: map[uint8]*outgoing{}, invoke: uint8(s.Rand().IntN(256))}
	defer func() {
		cancel()
		f.workers.Wait()
		clear(f.in)
		clear(f.out)
		f.account()
		if err := errors.Join(c.keepLogs(), c.kept.sync()); err != nil {
			s.Log.LogAttrs(context.Background(), slog.LevelDebug, "BACnet trend logs or values not kept", slog.Any("err", err))
		}
	}()
	for {
		p, err := s.Datagram()
		if err != nil {
			return err
		}
		f.datagram(p)
	}
}

func (f *flow) datagram(p []byte) {
	f.order.Lock()
	defer f.order.Unlock()
	q := request{flow: f, raw: p, now: time.Now()}
	q.link()
	f.account()
}

// A request is one datagram, what is said about it, and where its answer goes.
type request struct {
	*flow
	raw    []byte
	now    time.Time
	act    event.Act
	note   detail
	npdu   wire.NPDU
	apdu   wire.APDU
	origin bool       // the answer would go to an address that the datagram names, and is not sent
	done   bool       // the act is recorded
	final  *wire.APDU // acknowledges a request's last segment, before its answer
}

// record records the act once.
func (q *request) record() {
	if q.done {
		return
	}
	q.done = true
	q.act.Detail = &q.note
	q.s.Record(q.act)
}

// ignore records the act and says nothing.
func (q *request) ignore(reason string) {
	q.act.Outcome = event.Ignored
	q.note.Reason = reason
	q.record()
}

// send records the act and sends a BVLC frame, unless the device is to be silent.
func (q *request) send(f wire.BVLC) {
	if q.origin && !q.done {
		q.ignore("the answer belongs to the address that the frame names")
		return
	}
	first := !q.done
	q.record()
	if l := q.set.Latency; first && len(l) == 2 && l[1] > 0 {
		q.s.Delay(time.Duration(l[0]) + time.Duration(q.s.Rand().Int64N(int64(l[1]-l[0])+1)))
	}
	if _, err := q.s.Write(f.Append(nil)); err != nil {
		q.s.Log.LogAttrs(q.ctx, slog.LevelDebug, "BACnet answer not sent", slog.Any("err", err))
	}
}

// answer sends an APDU back to the station that asked.
func (q *request) answer(a wire.APDU) {
	if f := q.final; f != nil {
		q.final = nil
		q.answer(*f)
	}
	q.send(wire.BVLC{Function: wire.FuncOriginalUnicast, Body: q.back(a).Append(nil)})
}

// back wraps an APDU for the way back: a station behind a router is named, 6.2.2.
func (q *request) back(a wire.APDU) wire.NPDU {
	n := wire.NPDU{Body: a.Append(nil)}
	if q.npdu.Src != nil {
		n.Dest, n.Hops = q.npdu.Src, 255
	}
	return n
}

// room returns how many octets an APDU of our answer may have under the reply budget.
func (q *request) room() int {
	return q.s.Allowance() - 4 - len(q.back(wire.APDU{}).Append(nil)) + len(wire.APDU{}.Append(nil))
}

// find returns an object; device 4194303 is this one, 15.5.2.
func (c *controller) find(id wire.ObjectID) *object {
	if id.Type() == typeDevice && id.Instance() == wire.MaxInstance {
		return c.self
	}
	return c.byID[id]
}

// named returns an object by its present name.
func (c *controller) named(name string) *object {
	i := slices.IndexFunc(c.objects, func(o *object) bool { return c.nameOf(o) == name })
	if i < 0 {
		return nil
	}
	return c.objects[i]
}
