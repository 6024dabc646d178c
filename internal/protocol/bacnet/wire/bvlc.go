// Package wire encodes and decodes BACnet/IP frames: the virtual link (ANSI/ASHRAE
// 135 Annex J), the network layer (clause 6), the application layer (clause 20)
// and the parameters of its services (clauses 13 to 16). Clause numbers are
// those of 135-2016.
package wire

import (
	"errors"
	"net/netip"

	"github.com/sundew-ics/sundew/internal/octet"
)

// BVLC functions, J.2.
const (
	FuncResult            = 0x00
	FuncWriteBDT          = 0x01
	FuncReadBDT           = 0x02
	FuncReadBDTAck        = 0x03
	FuncForwarded         = 0x04
	FuncRegisterForeign   = 0x05
	FuncReadFDT           = 0x06
	FuncReadFDTAck        = 0x07
	FuncDeleteFDTEntry    = 0x08
	FuncDistribute        = 0x09
	FuncOriginalUnicast   = 0x0A
	FuncOriginalBroadcast = 0x0B
	FuncSecure            = 0x0C
	bvlcType              = 0x81
	bvlcHeader            = 4
	bdtEntry              = 10
	fdtEntry              = 10
	addressOctets         = 6
	maxDatagram           = 1497 // J.1.2: 1476 of APDU, 21 of NPDU, before the header
	MaxBVLC               = maxDatagram + bvlcHeader
)

// BVLC results, J.2.1.
const (
	ResultOK            = 0x0000
	ResultWriteBDTNAK   = 0x0010
	ResultReadBDTNAK    = 0x0020
	ResultRegisterNAK   = 0x0030
	ResultReadFDTNAK    = 0x0040
	ResultDeleteFDTNAK  = 0x0050
	ResultDistributeNAK = 0x0060
)

// ErrBVLC says that a datagram is no BACnet/IP frame.
var ErrBVLC = errors.New("no BVLC header, or one that states more octets than there are")

// A BVLC is one BACnet/IP datagram: a function and what it carries.
type BVLC struct {
	Function uint8
	Body     []byte
}

// ParseBVLC reads a datagram. The length field counts all of it, J.2; where it
// counts too few, devices go by the datagram (capture bacnet_example, whose tool
// forgets the password's octets and is answered).
func ParseBVLC(p []byte) (BVLC, error) {
	r := octet.NewReader(p)
	kind, function, length := r.U8(), r.U8(), r.U16()
	if r.Err() != nil || kind != bvlcType || int(length) > len(p) || length < bvlcHeader {
		return BVLC{}, ErrBVLC
	}
	return BVLC{function, r.Rest()}, nil
}

// Append appends the datagram to b.
func (f BVLC) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(bvlcType, f.Function)
	w.U16(uint16(bvlcHeader + len(f.Body)))
	w.Bytes(f.Body)
	return w.B
}

// ResultFrame returns a BVLC-Result, J.2.1.
func ResultFrame(code uint16) BVLC {
	w := octet.Builder{}
	w.U16(code)
	return BVLC{FuncResult, w.B}
}

// A BDTEntry is a row of a broadcast distribution table, J.4.3.
type BDTEntry struct {
	Address netip.AddrPort `json:"address"`
	Mask    [4]byte        `json:"mask"`
}

// ParseBDT reads the rows of a table.
func ParseBDT(p []byte) ([]BDTEntry, error) {
	r := octet.NewReader(p)
	var list []BDTEntry
	for r.Len() > 0 {
		list = append(list, BDTEntry{readAddress(r), [4]byte(pad4(r.Bytes(4)))})
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return list, nil
}

// AppendBDT appends a row.
func AppendBDT(b []byte, e BDTEntry) []byte { return append(AppendAddress(b, e.Address), e.Mask[:]...) }

// An FDTEntry is a row of a foreign device table as Read-FDT-Ack has it, J.2.8.
type FDTEntry struct {
	Address   netip.AddrPort
	TTL, Left uint16 // seconds
}

// AppendFDT appends a row.
func AppendFDT(b []byte, e FDTEntry) []byte {
	w := octet.Builder{B: AppendAddress(b, e.Address)}
	w.U16(e.TTL)
	w.U16(e.Left)
	return w.B
}

// ParseAddress reads a B/IP address: four octets and a port, J.1.2.
func ParseAddress(p []byte) (netip.AddrPort, []byte, error) {
	r := octet.NewReader(p)
	a := readAddress(r)
	return a, r.Rest(), r.Err()
}

func readAddress(r *octet.Reader) netip.AddrPort {
	ip := netip.AddrFrom4([4]byte(pad4(r.Bytes(4))))
	return netip.AddrPortFrom(ip, r.U16())
}

// AppendAddress appends a B/IP address; one that is not IPv4 as 0.0.0.0.
func AppendAddress(b []byte, a netip.AddrPort) []byte {
	var ip [4]byte
	if u := a.Addr().Unmap(); u.Is4() {
		ip = u.As4()
	}
	w := octet.Builder{B: append(b, ip[:]...)}
	w.U16(a.Port())
	return w.B
}

func pad4(p []byte) []byte {
	if len(p) == 4 {
		return p
	}
	return make([]byte, 4)
}

// ParseTTL reads the seconds of a Register-Foreign-Device, J.2.6.
func ParseTTL(p []byte) (uint16, error) {
	r := octet.NewReader(p)
	ttl := r.U16()
	return ttl, r.Done()
}
