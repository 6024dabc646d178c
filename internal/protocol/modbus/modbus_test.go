package modbus

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }

const testTags = `
[[tag]]
name = "level"
type = "float32"
start = 2.5
[[tag]]
name = "mode"
type = "text"
`

const testSettings = `
holding = [{ at = 0, tag = "level" }]
memory = [{ area = "holding", at = 10, count = 100 }]
identification = { vendor = "${vendor}" }
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
func serve(d *server, conn net.Conn, j session.Journal) error {
	s := session.Open(session.Config{
		Conn: conn, Journal: j, Instant: true, Idle: 10 * time.Second,
		Envelope: event.Envelope{Session: "s", Src: netip.MustParseAddrPort("192.0.2.1:1"), Dst: netip.MustParseAddrPort("192.0.2.2:502")},
	})
	err := d.Serve(context.Background(), s)
	s.End(err)
	return err
}

func TestSettingsErrors(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"an unknown tag", `coils = [{ at = 0, tag = "no" }]`, `no tag "no"`},
		{"two tags at one address", `holding = [{ at = 0, tag = "level" }, { at = 1, tag = "level" }]`, "another tag is at 1"},
		{"a pair beyond the last address", `holding = [{ at = 65535, tag = "level" }]`, "addresses end"},
		{"a text", `holding = [{ at = 0, tag = "mode" }]`, "no register holds"},
		{"an encoding that is not there", `input = [{ at = 0, tag = "level", as = "float64" }]`, "float64"},
		{"scale of a coil", `coils = [{ at = 0, tag = "level", scale = 2 }]`, "for registers"},
		{"bits of numbers", `input = [{ at = 0, bits = ["level"] }]`, `no bool "level"`},
		{"word order", `words = "middle"`, "middle"},
		{"unit", `units = [256]`, "256"},
		{"function", `functions = [9]`, "9"},
		{"diagnostic", `diagnostics = [19]`, "19"},
		{"area", `memory = [{ area = "x", at = 0, count = 1 }]`, `"x"`},
		{"memory beyond the end", `memory = [{ area = "coils", at = 65535, count = 2 }]`, "range"},
		{"file twice", `files = [{ number = 1, records = 1 }, { number = 1, records = 1 }]`, "twice"},
		{"queue without a register", `fifo = [3]`, "no holding register"},
		{"identity that is not there", `identification = { vendor = "${nothing}" }`, "nothing"},
		{"object", `identification = { "0x40" = "x" }`, "0x40"},
		{"object twice", `identification = { vendor = "a", "0x00" = "b" }`, "twice"},
		{"conformity", `conformity = 4`, "conformity"},
		{"latency", "latency = { min = \"5ms\", max = \"1ms\" }", "latency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newServer(prototest.Env(t, []byte(testTags), []byte(c.settings), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// TestMemoryIsKept writes often within a second and expects one save at once
// and the last value saved at the end.
func TestMemoryIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, env := newTestServer(t, testSettings)
		conn, visitor := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- serve(d, conn, discard{}) }()
		value := func() uint16 {
			again, err := newServer(env)
			if err != nil {
				t.Fatal(err)
			}
			return again.areas[holding].mem[10]
		}
		answer := make([]byte, 12)
		for i := range 3 {
			visitor.Write([]byte{0, 1, 0, 0, 0, 6, 1, 6, 0, 10, 0, byte(i + 1)})
			io.ReadFull(visitor, answer)
		}
		if got := value(); got != 1 {
			t.Errorf("after three writes within a second %d is kept, want the first", got)
		}
		visitor.Close()
		<-done
		if got := value(); got != 3 {
			t.Errorf("at the end %d is kept, want 3", got)
		}
	})
}

// TestRandomInput sends what no client would; the room neither panics nor hangs.
func TestRandomInput(t *testing.T) {
	d, _ := newTestServer(t, testSettings)
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 {
		conn, visitor := net.Pipe()
		done := make(chan struct{})
		go func() { serve(d, conn, discard{}); close(done) }()
		go io.Copy(io.Discard, visitor)
		p := make([]byte, rnd.IntN(600))
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
		if len(p) > 8 && n%2 == 0 { // a sound header for some of it
			copy(p, []byte{0, 1, 0, 0, 0, byte(2 + rnd.IntN(250)), 1, byte(rnd.IntN(45))})
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

func TestRefuseAndHello(t *testing.T) {
	got := refuse(octettest.Hex(t, "0007 0000 0006 11 10 0000 0001"))
	if fmt.Sprintf("%x", got) != "000700000003119001" {
		t.Errorf("refuse = %x", got)
	}
	if refuse([]byte("GET / HTTP")) != nil {
		t.Error("what is no request has no refusal")
	}
	for _, functions := range []string{"", "functions = [3]\n"} { // identified, or refused
		d, _ := newTestServer(t, functions+testSettings)
		conn, visitor := net.Pipe()
		go serve(d, conn, discard{})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := hello(ctx, visitor); err != nil {
			t.Errorf("hello: %v", err)
		}
		cancel()
		visitor.Close()
	}
}

func TestDecoder(t *testing.T) {
	prototest.Decodes(t, Protocol().Decode, []prototest.Decoding{
		{Name: "write", Hex: "0001 0000 000b 01 10 0002 0002 04 41000000", FromVisitor: true, Op: "write_multiple_registers",
			Fields: "transaction=1 protocol=0 length=11 unit=1 function=write_multiple_registers address=2 quantity=2 byte_count=4 data=41000000"},
		{Name: "refusal", Hex: "0001 0000 0003 01 90 02", FromVisitor: false, Op: "write_multiple_registers",
			Fields: "transaction=1 protocol=0 length=3 unit=1 function=write_multiple_registers exception=illegal data address"},
		{Name: "identification", Hex: "0001 0000 000f 01 2b0e01010000020002414201 0143", FromVisitor: false, Op: "read_device_identification",
			Fields: "transaction=1 protocol=0 length=15 unit=1 function=encapsulated_interface_transport mei_type=14 conformity=1 more_follows=0 next_object=0 object_0=AB object_1=C"},
		{Name: "counter", Hex: "0001 0000 0006 01 08 000b 0000", FromVisitor: true, Op: "return_bus_message_count",
			Fields: "transaction=1 protocol=0 length=6 unit=1 function=diagnostics sub_function=return_bus_message_count data=0000"},
	})
	if _, _, err := (decoder{}).Next(true, []byte("GET / HTTP/1.0")); err == nil {
		t.Error("text decodes")
	}
}

func BenchmarkRead(b *testing.B) {
	d, _ := newTestServer(b, testSettings)
	b.ReportAllocs()
	b.ResetTimer()
	serve(d, prototest.Repeat([]byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2}, b.N), discard{})
}

func BenchmarkWrite(b *testing.B) {
	d, _ := newTestServer(b, testSettings)
	b.ReportAllocs()
	b.ResetTimer()
	serve(d, prototest.Repeat([]byte{0, 1, 0, 0, 0, 6, 1, 6, 0, 10, 0, 2}, b.N), discard{})
}
