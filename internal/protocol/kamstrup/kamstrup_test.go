package kamstrup

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestMeterConversations(t *testing.T) {
	prototest.Glob(t, Protocol(), "testdata/meter_*.txtar")
}

func TestManagementConversations(t *testing.T) {
	prototest.Glob(t, Management(), "testdata/management_*.txtar")
}

const meterFile = `
serial = "12345678"
installed = "1999-01-01"
registers = [
  { id = 1, unit = 2, size = 4, exponent = -1, tag = "energy", scale = 0.0001 },
  { id = 1001, unit = 51, size = 4, from = "serial" },
]
`

const meterTags = `
[[tag]]
name = "energy"
type = "uint32"
start = 4000000
motion = { total = "36000" }
[[tag]]
name = "mode"
type = "text"
`

const moduleFile = `
mac = "${mac}"
[config]
address = "192.168.10.7"
`

// discard is a journal that keeps nothing.
type discard struct{}

func (discard) Append([]byte, event.Class) error { return nil }

// serve runs a session with h on conn and returns when it has ended.
func serve(h protocol.Handler, conn net.Conn) {
	s := session.Open(session.Config{
		Conn: conn, Journal: discard{}, Instant: true, Idle: 10 * time.Second,
		Envelope: event.Envelope{Session: "s", Src: netip.MustParseAddrPort("192.0.2.1:1"), Dst: netip.MustParseAddrPort("192.0.2.2:1025")},
	})
	s.End(h.Serve(context.Background(), s))
}

// The energy register never falls and follows its tag to a tenth of a kilowatt-hour.
func TestEnergyRises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := prototest.Env(t, []byte(meterTags), []byte(meterFile), nil)
		m, err := newMeter(env)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { env.Device.Process.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		v, last := &reader{meter: m}, 400.0
		for hour := range 48 {
			time.Sleep(time.Hour)
			var a event.Act
			f, err := wire.Parse(v.carryOut(wire.Frame{Start: wire.Request, Address: wire.Meter, Command: wire.GetRegister, Body: []byte{1, 0, 1}}, &a))
			if err != nil {
				t.Fatal(err)
			}
			r, _, err := wire.ParseRecord(f.Body)
			if err != nil {
				t.Fatal(err)
			}
			want := 400 + 3.6*float64(hour+1)
			if x := r.Decode(); x < last || x > want+0.1 || x < want-0.2 {
				t.Errorf("hour %d: %v kWh after %v, want about %v", hour+1, x, last, want)
			} else {
				last = x
			}
		}
	})
}

// A restart by the management hangs up the meter's port too.
func TestRestartTakesTheMeterAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := prototest.Env(t, []byte(meterTags), []byte(meterFile), nil)
		m, err := newMeter(env)
		if err != nil {
			t.Fatal(err)
		}
		env.Decode = func(into any) error { return prototest.Decode([]byte(moduleFile), into) }
		manage, err := newModule(env)
		if err != nil {
			t.Fatal(err)
		}
		exchange := func(h protocol.Handler, line string) int {
			near, far := net.Pipe()
			done := make(chan struct{})
			go func() { serve(h, near); close(done) }()
			go far.Write([]byte(line))
			far.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, buf := 0, make([]byte, 512)
			for {
				k, err := far.Read(buf)
				n += k
				if err != nil {
					break
				}
			}
			far.Close()
			<-done
			return n
		}
		ask := string(wire.Frame{Start: wire.Request, Address: wire.Meter, Command: wire.GetSerial}.Append(nil))
		if exchange(m, ask) == 0 {
			t.Error("no answer before the restart")
		}
		exchange(manage, "!RR\r\n")
		if n := exchange(m, ask); n != 0 {
			t.Errorf("%d octets during the restart", n)
		}
		time.Sleep(restartTime)
		if exchange(m, ask) == 0 {
			t.Error("no answer after the restart")
		}
	})
}

func TestMeterSettingsErrors(t *testing.T) {
	head := "serial = \"1\"\ninstalled = \"1999-01-01\"\n"
	for _, c := range []struct{ name, settings, want string }{
		{"serial", `serial = "x"`, "serial"},
		{"date", "serial = \"1\"\ninstalled = \"soon\"", "installed"},
		{"type", head + `type = 70000`, "type"},
		{"register twice", head + `registers = [{ id = 1, size = 4 }, { id = 1, size = 4 }]`, "twice"},
		{"zero twice", head + "registers = [{ id = 1, size = 4 }]\nzero = [{ size = 4, ids = [1] }]", "twice"},
		{"size", head + `registers = [{ id = 1, size = 17 }]`, "size"},
		{"number", head + `registers = [{ id = 0, size = 4 }]`, "id 0"},
		{"tag", head + `registers = [{ id = 1, size = 4, tag = "no" }]`, `"no"`},
		{"a text", head + `registers = [{ id = 1, size = 4, tag = "mode" }]`, `"mode"`},
		{"source", head + `registers = [{ id = 1, size = 4, from = "moon" }]`, "moon"},
		{"clock of four octets", head + `registers = [{ id = 1, size = 4, from = "rtc" }]`, "8 octets"},
		{"long text", head + `registers = [{ id = 1, size = 2, text = "abc" }]`, "longer"},
		{"hex", head + `registers = [{ id = 1, size = 2, hex = "00" }]`, "hex"},
		{"value", head + `registers = [{ id = 1, size = 2, value = "-1" }]`, "value"},
		{"latency", head + `latency = { min = "2s", max = "1s" }`, "latency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newMeter(prototest.Env(t, []byte(meterTags), []byte(c.settings), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestModuleSettingsErrors(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"no address", ``, "address"},
		{"five name servers", "[config]\naddress = \"10.0.0.1\"\ndns = [\"\", \"\", \"\", \"\"]", "dns"},
		{"identity", `mac = "${nothing}"`, "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newModule(prototest.Env(t, nil, []byte(c.settings), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"192.168.1.2": "192.168.1.2", "192168001200": "192.168.1.200", "010000000001": "10.0.0.1",
		"256000000001": noAddress, "1.2.3": noAddress, "::1": noAddress, "host": noAddress, "": noAddress, "19216800120": noAddress,
	} {
		if got, _ := parseAddress(in); got != want {
			t.Errorf("parseAddress(%q) = %s, want %s", in, got, want)
		}
	}
}

// No octets crash either room or hold it up.
func TestRandomInput(t *testing.T) {
	m, err := newMeter(prototest.Env(t, []byte(meterTags), []byte(meterFile), nil))
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		// A module of its own for each: one restart would spoil the rest.
		module, err := newModule(prototest.Env(t, nil, []byte(moduleFile), nil))
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		done := make(chan struct{})
		h := protocol.Handler(m)
		if n%2 == 0 {
			h = module
		}
		go func() { serve(h, near); close(done) }()
		go func() {
			sink := make([]byte, 4096)
			for {
				if _, err := far.Read(sink); err != nil {
					return
				}
			}
		}()
		far.SetWriteDeadline(time.Now().Add(5 * time.Second))
		far.Write(garbage(rnd, n)) // the module may hang up on Q or !RR
		far.Close()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Fatalf("session %d does not end", n)
		}
	}
}

// garbage is frames, lines, and octets with something wrong.
func garbage(r *rand.Rand, n int) []byte {
	b := make([]byte, 1+r.IntN(60))
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	switch n % 4 {
	case 0:
		names := strings.Fields("!AC !AS !GC !SA !SB !SC !SD !SH !SI !SK !SN !SP !SS !RC !WM H")
		b = append([]byte(names[r.IntN(len(names))]+" "), b...)
		return append(b, "\r\n"...)
	case 1:
		commands := []wire.Command{wire.GetRegister, wire.PutRegister, wire.SetClock, wire.GetType, 0x55}
		return wire.Frame{Start: wire.Request, Address: wire.Meter, Command: commands[r.IntN(5)], Body: b}.Append(nil)
	}
	return append([]byte{wire.Request}, b...)
}

func TestDecoders(t *testing.T) {
	ask := wire.Frame{Start: wire.Request, Address: wire.Meter, Command: wire.GetRegister, Body: []byte{1, 4, 0x1e}}.Append(nil)
	f, n, err := decoder{}.Next(true, ask)
	if err != nil || n != len(ask) || f.Act.Op != "get_register" || f.Act.Target.Ref != "1054" {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
	if _, n, err := (decoder{}).Next(true, ask[:5]); n != 0 || err != nil {
		t.Errorf("half a frame: %d, %v", n, err)
	}
	answer := wire.Frame{Start: wire.Reply, Address: wire.Meter, Command: wire.GetRegister, Body: []byte{4, 0x1e, 0x21, 2, 0, 0, 0xe4}}.Append(nil)
	if f, _, err := (decoder{}).Next(false, answer); err != nil || f.Act.Class != event.Read || f.Fields[len(f.Fields)-1].Value != "228" {
		t.Errorf("%+v, %v", f, err)
	}
	if f, n, err := (lineDecoder{}).Next(true, []byte("!SA 1.2.3.4\r\nQ")); err != nil || n != 13 || f.Act.Op != "set_server_address" {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
}
