package iec104

import (
	"context"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }

const testTags = `
[[tag]]
name = "order"
type = "bool"
writable = true
[[tag]]
name = "level"
type = "float32"
start = 2.5
[[tag]]
name = "mode"
type = "text"
[[tag]]
name = "energy"
type = "uint32"
start = 500
`

const testSettings = `
points = [
  { ioa = 1, as = "single", tag = "order" },
  { ioa = 2, as = "float", tag = "level", deadband = 1.0, parameter = 900 },
  { ioa = 3, as = "counter", tag = "energy" },
]
commands = [{ ioa = 100, as = "single", tag = "order", select = true }]
`

func newTestServer(t testing.TB, settings string) (*server, protocol.Env) {
	t.Helper()
	env := prototest.Env(t, []byte(testTags), []byte(settings), nil)
	d, err := newServer(env)
	if err != nil {
		t.Fatal(err)
	}
	return d, env
}

// discard is a journal that keeps nothing.
type discard struct{}

func (discard) Append([]byte, event.Class) error { return nil }

// serve runs a session with d on conn and returns when it has ended.
func serve(d *server, conn net.Conn) error {
	s := session.Open(session.Config{
		Conn: conn, Journal: discard{}, Instant: true, Idle: time.Minute,
		Envelope: event.Envelope{Session: "s", Src: netip.MustParseAddrPort("192.0.2.1:1"), Dst: netip.MustParseAddrPort("192.0.2.2:2404")},
	})
	err := d.Serve(context.Background(), s)
	s.End(err)
	return err
}

// master is one visitor of a test.
type master struct {
	net.Conn
	t    *testing.T
	done chan struct{}
}

func dial(t *testing.T, d *server) *master {
	conn, visitor := net.Pipe()
	m := &master{visitor, t, make(chan struct{})}
	go func() { defer close(m.done); serve(d, conn) }()
	return m
}

// ask writes a frame and compares the answer; want "" expects none within a second.
func (m *master) ask(name, frame, want string) {
	m.t.Helper()
	if frame != "" {
		if _, err := m.Write(octettest.Hex(m.t, frame)); err != nil {
			m.t.Errorf("%s: %v", name, err)
		}
	}
	got := make([]byte, 512)
	m.SetReadDeadline(time.Now().Add(time.Second))
	n, _ := m.Read(got)
	if w := strings.ReplaceAll(want, " ", ""); hex.EncodeToString(got[:n]) != w {
		m.t.Errorf("%s: got %x, want %s", name, got[:n], w)
	}
}

func (m *master) ended() bool {
	synctest.Wait()
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

const (
	startAct = "680407000000"
	startCon = "68040b000000"
)

// Started connections of two masters, by the setting.
func TestMasters(t *testing.T) {
	for _, c := range []struct {
		masters       string
		second        string
		first, closed bool // the first is closed, the second is
	}{
		{"each", startCon, false, false},
		{"newest", startCon, true, false},
		{"oldest", "", false, false},
	} {
		t.Run(c.masters, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, _ := newTestServer(t, "masters = \""+c.masters+"\"\n"+testSettings)
				one, two := dial(t, d), dial(t, d)
				one.ask("the first starts", startAct, startCon)
				two.ask("the second starts", startAct, c.second)
				if one.ended() != c.first || two.ended() {
					t.Errorf("first ended %v, second ended %v", one.ended(), two.ended())
				}
				one.Close()
				two.Close()
				<-one.done
				<-two.done
			})
		})
	}
}

// What one master has selected another can neither select nor execute; once the
// first is gone it is free.
func TestSelectionBelongsToOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := newTestServer(t, testSettings)
		one, two := dial(t, d), dial(t, d)
		one.ask("start", startAct, startCon)
		two.ask("start", startAct, startCon)
		one.ask("select", "680e0000 0000 2d010600 0100 640000 81", "680e0000 0200 2d010700 0100 640000 81")
		two.ask("select what is selected", "680e0000 0000 2d010600 0100 640000 81", "680e0000 0200 2d014700 0100 640000 81")
		two.ask("execute it", "680e0200 0200 2d010600 0100 640000 01", "680e0200 0400 2d014700 0100 640000 01")
		one.Close()
		<-one.done
		two.ask("select what is free", "680e0400 0400 2d010600 0100 640000 81", "680e0400 0600 2d010700 0100 640000 81")
		two.Close()
		<-two.done
	})
}

// A master who never acknowledges cannot make reports pile up.
func TestReportsAreBounded(t *testing.T) {
	v := &visitor{server: &server{}}
	v.enqueue(outgoing{op: "answer"})
	for range 3 * maxReports {
		v.enqueue(outgoing{op: "report", report: true})
	}
	if len(v.queue) > maxReports+1 || v.queue[0].op != "answer" {
		t.Errorf("%d wait, the first is %s", len(v.queue), v.queue[0].op)
	}
}

// Nor can his requests: they are dropped once too much waits.
func TestRequestsAreBounded(t *testing.T) {
	d, _ := newTestServer(t, testSettings)
	conn, visitor := net.Pipe()
	s := session.Open(session.Config{Conn: conn, Journal: discard{}, Instant: true, Idle: time.Minute})
	v := newVisitor(d, t.Context(), s)
	v.started = true
	go io.Copy(io.Discard, visitor)
	for i := range 4 * maxWaiting {
		if !v.frame(wire.Frame{Send: uint16(i), ASDU: octettest.Hex(t, "64010600010000000014")}) {
			t.Fatalf("request %d ended the connection", i)
		}
	}
	if n := len(v.queue); n < maxWaiting || n > maxWaiting+8 {
		t.Errorf("%d ASDUs wait", n)
	}
	visitor.Close()
	s.End(nil)
}

// Frozen and reset counters and deadbands are there after a restart.
func TestStateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, env := newTestServer(t, testSettings)
		m := dial(t, d)
		m.ask("start", startAct, startCon)
		m.Write(octettest.Hex(t, "680e0000 0000 65010600 0100 000000 85"))
		io.ReadFull(m, make([]byte, 32))
		m.Write(octettest.Hex(t, "68120200 0400 70010600 0100 840300 00004040 01"))
		io.ReadFull(m, make([]byte, 20))
		m.Close()
		<-m.done
		again, err := newServer(env)
		if err != nil {
			t.Fatal(err)
		}
		p := again.objects[address{1, 3}]
		if c := again.counts[p.index]; c.Base != 500 || c.Frozen != 500 || c.Number != 1 {
			t.Errorf("counter %+v", c)
		}
		if b := again.bands[again.objects[address{1, 2}].index]; b != 3 {
			t.Errorf("deadband %v", b)
		}
	})
}

func TestSettingsErrors(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"an unknown tag", `points = [{ ioa = 1, as = "single", tag = "no" }]`, `no tag "no"`},
		{"two points at one address", `points = [{ ioa = 1, as = "single", tag = "order" }, { ioa = 1, as = "float", tag = "level" }]`, "another point"},
		{"a text", `points = [{ ioa = 1, as = "float", tag = "mode" }]`, "text"},
		{"kind", `points = [{ ioa = 1, as = "triple", tag = "order" }]`, "triple"},
		{"object address", `points = [{ ioa = 16777216, as = "single", tag = "order" }]`, "ioa"},
		{"object address beyond the base", "base = 16777215\npoints = [{ ioa = 1, as = \"single\", tag = \"order\" }]", "ioa"},
		{"station", `points = [{ station = 2, ioa = 1, as = "single", tag = "order" }]`, "station"},
		{"normalized without span", `points = [{ ioa = 1, as = "normalized", tag = "level" }]`, "span"},
		{"span of a float", `points = [{ ioa = 1, as = "float", tag = "level", span = 2 }]`, "span"},
		{"group", `points = [{ ioa = 1, as = "float", tag = "level", groups = [17] }]`, "17"},
		{"counter group", `points = [{ ioa = 1, as = "counter", tag = "energy", groups = [5] }]`, "5"},
		{"parameter of a switch", `points = [{ ioa = 1, as = "single", tag = "order", parameter = 9 }]`, "parameter"},
		{"time", `points = [{ ioa = 1, as = "single", tag = "order", time = "now" }]`, "now"},
		{"command of a read-only tag", `commands = [{ ioa = 1, as = "float", tag = "level" }]`, "writable"},
		{"command without its feedback", `commands = [{ ioa = 1, as = "single", tag = "order", feedback = 5 }]`, "feedback"},
		{"command at a point", "points = [{ ioa = 1, as = \"single\", tag = \"order\" }]\ncommands = [{ ioa = 1, as = \"single\", tag = \"order\" }]", "another object"},
		{"permit", `commands = [{ ioa = 1, as = "single", tag = "order", permit = "no" }]`, `"no"`},
		{"common address", `common = [65535]`, "65535"},
		{"common address twice", `common = [1, 1]`, "further"},
		{"identity that is not there", `common = ["${nothing}"]`, "nothing"},
		{"window", `k = 0`, "k = 0"},
		{"t2 above t1", `t2 = "20s"`, "t2"},
		{"broadcast", `broadcast = "maybe"`, "maybe"},
		{"type", `without = [200]`, "200"},
		{"file that is not there", `files = [{ ioa = 1, name = 1, file = "x", age = "1h" }]`, "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newServer(prototest.Env(t, []byte(testTags), []byte(c.settings), fstest.MapFS{}))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// TestRandomInput sends what no client would; the room neither panics nor hangs.
func TestRandomInput(t *testing.T) {
	d, _ := newTestServer(t, testSettings+"max_upload = 1000\n")
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 {
		conn, visitor := net.Pipe()
		done := make(chan struct{})
		go func() { serve(d, conn); close(done) }()
		go io.Copy(io.Discard, visitor)
		p := octettest.Hex(t, startAct)
		for i := range rnd.IntN(20) { // sound frames with any ASDU in them
			body := make([]byte, rnd.IntN(40))
			for j := range body {
				body[j] = byte(rnd.Uint32())
			}
			if n%2 == 0 && len(body) > 8 {
				copy(body, []byte{byte(rnd.IntN(128)), 1, byte(rnd.IntN(14)), 0, 1, 0, byte(rnd.IntN(4)), 0, 0})
			}
			p = append(append(p, 0x68, byte(4+len(body)), byte(2*i), 0, 0, 0), body...)
		}
		visitor.SetWriteDeadline(time.Now().Add(5 * time.Second))
		visitor.Write(p)
		visitor.Close()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Fatalf("still served after % x", p)
		}
	}
}

func TestHello(t *testing.T) {
	d, _ := newTestServer(t, testSettings)
	conn, visitor := net.Pipe()
	go serve(d, conn)
	defer visitor.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := hello(ctx, visitor); err != nil {
		t.Error(err)
	}
}

func TestDecoder(t *testing.T) {
	prototest.Decodes(t, Protocol().Decode, []prototest.Decoding{
		{Name: "start", Hex: startAct, FromVisitor: true, Op: "startdt_act", Fields: "length=4 function=startdt_act"},
		{Name: "acknowledgement", Hex: "680401000a00", FromVisitor: true, Op: "supervisory", Fields: "length=4 rx=5"},
		{Name: "select", Hex: "680e0200 0400 2d010605 0100 640000 85", FromVisitor: true, Op: "single_command",
			Fields: "length=14 tx=1 rx=2 typeid=C_SC_NA_1 numix=1 causetx=6 oa=5 addr=1 ioa=100 value_100=1 select qualifier 1"},
		{Name: "refusal", Hex: "680e0000 0200 2d016f00 0100 640000 01", FromVisitor: false, Op: "single_command",
			Fields: "length=14 tx=0 rx=1 typeid=C_SC_NA_1 numix=1 causetx=47 negative oa=0 addr=1 ioa=100 value_100=1"},
		{Name: "sequence", Hex: "68170000 0200 0d821400 0300 3c0000 0000f04200 0000dd4210", FromVisitor: false, Op: "information",
			Fields: "length=23 tx=0 rx=1 typeid=M_ME_NC_1 numix=2 causetx=20 oa=0 addr=3 ioa=60 value_60=120 value_61=110.5 quality 10"},
		{Name: "report", Hex: "68150000 0200 1e010300 0300 010000 00ee020000c10100", FromVisitor: false, Op: "spontaneous",
			Fields: "length=21 tx=0 rx=1 typeid=M_SP_TB_1 numix=1 causetx=3 oa=0 addr=3 ioa=1 value_1=0 2000-01-01T00:00:00.750"},
		{Name: "no ASDU of its number", Hex: "680d0000 0000 64010600 0300 000000", FromVisitor: true, Op: "general_interrogation", Fields: "length=13 tx=0 rx=0 asdu=640106000300000000"},
	})
	if _, _, err := (decoder{}).Next(true, []byte("GET / HTTP/1.0")); err == nil {
		t.Error("text decodes")
	}
}

func BenchmarkTestFrame(b *testing.B) {
	d, _ := newTestServer(b, testSettings)
	b.ReportAllocs()
	b.ResetTimer()
	serve(d, prototest.Repeat([]byte{0x68, 4, 0x43, 0, 0, 0}, b.N))
}
