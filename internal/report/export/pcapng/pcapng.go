// Package pcapng writes recorded sessions as a packet capture that Wireshark
// opens: the recorded octets, directions and times in Ethernet, IP and TCP or UDP
// headers that are made up, since the sensor never saw the real ones.
//
// What is known of an act goes with its first packet as a comment. For octets that
// were not kept, or where only lengths are wanted, there are packets of which the
// headers alone were captured, so that sequence numbers and lengths are true.
package pcapng

import (
	"container/heap"
	"encoding/binary"
	"io"
	"net/netip"
	"time"
)

// Options say what a capture is made of.
type Options struct {
	Application string // names the writer: "Sundew 1.0"
	Comment     string // about the file as a whole, behind what always stands there
	// Port gives the port at which a session's service is shown; nil: the one it
	// listened at. A capture at a standard port is dissected without being told how.
	Port func(protocol, transport string, listened uint16) uint16
	// Address gives the address shown for one of the record's; nil: itself.
	Address func(a netip.Addr, visitor bool) netip.Addr
	Lengths bool // no octets: each packet is cut behind its headers
}

// Block types and options of draft-ietf-opsawg-pcapng.
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockPacket    = 6
	byteOrder      = 0x1A2B3C4D

	optEnd         = 0
	optComment     = 1
	shbApplication = 4
	ifName         = 2
	ifDescription  = 3
	ifResolution   = 9
	epbFlags       = 2

	linkEthernet = 1
	nanoseconds  = 9
)

// maxQueued bounds the octets of packets that wait to be put in order of time.
const maxQueued = 8 << 20

// packet is a finished block that waits for its turn.
type packet struct {
	at    int64
	order uint64
	block []byte
}

// queue orders packets by time, those of one instant as they came.
type queue []packet

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(packet)) }
func (q *queue) Pop() any {
	old := *q
	p := old[len(old)-1]
	old[len(old)-1] = packet{}
	*q = old[:len(old)-1]
	return p
}

// section begins a file: what it is, and its one interface.
func section(o *Options) []byte {
	comment := "Synthesised by a honeypot from its record of sessions. Octets, directions and times are as recorded; link, network and transport headers, " +
		"handshakes and acknowledgements are made up."
	if o.Lengths {
		comment += " Octets are left out: packets are cut behind their headers and have their true lengths."
	}
	if o.Comment != "" {
		comment += " " + o.Comment
	}
	body := binary.LittleEndian.AppendUint32(nil, byteOrder)
	body = binary.LittleEndian.AppendUint16(body, 1) // version 1.0
	body = binary.LittleEndian.AppendUint16(body, 0)
	body = binary.LittleEndian.AppendUint64(body, ^uint64(0)) // length unknown
	body = option(body, optComment, []byte(comment))
	if o.Application != "" {
		body = option(body, shbApplication, []byte(o.Application))
	}
	out := block(nil, blockSection, option(body, optEnd, nil))

	body = binary.LittleEndian.AppendUint16(nil, linkEthernet)
	body = binary.LittleEndian.AppendUint16(body, 0)
	body = binary.LittleEndian.AppendUint32(body, 0) // no snapshot length
	body = option(body, ifName, []byte("synthesised"))
	body = option(body, ifDescription, []byte("recorded sessions, not a wire"))
	body = option(body, ifResolution, []byte{nanoseconds})
	return block(out, blockInterface, option(body, optEnd, nil))
}

// maxOption is how long a value is at most, in octets: its length has 16 bits.
const maxOption = 65_000

// option appends an option, padded to 32 bits. A text that is too long is cut.
func option(b []byte, code uint16, value []byte) []byte {
	if end := maxOption; len(value) > end {
		for end > 0 && value[end]&0xC0 == 0x80 { // not within a character
			end--
		}
		value = value[:end]
	}
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return pad(b, len(value))
}

func pad(b []byte, n int) []byte { return append(b, make([]byte, -n&3)...) }

// block appends a block with its length on both ends.
func block(b []byte, kind uint32, body []byte) []byte {
	n := uint32(len(body) + 12)
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = binary.LittleEndian.AppendUint32(b, n)
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, n)
}

// A Writer writes a capture. It is not safe for concurrent use.
type Writer struct {
	out    io.Writer
	opt    Options
	flows  map[string]*flow
	queue  queue
	queued int
	order  uint64
	err    error
}

// NewWriter begins a capture on out.
func NewWriter(out io.Writer, o Options) (*Writer, error) {
	w := &Writer{out: out, opt: o, flows: map[string]*flow{}}
	_, err := out.Write(section(&o))
	return w, err
}

// put queues a captured frame, of which size octets were on the wire.
func (w *Writer) put(at time.Time, visitor bool, frame []byte, size int, comment string) {
	ns := uint64(at.UnixNano())
	body := binary.LittleEndian.AppendUint32(make([]byte, 0, len(frame)+len(comment)+48), 0)
	body = binary.LittleEndian.AppendUint32(body, uint32(ns>>32))
	body = binary.LittleEndian.AppendUint32(body, uint32(ns))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(frame)))
	body = binary.LittleEndian.AppendUint32(body, uint32(size))
	body = pad(append(body, frame...), len(frame))
	if comment != "" {
		body = option(body, optComment, []byte(comment))
	}
	way := uint32(2) // outbound
	if visitor {
		way = 1
	}
	body = option(body, epbFlags, binary.LittleEndian.AppendUint32(nil, way))
	p := packet{int64(ns), w.order, block(nil, blockPacket, option(body, optEnd, nil))}
	w.order++
	heap.Push(&w.queue, p)
	w.queued += len(p.block)
	for w.queued > maxQueued {
		w.next()
	}
}

// next writes the earliest packet.
func (w *Writer) next() {
	p := heap.Pop(&w.queue).(packet)
	w.queued -= len(p.block)
	if w.err == nil {
		_, w.err = w.out.Write(p.block)
	}
}

// Close writes what is still queued. Sessions that have not ended end without a FIN.
func (w *Writer) Close() error {
	for len(w.queue) > 0 {
		w.next()
	}
	return w.err
}
