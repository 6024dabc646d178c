package sensor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// room is a protocol.Handler made of a function.
type room func(context.Context, *session.Session) error

func (r room) Serve(ctx context.Context, s *session.Session) error { return r(ctx, s) }

// echo answers each line, or each datagram, with itself.
func echo(_ context.Context, s *session.Session) error {
	for {
		var p []byte
		var err error
		if s.Packet() {
			p, err = s.Datagram()
		} else {
			p, err = s.R().ReadBytes('\n')
		}
		if err != nil {
			return err
		}
		s.Record(event.Act{Op: "echo", Class: event.Read})
		s.Write(p)
	}
}

// rig is a sensor that runs.
type rig struct {
	*Sensor
	t       *testing.T
	journal *prototest.Journal
	cancel  context.CancelFunc
	done    chan struct{}
	log     *bytes.Buffer // not to be read before stop
}

// service is a Service of network on addr ("127.0.0.1:0") with h.
func newService(network, addr string, h protocol.Handler) Service {
	return Service{Persona: "p", Device: "plc", Name: "echo-" + network, Handler: h,
		Protocol: protocol.Protocol{Name: "echo", Network: network, Port: 7, Sides: []string{"tcp", "udp"}}, Addr: netip.MustParseAddrPort(addr), Standard: 7}
}

func run(t *testing.T, services ...Service) *rig {
	t.Helper()
	r := &rig{t: t, journal: &prototest.Journal{}, done: make(chan struct{}), log: &bytes.Buffer{}}
	r.Sensor = New(Config{Services: services, Journal: r.journal, Sensor: "test", Boot: "boot", Build: "b", Site: Site{Name: "lab", Country: "NL"},
		Log: slog.New(slog.NewTextHandler(r.log, nil))})
	if err := r.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		defer close(r.done)
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(r.stop)
	return r
}

// stop ends the sensor, which must take less than a second.
func (r *rig) stop() {
	r.cancel()
	select {
	case <-r.done:
	case <-time.After(time.Second):
		r.t.Error("shutdown takes more than 1 s")
		<-r.done
	}
}

// from connects to addr from an address of the loopback network.
func from(ip, addr string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: time.Second}
	c, err := d.Dial("tcp", addr)
	if err == nil {
		c.SetDeadline(time.Now().Add(5 * time.Second))
	}
	return c, err
}

// dial connects to the first service.
func (r *rig) dial(ip string) net.Conn {
	r.t.Helper()
	c, err := from(ip, r.Addrs(0)[0].String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

// serves says whether a newcomer from ip is served; a refusal may show as early
// as in connecting.
func (r *rig) serves(ip string) bool {
	c, err := from(ip, r.Addrs(0)[0].String())
	if err != nil {
		return false
	}
	r.t.Cleanup(func() { c.Close() })
	return answers(c)
}

// answers asks one line and says whether it comes back.
func answers(c net.Conn) bool {
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		return false
	}
	l, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && l == "hello\n"
}

// await polls until ok, at most 2 s.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still waiting for %s", what)
		}
	}
}

// of returns the events of a kind.
func (r *rig) of(k event.Kind) []event.Event {
	var out []event.Event
	for _, e := range r.journal.Events(r.t) {
		if e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}

// status returns the details of the status lines of what.
func status[D any](r *rig, what string) []D {
	r.t.Helper()
	var out []D
	for _, e := range r.of(event.KindStatus) {
		if e.What == what {
			var d D
			if err := json.Unmarshal(e.Detail, &d); err != nil {
				r.t.Errorf("%v in %s", err, e.Detail)
			}
			out = append(out, d)
		}
	}
	return out
}

func (r *rig) refused(reason string) uint64 {
	var n uint64
	for _, d := range status[refusedDetail](r, "refused") {
		if d.Reason == reason {
			n += d.Count
		}
	}
	return n
}
