package ftp

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// listen opens a data port in place of the one that waits.
func (v *visit) listen() error {
	v.hangUp()
	v.active = netip.AddrPort{}
	side, err := v.s.Side(v.ctx, "tcp")
	if err != nil {
		v.s.Log.Debug("no data port", "err", err)
		return err
	}
	v.passive = side
	return nil
}

func (v *visit) cmdPasv() result {
	if v.epsvAll {
		return result{reply: v.text(501, "epsv_only", "verb", "PASV")}
	}
	if v.s.Local().Addr().Unmap().Is6() { // RFC 2428 §4: PASV cannot say it
		return result{reply: v.text(425, "no_side")}
	}
	if v.listen() != nil {
		return result{reply: v.text(425, "no_side")}
	}
	a := v.passive.Addr
	if !a.Addr().Unmap().Is4() {
		a = netip.AddrPortFrom(v.s.Local().Addr(), a.Port())
	}
	return result{values: []string{a.String()}, reply: v.text(227, "pasv", "port", wire.FormatPort(a))}
}

// cmdEpsv is PASV for both address families (RFC 2428 §3).
func (v *visit) cmdEpsv(arg string) result {
	family := "1"
	if v.s.Local().Addr().Unmap().Is6() {
		family = "2"
	}
	switch {
	case strings.EqualFold(arg, "ALL"):
		v.epsvAll = true
		return result{reply: v.text(200, "epsv_all")}
	case arg != "" && arg != family:
		return result{reply: wire.Text(522, "Network protocol not supported, use ("+family+")")}
	case v.listen() != nil:
		return result{reply: v.text(425, "no_side")}
	}
	port := strconv.Itoa(int(v.passive.Addr.Port()))
	return result{values: []string{v.passive.Addr.String()}, reply: v.text(229, "epsv", "port", port)}
}

// cmdPort takes an address for us to connect to. It is recorded; no transfer
// ever uses it.
func (v *visit) cmdPort(verb, arg string) result {
	if v.epsvAll {
		return result{reply: v.text(501, "epsv_only", "verb", verb)}
	}
	parse := wire.ParsePort
	if verb == "EPRT" {
		parse = wire.ParseEPRT
	}
	a, err := parse(arg)
	switch {
	case errors.Is(err, wire.ErrFamily):
		return result{reply: v.text(522, "family")}
	case err != nil:
		return result{reply: v.text(501, "port_bad", "verb", verb)}
	}
	v.hangUp()
	v.active = a
	return result{values: []string{a.String()}, reply: v.text(200, "port", "verb", verb)}
}

// A transfer is one data connection, beside the control connection's goroutine.
type transfer struct {
	receiving bool
	cancel    context.CancelFunc
	kid       atomic.Pointer[session.Session] // nil: the visitor has not connected
	aborted   atomic.Bool
	replied   chan struct{} // closed once the visitor was told how it ended
	told      func()        // closes replied, once
	done      chan struct{} // closed once nothing of it is left
}

// abort ends the transfer before its time.
func (t *transfer) abort() {
	t.aborted.Store(true)
	t.cancel()
	if kid := t.kid.Load(); kid != nil {
		kid.HangUp("protocol")
	}
}

// visitorLeft gives up waiting for a visitor whose control connection is over;
// what is under way comes to its end.
func (t *transfer) visitorLeft() {
	if t.kid.Load() == nil {
		t.cancel()
	}
}

// A job moves a transfer's octets and returns the code and the key of the reply.
type job func(kid *session.Session) (code int, key string)

// whileBusy is the idle limit of a control connection beside a transfer, which
// has a limit of its own.
const whileBusy = 24 * time.Hour

// begin answers a command that needs a data connection: with what opens it, or
// with 425 where the visitor has not asked for a port of ours.
func (v *visit) begin(path string, opening wire.Reply, receiving bool, work job) result {
	side := v.passive
	if side == nil {
		v.active = netip.AddrPort{}
		return result{path: path, reply: v.text(425, "no_data")}
	}
	v.passive = nil
	return result{path: path, reply: opening, then: func() {
		if v.transfer != nil {
			<-v.transfer.done
		}
		ctx, cancel := context.WithTimeout(v.ctx, time.Duration(v.set.Wait))
		t := &transfer{receiving: receiving, cancel: cancel, replied: make(chan struct{}), done: make(chan struct{})}
		t.told = sync.OnceFunc(func() { close(t.replied) })
		v.transfer = t
		v.s.SetIdle(whileBusy)
		v.s.Flush()
		go v.s.Guarded(func() { t.run(ctx, v, side, work) })()
	}}
}

// run waits for the visitor, works, and tells him how it ended.
func (t *transfer) run(ctx context.Context, v *visit, side *session.Side, work job) {
	defer close(t.done)
	defer t.cancel()
	defer t.told()
	kid, err := side.Accept(ctx)
	side.Close()
	if err != nil {
		code, key := 425, "data_timeout"
		if t.aborted.Load() {
			code, key = 426, "aborted"
		}
		t.reply(v, code, key)
		return
	}
	defer kid.End(nil) // by now it has ended, unless the work panicked
	t.kid.Store(kid)
	if t.aborted.Load() {
		kid.HangUp("protocol")
	}
	code, key := work(kid)
	if err := kid.Flush(); err != nil && code == 226 {
		code, key = 426, "aborted"
	}
	if t.aborted.Load() {
		code, key = 426, "aborted"
	}
	ended := make(chan struct{})
	go kid.Guarded(func() { // closing waits for what the visitor may still send
		defer close(ended)
		kid.End(nil)
	})()
	if t.receiving || code != 226 { // the visitor has closed; else he may wait for the reply first
		<-ended
	}
	t.reply(v, code, key)
	<-ended
}

// reply says how the transfer ended; it is no answer to a command of its own.
func (t *transfer) reply(v *visit, code int, key string) {
	defer t.told()
	v.s.SetIdle(v.set.idle())
	v.s.Send(event.Act{Op: "transfer_reply", Class: event.Report, Detail: detail{code: code}}, v.text(code, key).Append(nil))
}

// cmdAbor ends the transfer under way (RFC 959 §4.1.3): 426 for it, 226 for ABOR.
func (v *visit) cmdAbor() result {
	if v.transfer != nil {
		select {
		case <-v.transfer.replied:
		default:
			v.transfer.abort()
			v.settle()
		}
	}
	v.hangUp()
	return result{reply: v.text(226, "abort")}
}
