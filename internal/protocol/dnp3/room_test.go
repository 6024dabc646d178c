package dnp3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// feeder is the shipped recloser control, at address 10.
func feeder(t testing.TB) *outstation {
	t.Helper()
	files := os.DirFS("../../../personas/feeder-outstation")
	tags, err := os.ReadFile("../../../personas/feeder-outstation/process.toml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := os.ReadFile("../../../personas/feeder-outstation/rtu/dnp3.toml")
	if err != nil {
		t.Fatal(err)
	}
	env := prototest.Env(t, tags, set, files)
	env.Device.Identity.Values = map[string]string{"outstation": "10", "circuit": "21"}
	o, err := build(env)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// serve runs the room on a pipe; what it recorded is there once done is closed.
func serve(t testing.TB, h protocol.Handler) (c net.Conn, j *prototest.Journal, done chan struct{}) {
	here, there := net.Pipe()
	j, done = &prototest.Journal{}, make(chan struct{})
	s := session.Open(session.Config{Conn: there, Journal: j, Idle: 2 * time.Second, Instant: true, Artifacts: &prototest.Artifacts{}})
	go func() { defer close(done); s.End(h.Serve(t.Context(), s)) }()
	return here, j, done
}

// ask wraps a fragment into frames for address 10.
func ask(fragment []byte) []byte {
	var p []byte
	wire.Segments(fragment, 0, func(segment []byte) {
		p = wire.Frame{Control: wire.Dir | wire.Prm | uint8(wire.UnconfirmedData), Dest: 10, Src: 1, UserData: segment}.Append(p)
	})
	return p
}

func TestHello(t *testing.T) {
	c, _, done := serve(t, feeder(t))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := hello(ctx, c); err != nil {
		t.Error(err)
	}
	c.Close()
	<-done
}

func TestRefuse(t *testing.T) {
	got := refuse(ask([]byte{0xC5, byte(wire.DirectOperate), 12, 1}))
	f, err := wire.ParseFrame(got)
	if err != nil || f.Dest != 1 || f.Src != 10 || !bytes.Equal(f.UserData[1:], []byte{0xC5, 0x81, 0, 1}) {
		t.Errorf("% x (%v)", got, err)
	}
	for name, p := range map[string][]byte{"confirmation": ask([]byte{0xC5, 0}), "response": ask([]byte{0xC5, 0x81, 0, 0}), "garbage": []byte("GET / HTTP/1.1\r\n\r\n"), "empty": nil} {
		if got := refuse(p); got != nil {
			t.Errorf("%s is refused with % x", name, got)
		}
	}
}

func TestDecode(t *testing.T) {
	d := Protocol().Decode()
	request := ask(octettest.Hex(t, "c0 05 0c01 17 01 00 8101 64000000 64000000 00"))
	f, n, err := d.Next(true, append(request, 5))
	if err != nil || n != len(request) || f.Act.Op != "direct_operate" || f.Act.Class != event.Control {
		t.Errorf("%+v, %d, %v", f.Act, n, err)
	}
	if last := f.Fields[len(f.Fields)-1]; last.Name != "g12v1" || last.Value != "008101640000006400000000" {
		t.Errorf("the last field is %+v", last)
	}
	answer := wire.Frame{Control: 0x44, Dest: 1, Src: 10, UserData: octettest.Hex(t, "c0 c0 81 9000 0102 00 00 00 81")}.Append(nil)
	f, n, err = d.Next(false, answer)
	if err != nil || n != len(answer) || f.Act.Op != "response" {
		t.Errorf("%+v, %d, %v", f.Act, n, err)
	}
	if _, n, err := d.Next(true, request[:12]); n != 0 || err != nil {
		t.Errorf("a part of a frame: %d, %v", n, err)
	}
	if _, _, err := d.Next(true, []byte("SSH-2.0-x\r\n")); err == nil {
		t.Error("another protocol decodes")
	}
}

func TestSettings(t *testing.T) {
	tags := []byte("[[tag]]\nname = \"a\"\ntype = \"float32\"\nwritable = true\n")
	for _, c := range []struct{ name, text, want string }{
		{"no address", "", "address"},
		{"reserved address", `address = "65532"`, "address"},
		{"unknown value", `address = "${nothing}"`, "nothing"},
		{"fragment", "address = \"1\"\nfragment = 20", "fragment"},
		{"select", "address = \"1\"\nselect = \"2h\"", "select"},
		{"latency", "address = \"1\"\nlatency = { min = \"2s\", max = \"1s\" }", "latency"},
		{"function", "address = \"1\"\nfunctions = [77]", "functions"},
		{"events", "address = \"1\"\nevents = 0", "events"},
		{"no such tag", "address = \"1\"\nanalog = [{ at = 0, tag = \"b\" }]", `"b"`},
		{"no tag", "address = \"1\"\nbinary = [{ at = 0 }]", "tag"},
		{"variation", "address = \"1\"\nanalog = [{ at = 0, tag = \"a\", static = 9 }]", "variation 9"},
		{"class", "address = \"1\"\nanalog = [{ at = 0, tag = \"a\", class = 4 }]", "class"},
		{"accept", "address = \"1\"\noutput = [{ at = 0, tag = \"a\", accept = [\"jump\"] }]", "jump"},
		{"twice", "address = \"1\"\nanalog = [{ at = 3, tag = \"a\" }, { at = 3, tag = \"a\" }]", "two points 3"},
		{"attribute", "address = \"1\"\nattributes = { 240 = \"x\" }", "240"},
		{"file", "address = \"1\"\nfiles = [{ name = \"/x\", file = \"none\" }]", "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Protocol().New(prototest.Env(t, tags, []byte(c.text), os.DirFS(t.TempDir())))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that names %s", err, c.want)
			}
		})
	}
}

// What a visitor changed is there after a restart of the sensor.
func TestKept(t *testing.T) {
	tags := []byte("[[tag]]\nname = \"n\"\ntype = \"uint32\"\nstart = 900\n[[tag]]\nname = \"a\"\ntype = \"float32\"\n")
	set := []byte("address = \"10\"\nrestarted = true\ncounter = [{ at = 0, tag = \"n\", frozen = true }]\nanalog = [{ at = 0, tag = \"a\", class = 1 }]\n")
	env := prototest.Env(t, tags, set, nil)
	for i, want := range []string{"c1818000 140100000001 84030000 150100000001 00000000", "c1810000 140100000001 00000000 150100000001 84030000"} {
		o, err := build(env)
		if err != nil {
			t.Fatal(err)
		}
		c, _, done := serve(t, o)
		got := talk(t, c, "c1 01 1401 06 1501 06")
		want := octettest.Hex(t, want)
		if !bytes.Equal(got, want) {
			t.Errorf("start %d: % x, want % x", i, got, want)
		}
		band := o.points[analog][0]
		if (i == 1) != (band.Deadband == 100 && band.class == 3) {
			t.Errorf("start %d: deadband %v, class %d", i, band.Deadband, band.class)
		}
		talk(t, c, "c2 09 1400 06")
		talk(t, c, "c3 02 2203 17 01 00 0000c842")
		talk(t, c, "c4 16 3c04 06 1e00 06")
		talk(t, c, "c5 02 5001 00 0707 00")
		c.Close()
		<-done
	}
}

// talk asks and returns the fragment that answers.
func talk(t *testing.T, c net.Conn, fragment string) []byte {
	t.Helper()
	go c.Write(ask(octettest.Hex(t, fragment)))
	head := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	n, err := wire.FrameLen(head)
	if err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, n-len(head))
	if _, err := io.ReadFull(c, rest); err != nil {
		t.Fatal(err)
	}
	f, err := wire.ParseFrame(append(head, rest...))
	if err != nil {
		t.Fatal(err)
	}
	return f.UserData[1:]
}

// FuzzOutstation holds the room to its law, whatever fragments come: Serve
// returns, every octet is in some act, and each answer is one that a master can
// parse to its end.
func FuzzOutstation(f *testing.F) {
	for _, s := range []string{
		"c0013c02063c03063c04063c0106", "c00500fe0000", "c1050c01170100410164000000640000000000", "c2092c0006", "c3021e000600fe000000",
		"c0190c", "c11946035b011b001a000100000000000000000000000000000000000100c80007002f", "c2164600063c0206010006", "c01401",
		"c30b3202070188bfcf6adc0010270000140006", "c70246055b010c0003000000000000004d5a9000", "c001220006500100000f6e0006",
	} {
		f.Add(octettest.Hex(f, s))
	}
	o := feeder(f)
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > wire.MaxFragment {
			return
		}
		o.mu.Lock()
		o.down = device.Outage{} // of an earlier restart
		o.mu.Unlock()
		c, j, done := serve(t, o)
		answered := make(chan []byte)
		go func() { answered <- untilStatus(c) }()
		last := wire.Frame{Control: wire.Dir | wire.Prm | uint8(wire.RequestStatus), Dest: 10, Src: 1}
		c.Write(last.Append(append(ask(p), ask([]byte{0xC0, 0})...))) // its error: the device restarts
		out := <-answered
		c.Close()
		<-done
		for _, e := range j.Events(t) {
			if e.Op == session.OpUnrecorded {
				t.Fatalf("octets that no act claims: %x", e.Request)
			}
		}
		if err := readable(out); err != nil {
			t.Fatalf("answer to % x: %v: % x", p, err, out)
		}
	})
}

// untilStatus reads up to the link status that ends a conversation, or its end.
func untilStatus(c net.Conn) []byte {
	end := wire.Frame{Control: uint8(wire.LinkStatus), Dest: 1, Src: 10}.Append(nil)
	buf := make([]byte, 4096)
	var out []byte
	for !bytes.HasSuffix(out, end) {
		n, err := c.Read(buf)
		out = append(out, buf[:n]...)
		if err != nil {
			break
		}
	}
	return out
}

// readable says why a master could not read what an outstation sent.
func readable(p []byte) error {
	a := wire.Assembler{Limit: wire.MaxFragment}
	for len(p) > 0 {
		n, err := wire.FrameLen(p)
		if err != nil || n > len(p) {
			return fmt.Errorf("frame of %d octets: %w", n, err)
		}
		f, err := wire.ParseFrame(p[:n])
		if err != nil {
			return err
		}
		p = p[n:]
		if len(f.UserData) == 0 {
			continue
		}
		whole, err := a.Add(f.UserData)
		if err != nil {
			return err
		}
		if whole == nil {
			continue
		}
		q, err := wire.ParseFragment(whole)
		if err != nil || !q.Function.Response() {
			return fmt.Errorf("function %d: %w", q.Function, err)
		}
		if _, err := wire.ParseObjects(q.Function, q.Objects); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkClass0(b *testing.B) {
	o := feeder(b)
	v := &visitor{outstation: o}
	b.ReportAllocs()
	for b.Loop() {
		c := newComposer(o.Fragment)
		view := o.device.Process.View()
		for k := range v.points {
			c.static(v.points[k], 0, view, 0)
		}
	}
}

// BenchmarkRequest is a read of 16 analogs from frame to frame.
func BenchmarkRequest(b *testing.B) {
	c, _, done := serve(b, feeder(b))
	p, buf := ask(octettest.Hex(b, "c0011e0100000f")), make([]byte, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
	<-done
}
