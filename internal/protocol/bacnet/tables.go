package bacnet

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

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
