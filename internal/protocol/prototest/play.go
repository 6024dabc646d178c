package prototest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/session"
)

// player plays one conversation at one handler.
type player struct {
	t       *testing.T
	p       protocol.Protocol
	mode    mode
	handler protocol.Handler
	ctx     context.Context
	journal Journal
	kept    Artifacts

	conn    *Conn
	done    chan struct{} // the session has ended
	from    netip.Addr    // of the visitor
	visits  int
	sides   []*sidePort
	sideEnd *Conn
	sent    map[string][]byte // by session: what the visitor sent
	got     map[string][]byte // by session: what we sent
	current string
	sideID  string
	backlog [][]byte // answers not yet compared (pipelined)
	sideLog [][]byte
	rewrite bool
}

func (c *conversation) start(t *testing.T, p protocol.Protocol, m mode) (*player, func()) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, data := range c.files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	env := Env(t, c.files["tags.toml"], c.files["settings.toml"], fsys)
	if b, ok := c.files["identity.toml"]; ok {
		if err := Decode(b, &env.Device.Identity); err != nil {
			t.Fatalf("identity.toml: %v", err)
		}
	}
	if b, ok := c.files["state.json"]; ok {
		if err := json.Unmarshal(b, &env.State.(*State).values); err != nil {
			t.Fatalf("state.json: %v", err)
		}
	}
	h, err := p.New(env)
	if err != nil {
		t.Fatalf("settings.toml: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { env.Device.Process.Run(ctx) })
	pl := &player{t: t, p: p, from: netip.MustParseAddr("192.0.2.77"), mode: m, handler: h, ctx: ctx, sent: map[string][]byte{}, got: map[string][]byte{}}
	pl.visit()
	return pl, func() { cancel(); wg.Wait() }
}

// visit opens a session.
func (pl *player) visit() {
	pl.visits++
	visitor := netip.AddrPortFrom(pl.from, uint16(40000+pl.visits))
	service := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.5"), pl.p.Port)
	vis, srv := NewConn(visitor, service, pl.p.Network == "udp")
	pl.current = fmt.Sprintf("00000000-0000-7000-8000-%012d", pl.visits)
	cfg := session.Config{
		Conn:     srv,
		Envelope: event.Envelope{Session: pl.current, Boot: "b", Sensor: "test", Protocol: pl.p.Name, Transport: pl.p.Network, Src: visitor, Dst: service},
		Open:     event.Open{Persona: "test", Device: "device", Listener: pl.p.Name},
		Journal:  &pl.journal, Artifacts: &pl.kept, Idle: 60 * time.Second, Instant: true, Sides: pl.side,
	}
	if srv.packets {
		cfg.Conn = srv
	} else {
		cfg.Conn = stream{srv}
	}
	s := session.Open(cfg)
	done := make(chan struct{})
	pl.conn, pl.done = vis, done
	go func() {
		defer close(done)
		s.End(pl.handler.Serve(pl.ctx, s))
	}()
}

// stream hides Datagram, so that the session takes the connection for TCP.
type stream struct{ c *Conn }

func (s stream) Read(p []byte) (int, error)  { return s.c.Read(p) }
func (s stream) Write(p []byte) (int, error) { return s.c.Write(p) }

// sidePort is a port that the room opened.
type sidePort struct {
	accept chan *Conn
	conn   *Conn // udp: there from the start
	id     string
}

// side implements session.SideMaker.
func (pl *player) side(ctx context.Context, s *session.Session, network string) (*session.Side, error) {
	n := len(pl.sides) + 1
	addr := netip.AddrPortFrom(s.Local().Addr(), uint16(50000+n))
	sp := &sidePort{accept: make(chan *Conn, 1), id: fmt.Sprintf("00000000-0000-7000-8001-%012d", n)}
	pl.sides = append(pl.sides, sp)
	child := func(c *Conn) *session.Session {
		cfg := s.Child()
		cfg.Envelope.Session, cfg.Envelope.Transport = sp.id, network
		cfg.Envelope.Dst = addr
		if cfg.Conn = c; network == "tcp" {
			cfg.Conn = stream{c}
		}
		return session.Open(cfg)
	}
	if network == "udp" {
		vis, srv := NewConn(s.Remote(), addr, true)
		sp.conn = vis
		pl.sideEnd, pl.sideID = vis, sp.id
		return &session.Side{Addr: addr, Close: srv.Close, Accept: func(context.Context) (*session.Session, error) { return child(srv), nil }}, nil
	}
	return &session.Side{Addr: addr, Close: func() error { return nil }, Accept: func(ctx context.Context) (*session.Session, error) {
		select {
		case c := <-sp.accept:
			return child(c), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}, nil
}

// play runs the steps in one mode and checks answers, events and the law.
func (c *conversation) play(t *testing.T, p protocol.Protocol, m mode) {
	pl, stop := c.start(t, p, m)
	synctest.Wait()
	for i := 0; i < len(c.steps); {
		i += pl.step(c.steps[i:])
	}
	pl.finish(stop)
	events := pl.journal.Events(t)
	pl.checkLaw(events)
	if got := lines(events); !slices.Equal(got, c.events) && !pl.t.Failed() {
		t.Errorf("events differ (go test -update rewrites them)\n got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.events, "\n"))
	}
}

// finish lets the visitor leave and waits for the session's end.
func (pl *player) finish(stop func()) {
	pl.collect()
	pl.conn.CloseWrite()
	if pl.sideEnd != nil {
		pl.sideEnd.Close()
	}
	if pl.p.Network == "udp" {
		time.Sleep(5 * time.Minute) // the flow dies of idleness
	}
	synctest.Wait()
	select {
	case <-pl.done:
	case <-time.After(time.Hour):
		pl.t.Error("the room still serves an hour after the visitor left")
	}
	pl.collect()
	if len(pl.backlog) > 0 && !pl.rewrite {
		pl.t.Errorf("we sent more than the conversation has: %s", format(slices.Concat(pl.backlog...)))
	}
	stop()
}

// collect takes what has come for the visitor.
func (pl *player) collect() [][]byte {
	synctest.Wait()
	in := pl.conn.drain()
	for _, p := range in {
		pl.got[pl.current] = append(pl.got[pl.current], p...)
	}
	pl.backlog = append(pl.backlog, in...)
	if pl.sideEnd != nil {
		side := pl.sideEnd.drain()
		for _, p := range side {
			pl.got[pl.sideID] = append(pl.got[pl.sideID], p...)
		}
		pl.sideLog = append(pl.sideLog, side...)
	}
	return in
}

// step plays the first of steps, or in pipelined mode a group of > and <, and
// returns how many it played.
func (pl *player) step(steps []step) int {
	if pl.mode == pipelined && (steps[0].mark == '>' || steps[0].mark == '<') && !steps[0].side {
		n := 1
		for n < len(steps) && (steps[n].mark == '>' || steps[n].mark == '<') && !steps[n].side {
			n++
		}
		pl.pipeline(steps[:n])
		return n
	}
	pl.one(steps[0])
	return 1
}

func (pl *player) pipeline(group []step) {
	if pl.p.Network == "udp" {
		for _, s := range group {
			if s.mark == '>' {
				pl.sendTo(pl.conn, pl.current, s.octets, whole)
			}
		}
	} else {
		var all []byte
		for _, s := range group {
			all = append(all, s.octets...)
		}
		pl.sendTo(pl.conn, pl.current, all, whole)
	}
	for _, s := range group {
		if s.mark == '<' {
			pl.expect(s, false)
		}
	}
}

func (pl *player) one(s step) {
	switch s.mark {
	case '>':
		if s.side {
			pl.sendTo(pl.sideEnd, pl.sideID, s.octets, pl.mode)
		} else {
			pl.sendTo(pl.conn, pl.current, s.octets, pl.mode)
		}
		pl.collect()
	case '<':
		pl.expect(s, true)
	case '~':
		d, err := time.ParseDuration(s.text)
		if err != nil {
			pl.t.Fatalf("line %d: %v", s.line, err)
		}
		time.Sleep(d)
		pl.collect()
	case '=':
		pl.collect()
		c := pl.conn
		if s.side {
			c = pl.sideEnd
		}
		if want := s.text == "closed"; c.ended() != want {
			pl.t.Errorf("line %d: the connection is not %s", s.line, s.text)
		}
	case '!':
		if s.side {
			pl.collect()
			pl.sideEnd.CloseWrite()
		} else {
			pl.conn.CloseWrite()
		}
		pl.collect()
	case '@':
		pl.conn.CloseWrite()
		if pl.p.Network == "udp" {
			time.Sleep(5 * time.Minute)
		}
		pl.collect()
		<-pl.done
		pl.collect()
		if f := strings.Fields(s.text); len(f) > 1 {
			pl.from = netip.MustParseAddr(f[1])
		}
		pl.visit()
		pl.collect()
	case 'c':
		pl.connectSide(s)
	}
}

func (pl *player) connectSide(s step) {
	if len(pl.sides) == 0 {
		pl.t.Fatalf("line %d: the room has opened no side port", s.line)
	}
	sp := pl.sides[len(pl.sides)-1]
	if sp.conn == nil {
		vis, srv := NewConn(netip.MustParseAddrPort("192.0.2.77:41000"), netip.MustParseAddrPort("192.0.2.5:50001"), false)
		sp.conn = vis
		sp.accept <- srv
	}
	pl.sideEnd, pl.sideID = sp.conn, sp.id
	pl.collect()
}

func (pl *player) sendTo(c *Conn, id string, p []byte, m mode) {
	if c == nil {
		pl.t.Fatal("no side connection")
	}
	pl.sent[id] = append(pl.sent[id], p...)
	if m != octets || c.packets {
		c.Write(p)
		return
	}
	for i := range p {
		c.Write(p[i : i+1])
		synctest.Wait()
	}
}

// expect compares the next answer. Exact: nothing may be left over.
func (pl *player) expect(s step, exact bool) {
	pl.t.Helper()
	pl.collect()
	log := &pl.backlog
	packets := pl.p.Network == "udp"
	if s.side {
		log, packets = &pl.sideLog, pl.sideEnd != nil && pl.sideEnd.packets
	}
	if packets {
		for _, w := range s.want {
			if len(*log) == 0 {
				pl.t.Errorf("line %d: no datagram came, want %s", s.line, formatWant(w))
				return
			}
			if got := (*log)[0]; !matches(w, got) {
				pl.t.Errorf("line %d: datagram differs\n got %s\nwant %s", s.line, hex.EncodeToString(got), formatWant(w))
			}
			*log = (*log)[1:]
		}
		return
	}
	w, got := slices.Concat(s.want...), slices.Concat(*log...)
	*log = nil
	if !exact && len(got) > len(w) {
		*log = [][]byte{got[len(w):]}
		got = got[:len(w)]
	}
	if !matches(w, got) {
		pl.t.Errorf("line %d: answer differs\n got %s\n     %s\nwant %s", s.line, hex.EncodeToString(got), format(got), formatWant(w))
	}
}
