// Package wire is the encapsulation of EtherNet/IP (The CIP Networks Library,
// volume 2, chapter 2): a header of 24 octets, commands, and the Common Packet
// Format. Integers are little-endian, socket addresses big-endian.
package wire

import (
	"net/netip"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Sizes and numbers of the encapsulation.
const (
	HeaderLen = 24
	MaxData   = 65511 // 2-3.3: a frame has at most 65535 octets
	Version   = 1     // of the encapsulation protocol
	Port      = 0xaf12
)

// A Command is a header's first field (2-3.2).
type Command uint16

// The commands.
const (
	NOP               Command = 0x0000
	ListServices      Command = 0x0004
	ListIdentity      Command = 0x0063
	ListInterfaces    Command = 0x0064
	RegisterSession   Command = 0x0065
	UnregisterSession Command = 0x0066
	SendRRData        Command = 0x006f
	SendUnitData      Command = 0x0070
	IndicateStatus    Command = 0x0072 // reserved since, as is Cancel
	Cancel            Command = 0x0073
)

// Name returns the command's name in the record, "" for one that is unknown.
func (c Command) Name() string {
	switch c {
	case NOP:
		return "nop"
	case ListServices:
		return "list_services"
	case ListIdentity:
		return "list_identity"
	case ListInterfaces:
		return "list_interfaces"
	case RegisterSession:
		return "register_session"
	case UnregisterSession:
		return "unregister_session"
	case SendRRData:
		return "send_rr_data"
	case SendUnitData:
		return "send_unit_data"
	case IndicateStatus:
		return "indicate_status"
	case Cancel:
		return "cancel"
	}
	return ""
}

// A Status is that of the encapsulation (2-3.5).
type Status uint32

// The statuses.
const (
	Success         Status = 0x00
	InvalidCommand  Status = 0x01
	NoMemory        Status = 0x02
	IncorrectData   Status = 0x03
	InvalidSession  Status = 0x64
	InvalidLength   Status = 0x65
	InvalidRevision Status = 0x69
)

// A Frame is one encapsulated message.
type Frame struct {
	Command Command
	Session uint32
	Status  Status
	Context [8]byte
	Options uint32
	Data    []byte
}

// Length returns how many octets the frame has whose header begins with b, of
// which at least four are needed.
func Length(b []byte) int { return HeaderLen + int(b[2]) + int(b[3])<<8 }

// Parse parses a frame, whole.
func Parse(b []byte) (Frame, error) {
	r := octet.NewReader(b)
	f := Frame{Command: Command(r.U16LE())}
	n := int(r.U16LE())
	f.Session, f.Status = r.U32LE(), Status(r.U32LE())
	copy(f.Context[:], r.Bytes(8))
	f.Options = r.U32LE()
	f.Data = r.Bytes(n)
	return f, r.Done()
}

// Append encodes f behind b.
func (f Frame) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	o.U16LE(uint16(f.Command))
	o.U16LE(uint16(len(f.Data)))
	o.U32LE(f.Session)
	o.U32LE(uint32(f.Status))
	o.Bytes(f.Context[:])
	o.U32LE(f.Options)
	o.Bytes(f.Data)
	return o.B
}

// An ItemType says what an item of the Common Packet Format holds (2-6.2).
type ItemType uint16

// The types of item.
const (
	NullAddress      ItemType = 0x0000
	IdentityItem     ItemType = 0x000c
	ConnectedAddress ItemType = 0x00a1
	ConnectedData    ItemType = 0x00b1
	UnconnectedData  ItemType = 0x00b2
	ServicesItem     ItemType = 0x0100
	SocketOT         ItemType = 0x8000
	SocketTO         ItemType = 0x8001
	SequencedAddress ItemType = 0x8002
)

// An Item is one of a packet.
type Item struct {
	Type ItemType
	Data []byte
}

// A Packet is a list of items (2-6.1).
type Packet []Item

// ParsePacket parses b whole.
func ParsePacket(b []byte) (Packet, error) {
	r := octet.NewReader(b)
	n := r.U16LE()
	p := Packet{}
	for range n {
		t := ItemType(r.U16LE())
		data := r.Bytes(int(r.U16LE()))
		if r.Err() != nil {
			return nil, r.Err()
		}
		p = append(p, Item{t, data})
	}
	return p, r.Done()
}

// Append encodes p behind b.
func (p Packet) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	o.U16LE(uint16(len(p)))
	for _, it := range p {
		o.U16LE(uint16(it.Type))
		o.U16LE(uint16(len(it.Data)))
		o.Bytes(it.Data)
	}
	return o.B
}

// A Transfer is the data of SendRRData and SendUnitData (2-4.7, 2-4.8).
type Transfer struct {
	Interface uint32 // 0: CIP
	Timeout   uint16 // s
	Packet    Packet
}

// ParseTransfer parses b whole.
func ParseTransfer(b []byte) (Transfer, error) {
	r := octet.NewReader(b)
	t := Transfer{Interface: r.U32LE(), Timeout: r.U16LE()}
	if r.Err() != nil {
		return t, r.Err()
	}
	var err error
	t.Packet, err = ParsePacket(r.Rest())
	return t, err
}

// Append encodes t behind b.
func (t Transfer) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	o.U32LE(t.Interface)
	o.U16LE(t.Timeout)
	return t.Packet.Append(o.B)
}

// ParseSocket parses a socket address item (2-6.3.3), which is big-endian.
func ParseSocket(b []byte) (netip.AddrPort, error) {
	r := octet.NewReader(b)
	r.Skip(2) // AF_INET
	port := r.U16()
	var a [4]byte
	copy(a[:], r.Bytes(4))
	r.Skip(8)
	return netip.AddrPortFrom(netip.AddrFrom4(a), port), r.Done()
}

// AppendSocket appends a socket address behind b; without an IPv4 address it is
// that of 0.0.0.0.
func AppendSocket(b []byte, a netip.AddrPort) []byte {
	o := octet.Builder{B: b}
	o.U16(2)
	o.U16(a.Port())
	var ip [4]byte
	if u := a.Addr().Unmap(); u.Is4() {
		ip = u.As4()
	}
	o.Bytes(ip[:])
	o.U64(0)
	return o.B
}

// An Identity is the item that answers ListIdentity (2-4.2.3).
type Identity struct {
	Socket netip.AddrPort
	Vendor uint16
	Type   uint16
	Code   uint16
	Major  uint8
	Minor  uint8
	Status uint16
	Serial uint32
	Name   string
	State  uint8
}

// ParseIdentity parses an identity item's data.
func ParseIdentity(b []byte) (Identity, error) {
	r := octet.NewReader(b)
	var id Identity
	r.Skip(2) // version
	sock := r.Bytes(16)
	if r.Err() != nil {
		return id, r.Err()
	}
	id.Socket, _ = ParseSocket(sock)
	id.Vendor, id.Type, id.Code = r.U16LE(), r.U16LE(), r.U16LE()
	id.Major, id.Minor = r.U8(), r.U8()
	id.Status, id.Serial = r.U16LE(), r.U32LE()
	id.Name = string(r.Bytes(int(r.U8())))
	id.State = r.U8()
	return id, r.Done()
}

// Append encodes id behind b.
func (id Identity) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	o.U16LE(Version)
	o.B = AppendSocket(o.B, id.Socket)
	o.U16LE(id.Vendor)
	o.U16LE(id.Type)
	o.U16LE(id.Code)
	o.U8(id.Major, id.Minor)
	o.U16LE(id.Status)
	o.U32LE(id.Serial)
	o.U8(uint8(len(id.Name)))
	o.Text(id.Name)
	o.U8(id.State)
	return o.B
}
