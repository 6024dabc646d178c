package bacnet

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// script is a visitor whose datagrams are known beforehand.
type script struct {
	net.Conn
	in, out [][]byte
}

func (c *script) Datagram() ([]byte, error) {
	if len(c.in) == 0 {
		return nil, net.ErrClosed
	}
	p := c.in[0]
	c.in = c.in[1:]
	return p, nil
}

func (c *script) Write(p []byte) (int, error) {
	c.out = append(c.out, bytes.Clone(p))
	return len(p), nil
}

func (c *script) Close() error                     { return nil }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }

// purse is a Budget that allows datagrams of so many octets.
type purse int

func (p purse) Spend(n int) bool { return n <= int(p) }
func (p purse) Left() int        { return int(p) }
func (p purse) Prove() bool      { return true }

// plantEnv is the environment of the conversation "read".
func plantEnv(t testing.TB, edit ...string) protocol.Env {
	t.Helper()
	b, err := os.ReadFile("testdata/read.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var tags, settings []byte
	files := fstest.MapFS{}
	for _, f := range txtar.Parse(b).Files {
		switch f.Name {
		case "tags.toml":
			tags = f.Data
		case "settings.toml":
			settings = []byte(strings.NewReplacer(edit...).Replace(string(f.Data)))
		default:
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return prototest.Env(t, tags, settings, files)
}

func build(t testing.TB, env protocol.Env) protocol.Handler {
	t.Helper()
	h, err := newService(env)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask plays datagrams and returns what came back and what was recorded.
func ask(t testing.TB, h protocol.Handler, budget session.Budget, datagrams ...[]byte) ([][]byte, []event.Event) {
	t.Helper()
	c, journal := &script{in: datagrams}, &prototest.Journal{}
	s := session.Open(session.Config{Conn: c, Journal: journal, Budget: budget, Envelope: event.Envelope{Src: netip.MustParseAddrPort("192.0.2.77:47808")}})
	s.End(h.Serve(t.Context(), s))
	var acts []event.Event
	for _, e := range journal.Events(t) {
		if e.Kind == event.KindAct {
			acts = append(acts, e)
		}
	}
	return c.out, acts
}

// confirmed returns a confirmed request that takes segments of up to 1476 octets.
func confirmed(service uint8, body []byte) []byte {
	a := wire.APDU{Type: wire.Confirmed, Accepts: true, MaxAPDU: 5, ID: 1, Service: service, Body: body}
	return wire.BVLC{Function: wire.FuncOriginalUnicast, Body: wire.NPDU{Expecting: true, Body: a.Append(nil)}.Append(nil)}.Append(nil)
}

func write(id wire.ObjectID, property uint32, value []byte, priority uint64) []byte {
	b := wire.AppendContext(wire.AppendContext(nil, 0, wire.ObjectValue(id)), 1, wire.UnsignedValue(uint64(property)))
	b = wire.AppendClose(append(wire.AppendOpen(b, 3), value...), 3)
	return confirmed(wire.WriteProperty, wire.AppendContext(b, 4, wire.UnsignedValue(priority)))
}

func read(id wire.ObjectID, property uint32) []byte {
	b := wire.AppendContext(nil, 0, wire.ObjectValue(id))
	return confirmed(wire.ReadProperty, wire.AppendContext(b, 1, wire.UnsignedValue(uint64(property))))
}

// valueOf returns the value in a ReadProperty-ACK.
func valueOf(t *testing.T, datagram []byte) wire.Value {
	t.Helper()
	f, err := wire.ParseBVLC(datagram)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := wire.ParseNPDU(f.Body)
	a, _ := wire.ParseAPDU(n.Body)
	r := wire.NewReader(a.Body)
	r.ObjectID(0)
	r.Unsigned(1)
	v, err := wire.ParseValue(r.Enclosed(3))
	if a.Type != wire.ComplexAck || err != nil {
		t.Fatalf("%x holds no value: %v", datagram, err)
	}
	return v
}

// An answer is shortened, cut into segments or aborted as the reply budget asks;
// nothing is longer than it allows.
func TestAnswersKeepToTheReplyBudget(t *testing.T) {
	all := append(wire.AppendContext(nil, 0, wire.ObjectValue(wire.NewObjectID(typeDevice, wire.MaxInstance))), 0x1e, 0x09, 8, 0x1f)
	log := wire.AppendContext(wire.AppendContext(nil, 0, wire.ObjectValue(wire.NewObjectID(typeTrendLog, 1))), 1, wire.UnsignedValue(propLogBuffer))
	for _, budget := range []purse{60, 80, 150, 300} {
		h := build(t, plantEnv(t))
		whole := confirmed(wire.ReadPropertyMultiple, all)
		plain := bytes.Clone(whole)
		plain[6] = 0 // the visitor takes no segments
		out, acts := ask(t, h, budget, whole, plain, confirmed(wire.ReadRange, log), []byte{0x81, 2, 0, 4})
		for _, p := range out {
			if len(p) > int(budget) {
				t.Errorf("budget %d: %d octets sent", budget, len(p))
			}
		}
		if len(acts) != 4 || len(out) < 3 {
			t.Fatalf("budget %d: %d acts, %d answers", budget, len(acts), len(out))
		}
		if out[0][6] != 0x3c || out[1][6] != 0x71 {
			t.Errorf("budget %d: %x, %x; want a first segment and an abort", budget, out[0], out[1])
		}
		if out[2][6] != 0x30 {
			t.Errorf("budget %d: ReadRange answered %x", budget, out[2])
		}
	}
}

// spent is a Budget that does not grow again.
type spent struct{ left int }

func (s *spent) Spend(n int) bool {
	if n > s.left {
		return false
	}
	s.left -= n
	return true
}
func (s *spent) Left() int   { return s.left }
func (s *spent) Prove() bool { return true }

// A transfer that the reply budget ends is aborted, not left hanging.
func TestSegmentsEndWithTheReplyBudget(t *testing.T) {
	all := append(wire.AppendContext(nil, 0, wire.ObjectValue(wire.NewObjectID(typeDevice, wire.MaxInstance))), 0x1e, 0x09, 8, 0x1f)
	question := confirmed(wire.ReadPropertyMultiple, all)
	question[7] = 1 // APDUs of 128 octets
	ack := wire.APDU{Type: wire.SegmentAck, ID: 1, Sequence: 0, Window: 4}
	next := wire.BVLC{Function: wire.FuncOriginalUnicast, Body: wire.NPDU{Body: ack.Append(nil)}.Append(nil)}.Append(nil)
	out, acts := ask(t, build(t, plantEnv(t)), &spent{290}, question, next, next)
	if len(out) != 3 || out[0][6] != 0x3c || out[1][6] != 0x3c || out[2][6] != 0x71 {
		t.Fatalf("answers %x; want two segments and an abort", out)
	}
	if len(acts) != 3 || acts[2].Outcome != event.Ignored {
		t.Errorf("acts %+v", acts)
	}
}

// What visitors command and write is there after a restart.
func TestWritesSurviveARestart(t *testing.T) {
	env := plantEnv(t)
	output, input := wire.NewObjectID(typeAnalogOutput, 2), wire.NewObjectID(typeAnalogInput, 1)
	ask(t, build(t, env), nil, write(output, propPresentValue, wire.RealValue(70).Append(nil), 8),
		write(input, propDescription, wire.TextValue("mine", wire.UTF8).Append(nil), 16))
	out, _ := ask(t, build(t, env), nil, read(output, propPresentValue), read(input, propDescription), read(output, propPriorityArray))
	if v := valueOf(t, out[0]); v.Float() != 70 {
		t.Errorf("present-value is %v after a restart", v.Text())
	}
	if v := valueOf(t, out[1]); v.Text() != "mine" {
		t.Errorf("description is %q after a restart", v.Text())
	}
}

// Where the plant's own control takes an output back, no slot claims it any more.
func TestTakenBackByThePlant(t *testing.T) {
	env := plantEnv(t)
	h := build(t, env)
	cmd := wire.NewObjectID(typeBinaryOutput, 1)
	ask(t, h, nil, write(cmd, propPresentValue, wire.EnumValue(0).Append(nil), 8))
	c := h.(*controller)
	if d := c.kept.command(cmd); d == nil || len(d.Slots) != 1 {
		t.Fatalf("slots %+v", d)
	}
	ref, _ := env.Device.Process.Ref("fan.command")
	o := c.byID[cmd]
	if err := env.Device.Process.Write("", processOn(ref)); err != nil {
		t.Fatal(err)
	}
	m := &moment{view: env.Device.Process.View(), local: c.local()}
	for p, v := range c.slots(o, m) {
		if want := p+1 == 15; (v.Type != wire.Null) != want {
			t.Errorf("priority %d is %v", p+1, v.Text())
		}
	}
	if v := c.present(o, m); v.Num != 1 {
		t.Errorf("present-value %v", v.Text())
	}
}

// A log's records stay what they were, and go on in the plant's value.
func TestTrendLogGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := plantEnv(t)
		c := build(t, env).(*controller)
		o := c.byID[wire.NewObjectID(typeTrendLog, 1)]
		look := func(c *controller, o *object) []float64 {
			m := &moment{view: env.Device.Process.View(), local: c.local()}
			c.logProperty(o, propRecordCount, m)
			return append([]float64(nil), o.log.values...)
		}
		first := look(c, o)
		if len(first) != 12 || first[11] != 16.5 {
			t.Fatalf("records %v", first)
		}
		time.Sleep(31 * time.Minute)
		env.Device.Process.Step(time.Now())
		second := look(c, o)
		for i := range 10 {
			if second[i] != first[i+2] {
				t.Errorf("record %d became %v, was %v", i, second[i], first[i+2])
			}
		}
		if err := c.keepLogs(); err != nil {
			t.Fatal(err)
		}
		again := build(t, env).(*controller)
		third := look(again, again.byID[o.id])
		for i := range second {
			if third[i] != second[i] {
				t.Errorf("after a restart record %d is %v, was %v", i, third[i], second[i])
			}
		}
	})
}

func TestSettingsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`instance = "2098200"`, `instance = "4194303"`, "instance"},
		{`zone = "Europe/Berlin"`, `zone = "Europe/Nowhere"`, "zone"},
		{`zone =`, `max_apdu = 20` + "\nzone =", "max_apdu"},
		{`zone =`, `services = ["read"]` + "\nzone =", "services"},
		{`zone =`, `segmentation = "some"` + "\nzone =", "segmentation"},
		{`zone =`, `bdt = ["here"]` + "\nzone =", "bdt"},
		{`tag = "frost.alarm"`, `tag = "frost.none"`, "binary-input,3: tag"},
		{`"analog-value,1"`, `"analog-input,1"`, "declared twice"},
		{`name = "SpTR"`, `name = "TR"`, "name"},
		{`units = "degrees-celsius"`, `units = "degrees"`, "units"},
		{`class = 11`, `class = 12`, "notification-class,12"},
		{`refs = ["binary-output,1"]`, `refs = ["binary-output,9"]`, "there is no"},
		{`tag = "frost.alarm"`, `tag = "frost.alarm", writable = true`, "cannot be written"},
		{`every = "15m"`, `every = "1s"`, "every"},
		{`"06:00 1, 20:00 0"`, `"dawn 1"`, "week"},
		{`file = "ahu.cfg"`, `file = "none.cfg"`, "file"},
	} {
		_, err := newService(plantEnv(t, c.from, c.to))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want a word of %q", c.to, err, c.want)
		}
	}
}

func TestDecoder(t *testing.T) {
	p := write(wire.NewObjectID(typeAnalogValue, 1), propPresentValue, wire.RealValue(1).Append(nil), 8)
	f, n, err := newDecoder().Next(true, p)
	if err != nil || n != len(p) || f.Act.Op != "write_property" || f.Act.Class != event.Write {
		t.Fatalf("%+v %d %v", f, n, err)
	}
	for _, field := range f.Fields {
		if field.Off < 0 || field.Len < 0 || field.Off+field.Len > len(p) {
			t.Errorf("%+v lies outside of the frame", field)
		}
	}
	if _, n, err := newDecoder().Next(true, []byte("GET / HTTP/1.0\r\n\r\n")); err == nil || n == 0 {
		t.Error("HTTP is taken for BACnet/IP")
	}
}

// Whatever comes is one act, and no more than a window of answers.
func FuzzController(f *testing.F) {
	id := wire.NewObjectID(typeAnalogValue, 1)
	for _, p := range [][]byte{read(id, propPresentValue), write(id, propPresentValue, wire.RealValue(1).Append(nil), 8),
		{0x81, 2, 0, 4}, {0x81, 0x0b, 0, 0x0c, 1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 8},
		confirmed(wire.ReadPropertyMultiple, []byte{0x0c, 2, 0x3f, 0xff, 0xff, 0x1e, 9, 8, 0x1f}),
		confirmed(wire.SubscribeCOV, []byte{9, 1, 0x1c, 0, 0x80, 0, 1, 0x29, 1, 0x39, 60}),
		confirmed(wire.ReadRange, []byte{0x0c, 5, 0, 0, 1, 0x19, 131}), confirmed(wire.AtomicWriteFile, []byte{0xc4, 2, 0x80, 0, 1, 0x0e, 0x31, 0, 0x61, 0x58, 0x0f})} {
		f.Add(p)
	}
	h := build(f, plantEnv(f))
	f.Fuzz(func(t *testing.T, p []byte) {
		h.(*controller).quiet = newQuiet()
		out, acts := ask(t, h, nil, p)
		asked := 0
		for _, e := range acts {
			if e.Class != event.Report {
				asked++
			}
		}
		if asked != 1 || len(out) > 2 {
			t.Errorf("%d acts and %d answers", asked, len(out))
		}
		if _, n, err := newDecoder().Next(true, p); err == nil && n != len(p) {
			t.Errorf("the decoder takes %d of %d octets", n, len(p))
		}
	})
}

func processOn(ref process.Ref) process.Write {
	return process.Write{Tag: ref, Value: process.BoolValue(true)}
}

// endless asks the same for ever.
type endless struct {
	script
	p    []byte
	left int
}

func (c *endless) Datagram() ([]byte, error) {
	if c.left--; c.left < 0 {
		return nil, net.ErrClosed
	}
	return c.p, nil
}

func (c *endless) Write(p []byte) (int, error) { return len(p), nil }

// nowhere is a journal that keeps nothing.
type nowhere struct{}

func (nowhere) Append([]byte, event.Class) error { return nil }

func BenchmarkReadProperty(b *testing.B) {
	h := build(b, plantEnv(b))
	c := &endless{p: read(wire.NewObjectID(typeAnalogInput, 1), propPresentValue), left: b.N}
	s := session.Open(session.Config{Conn: c, Journal: nowhere{}})
	b.ReportAllocs()
	s.End(h.Serve(b.Context(), s))
}
