package pcapng

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sundew-ics/sundew/internal/event"
)

// captured is a packet read back.
type captured struct {
	at      uint64
	size    int
	data    []byte
	comment string
	flags   uint32
}

// read takes a file apart by its own lengths and fails on any that do not fit.
func read(t *testing.T, file []byte) (list []captured) {
	t.Helper()
	for kinds := []uint32{blockSection, blockInterface}; len(file) > 0; {
		kind, n := binary.LittleEndian.Uint32(file), binary.LittleEndian.Uint32(file[4:])
		if n%4 != 0 || binary.LittleEndian.Uint32(file[n-4:]) != n {
			t.Fatalf("a block of %d octets does not end as it begins", n)
		}
		body := file[8 : n-4]
		file = file[n:]
		if len(kinds) > 0 {
			if kind != kinds[0] {
				t.Fatalf("block %x, want %x", kind, kinds[0])
			}
			kinds = kinds[1:]
			continue
		}
		p := captured{at: uint64(binary.LittleEndian.Uint32(body[4:]))<<32 | uint64(binary.LittleEndian.Uint32(body[8:])), size: int(binary.LittleEndian.Uint32(body[16:]))}
		have := binary.LittleEndian.Uint32(body[12:])
		p.data = body[20 : 20+have]
		for o := body[20+(have+3)&^3:]; ; {
			code, size := binary.LittleEndian.Uint16(o), binary.LittleEndian.Uint16(o[2:])
			if code == optEnd {
				break
			}
			switch value := o[4 : 4+size]; code {
			case optComment:
				p.comment = string(value)
			case epbFlags:
				p.flags = binary.LittleEndian.Uint32(value)
			}
			o = o[4+(size+3)&^3:]
		}
		list = append(list, p)
	}
	return list
}

var start = time.Date(2026, 11, 22, 20, 12, 42, 113482901, time.UTC)

// session is a short one, over the transport and addresses given.
func session(transport, src, dst string) []event.Event {
	e := event.Event{Session: "0199-a", Protocol: "modbus", Transport: transport, Time: start,
		Src: &event.Endpoint{IP: netip.MustParseAddr(src), Port: 49220}, Dst: &event.Endpoint{IP: netip.MustParseAddr(dst), Port: 5020}}
	open, act, report, end := e, e, e, e
	open.Kind, open.Octets, open.Listener, open.Device, open.Persona = event.KindOpen, "wire", "modbus", "plc", "pump"
	act.Kind, act.Seq, act.Time, act.TookUS = event.KindAct, 1, start.Add(time.Second), 1000
	act.Op, act.Class, act.Outcome, act.Target = "read", event.Read, event.Answered, &event.Target{Kind: event.TargetRegister, Ref: "40001\u202e\x1b[2J"}
	act.Request, act.RequestLen, act.Response, act.ResponseLen = "000102", 3, strings.Repeat("ab", 3000), 3000
	report.Kind, report.Seq, report.Time = event.KindAct, 2, start.Add(2*time.Second)
	report.Op, report.Class, report.Response, report.ResponseLen = "spontaneous", event.Report, "ff", 1
	end.Kind, end.Seq, end.Time, end.Reason, end.OctetsIn, end.OctetsOut = event.KindClose, 3, start.Add(3*time.Second), "visitor", 3, 3001
	return []event.Event{open, act, report, end}
}

func capture(t *testing.T, o Options, events ...event.Event) []captured {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if err := w.Event(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return read(t, b.Bytes())
}

// layers are a frame's transport header and payload.
func layers(p captured) (network, transport, payload []byte) {
	n, header := ipv4Len, 0
	if binary.BigEndian.Uint16(p.data[12:]) == etherIPv6 {
		n = ipv6Len
	}
	network = p.data[etherLen : etherLen+n]
	rest := p.data[etherLen+n:]
	if n == ipv4Len && network[9] == protoUDP || n == ipv6Len && network[6] == protoUDP {
		header = udpLen
	} else {
		header = int(rest[12]>>4) * 4
	}
	return network, rest[:header], rest[header:]
}

// Over IPv4 and IPv6, checksums are right, sequence numbers follow from octets,
// and both sides' octets come out as they were recorded.
func TestTCP(t *testing.T) {
	for _, ends := range [][2]string{{"198.51.100.23", "192.0.2.5"}, {"2001:db8:7::1", "2001:db8::5"}} {
		t.Run(ends[0], func(t *testing.T) {
			var sent [2][]byte
			var next [2]uint32
			for i, p := range capture(t, Options{}, session("tcp", ends[0], ends[1])...) {
				network, header, payload := layers(p)
				rest := append(bytes.Clone(header), payload...)
				from, to := network[12:16], network[16:20]
				if len(network) == ipv6Len {
					from, to = network[8:24], network[24:40]
				} else if checksum(network, 0) != 0 {
					t.Errorf("packet %d: IP checksum", i)
				}
				if checksum(rest, add(add(uint32(protoTCP)+uint32(len(rest)), from), to)) != 0 {
					t.Errorf("packet %d: TCP checksum", i)
				}
				way := 0
				if p.flags == 2 {
					way = 1
				}
				seq, ackd := binary.BigEndian.Uint32(header[4:]), binary.BigEndian.Uint32(header[8:])
				if header[13]&syn != 0 {
					next[way] = seq + 1
				} else {
					if seq != next[way] || ackd != next[1-way] {
						t.Errorf("packet %d: seq %d, want %d; ack %d, want %d", i, seq, next[way], ackd, next[1-way])
					}
					next[way] += uint32(len(payload))
					if header[13]&fin != 0 {
						next[way]++
					}
				}
				sent[way] = append(sent[way], payload...)
				if len(payload) > mss4 || p.size != len(p.data) {
					t.Errorf("packet %d: %d octets of payload, %d of %d captured", i, len(payload), len(p.data), p.size)
				}
			}
			if got := hex.EncodeToString(sent[0]); got != "000102" {
				t.Errorf("the visitor sent %s", got)
			}
			if got := hex.EncodeToString(sent[1]); got != strings.Repeat("ab", 3000)+"ff" {
				t.Errorf("we sent %d octets", len(sent[1]))
			}
		})
	}
}

func TestTimesAndComments(t *testing.T) {
	list := capture(t, Options{Port: func(string, string, uint16) uint16 { return 502 }}, session("tcp", "198.51.100.23", "192.0.2.5")...)
	if got := list[0]; got.at != uint64(start.UnixNano()) || !strings.HasPrefix(got.comment, "session 0199-a: modbus, modbus of plc (pump), octets as on the wire; listened at port 5020, shown at 502") {
		t.Errorf("%d %q", got.at, got.comment)
	}
	request := list[3]
	if want := start.Add(time.Second - time.Millisecond); request.at != uint64(want.UnixNano()) || request.flags != 1 {
		t.Errorf("the request is at %v", time.Unix(0, int64(request.at)))
	}
	if want := "act 1: read, read, answered, register 40001\uFFFD\uFFFD[2J"; request.comment != want {
		t.Errorf("%q, want %q", request.comment, want)
	}
	if _, h, _ := layers(request); binary.BigEndian.Uint16(h[2:]) != 502 {
		t.Error("the standard port is not shown")
	}
	before := uint64(0)
	for i, p := range list {
		if p.at < before {
			t.Errorf("packet %d goes back in time", i)
		}
		before = p.at
	}
	if last := list[len(list)-3]; last.flags != 1 || last.comment != "ended: visitor" {
		t.Errorf("the visitor does not end it: %+v", last)
	}
}

// Octets that were not kept were on the wire: their packets have headers, true
// lengths, and sequence numbers go on behind them.
func TestNotKept(t *testing.T) {
	events := session("tcp", "198.51.100.23", "192.0.2.5")
	events[1].ResponseLen = 5000
	events[3].OctetsIn, events[3].OctetsOut = 4003, 5001
	sizes := [2]int{}
	said := ""
	for _, p := range capture(t, Options{}, events...) {
		network, header, _ := layers(p)
		n := int(binary.BigEndian.Uint16(network[2:])) - ipv4Len - len(header)
		if p.size-etherLen-ipv4Len-len(header) != n {
			t.Errorf("IP says %d octets, the block %d", n, p.size)
		}
		sizes[p.flags-1] += n
		said += p.comment
	}
	if sizes != [2]int{4003, 5001} {
		t.Errorf("%v octets", sizes)
	}
	for _, want := range []string{"of 5000 octets the first 3000 were kept", "4000 octets of the visitor are in no act"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q: %q", want, said)
		}
	}
}

func TestLengths(t *testing.T) {
	other := netip.MustParseAddr("203.0.113.1")
	o := Options{Lengths: true, Address: func(netip.Addr, bool) netip.Addr { return other }}
	for _, transport := range []string{"tcp", "udp"} {
		total := 0
		for _, p := range capture(t, o, session(transport, "198.51.100.23", "192.0.2.5")...) {
			network, _, payload := layers(p)
			total += p.size - len(p.data)
			if len(payload) > 0 || !bytes.Equal(network[12:16], other.AsSlice()) || !bytes.Equal(network[16:20], other.AsSlice()) {
				t.Errorf("%x", p.data)
			}
		}
		if total != 3004 {
			t.Errorf("%s: %d octets", transport, total)
		}
	}
}

func TestUDP(t *testing.T) {
	list := capture(t, Options{}, session("udp", "2001:db8:7::1", "2001:db8::5")...)
	if len(list) != 3 {
		t.Fatalf("%d packets", len(list))
	}
	for i, n := range []int{3, 3000, 1} {
		network, header, payload := layers(list[i])
		rest := append(bytes.Clone(header), payload...)
		if len(payload) != n || checksum(rest, add(add(uint32(protoUDP)+uint32(len(rest)), network[8:24]), network[24:40])) != 0 {
			t.Errorf("packet %d: %d octets, or its checksum", i, len(payload))
		}
	}
	e := session("udp", "198.51.100.23", "192.0.2.5")[1]
	e.Response, e.ResponseLen = strings.Repeat("00", 70000), 70000
	if list := capture(t, Options{}, e); len(list) != 3 || !strings.Contains(list[0].comment, "its beginning is not recorded") {
		t.Errorf("%d packets, %q", len(list), list[0].comment)
	}
}

// Sessions are mixed in the journal; packets come in order of time.
func TestOrder(t *testing.T) {
	var all []event.Event
	for i := range 50 {
		s := session("tcp", "198.51.100.23", "192.0.2.5")
		for k := range s {
			s[k].Session = fmt.Sprint("s", i)
			s[k].Time = s[k].Time.Add(time.Duration(50-i) * time.Millisecond)
		}
		all = append(all, s...)
	}
	before := uint64(0)
	for i, p := range capture(t, Options{}, all...) {
		if p.at < before {
			t.Fatalf("packet %d is before its predecessor", i)
		}
		before = p.at
	}
}

// What waits to be ordered is bounded.
func TestQueueIsBounded(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := session("tcp", "198.51.100.23", "192.0.2.5")[1]
	e.Response = strings.Repeat("00", 16<<10)
	e.ResponseLen = 16 << 10
	for range 2000 {
		if err := w.Event(&e); err != nil {
			t.Fatal(err)
		}
		if w.queued > maxQueued {
			t.Fatalf("%d octets wait", w.queued)
		}
	}
	if b.Len() < 16<<20 {
		t.Errorf("%d octets are written", b.Len())
	}
}

func TestWriteError(t *testing.T) {
	if _, err := NewWriter(broken{}, Options{}); err == nil {
		t.Error("no error of a file that takes nothing")
	}
	w := &Writer{out: broken{}, flows: map[string]*flow{}}
	for _, e := range session("tcp", "198.51.100.23", "192.0.2.5") {
		w.Event(&e)
	}
	if w.Close() == nil {
		t.Error("no error of a disk that is full")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

// Acts of which no octets were kept go with the next packet: what they say may be
// longer than a comment can be.
func TestLongComment(t *testing.T) {
	s := session("udp", "198.51.100.23", "192.0.2.5")
	events, silent := s[:1:1], s[1]
	silent.Request, silent.RequestLen, silent.Response, silent.ResponseLen = "", 0, "", 0
	silent.Target = &event.Target{Kind: event.TargetRegister, Ref: strings.Repeat("ä", 100)}
	for range 1000 {
		events = append(events, silent)
	}
	list := capture(t, Options{}, append(events, s[1])...)
	if n := len(list[0].comment); n > maxOption || n < maxOption-3 || !utf8.ValidString(list[0].comment) {
		t.Errorf("a comment of %d octets", n)
	}
}

// drain counts octets, and has enough of them.
type drain int64

func (d *drain) Write(p []byte) (int, error) {
	if *d += drain(len(p)); *d > 1<<28 {
		return 0, errors.New("without an end")
	}
	return len(p), nil
}

// Lengths that no session can have, of a journal of another's making, have an end.
func TestLengthsBeyondAll(t *testing.T) {
	s := session("tcp", "198.51.100.23", "192.0.2.5")
	s[1].ResponseLen, s[3].OctetsIn = math.MaxInt64, math.MaxInt64
	var d drain
	w, err := NewWriter(&d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s {
		if err := w.Event(&s[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
