package atg

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }

// testTags is one tank that sells and is filled.
const testTags = `
[[tag]]
name = "t.capacity"
type = "float32"
start = 10000
[[tag]]
name = "t.diameter"
type = "float32"
start = 96
[[tag]]
name = "t.volume"
type = "float32"
range = [0.0, 10000.0]
start = 3600
motion = { integrate = "t.delivering ? 5.5 : -0.7" }
[[tag]]
name = "t.temperature"
type = "float32"
start = 71
[[tag]]
name = "t.water"
type = "float32"
start = 0.8
[[tag]]
name = "t.delivering"
type = "bool"
motion = { set = "t.volume < 3000", reset = "t.volume > 8000" }
[[tag]]
name = "t.begin"
type = "bool"
motion = { edge = "t.delivering" }
[[tag]]
name = "t.end"
type = "bool"
motion = { edge = "t.delivering", when = "fall" }
[[tag]]
name = "t.before"
type = "float32"
motion = { expr = "t.begin ? t.volume : self" }
[[tag]]
name = "t.after"
type = "float32"
motion = { expr = "t.end ? t.volume : self" }
[[tag]]
name = "t.before_temperature"
type = "float32"
start = 70
[[tag]]
name = "t.after_temperature"
type = "float32"
start = 71
[[tag]]
name = "t.shift_volume"
type = "float32"
start = 3600
[[tag]]
name = "t.shift_delivered"
type = "float32"
[[tag]]
name = "t.shift_temperature"
type = "float32"
start = 71
[[tag]]
name = "wet"
type = "bool"
`

const testSettings = `
tanks = [{ label = "UNL", code = "1", tags = "t", coefficient = 0.0007, probe = "100001" }]
sensors = [{ label = "SUMP", tag = "wet" }]
`

func newTestConsole(t testing.TB, settings string) *console {
	t.Helper()
	c, err := newConsole(prototest.Env(t, []byte(testTags), []byte(settings), nil))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// discard is a journal that keeps nothing.
type discard struct{}

func (discard) Append([]byte, event.Class) error { return nil }

// serve runs a session with c on conn and returns when it has ended.
func serve(c *console, conn net.Conn) {
	s := session.Open(session.Config{
		Conn: conn, Journal: discard{}, Instant: true, Idle: 10 * time.Second,
		Envelope: event.Envelope{Session: "s", Src: netip.MustParseAddrPort("192.0.2.1:1"), Dst: netip.MustParseAddrPort("192.0.2.2:10001")},
	})
	s.End(c.Serve(context.Background(), s))
}

// ask returns what the console makes of a command now.
func ask(t testing.TB, c *console, command string) wire.Answer {
	t.Helper()
	cmd, err := wire.Parse([]byte(command))
	if err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	q := c.begin(cmd, time.Now())
	defer c.mu.Unlock()
	var a event.Act
	answer, err := wire.ParseAnswer(q.run(&a))
	if err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	return answer
}

// inventory returns the seven numbers of the only tank.
func inventory(t testing.TB, c *console) (x [7]float64) {
	t.Helper()
	data := ask(t, c, "i20101").Data
	if len(data) != 10+2+1+4+2+56 {
		t.Fatalf("inventory %q", data)
	}
	for i := range x {
		var err error
		if x[i], err = wire.ParseFloat(data[19+8*i : 27+8*i]); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

func TestSettingsErrors(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"no such tag", `tanks = [{ label = "A", code = "1", tags = "u" }]`, `no tag "u.volume"`},
		{"sensor of a number", `sensors = [{ label = "A", tag = "t.volume" }]`, `no bool "t.volume"`},
		{"date style", `stamp = "06"`, "stamp"},
		{"units", `units = "imperial"`, "imperial"},
		{"ullage", `ullage = "80"`, "80"},
		{"five header lines", `header = ["", "", "", "", ""]`, "header"},
		{"security code", `security = "12345"`, "12345"},
		{"zone", `zone = "Nowhere/Town"`, "zone"},
		{"long label", `tanks = [{ label = "A LABEL THAT IS TOO LONG", code = "1", tags = "t" }]`, "20 characters"},
		{"product code", `tanks = [{ label = "A", code = "12", tags = "t" }]`, "code"},
		{"coefficient", `tanks = [{ label = "A", code = "1", tags = "t", coefficient = 0.5 }]`, "coefficient"},
		{"rate", `rate = 0`, "rate"},
		{"identity that is not there", `header = ["${nothing}"]`, "nothing"},
		{"unknown key", `pumps = 3`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newConsole(prototest.Env(t, []byte(testTags), []byte(c.settings), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// Every setup value takes what it shows, and shows what it took.
func TestParametersTakeWhatTheyShow(t *testing.T) {
	c := newTestConsole(t, testSettings)
	tried := 0
	for i := range 0x1000 {
		code := []byte("500")
		const signs = "0123456789ABCDEF"
		code[0], code[1], code[2] = signs[i>>8], signs[i>>4&15], signs[i&15]
		p, ok := parameters(string(code))
		if !ok {
			continue
		}
		tried++
		device := "01"
		if p.of == system {
			device = "00"
		}
		before := ask(t, c, "i"+string(code)+device).Data[10:]
		if p.of == tanks || p.of == sensors || p.of == shifts {
			before = before[2:]
		}
		if got := ask(t, c, "s"+string(code)+device+before); got.Code == "9999" {
			t.Errorf("%s refuses its own value %q", code, before)
		}
		after := ask(t, c, "i"+string(code)+device).Data
		if !strings.HasSuffix(after, before) {
			t.Errorf("%s was given %q and shows %q", code, before, after)
		}
	}
	if tried < 50 {
		t.Errorf("only %d setup values", tried)
	}
}

// The octets of random sessions never crash the console or hold it up.
func TestRandomInput(t *testing.T) {
	c := newTestConsole(t, testSettings)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() { serve(c, near); close(done) }()
		go func() {
			sink := make([]byte, 4096)
			for {
				if _, err := far.Read(sink); err != nil {
					return
				}
			}
		}()
		far.SetWriteDeadline(time.Now().Add(5 * time.Second))
		if _, err := far.Write(garbage(rnd)); err != nil {
			t.Fatalf("the console does not read: %v", err)
		}
		far.Close()
		<-done
	}
}

// garbage is half random octets and half commands with something wrong.
func garbage(r *rand.Rand) []byte {
	b := make([]byte, 1+r.IntN(60))
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	if r.IntN(2) == 0 {
		const codes = "0123456789ABC"
		b = append([]byte{1, "ISis"[r.IntN(4)], codes[r.IntN(13)], codes[r.IntN(13)], codes[r.IntN(13)], '0', codes[r.IntN(5)]}, b...)
	}
	return append(b, "\r\n\x03x"[r.IntN(4)])
}

// Visitors do not see each other's half-set values, and the race detector sees
// nothing else.
func TestVisitorsAtOnce(t *testing.T) {
	c := newTestConsole(t, testSettings)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				sink := make([]byte, 4096)
				for range 20 {
					far.Write([]byte("\x01s60201AB\r"))
					far.Read(sink)
					far.Write([]byte("\x01I20100\r"))
					far.Read(sink)
				}
			}()
			serve(c, near)
		})
	}
	wg.Wait()
}

func TestDecoder(t *testing.T) {
	in := []byte("\r\n\x01I20101\r")
	f, n, err := decoder{}.Next(true, in)
	if err != nil || n != len(in) || f.Act.Op != "in_tank_inventory" || f.Act.Target.Ref != "1" || len(f.Fields) != 1 || string(in[f.Fields[0].Off:][:6]) != "I20101" {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
	if _, n, err := (decoder{}).Next(true, in[:8]); n != 0 || err != nil {
		t.Errorf("half a command: %d, %v", n, err)
	}
	if _, _, err := (decoder{}).Next(true, []byte("GET /\r\n")); err == nil {
		t.Error("HTTP decoded")
	}
	out := wire.AppendComputer(nil, "i50100", "9912311800", "9912311800")
	if f, n, err := (decoder{}).Next(false, out); err != nil || n != len(out) || f.Act.Op != "inquire_date_and_time" {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
	if f, _, err := (decoder{}).Next(false, wire.Unknown()); err != nil || f.Act.Outcome != event.Refused {
		t.Errorf("%+v, %v", f, err)
	}
}
