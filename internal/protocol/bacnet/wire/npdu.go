package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Network layer messages, 6.2.4.
const (
	NetWhoIsRouter      = 0x00
	NetIAmRouter        = 0x01
	NetICouldBeRouter   = 0x02
	NetReject           = 0x03
	NetRouterBusy       = 0x04
	NetRouterAvailable  = 0x05
	NetInitTable        = 0x06
	NetInitTableAck     = 0x07
	NetEstablish        = 0x08
	NetDisconnect       = 0x09
	NetWhatIsNumber     = 0x12
	NetNumberIs         = 0x13
	netFirstProprietary = 0x80
)

// Reasons of Reject-Message-To-Network, 6.4.4.
const (
	NetRejectNoRoute = 1
	NetRejectUnknown = 3
)

// GlobalBroadcast is the network number that means all of them, 6.2.2.
const GlobalBroadcast = 0xFFFF

// ErrNPDU says why a network layer header cannot be read.
var ErrNPDU = errors.New("no NPDU of version 1 with sound addresses")

// An Address is a network number and a station's address there; without one, all
// stations.
type Address struct {
	Net uint16
	MAC []byte
}

// An NPDU is the network layer's header and what it carries, 6.2.
type NPDU struct {
	Dest, Src *Address
	Hops      uint8 // where Dest is given
	Network   bool  // Body is a network layer message of type Message
	Expecting bool  // a reply is awaited
	Priority  uint8
	Message   uint8
	Vendor    uint16 // of a proprietary message
	Body      []byte
}

// ParseNPDU reads a network layer frame.
func ParseNPDU(p []byte) (NPDU, error) {
	r := octet.NewReader(p)
	version, control := r.U8(), r.U8()
	if r.Err() != nil || version != 1 || control&0x50 != 0 { // bits 6 and 4 are reserved, 6.2.2
		return NPDU{}, ErrNPDU
	}
	n := NPDU{Network: control&0x80 != 0, Expecting: control&4 != 0, Priority: control & 3}
	if control&0x20 != 0 {
		n.Dest = &Address{Net: r.U16(), MAC: r.Bytes(int(r.U8()))}
	}
	if control&8 != 0 {
		n.Src = &Address{Net: r.U16(), MAC: r.Bytes(int(r.U8()))}
		if n.Src.Net == 0 || n.Src.Net == GlobalBroadcast || len(n.Src.MAC) == 0 {
			return NPDU{}, ErrNPDU
		}
	}
	if n.Dest != nil {
		n.Hops = r.U8()
	}
	if n.Network {
		n.Message = r.U8()
		if n.Message >= netFirstProprietary {
			n.Vendor = r.U16()
		}
	}
	n.Body = r.Rest()
	if r.Err() != nil {
		return NPDU{}, ErrNPDU
	}
	return n, nil
}

// Append appends the frame to b.
func (n NPDU) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	control := n.Priority & 3
	for _, f := range []struct {
		on  bool
		bit uint8
	}{{n.Network, 0x80}, {n.Dest != nil, 0x20}, {n.Src != nil, 8}, {n.Expecting, 4}} {
		if f.on {
			control |= f.bit
		}
	}
	w.U8(1, control)
	for _, a := range []*Address{n.Dest, n.Src} {
		if a != nil {
			w.U16(a.Net)
			w.U8(uint8(len(a.MAC)))
			w.Bytes(a.MAC)
		}
	}
	if n.Dest != nil {
		w.U8(n.Hops)
	}
	if n.Network {
		w.U8(n.Message)
		if n.Message >= netFirstProprietary {
			w.U16(n.Vendor)
		}
	}
	w.Bytes(n.Body)
	return w.B
}
