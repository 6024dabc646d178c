//go:build bench

package interop

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// A probe is one request of a protocol and how its answer is read.
type probe struct {
	name    string
	network string
	port    int
	hello   [][]byte // sent first, each answered
	request []byte
	read    func(r *bufio.Reader) error          // TCP
	conns   int                                  // at once; 0: 64. A device may have fewer
	persona string                               // empty: the default
	build   func(t testing.TB, s *sundew) []byte // the request, where it depends on the installation
}

// probes has a row per protocol.
func probes() []probe {
	return []probe{
		{name: "modbus read 2 registers", network: "tcp", port: 5020, request: []byte("\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x02"), read: readMBAP},
		{name: "http GET /values.json", network: "tcp", port: 8800, request: []byte("GET /values.json HTTP/1.1\r\nHost: x\r\n\r\n"), read: readHTTP},
		{name: "s7 read 4 octets of DB1", network: "tcp", port: 10201, hello: s7Hello(), request: s7Read(), read: readTPKT, conns: 12},
		{name: "s7 read SZL 0011", network: "tcp", port: 10201, hello: s7Hello(), request: s7ReadSZL(), read: readTPKT, conns: 12},
		{name: "ftp NOOP", network: "tcp", port: 2121, request: []byte("NOOP\r\n"), read: readLine},
		{name: "tftp read request refused", network: "udp", port: 6969, request: []byte("\x00\x01none\x00octet\x00")},
		{name: "ipmi get channel capabilities", network: "udp", port: 6230, request: []byte("\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x20\x18\xc8\x81\x00\x38\x8e\x04\xb5")},
		{name: "enip list identity", network: "tcp", port: 44818, request: append([]byte("\x63"), make([]byte, 23)...), read: readENIP},
		{name: "snmp get sysUpTime", network: "udp", port: 16100, request: []byte("\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x04\x01\x02\x03\x04\x02\x01\x00\x02\x01\x00\x30\x0b\x30\x09\x06\x05\x2b\x06\x01\x02\x01\x05\x00")},
		{name: "iec104 test frame", network: "tcp", port: 2404, request: []byte("\x68\x04\x43\x00\x00\x00"), read: readAPDU, persona: "substation-rtu"},
		{name: "bacnet read present-value", network: "udp", port: 47808, request: []byte("\x81\x0a\x00\x11\x01\x04\x00\x05\x01\x0c\x0c\x00\x00\x00\x01\x19\x55")},
		{name: "dnp3 read 16 analogs", persona: "feeder-outstation", network: "tcp", port: dnp3Port, build: dnp3Question("c001 1e01 00 000f"), read: readDNP3},
	}
}

func readLine(r *bufio.Reader) error {
	_, err := r.ReadSlice('\n')
	return err
}

func readMBAP(r *bufio.Reader) error {
	head, err := r.Peek(6)
	if err != nil {
		return err
	}
	_, err = r.Discard(6 + int(binary.BigEndian.Uint16(head[4:])))
	return err
}

// readDNP3 reads one link frame.
func readDNP3(r *bufio.Reader) error {
	head, err := r.Peek(wire.HeaderLen)
	if err != nil {
		return err
	}
	n, err := wire.FrameLen(head)
	if err == nil {
		_, err = r.Discard(n)
	}
	return err
}

func readAPDU(r *bufio.Reader) error {
	head, err := r.Peek(2)
	if err != nil {
		return err
	}
	_, err = r.Discard(2 + int(head[1]))
	return err
}

func readENIP(r *bufio.Reader) error {
	head, err := r.Peek(4)
	if err != nil {
		return err
	}
	_, err = r.Discard(24 + int(binary.LittleEndian.Uint16(head[2:])))
	return err
}

func readHTTP(r *bufio.Reader) error {
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// result is one measurement.
type result struct {
	perSecond float64
	p50, p99  time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("%8.0f/s  p50 %6s  p99 %6s", r.perSecond, r.p50.Round(time.Microsecond), r.p99.Round(time.Microsecond))
}

const (
	connections = 64
	measureFor  = 3 * time.Second
)

// load asks from as many connections as the probe has, each waiting for its answer.
func load(t *testing.T, addr string, p probe) result {
	t.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var wg sync.WaitGroup
	start := time.Now()
	conns := connections
	if p.conns > 0 {
		conns = p.conns
	}
	for range conns {
		wg.Go(func() {
			took, err := ask(addr, p, start.Add(measureFor))
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	if failed != nil || len(all) == 0 {
		t.Fatalf("%s: %v", p.name, failed)
	}
	slices.Sort(all)
	return result{float64(len(all)) / measureFor.Seconds(), all[len(all)/2], all[len(all)*99/100]}
}

// ask asks again and again until the time. A device that ends its connection
// after so many requests gets a new one, within the request's time.
func ask(addr string, p probe, until time.Time) (took []time.Duration, err error) {
	a := &asker{probe: p, addr: addr, buf: make([]byte, 64<<10)}
	if err := a.dial(); err != nil {
		return nil, err
	}
	defer func() { a.conn.Close() }()
	for time.Now().Before(until) {
		begun := time.Now()
		err := a.once(p.request)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
			a.conn.Close()
			if err = a.dial(); err == nil {
				err = a.once(p.request)
			}
		}
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(begun))
	}
	return took, nil
}

// asker is one connection of the load.
type asker struct {
	probe
	addr string
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
}

func (a *asker) dial() (err error) {
	if a.conn, err = net.Dial(a.network, a.addr); err != nil {
		return err
	}
	a.r = bufio.NewReaderSize(a.conn, 64<<10)
	for _, h := range a.hello {
		if err := a.once(h); err != nil {
			return err
		}
	}
	return nil
}

func (a *asker) once(q []byte) error {
	if _, err := a.conn.Write(q); err != nil {
		return err
	}
	a.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if a.network == "udp" {
		_, err := a.conn.Read(a.buf)
		return err
	}
	return a.read(a.r)
}

// TestEchoServer is not a test: it is the bare echo server that the benchmark
// starts as a process of its own. A TCP connection gets back what it sends, in
// units of the probe's size; UDP datagrams come back as they are.
func TestEchoServer(t *testing.T) {
	addr := os.Getenv("SUNDEW_ECHO")
	if addr == "" {
		t.Skip("the benchmark starts it")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	u, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, a, err := u.ReadFrom(buf)
			if err != nil {
				return
			}
			u.WriteTo(buf[:n], a)
		}
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				c.Write(buf[:n])
			}
		}()
	}
}

func startEcho(t *testing.T) string {
	const addr = "127.13.13.13:7007"
	c := exec.Command(os.Args[0], "-test.run", "^TestEchoServer$")
	c.Env = append(os.Environ(), "SUNDEW_ECHO="+addr)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	for range 100 {
		if k, err := net.Dial("tcp", addr); err == nil {
			k.Close()
			return addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the echo server is not up")
	return ""
}

// echoProbe is the same request to the echo server: as many octets come back.
func echoProbe(p probe) probe {
	n := len(p.request)
	return probe{name: "echo", network: p.network, request: p.request, conns: p.conns, read: func(r *bufio.Reader) error {
		_, err := r.Discard(n)
		return err
	}}
}

// TestBench measures the three aims of the issue per protocol, beside a bare Go
// echo server in the same run, with the journal and the conpotjson sink on. It
// fails only below half of an aim.
func TestBench(t *testing.T) {
	echo := startEcho(t)
	dir := t.TempDir()
	cfg := filepath.Join(dir, "sundew.toml")
	sink := fmt.Sprintf("[[sink]]\ndriver = \"conpotjson\"\nsettings = { path = %q }\n", filepath.Join(dir, "conpot.json"))
	if err := os.WriteFile(cfg, []byte(sink), 0o600); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	s := startAt(t, "127.13.13.14", filepath.Join(dir, "data"), "default", "--limits", "off", "--latency", "off", "--store", "off", "--dashboard", "off", "--config", cfg)
	up := time.Since(begun)
	idle := s.memory()
	var report strings.Builder
	fmt.Fprintf(&report, "%s, %d CPUs, %s\n", runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(&report, "up after %v, %d MB resident when idle\n", up.Round(time.Millisecond), idle>>20)
	others := map[string]*sundew{"": s}
	for _, p := range probes() {
		at := others[p.persona]
		if at == nil {
			at = startAt(t, fmt.Sprintf("127.13.13.%d", 14+len(others)), filepath.Join(dir, p.persona), p.persona, "--limits", "off", "--latency", "off", "--store", "off", "--dashboard", "off")
			others[p.persona] = at
		}
		if p.build != nil {
			p.request = p.build(t, at)
		}
		bare := load(t, echo, echoProbe(p))
		ours := load(t, at.at(p.port), p)
		ratio, tail := ours.perSecond/bare.perSecond, float64(ours.p99)/float64(bare.p99)
		fmt.Fprintf(&report, "%-28s %s\n%-28s %s\n%-28s %.2f of the echo server's requests, p99 %.1f times its\n", p.name, ours, "  echo, same octets", bare, "", ratio, tail)
		if ratio < 0.3 {
			t.Errorf("%s: %.2f of the echo server's requests per second; the aim is 0.6", p.name, ratio)
		}
	}
	if idle > 60<<20 {
		t.Errorf("%d MB resident when idle; the aim is 30", idle>>20)
	}
	if up > 400*time.Millisecond {
		t.Errorf("answering %v after the start; the aim is 200 ms", up)
	}
	for _, n := range []int{1000, 10000} {
		grown := s.hold(t, n) - idle
		fmt.Fprintf(&report, "%d idle connections: %d KB each\n", n, grown/n>>10)
		if grown/n > 80<<10 {
			t.Errorf("%d octets per idle connection; the aim is 40 KB", grown/n)
		}
	}
	fmt.Fprintf(&report, "journal: %d octets per act\n", s.journalPerAct(t))
	t.Log("\n" + report.String())
}

// memory is the sensor's resident memory in octets, once it has calmed down.
func (s *sundew) memory() int {
	time.Sleep(time.Second)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	pages, _ := strconv.Atoi(strings.Fields(string(b))[1])
	return pages * os.Getpagesize()
}

// hold opens n connections, lets each ask once, and returns the memory then.
func (s *sundew) hold(t *testing.T, n int) int {
	p := probes()[0]
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range n {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 13, byte(i>>8), 99)}}
		c, err := d.Dial("tcp", s.at(p.port))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		c.Write(p.request)
		if err := p.read(bufio.NewReaderSize(c, 256)); err != nil {
			t.Fatal(err)
		}
	}
	return s.memory()
}

// journalPerAct is the size of the journal over the acts in it, envelopes of
// sessions included.
func (s *sundew) journalPerAct(t *testing.T) int {
	files, err := filepath.Glob(filepath.Join(s.dir, "journal", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatal("no journal segment", err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return len(b) / max(1, bytes.Count(b, []byte(`"kind":"act"`)))
}
