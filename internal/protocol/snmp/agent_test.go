package snmp

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// script is a UDP flow whose datagrams are given and whose answers are kept.
type script struct {
	net.Conn
	in, out [][]byte
}

func (c *script) Datagram() ([]byte, error) {
	if len(c.in) == 0 {
		return nil, io.EOF
	}
	p := c.in[0]
	c.in = c.in[1:]
	return p, nil
}

func (c *script) Write(p []byte) (int, error) {
	c.out = append(c.out, append([]byte(nil), p...))
	return len(p), nil
}

func (c *script) Close() error                     { return nil }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }

// purse is a reply budget of so many octets for each datagram.
type purse int

func (p purse) Spend(n int) bool { return n <= int(p) }
func (p purse) Left() int        { return int(p) }
func (p purse) Prove() bool      { return true }

// ask sends messages to h and returns its answers and the acts.
func ask(t *testing.T, h protocol.Handler, budget session.Budget, messages ...wire.Message) ([]wire.Message, []event.Event) {
	t.Helper()
	c, journal := &script{}, &prototest.Journal{}
	for _, m := range messages {
		c.in = append(c.in, m.Append(nil))
	}
	s := session.Open(session.Config{Conn: c, Journal: journal, Budget: budget})
	s.End(h.Serve(t.Context(), s))
	var answers []wire.Message
	for _, p := range c.out {
		m, err := wire.Parse(p)
		if err != nil {
			t.Fatalf("answer % x: %v", p, err)
		}
		answers = append(answers, m)
	}
	var acts []event.Event
	for _, e := range journal.Events(t) {
		if e.Kind == event.KindAct {
			acts = append(acts, e)
		}
	}
	return answers, acts
}

func message(community string, typ ber.Tag, names ...string) wire.Message {
	m := wire.Message{Version: wire.V2c, Community: []byte(community), PDU: wire.PDU{Type: typ, RequestID: 5}}
	for _, n := range names {
		o, _, err := parseName(n)
		if err != nil {
			panic(err)
		}
		m.PDU.Varbinds = append(m.PDU.Varbinds, wire.Varbind{Name: o, Value: wire.Value{Type: ber.Null}})
	}
	return m
}

func router(t *testing.T) protocol.Handler {
	t.Helper()
	h, err := newService(routerEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestBulkKeepsToTheReplyBudget(t *testing.T) {
	h := router(t)
	bulk := message("public", wire.GetBulkRequest, "1.3.6.1.2.1")
	bulk.PDU.Index = 200
	full, _ := ask(t, h, nil, bulk)
	for _, c := range []struct {
		name    string
		budget  purse
		outcome event.Outcome
	}{
		{"some rows", 4000, event.Answered},
		{"one row", 180, event.Answered},
		{"not one", 60, event.Dropped},
		{"nothing", 0, event.Dropped},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, acts := ask(t, h, c.budget, bulk)
			if acts[0].Outcome != c.outcome {
				t.Fatalf("outcome %s, want %s", acts[0].Outcome, c.outcome)
			}
			if c.outcome == event.Dropped {
				if len(got) > 0 {
					t.Error("an answer left over budget")
				}
				return
			}
			n := len(got[0].PDU.Varbinds)
			if n == 0 || n >= len(full[0].PDU.Varbinds) || len(got[0].Append(nil)) > int(c.budget) {
				t.Errorf("%d varbinds in %d octets", n, len(got[0].Append(nil)))
			}
		})
	}
}

func TestCountersAgreeWithWhatWasServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := router(t)
		get := message("public", wire.GetRequest, "1.3.6.1.2.1.11.1.0", "1.3.6.1.2.1.11.15.0", "1.3.6.1.2.1.2.2.1.10.4", "1.3.6.1.2.1.31.1.1.1.6.4")
		guess := message("guess", wire.GetRequest, "1.3.6.1.2.1.1.1.0")
		got, _ := ask(t, h, nil, get, guess, guess, get)
		first, last := got[0].PDU.Varbinds, got[1].PDU.Varbinds
		if n := last[0].Value.Int - first[0].Value.Int; n != 3 {
			t.Errorf("snmpInPkts moved by %d, want 3", n)
		}
		if n := last[1].Value.Int - first[1].Value.Int; n != 1 {
			t.Errorf("snmpInGetRequests moved by %d, want 1", n)
		}
		want := int64(len(guess.Append(nil))*2 + len(get.Append(nil)) + 3*frameOctets)
		if n := last[2].Value.Int - first[2].Value.Int; n != want {
			t.Errorf("ifInOctets moved by %d, want %d", n, want)
		}
		if int64(uint32(last[3].Value.Int)) != last[2].Value.Int {
			t.Errorf("ifHCInOctets %d does not end in ifInOctets %d", last[3].Value.Int, last[2].Value.Int)
		}
		time.Sleep(time.Hour)
		later, _ := ask(t, h, nil, get)
		moved := later[0].PDU.Varbinds[3].Value.Int - last[3].Value.Int
		if mean := int64(3600 * 466); moved < mean/10 || moved > 2*mean {
			t.Errorf("ifHCInOctets moved by %d in an hour, mean %d", moved, mean)
		}
	})
}

func TestTrafficNeverGoesBack(t *testing.T) {
	boot := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &traffic{in: 40, out: 7, packet: 90, share: 1, swing: newSwing("p")}
	sum := &traffic{packet: 250, parts: []*traffic{p, p}, share: 0.5, swing: newSwing("sum")}
	for _, field := range []string{"in_octets", "out_octets", "in_packets", "out_packets"} {
		last := -1.0
		for at := boot; at.Before(boot.Add(2 * time.Hour)); at = at.Add(700 * time.Millisecond) {
			n := sum.base(field, boot, at)
			if n < last {
				t.Fatalf("%s went from %v back to %v at %v", field, last, n, at)
			}
			last = n
		}
	}
}

// full is a State over its quota.
type full struct{ *prototest.State }

func (full) Save(string, any) error { return errors.New("quota") }

func TestSetIsKeptOrNotDone(t *testing.T) {
	env := routerEnv(t)
	h, err := newService(env)
	if err != nil {
		t.Fatal(err)
	}
	set := message("private", wire.SetRequest, "1.3.6.1.2.1.2.2.1.7.2", "1.3.6.1.2.1.1.5.0", "1.3.6.1.4.1.4329.20.1.1.1.1.110.1.2.0")
	set.PDU.Varbinds[0].Value = wire.Value{Type: ber.Integer, Int: 2}
	set.PDU.Varbinds[1].Value = wire.Value{Type: ber.OctetString, Octets: []byte("NEW")}
	set.PDU.Varbinds[2].Value = wire.Value{Type: wire.Gauge32, Int: 3100}
	if got, _ := ask(t, h, nil, set); got[0].PDU.Status != wire.NoError {
		t.Fatalf("set: %s", wire.StatusName(got[0].PDU.Status))
	}
	ref, _ := env.Device.Process.Ref("raw.setpoint")
	if v := env.Device.Process.View().Float(ref); v != float64(float32(3.1)) {
		t.Errorf("raw.setpoint %v, want 3.1", v)
	}
	name := ""
	if env.State.Load("device.name", &name); name != "NEW" {
		t.Errorf("device.name is %q: other services do not see it", name)
	}
	again, err := newService(env)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := ask(t, again, nil, message("public", wire.GetRequest, "1.3.6.1.2.1.2.2.1.7.2", "1.3.6.1.2.1.2.2.1.8.2", "1.3.6.1.2.1.1.5.0"))
	vbs := got[0].PDU.Varbinds
	if vbs[0].Value.Int != 2 || vbs[1].Value.Int != 2 || string(vbs[2].Value.Octets) != "NEW" {
		t.Errorf("after a restart: ifAdminStatus %d, ifOperStatus %d, sysName %q", vbs[0].Value.Int, vbs[1].Value.Int, vbs[2].Value.Octets)
	}

	env = routerEnv(t)
	env.State = full{prototest.NewState()}
	if h, err = newService(env); err != nil {
		t.Fatal(err)
	}
	got, _ = ask(t, h, nil, set, message("public", wire.GetRequest, "1.3.6.1.4.1.4329.20.1.1.1.1.110.1.2.0"))
	if got[0].PDU.Status != wire.CommitFailed || got[1].PDU.Varbinds[0].Value.Int == 3100 {
		t.Errorf("without room: %s, setpoint %d", wire.StatusName(got[0].PDU.Status), got[1].PDU.Varbinds[0].Value.Int)
	}
}

func TestSettingsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, settings, mib, want string }{
		{"duplicate", "", "1.3.6.1.2.1.1.1.0,text,a\n1.3.6.1.2.1.1.1.0,text,b\n", "mib.csv:2: 1.3.6.1.2.1.1.1.0 is there already (mib.csv:1)"},
		{"bad OID", "", "# c\n1.3.x,text,a\n", "mib.csv:2: write an OID"},
		{"bad syntax", "", "1.3.6.1.0,string,a\n", `mib.csv:1: as = "string"`},
		{"bad value", "", "1.3.6.1.0,integer,abc\n", `mib.csv:1: "abc" is no integer`},
		{"cells", "", "1.3.6.1.0,integer\n", "mib.csv:1: write: oid,as,value"},
		{"no such source", "", "1.3.6.1.0,integer,=moon\n", `no source "moon"`},
		{"no such counter", "", "1.3.6.1.0,counter,=counter:snmpInMoons\n", `no counter "snmpInMoons"`},
		{"no such tag", `objects = [{ oid = "1.3.6.1.0", as = "gauge", tag = "moon" }]`, "", `no tag "moon"`},
		{"a text as a number", "", "1.3.6.1.0,integer,=device:name\n", "a text cannot be shown as integer"},
		{"uptime cannot be set", "", "1.3.6.1.0,ticks,=uptime,rw\n", "cannot be written"},
		{"both", `objects = [{ oid = "1.3.6.1.0", as = "gauge", value = "1", from = "uptime" }]`, "", "give one of value, from and tag"},
		{"users without an engine", `users = [{ name = "x" }]`, "", "version 3 needs engine"},
		{"short password", "engine = \"8000000001\"\nusers = [{ name = \"x\", auth = \"md5\", auth_key = \"short\" }]", "", "eight octets"},
		{"privacy alone", "engine = \"8000000001\"\nusers = [{ name = \"x\", priv = \"des\" }]", "", "needs auth"},
		{"version", `versions = ["4"]`, "", `no version "4"`},
		{"traffic", "[[traffic]]\nname = \"a\"\nof = [\"b\"]", "", `no traffic "b" before it`},
		{"identity", "", "1.3.6.1.0,text,${moon}\n", "identity has no ${moon}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{"mib.csv": {Data: []byte(c.mib)}}
			_, err := newService(prototest.Env(t, nil, []byte("mib = [\"mib.csv\"]\n"+c.settings), files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWalkOrder(t *testing.T) {
	m := router(t).(*agent).mib
	for i := 1; i < len(m.objects); i++ {
		if m.objects[i-1].oid.Compare(m.objects[i].oid) >= 0 {
			t.Errorf("%v stands before %v", m.objects[i-1].oid, m.objects[i].oid)
		}
	}
}

func TestDecoder(t *testing.T) {
	get := message("public", wire.GetRequest, "1.3.6.1.2.1.1.1.0").Append(nil)
	f, n, err := newDecoder().Next(true, get)
	if err != nil || n != len(get) || f.Act.Op != "get_request" || f.Act.Cred.Secret != "public" {
		t.Fatalf("%d octets, %+v, %v", n, f.Act, err)
	}
	for _, field := range f.Fields {
		if field.Off < 0 || field.Off+field.Len > len(get) {
			t.Errorf("%s lies at %d+%d of %d octets", field.Name, field.Off, field.Len, len(get))
		}
	}
	if last := f.Fields[len(f.Fields)-1]; last.Name != "1.3.6.1.2.1.1.1.0" || last.Off+last.Len != len(get) {
		t.Errorf("last field %+v", last)
	}
	three := wire.Message{Version: wire.V3, Three: &wire.Three{ID: 1, MaxSize: 484, Flags: wire.FlagPriv | wire.FlagAuth, Model: wire.ModelUSM,
		Security: wire.USM{User: []byte("u")}.Append(nil), Encrypted: make([]byte, 16)}}.Append(nil)
	if f, n, err = newDecoder().Next(true, three); err != nil || n != len(three) || f.Fields[len(f.Fields)-1].Name != "encrypted_pdu" {
		t.Errorf("version 3: %d octets, %+v, %v", n, f, err)
	}
	if _, n, err = newDecoder().Next(true, []byte{0x60, 0}); err == nil || n != 2 {
		t.Errorf("60 00: %d octets, %v", n, err)
	}
}

func TestHello(t *testing.T) {
	for _, c := range []struct {
		name, settings string
		want           bool
	}{
		{"public", `communities = [{ name = "public" }]`, true},
		{"version 3 alone", `engine = "8000000001"`, true},
		{"silence", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := newService(prototest.Env(t, nil, []byte(c.settings), nil))
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("udp", serve(t, h, &prototest.Journal{}))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := hello(ctx, conn); (err == nil) != c.want {
				t.Errorf("hello: %v", err)
			}
		})
	}
}

// FuzzAgent sends any datagram: the agent never panics, answers at most once
// and records each exactly once.
func FuzzAgent(f *testing.F) {
	get := message("public", wire.GetRequest, "1.3.6.1.2.1.1.1.0")
	for _, m := range []wire.Message{get, message("private", wire.SetRequest, "1.3.6.1.2.1.1.6.0"), message("public", wire.GetBulkRequest, "1.3", "1.3.6.1.2.1.2"),
		{Version: wire.V3, Three: &wire.Three{MaxSize: 65507, Flags: wire.FlagReportable, Model: wire.ModelUSM, Security: wire.USM{}.Append(nil), Scoped: wire.Scoped{PDU: get.PDU}}}} {
		f.Add(m.Append(nil))
	}
	h, err := newService(routerEnv(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		c, journal := &script{in: [][]byte{p}}, &prototest.Journal{}
		s := session.Open(session.Config{Conn: c, Journal: journal})
		s.End(h.Serve(t.Context(), s))
		acts := 0
		for _, e := range journal.Events(t) {
			if e.Kind == event.KindAct {
				acts++
			}
		}
		if acts != 1 || len(c.out) > 1 {
			t.Errorf("%d acts and %d answers", acts, len(c.out))
		}
	})
}

// sink is a journal that keeps nothing.
type sink struct{}

func (sink) Append([]byte, event.Class) error { return nil }

// endless is a flow that yields one datagram n times.
type endless struct {
	script
	p []byte
	n int
}

func (c *endless) Datagram() ([]byte, error) {
	if c.n == 0 {
		return nil, io.EOF
	}
	c.n--
	return c.p, nil
}

func (c *endless) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkAgent(b *testing.B) {
	h, err := newService(routerEnv(b))
	if err != nil {
		b.Fatal(err)
	}
	bulk := message("public", wire.GetBulkRequest, "1.3.6.1.2.1.2.2.1")
	bulk.PDU.Index = 20
	for _, c := range []struct {
		name string
		m    wire.Message
	}{
		{"get", message("public", wire.GetRequest, "1.3.6.1.2.1.1.1.0")},
		{"get_next", message("public", wire.GetNextRequest, "1.3.6.1.2.1.2.2.1.10.1")},
		{"get_bulk", bulk},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			s := session.Open(session.Config{Conn: &endless{p: c.m.Append(nil), n: b.N}, Journal: sink{}, Instant: true})
			s.End(h.Serve(b.Context(), s))
		})
	}
}
