package wire

import "github.com/sundew-ics/sundew/internal/octet"

// Network functions of requests (§5.1); a response's is one more.
const (
	NetFnChassis   uint8 = 0x00
	NetFnBridge    uint8 = 0x02
	NetFnSensor    uint8 = 0x04
	NetFnApp       uint8 = 0x06
	NetFnFirmware  uint8 = 0x08
	NetFnStorage   uint8 = 0x0A
	NetFnTransport uint8 = 0x0C
	NetFnGroup     uint8 = 0x2C
	NetFnOEMGroup  uint8 = 0x2E
)

// BMCAddress is the slave address of every BMC.
const BMCAddress = 0x20

// A Message is an IPMI message in the LAN format (§13.8): a request, or a
// response whose Data begins with the completion code.
type Message struct {
	To    uint8 // responder's slave address, or requester's software id
	NetFn uint8
	ToLUN uint8
	From  uint8
	Seq   uint8 // 6 bits
	LUN   uint8 // of From
	Cmd   uint8
	Data  []byte
}

// minMessage is the length of a message without data.
const minMessage = 7

// ParseMessage reads a message and checks both of its checksums.
func ParseMessage(p []byte) (Message, error) {
	if len(p) < minMessage {
		return Message{}, octet.ErrShort
	}
	n := len(p) - 1
	m := Message{
		To: p[0], NetFn: p[1] >> 2, ToLUN: p[1] & 3,
		From: p[3], Seq: p[4] >> 2, LUN: p[4] & 3, Cmd: p[5], Data: p[6:n:n],
	}
	if Checksum(p[:2]) != p[2] || Checksum(p[3:n]) != p[n] {
		return m, ErrChecksum
	}
	return m, nil
}

// Append encodes m behind p, with its checksums.
func (m Message) Append(p []byte) []byte {
	start := len(p)
	p = append(p, m.To, m.NetFn<<2|m.ToLUN)
	p = append(p, Checksum(p[start:]))
	second := len(p)
	p = append(p, m.From, m.Seq<<2|m.LUN, m.Cmd)
	p = append(p, m.Data...)
	return append(p, Checksum(p[second:]))
}

// Response returns the answer to m.
func (m Message) Response(code uint8, data []byte) Message {
	return Message{
		To: m.From, NetFn: m.NetFn | 1, ToLUN: m.LUN, From: m.To, Seq: m.Seq, LUN: m.ToLUN, Cmd: m.Cmd,
		Data: append([]byte{code}, data...),
	}
}

// Checksum is the two's complement of the octets' sum (§13.8).
func Checksum(p []byte) uint8 {
	var sum uint8
	for _, c := range p {
		sum += c
	}
	return -sum
}
