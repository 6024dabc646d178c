// Package snmp is the SNMP agent of a device: versions 1 and 2c with
// communities, version 3 with the User-based Security Model, over a MIB tree
// that is persona data.
package snmp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol returns SNMP's entry of the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "snmp", Title: "SNMP", Network: "udp", Port: 161, Alt: 16100,
		New: newService, Decode: newDecoder, Hello: hello,
	}
}

// An agent serves one device.
type agent struct {
	device   *device.Device
	state    protocol.State
	maxSize  int
	latency  [2]time.Duration
	versions [4]bool // by the number on the wire

	communities map[string]*principal
	engine      []byte // empty: no version 3
	boots       int32
	users       map[string]*user
	contexts    []string
	salt        atomic.Uint64

	mib      *mib
	traffic  map[string]*traffic
	counters *counters
	kept     *kept
}

func newService(env protocol.Env) (protocol.Handler, error) {
	var set settings
	if err := env.Decode(&set); err != nil {
		return nil, err
	}
	if err := set.check(); err != nil {
		return nil, err
	}
	a := &agent{device: env.Device, state: env.State, maxSize: set.MaxSize, contexts: set.Contexts}
	if len(set.Latency) == 2 {
		a.latency = [2]time.Duration{time.Duration(set.Latency[0]), time.Duration(set.Latency[1])}
	}
	var err error
	if a.counters, err = newCounters(env.State, set.Polls, env.Device.Identity.Boot); err != nil {
		return nil, err
	}
	if a.kept, err = newKept(env.State); err != nil {
		return nil, err
	}
	a.boots = set.Boots
	if a.boots == 0 {
		a.boots = 2 + env.Rand.Int32N(28)
	}
	a.salt.Store(env.Rand.Uint64())
	if err := a.admit(&set); err != nil {
		return nil, err
	}
	if err := a.addTraffic(set.Traffic); err != nil {
		return nil, err
	}
	a.mib, err = a.loadMIB(&set, env.Files)
	return a, err
}

// admit reads who may ask what.
func (a *agent) admit(set *settings) error {
	a.communities = map[string]*principal{}
	for _, c := range set.Communities {
		p, err := newPrincipal(c.Name, c.Access, c.View)
		if err != nil {
			return fmt.Errorf("communities: %q: %w", c.Name, err)
		}
		a.communities[c.Name] = p
	}
	engine, err := a.expand(set.Engine)
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if a.engine, err = parseHex(engine); err != nil {
		return fmt.Errorf("engine: %q is not hexadecimal", engine)
	}
	if n := len(a.engine); n != 0 && (n < 5 || n > 32) { // RFC 3411 §5
		return fmt.Errorf("engine: %d octets; use 5 to 32", n)
	}
	if len(a.engine) == 0 && len(set.Users) > 0 {
		return errors.New(`users: version 3 needs engine = "8000…${mac}"`)
	}
	a.users = map[string]*user{}
	for _, s := range set.Users {
		u, err := newUser(s, a.engine)
		if err != nil {
			return fmt.Errorf("users: %q: %w", s.Name, err)
		}
		a.users[s.Name] = u
	}
	a.versions = [4]bool{
		wire.V1:  slices.Contains(set.Versions, "1"),
		wire.V2c: slices.Contains(set.Versions, "2c"),
		wire.V3:  slices.Contains(set.Versions, "3") && len(a.engine) > 0,
	}
	return nil
}

// addTraffic builds the flows; each may be part of those before it.
func (a *agent) addTraffic(list []trafficSettings) error {
	a.traffic = map[string]*traffic{}
	for _, s := range list {
		t := &traffic{name: s.Name, in: s.In, out: s.Out, packet: s.Packet, share: s.Share, served: s.Served,
			swing: newSwing(s.Name), exchange: &a.counters.exchange}
		if t.packet == 0 {
			t.packet = 250
		}
		if t.share == 0 {
			t.share = 1
		}
		if s.Name == "" || a.traffic[s.Name] != nil || t.in < 0 || t.out < 0 || t.packet < shortest || t.share < 0 {
			return fmt.Errorf("traffic %q: needs a name of its own, rates of 0 or more and packets of 64 octets or more", s.Name)
		}
		for _, name := range s.Of {
			p := a.traffic[name]
			if p == nil {
				return fmt.Errorf("traffic %q: of: no traffic %q before it", s.Name, name)
			}
			t.parts = append(t.parts, p)
		}
		a.traffic[s.Name] = t
	}
	return nil
}

// Serve answers the datagrams of one visitor's flow.
func (a *agent) Serve(_ context.Context, s *session.Session) error {
	for {
		p, err := s.Datagram()
		if err != nil {
			return err
		}
		a.datagram(s, p)
	}
}

func (a *agent) datagram(s *session.Session, p []byte) {
	v := visit{agent: a, s: s, raw: p, now: time.Now()}
	v.serve()
	if err := a.counters.keep(v.now); err != nil {
		s.Log.LogAttrs(context.Background(), slog.LevelDebug, "counters not kept", slog.Any("err", err))
	}
}

// A visit is one datagram and what is said about it.
type visit struct {
	agent *agent
	s     *session.Session
	raw   []byte
	now   time.Time
	act   event.Act
	note  detail
}

func (v *visit) serve() {
	a := v.agent
	a.counters.add("snmpInPkts", 1)
	a.counters.exchange.received(len(v.raw))
	m, err := wire.Parse(v.raw)
	v.note.version = m.Version
	switch {
	case errors.Is(err, wire.ErrVersion):
		a.counters.add("snmpInBadVersions", 1)
		v.unreadable("bad_version", err)
	case err != nil:
		a.counters.add("snmpInASNParseErrs", 1)
		v.note.version = -1
		v.unreadable("malformed", err)
	case m.Version == wire.V3:
		v.note.extra = wire.Trailing(v.raw)
		v.three(m.Three)
	default:
		v.note.extra = wire.Trailing(v.raw)
		v.community(&m)
	}
}

// unreadable records a datagram that is no message of ours, and says nothing,
// as agents do.
func (v *visit) unreadable(op string, err error) {
	v.act = event.Act{Op: op, Class: event.Malformed}
	if name := foreign.Name(v.raw); name != "" && name != "snmp" {
		v.act.Op, v.act.Class = name, event.Foreign
	}
	v.ignore(err.Error())
}

// ignore records the act and leaves it unanswered.
func (v *visit) ignore(reason string) {
	v.act.Outcome = event.Ignored
	v.note.reason = reason
	v.act.Detail = &v.note
	v.s.Record(v.act)
}

// reply records the act, then sends the answer if the reply budget allows it.
func (v *visit) reply(out []byte) {
	a := v.agent
	v.act.Detail = &v.note
	v.s.Record(v.act)
	if d := a.latency[1] - a.latency[0]; a.latency[1] > 0 {
		v.s.Delay(a.latency[0] + time.Duration(v.s.Rand().Int64N(int64(d)+1)))
	}
	if _, err := v.s.Write(out); err != nil {
		return
	}
	a.counters.add("snmpOutPkts", 1)
	a.counters.exchange.sent(len(out))
}
