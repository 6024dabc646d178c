package cip

import (
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A Triad names a connection for both of its ends (volume 1, 3-5.5.1.4).
type Triad struct {
	Serial     uint16
	Vendor     uint16
	Originator uint32 // serial number of the originator
}

func parseTriad(r *octet.Reader) Triad {
	return Triad{Serial: r.U16LE(), Vendor: r.U16LE(), Originator: r.U32LE()}
}

// Append encodes t behind b.
func (t Triad) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	o.U16LE(t.Serial)
	o.U16LE(t.Vendor)
	o.U32LE(t.Originator)
	return o.B
}

// Ticks is how long a request may take: priority and time tick, and ticks
// (volume 1, 3-5.5.1.3).
type Ticks struct{ Tick, Count uint8 }

// Duration is 2^tick milliseconds for each tick.
func (t Ticks) Duration() time.Duration {
	return time.Duration(t.Count) << (t.Tick & 0x0f) * time.Millisecond
}

// A Flow is one direction of a connection as a Forward_Open asks for it.
type Flow struct {
	ID         uint32 // connection id
	RPI        uint32 // requested packet interval, µs
	Parameters uint32 // 16 bits, of a large Forward_Open 32
}

// A ForwardOpen opens a connection (volume 1, 3-5.5.2).
type ForwardOpen struct {
	Large bool
	Ticks
	OT, TO Flow // originator to target, and back
	Triad
	Multiplier uint8 // the timeout is RPI × 4 << Multiplier
	Trigger    uint8 // direction, production trigger and transport class
	Path       []byte
}

// Size returns how many octets a packet of f may have.
func (f Flow) Size(large bool) int {
	if large {
		return int(f.Parameters & 0xffff)
	}
	return int(f.Parameters & 0x1ff)
}

// Type returns the flow's connection type: 0 null, 1 multicast, 2 point to point.
func (f Flow) Type(large bool) int {
	if large {
		return int(f.Parameters >> 29 & 3)
	}
	return int(f.Parameters >> 13 & 3)
}

// Class returns the transport class, 0 to 6.
func (o ForwardOpen) Class() int { return int(o.Trigger & 0x0f) }

// Timeout is how long the target waits for a packet.
func (o ForwardOpen) Timeout() time.Duration {
	return time.Duration(o.OT.RPI) * time.Microsecond * 4 << (o.Multiplier & 7)
}

// ParseForwardOpen parses the data of a Forward_Open.
func ParseForwardOpen(b []byte) (ForwardOpen, error) { return parseOpen(b, false) }

// ParseLargeForwardOpen parses the data of a Large_Forward_Open.
func ParseLargeForwardOpen(b []byte) (ForwardOpen, error) { return parseOpen(b, true) }

func parseOpen(b []byte, large bool) (ForwardOpen, error) {
	r := octet.NewReader(b)
	parameters := func() uint32 {
		if large {
			return r.U32LE()
		}
		return uint32(r.U16LE())
	}
	o := ForwardOpen{Large: large, Ticks: Ticks{r.U8(), r.U8()}}
	o.OT.ID, o.TO.ID = r.U32LE(), r.U32LE()
	o.Triad = parseTriad(r)
	o.Multiplier = r.U8()
	r.Skip(3)
	o.OT.RPI, o.OT.Parameters = r.U32LE(), parameters()
	o.TO.RPI, o.TO.Parameters = r.U32LE(), parameters()
	o.Trigger = r.U8()
	o.Path = r.Bytes(2 * int(r.U8()))
	return o, r.Done()
}

// Append encodes o behind b.
func (o ForwardOpen) Append(b []byte) []byte {
	w := octet.Builder{B: append(b, o.Tick, o.Count)}
	parameters := func(v uint32) {
		if o.Large {
			w.U32LE(v)
		} else {
			w.U16LE(uint16(v))
		}
	}
	w.U32LE(o.OT.ID)
	w.U32LE(o.TO.ID)
	w.B = o.Triad.Append(w.B)
	w.U8(o.Multiplier, 0, 0, 0)
	w.U32LE(o.OT.RPI)
	parameters(o.OT.Parameters)
	w.U32LE(o.TO.RPI)
	parameters(o.TO.Parameters)
	w.U8(o.Trigger, uint8(len(o.Path)/2))
	w.Bytes(o.Path)
	return w.B
}

// A ForwardClose closes a connection (volume 1, 3-5.5.3).
type ForwardClose struct {
	Ticks
	Triad
	Path []byte
}

// ParseForwardClose parses the data of a Forward_Close.
func ParseForwardClose(b []byte) (ForwardClose, error) {
	r := octet.NewReader(b)
	c := ForwardClose{Ticks: Ticks{r.U8(), r.U8()}, Triad: parseTriad(r)}
	n := 2 * int(r.U8())
	r.Skip(1)
	c.Path = r.Bytes(n)
	return c, r.Done()
}

// Append encodes c behind b.
func (c ForwardClose) Append(b []byte) []byte {
	b = c.Triad.Append(append(b, c.Tick, c.Count))
	b = append(b, byte(len(c.Path)/2), 0)
	return append(b, c.Path...)
}

// An Errand is the data of an Unconnected_Send (volume 1, 3-5.5.4): a request,
// and the route to whom it is for.
type Errand struct {
	Ticks
	Message []byte // a message router request
	Route   []byte // a padded EPATH
}

// ParseErrand parses b whole.
func ParseErrand(b []byte) (Errand, error) {
	r := octet.NewReader(b)
	e := Errand{Ticks: Ticks{r.U8(), r.U8()}}
	n := int(r.U16LE())
	e.Message = r.Bytes(n)
	r.Skip(n & 1)
	size := 2 * int(r.U8())
	r.Skip(1)
	e.Route = r.Bytes(size)
	return e, r.Done()
}

// Append encodes e behind b.
func (e Errand) Append(b []byte) []byte {
	o := octet.Builder{B: append(b, e.Tick, e.Count)}
	o.U16LE(uint16(len(e.Message)))
	o.Bytes(e.Message)
	if len(e.Message)&1 == 1 {
		o.U8(0)
	}
	o.U8(uint8(len(e.Route)/2), 0)
	o.Bytes(e.Route)
	return o.B
}
