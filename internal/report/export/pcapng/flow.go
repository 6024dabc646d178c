package pcapng

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/sundew-ics/sundew/internal/event"
)

// What one packet carries at most, and how many go without an acknowledgement.
const (
	mss4       = 1460
	mss6       = 1440
	maxUDP     = 65535 - ipv6Len - udpLen
	unackedMax = 16
	maxAbsent  = 1 << 30 // octets of one act or session that are packets without theirs
)

// flow is one session's conversation.
type flow struct {
	ends [2]ends // from the visitor, from us
	seq  [2]uint32
	sent [2]int64 // octets accounted for
	id   uint16
	tcp  bool
	mss  int
	last time.Time
	note string // goes with the next packet
}

// direction indexes a flow's two ways.
type direction int

const (
	visitor direction = iota
	sensor
)

func (d direction) other() direction { return 1 - d }

// Event takes the next line of the record. A session's lines must come in order;
// those of sessions may be mixed. Status lines are passed over.
func (w *Writer) Event(e *event.Event) error {
	if e.Session == "" || e.Src == nil || e.Dst == nil {
		return w.err
	}
	f := w.flows[e.Session]
	if f == nil {
		f = w.begin(e)
		w.flows[e.Session] = f
	}
	switch e.Kind {
	case event.KindAct:
		w.act(f, e)
	case event.KindClose:
		w.end(f, e)
		delete(w.flows, e.Session)
	}
	return w.err
}

// begin makes a session's flow and, over TCP, its handshake.
func (w *Writer) begin(e *event.Event) *flow {
	src := netip.AddrPortFrom(w.address(e.Src.IP, true), e.Src.Port)
	dst := netip.AddrPortFrom(w.address(e.Dst.IP, false), e.Dst.Port)
	note := fmt.Sprintf("session %s: %s", e.Session, e.Protocol)
	if e.Kind == event.KindOpen {
		note += fmt.Sprintf(", %s of %s (%s), octets %s", e.Listener, e.Device, e.Persona, octets(e.Octets))
	} else {
		note += ", its beginning is not recorded"
	}
	if w.opt.Port != nil && e.Parent == "" {
		if p := w.opt.Port(e.Protocol, e.Transport, dst.Port()); p != dst.Port() {
			note += fmt.Sprintf("; listened at port %d, shown at %d", dst.Port(), p)
			dst = netip.AddrPortFrom(dst.Addr(), p)
		}
	}
	h := fnv.New64a()
	h.Write([]byte(e.Session))
	x := h.Sum64()
	f := &flow{ends: [2]ends{{src, dst}, {dst, src}}, seq: [2]uint32{uint32(x >> 32), uint32(x)}, tcp: e.Transport == "tcp", mss: mss4, last: e.Time, note: note}
	if src.Addr().Is6() {
		f.mss = mss6
	}
	if f.tcp {
		w.control(f, visitor, syn, e.Time)
		w.control(f, sensor, syn|ack, e.Time.Add(time.Microsecond))
		w.control(f, visitor, ack, e.Time.Add(2*time.Microsecond))
	}
	return f
}

func (w *Writer) address(a netip.Addr, visitor bool) netip.Addr {
	if w.opt.Address != nil {
		a = w.opt.Address(a, visitor)
	}
	return a.Unmap().WithZone("")
}

// octets says what a session's octets are.
func octets(kind string) string {
	switch kind {
	case "tls":
		return "the plaintext inside TLS, whose own octets are not kept"
	case "sealed":
		return "as on the wire, sealed"
	}
	return "as on the wire"
}

// act writes what an act's request and response were.
func (w *Writer) act(f *flow, e *event.Event) {
	text := fmt.Sprintf("act %d: %s, %s, %s", e.Seq, e.Op, e.Class, e.Outcome)
	if e.Target != nil && e.Target.Ref != "" {
		text += ", " + string(e.Target.Kind) + " " + brief(e.Target.Ref)
	}
	if e.Count > 1 {
		text += fmt.Sprintf("; stands for %d folded acts, the others' octets are not recorded", e.Count)
	}
	f.say(text)
	asked := e.Time.Add(-time.Duration(e.TookUS) * time.Microsecond)
	w.send(f, visitor, asked, e.Request, e.RequestLen)
	w.send(f, sensor, e.Time, e.Response, e.ResponseLen)
	if f.tcp && e.RequestLen > 0 && e.ResponseLen == 0 {
		w.control(f, sensor, ack, e.Time)
	}
	if f.tcp && e.ResponseLen > 0 {
		w.control(f, visitor, ack, e.Time)
	}
}

// say adds to the comment of the next packet.
func (f *flow) say(text string) {
	if len(f.note) > maxOption { // the rest would be cut
		return
	}
	if f.note != "" {
		f.note += "\n"
	}
	f.note += text
}

// brief is a visitor's text for a comment.
func brief(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && !unicode.Is(unicode.Bidi_Control, r) {
			return r
		}
		return '\uFFFD'
	}, s)
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// send writes n octets of one direction, of which those in text were kept.
func (w *Writer) send(f *flow, d direction, at time.Time, text string, n int) {
	kept, err := hex.DecodeString(text)
	if err != nil {
		kept = nil
	}
	if n = max(n, len(kept)); n == 0 {
		return
	}
	if w.opt.Lengths {
		kept = nil
	}
	n = f.bound(n)
	if missing := n - len(kept); missing > 0 && !w.opt.Lengths {
		f.say(fmt.Sprintf("of %d octets the first %d were kept, the others are packets without theirs", n, len(kept)))
	}
	if f.tcp {
		w.stream(f, d, at, kept, n)
	} else {
		w.datagrams(f, d, at, kept, n)
	}
	f.sent[d] += int64(n)
}

// bound is a number of octets that packets are made for: the line of a session that
// says of more would fill any disk with headers.
func (f *flow) bound(n int) int {
	if n <= maxAbsent {
		return n
	}
	f.say(fmt.Sprintf("recorded as %d octets, of which %d are shown", n, maxAbsent))
	return maxAbsent
}

// stream cuts n octets into segments. Those behind the kept ones were on the wire
// and are not here: packets of which the headers alone were captured.
func (w *Writer) stream(f *flow, d direction, at time.Time, kept []byte, n int) {
	for count := 1; n > 0; count++ {
		size := min(f.mss, n)
		if len(kept) > 0 {
			size = min(size, len(kept))
		}
		p := kept[:min(size, len(kept))]
		flags := byte(ack)
		if n == size {
			flags |= psh
		}
		w.segment(f, d, at, segment{flags: flags}, p, size)
		if count%unackedMax == 0 {
			w.control(f, d.other(), ack, at)
		}
		kept, n = kept[len(p):], n-size
	}
}

// datagrams writes octets as one datagram: the record does not say where one of
// several ended. What none can hold is cut.
func (w *Writer) datagrams(f *flow, d direction, at time.Time, kept []byte, n int) {
	for n > 0 {
		size := min(n, maxUDP)
		p := kept[:min(size, len(kept))]
		frame, wire := f.ends[d].udp(f.next(), p, size)
		w.emit(f, d, at, frame, wire)
		kept, n = kept[len(p):], n-size
	}
}

// control writes a segment without octets.
func (w *Writer) control(f *flow, d direction, flags byte, at time.Time) {
	s := segment{flags: flags}
	if flags&syn != 0 {
		s.mss = uint16(f.mss)
	}
	w.segment(f, d, at, s, nil, 0)
	if flags&(syn|fin) != 0 {
		f.seq[d]++
	}
}

func (w *Writer) segment(f *flow, d direction, at time.Time, s segment, p []byte, n int) {
	s.seq, s.ack = f.seq[d], f.seq[d.other()]
	frame, size := f.ends[d].tcp(f.next(), s, p, n)
	w.emit(f, d, at, frame, size)
	f.seq[d] += uint32(n)
}

func (f *flow) next() uint16 { f.id++; return f.id }

// emit queues a frame. Times never go back within a conversation.
func (w *Writer) emit(f *flow, d direction, at time.Time, frame []byte, size int) {
	if at.Before(f.last) {
		at = f.last
	}
	f.last = at
	w.put(at, d == visitor, frame, size, f.note)
	f.note = ""
}

// end writes how a session ended: whoever ended it sends the first FIN.
func (w *Writer) end(f *flow, e *event.Event) {
	at := e.Time
	if !e.End.IsZero() {
		at = e.End
	}
	for d, total := range [2]int64{e.OctetsIn, e.OctetsOut} {
		if missing := total - f.sent[d]; missing > 0 && f.tcp {
			f.say(fmt.Sprintf("%d octets %s are in no act: packets without theirs", missing, [2]string{"of the visitor", "of the sensor"}[d]))
			w.stream(f, direction(d), at, nil, f.bound(int(missing)))
			w.control(f, direction(d).other(), ack, at)
		}
	}
	if !f.tcp {
		return
	}
	f.say("ended: " + e.Reason)
	first := sensor
	if e.Reason == "visitor" {
		first = visitor
	}
	w.control(f, first, fin|ack, at)
	w.control(f, first.other(), fin|ack, at)
	w.control(f, first, ack, at)
}
