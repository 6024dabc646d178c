package bacnet

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// link reads the BVLC header and carries out its function, Annex J.
func (q *request) link() {
	f, err := wire.ParseBVLC(q.raw)
	if err != nil {
		q.stray(err)
		return
	}
	q.act = event.Act{Op: wire.FunctionName(f.Function), Class: linkClass(f.Function)}
	q.note.BVLC = wire.FunctionName(f.Function)
	if q.quiet.until(q.s.Source(), q.now).restarting {
		q.ignore("restarting")
		return
	}
	switch f.Function {
	case wire.FuncOriginalUnicast, wire.FuncOriginalBroadcast:
		q.network(f.Body)
	case wire.FuncForwarded:
		q.forwarded(f.Body)
	case wire.FuncDistribute:
		q.distribute(f.Body)
	case wire.FuncReadBDT, wire.FuncWriteBDT, wire.FuncRegisterForeign, wire.FuncReadFDT, wire.FuncDeleteFDTEntry:
		if q.quiet.until(q.s.Source(), q.now).silent {
			q.ignore("communication disabled")
			return
		}
		q.table(f)
	default:
		q.ignore("nothing to answer")
	}
}

// stray records a datagram that is no BACnet/IP frame; devices drop it.
func (q *request) stray(err error) {
	q.act = event.Act{Op: "malformed_bvlc", Class: event.Malformed}
	if name := foreign.Name(q.raw); name != "" && name != "bacnet" {
		q.act.Op, q.act.Class = "foreign_protocol", event.Foreign
		q.note.Protocol = name
	} else if a, aerr := wire.ParseAPDU(q.raw); aerr == nil && q.raw[0] != 0x81 && a.Type < wire.SegmentAck {
		q.act.Op = "bare_apdu" // no link and no network layer: what some tools send to servers that are no devices
	}
	q.ignore(err.Error())
}

func linkClass(function uint8) event.Class {
	switch function {
	case wire.FuncReadBDT, wire.FuncReadFDT:
		return event.Enumerate
	case wire.FuncWriteBDT, wire.FuncRegisterForeign, wire.FuncDeleteFDTEntry:
		return event.Config
	}
	return event.Other
}

// forwarded takes a frame that a BBMD passed on, J.2.5. Its answer belongs to the
// originating address, to which nothing is sent unless it is the visitor's own.
func (q *request) forwarded(body []byte) {
	from, rest, err := wire.ParseAddress(body)
	if err != nil {
		q.act.Class = event.Malformed
		q.ignore(err.Error())
		return
	}
	q.note.Origin = from.String()
	visitor := q.s.Remote()
	q.origin = from != netip.AddrPortFrom(visitor.Addr().Unmap(), visitor.Port())
	q.network(rest)
}

// distribute takes a frame that a foreign device wants spread, J.4.5: it reaches
// this device alone.
func (q *request) distribute(body []byte) {
	if !q.set.BBMD || !q.tables.registered(q.s.Remote(), q.now) {
		q.note.Spread = true
		q.describe(body)
		q.result(wire.ResultDistributeNAK)
		return
	}
	q.network(body)
}

// describe names in the act what a refused frame would have asked for.
func (q *request) describe(body []byte) {
	n, err := wire.ParseNPDU(body)
	if err != nil || n.Network {
		return
	}
	if a, err := wire.ParseAPDU(n.Body); err == nil {
		q.note.Carries = serviceName(a)
	}
}

// result answers with a BVLC-Result.
func (q *request) result(code uint16) {
	if code != wire.ResultOK {
		q.act.Outcome = event.Refused
		q.note.Result = fmt.Sprintf("0x%04x", code)
	}
	q.send(wire.ResultFrame(code))
}

// table serves the functions of the two tables, J.2.2 to J.2.8.
func (q *request) table(f wire.BVLC) {
	if !q.set.BBMD {
		q.noteTable(f)
		q.result(nakOf(f.Function))
		return
	}
	switch f.Function {
	case wire.FuncReadBDT:
		q.send(q.tables.bdtFrame(q.s.Allowance()))
	case wire.FuncReadFDT:
		q.send(q.tables.fdtFrame(q.now, q.s.Allowance()))
	case wire.FuncWriteBDT:
		rows := q.noteTable(f)
		if rows == nil && len(f.Body) > 0 || q.tables.write(rows) != nil {
			q.result(wire.ResultWriteBDTNAK)
			return
		}
		q.result(wire.ResultOK)
	case wire.FuncRegisterForeign:
		q.noteTable(f)
		ttl, err := wire.ParseTTL(f.Body)
		if err != nil || !q.tables.register(q.s.Remote(), ttl, q.now) {
			q.result(wire.ResultRegisterNAK)
			return
		}
		q.result(wire.ResultOK)
	case wire.FuncDeleteFDTEntry:
		q.noteTable(f)
		a, _, err := wire.ParseAddress(f.Body)
		if err != nil || !q.tables.remove(a, q.now) {
			q.result(wire.ResultDeleteFDTNAK)
			return
		}
		q.result(wire.ResultOK)
	}
}

// nakOf is the result of a function that a device without tables has not, J.2.1.
func nakOf(function uint8) uint16 {
	switch function {
	case wire.FuncWriteBDT:
		return wire.ResultWriteBDTNAK
	case wire.FuncReadBDT:
		return wire.ResultReadBDTNAK
	case wire.FuncRegisterForeign:
		return wire.ResultRegisterNAK
	case wire.FuncReadFDT:
		return wire.ResultReadFDTNAK
	}
	return wire.ResultDeleteFDTNAK
}

// noteTable puts what is written to a table into the act.
func (q *request) noteTable(f wire.BVLC) (rows []wire.BDTEntry) {
	switch f.Function {
	case wire.FuncWriteBDT:
		rows, _ = wire.ParseBDT(f.Body)
		for _, r := range rows[:min(len(rows), maxListed)] {
			q.act.Values = append(q.act.Values, bdtText(r))
		}
	case wire.FuncRegisterForeign:
		ttl, _ := wire.ParseTTL(f.Body)
		q.act.Values = []string{fmt.Sprintf("%ds", ttl)}
	case wire.FuncDeleteFDTEntry:
		if a, _, err := wire.ParseAddress(f.Body); err == nil {
			q.act.Values = []string{a.String()}
		}
	}
	return rows
}

func bdtText(e wire.BDTEntry) string {
	return e.Address.String() + "/" + netip.AddrFrom4(e.Mask).String()
}

// tables are the broadcast distribution and the foreign device table. They are
// shown and changed; nothing is ever sent to what they name.
type tables struct {
	mu    sync.Mutex
	state protocol.State
	bdt   []wire.BDTEntry
	fdt   []foreigner
}

// A foreigner is a registered foreign device, J.5.2.
type foreigner struct {
	address netip.AddrPort
	ttl     uint16
	until   time.Time // the time to live and 30 s of grace
}

const (
	bdtKey  = "bacnet.bdt"
	maxBDT  = 128
	maxFDT  = 64
	fdGrace = 30 * time.Second
)

func newTables(state protocol.State, rows []string) (*tables, error) {
	t := &tables{state: state}
	for _, s := range rows {
		address, mask, _ := strings.Cut(s, "/")
		a, err := netip.ParseAddrPort(address)
		m, merr := netip.ParseAddr(mask)
		if err != nil || merr != nil || !a.Addr().Is4() || !m.Is4() {
			return nil, fmt.Errorf("bdt: %q; write \"192.168.1.10:47808/255.255.255.255\"", s)
		}
		t.bdt = append(t.bdt, wire.BDTEntry{Address: a, Mask: m.As4()})
	}
	if err := state.Load(bdtKey, &t.bdt); err != nil {
		return nil, fmt.Errorf("%s: %w", bdtKey, err)
	}
	return t, nil
}

func (t *tables) bdtFrame(most int) wire.BVLC {
	t.mu.Lock()
	defer t.mu.Unlock()
	var body []byte
	for _, e := range t.bdt {
		if 4+len(body)+10 > min(most, wire.MaxBVLC) {
			break
		}
		body = wire.AppendBDT(body, e)
	}
	return wire.BVLC{Function: wire.FuncReadBDTAck, Body: body}
}

func (t *tables) fdtFrame(now time.Time, most int) wire.BVLC {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	var body []byte
	for _, f := range t.fdt {
		if 4+len(body)+10 > min(most, wire.MaxBVLC) {
			break
		}
		body = wire.AppendFDT(body, wire.FDTEntry{Address: f.address, TTL: f.ttl, Left: uint16(min(f.until.Sub(now).Seconds(), 65535))})
	}
	return wire.BVLC{Function: wire.FuncReadFDTAck, Body: body}
}

func (t *tables) write(rows []wire.BDTEntry) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(rows) > maxBDT {
		return fmt.Errorf("more than %d rows", maxBDT)
	}
	if err := t.state.Save(bdtKey, rows); err != nil {
		return err
	}
	t.bdt = rows
	return nil
}

func (t *tables) expire(now time.Time) {
	left := t.fdt[:0]
	for _, f := range t.fdt {
		if f.until.After(now) {
			left = append(left, f)
		}
	}
	t.fdt = left
}

func (t *tables) register(a netip.AddrPort, ttl uint16, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	row := foreigner{netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), ttl, now.Add(time.Duration(ttl)*time.Second + fdGrace)}
	for i := range t.fdt {
		if t.fdt[i].address == row.address {
			t.fdt[i] = row
			return true
		}
	}
	if len(t.fdt) >= maxFDT {
		return false
	}
	t.fdt = append(t.fdt, row)
	return true
}

func (t *tables) registered(a netip.AddrPort, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	for _, f := range t.fdt {
		if f.address == netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) {
			return true
		}
	}
	return false
}

func (t *tables) remove(a netip.AddrPort, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	for i, f := range t.fdt {
		if f.address == a {
			t.fdt = append(t.fdt[:i], t.fdt[i+1:]...)
			return true
		}
	}
	return false
}
