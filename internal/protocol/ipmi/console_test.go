package ipmi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// A rig is a controller under test with what its visitors leave in the journal.
type rig struct {
	t       *testing.T
	bmc     *bmc
	env     protocol.Env
	journal prototest.Journal
	flows   uint16
}

// with runs f on a controller in a bubble of fake time; the settings are those of
// testdata/bmc.toml with more behind them.
func with(t *testing.T, more string, f func(r *rig)) {
	t.Helper()
	settings, err := os.ReadFile("testdata/bmc.toml")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := os.ReadFile("testdata/tags.toml")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, env: prototest.Env(t, tags, append([]byte(more+"\n"), settings...), nil)}
		r.start()
		f(r)
	})
}

// start makes the controller anew, as a restart of the sensor does.
func (r *rig) start() {
	h, err := newService(r.env)
	if err != nil {
		r.t.Fatal(err)
	}
	r.bmc = h.(*bmc)
}

// A visitor is a UDP flow of a remote console.
type visitor struct {
	*rig
	conn *prototest.Conn
	done chan struct{}
}

// visit opens a flow from an address.
func (r *rig) visit(from string) *visitor {
	r.flows++
	src := netip.AddrPortFrom(netip.MustParseAddr(from), 40000+r.flows)
	dst := netip.MustParseAddrPort("192.0.2.5:623")
	near, far := prototest.NewConn(src, dst, true)
	v := &visitor{rig: r, conn: near, done: make(chan struct{})}
	s := session.Open(session.Config{
		Conn: far, Journal: &r.journal, Instant: true, Seed: [32]byte{byte(r.flows)},
		Envelope: event.Envelope{Session: fmt.Sprint(r.flows), Protocol: "ipmi", Transport: "udp", Src: src, Dst: dst},
	})
	go func() {
		defer close(v.done)
		s.End(r.bmc.Serve(r.t.Context(), s))
	}()
	r.t.Cleanup(v.leave)
	return v
}

// leave ends the flow.
func (v *visitor) leave() {
	v.conn.CloseWrite()
	<-v.done
}

// ask sends a datagram and returns the answer; nil: silence.
func (v *visitor) ask(p []byte) []byte {
	v.t.Helper()
	v.conn.Write(p)
	synctest.Wait()
	v.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	out, err := v.conn.Datagram()
	if err != nil {
		return nil
	}
	return bytes.Clone(out)
}

// payload sends a session payload of RMCP+ and returns the answer's.
func (v *visitor) payload(kind uint8, body []byte) []byte {
	v.t.Helper()
	f := wire.Frame{Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI}, Auth: wire.AuthRMCPPlus, Payload: kind, Data: body}
	p := v.ask(f.Append(nil))
	if p == nil {
		return nil
	}
	got, err := wire.ParseFrame(p)
	if err != nil || got.Type() != kind+1 {
		v.t.Fatalf("answer % x: %v", p, err)
	}
	return got.Data
}

// A remote is the visitor's side of a session of IPMI 2.0.
type remote struct {
	*visitor
	shake wire.Handshake
	keys  wire.Keys
	seq   uint32
	heard uint32
}

// statusError is a status code of the handshake.
type statusError uint8

func (e statusError) Error() string { return wire.StatusName(uint8(e)) }

var errSilence = errors.New("silence")

const consoleID = 0xA0A2A3A4

// login opens a session of IPMI 2.0 as a client does, and checks every code.
func (v *visitor) login(suite uint8, name, password string, role privilege) (*remote, error) {
	v.t.Helper()
	s, ok := wire.SuiteByID(suite)
	if !ok {
		v.t.Fatalf("no suite %d", suite)
	}
	o, err := v.open20(wire.OpenRequest{Tag: 1, Console: consoleID, Privilege: uint8(role), Algorithms: wire.Algorithms{Auth: s.Auth, Integrity: s.Integrity, Confidentiality: s.Confidentiality}})
	if err != nil {
		return nil, err
	}
	c := &remote{visitor: v, shake: wire.Handshake{
		Auth: s.Auth, Console: consoleID, Managed: o.Managed, ConsoleRandom: [16]byte{1, 2, 3, 4}, Role: 0x10 | uint8(role), Name: []byte(name),
	}}
	m2, err := c.rakp1()
	if err != nil {
		return nil, err
	}
	c.shake.ManagedRandom, c.shake.GUID = m2.Random, m2.GUID
	if password == "" && s.Auth != wire.RAKPNone {
		return nil, errors.New("a hash without a password")
	}
	code := c.shake.Code3([]byte(password))
	right := bytes.Equal(m2.Code, c.shake.Code2([]byte(password)))
	m4, err := wire.ParseRAKP3(v.payload(wire.PayloadRAKP3, wire.RAKP3{Tag: 3, ID: o.Managed, Code: code}.Append(nil)))
	if err != nil {
		return nil, err
	}
	if m4.Status != wire.StatusOK {
		return nil, statusError(m4.Status)
	}
	sik := c.shake.SIK([]byte(password))
	if s.Auth != wire.RAKPNone && (!right || !bytes.Equal(m4.Code, c.shake.Code4(sik))) {
		v.t.Errorf("suite %d: the controller's codes are wrong", suite)
	}
	c.keys = wire.NewKeys(s, sik, []byte(password))
	return c, nil
}

func (v *visitor) open20(req wire.OpenRequest) (wire.OpenResponse, error) {
	p := v.payload(wire.PayloadOpenRequest, req.Append(nil))
	if p == nil {
		return wire.OpenResponse{}, errSilence
	}
	o, err := wire.ParseOpenResponse(p)
	if err != nil {
		v.t.Fatal(err)
	}
	if o.Tag != req.Tag || o.Console != req.Console {
		v.t.Errorf("open session response %+v is not of %+v", o, req)
	}
	if o.Status != wire.StatusOK {
		return o, statusError(o.Status)
	}
	return o, nil
}

func (c *remote) rakp1() (wire.RAKP2, error) {
	m := wire.RAKP1{Tag: 2, Managed: c.shake.Managed, Random: c.shake.ConsoleRandom, Role: c.shake.Role, NameLen: uint8(len(c.shake.Name)), Name: c.shake.Name}
	m2, err := wire.ParseRAKP2(c.payload(wire.PayloadRAKP1, m.Append(nil)))
	if err != nil {
		return m2, err
	}
	if m2.Status != wire.StatusOK {
		return m2, statusError(m2.Status)
	}
	return m2, nil
}

// frame makes a request's datagram.
func (c *remote) frame(netfn, cmd uint8, data ...byte) []byte {
	c.seq++
	m := wire.Message{To: wire.BMCAddress, NetFn: netfn, From: 0x81, Seq: uint8(c.seq & 0x3F), Cmd: cmd, Data: data}
	f := wire.Frame{Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI}, Auth: wire.AuthRMCPPlus, ID: c.shake.Managed, Seq: c.seq, Data: m.Append(nil)}
	if c.keys.Suite.Confidentiality != wire.ConfidentialityNone {
		f.Payload |= wire.FlagEncrypted
		f.Data = c.keys.Encrypt([16]byte{byte(rand.Uint32())}, f.Data)
	}
	c.keys.Sign(&f)
	return f.Append(nil)
}

// do sends a command and returns completion code and data.
func (c *remote) do(netfn, cmd uint8, data ...byte) (uint8, []byte) {
	c.t.Helper()
	return c.read(c.ask(c.frame(netfn, cmd, data...)), netfn, cmd)
}

// read checks an answer by all that a client can check.
func (c *remote) read(p []byte, netfn, cmd uint8) (uint8, []byte) {
	c.t.Helper()
	if p == nil {
		c.t.Fatalf("no answer to %02x/%02x", netfn, cmd)
	}
	f, err := wire.ParseFrame(p)
	if err != nil {
		c.t.Fatal(err)
	}
	suite := c.keys.Suite
	if f.ID != consoleID || f.Authenticated() != (suite.Integrity != 0) || f.Encrypted() != (suite.Confidentiality != 0) {
		c.t.Errorf("session header %+v", f)
	}
	if c.heard++; f.Seq != c.heard {
		c.t.Errorf("answer %d has sequence number %d", c.heard, f.Seq)
	}
	if f.Authenticated() && !c.keys.Verify(&f, p) {
		c.t.Error("wrong integrity code")
	}
	if f.Encrypted() {
		if f.Data, err = c.keys.Decrypt(f.Data); err != nil {
			c.t.Fatal(err)
		}
	}
	m, err := wire.ParseMessage(f.Data)
	if err != nil || m.NetFn != netfn+1 || m.Cmd != cmd || m.Seq != uint8(c.seq&0x3F) || len(m.Data) == 0 {
		c.t.Fatalf("answer %+v: %v", m, err)
	}
	return m.Data[0], m.Data[1:]
}

// must is do for a command that is not to be refused.
func (c *remote) must(netfn, cmd uint8, data ...byte) []byte {
	c.t.Helper()
	code, out := c.do(netfn, cmd, data...)
	if code != codeOK {
		c.t.Fatalf("%02x/%02x % x: completion code %02x", netfn, cmd, data, code)
	}
	return out
}

// as opens a session with all rights of a user.
func (v *visitor) as(name, password string, role privilege) *remote {
	v.t.Helper()
	c, err := v.login(3, name, password, role)
	if err != nil {
		v.t.Fatal(err)
	}
	if code, _ := c.do(wire.NetFnApp, 0x3B, uint8(role)); code != codeOK {
		v.t.Fatalf("set session privilege: %02x", code)
	}
	return c
}

// acts returns the recorded acts of an op.
func (r *rig) acts(op string) []event.Event {
	var out []event.Event
	for _, e := range r.journal.Events(r.t) {
		if e.Kind == event.KindAct && e.Op == op {
			out = append(out, e)
		}
	}
	return out
}

// obey carries out one command for an administrator without a network between.
func obey(t *testing.T, b *bmc, netfn, cmd uint8, data []byte) {
	t.Helper()
	near, far := prototest.NewConn(netip.MustParseAddrPort("198.51.100.7:40000"), netip.MustParseAddrPort("192.0.2.5:623"), true)
	defer near.Close()
	var journal prototest.Journal
	s := session.Open(session.Config{Conn: far, Journal: &journal, Instant: true})
	defer s.End(nil)
	defer s.HangUp("shutdown") // so that its end waits for nothing
	ctx, cancel := context.WithCancel(t.Context())
	var later sync.WaitGroup
	v := &visit{bmc: b, s: s, ctx: ctx, later: &later, now: time.Now()}
	c := v.open(active)
	defer delete(b.consoles, c.id)
	c.user, c.limit, c.level = b.account(2), admin, admin
	r := &request{visit: v, con: c, msg: wire.Message{To: wire.BMCAddress, NetFn: netfn, From: 0x81, Cmd: cmd, Data: data}, data: data}
	m, err := wire.ParseMessage(r.carryOut())
	if err != nil || m.NetFn != netfn|1 || m.Cmd != cmd || len(m.Data) == 0 || m.Data[0] != codeOK && len(m.Data) != 1 {
		t.Errorf("answer %+v: %v", m, err)
	}
	if r.act.Op == "" || r.act.Class == "" {
		t.Errorf("act %+v", r.act)
	}
	cancel()
	later.Wait()
}
