//go:build interop

package interop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/personas"
)

const (
	hostilePayloads = 20000 // per port
	hostileWorkers  = 48
)

// TestHostile sends random, truncated, oversized and foreign octets to every
// port of the default persona: each payload must be in the journal, whole or by
// its hash, and the sensor must serve on with flat memory.
func TestHostile(t *testing.T) {
	list, err := persona.List(personas.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		t.Run(p.Name, func(t *testing.T) { hostile(t, p.Name) })
	}
}

func hostile(t *testing.T, name string) {
	s := start(t, name, "--limits", "off", "--latency", "off")
	services := s.services()
	before := s.rss()
	for _, v := range services {
		t.Run(v.Device+"/"+v.Service, func(t *testing.T) {
			sent := &tally{count: map[string]int{}}
			if v.network() == "udp" {
				v.floodUDP(t, sent)
			} else {
				v.floodTCP(t, sent)
			}
			v.compare(t, s, sent)
		})
	}
	if name == personas.Default {
		t.Run("nmap -sV", func(t *testing.T) { s.scan(t, services) })
	}
	if after := s.rss(); after > before+200<<20 {
		t.Errorf("memory grew from %d to %d MB", before>>20, after>>20)
	} else {
		t.Logf("memory %d MB before, %d MB after", before>>20, after>>20)
	}
}

// scan has nmap guess the versions of all TCP services.
func (s *sundew) scan(t *testing.T, services []port) {
	var ports []string
	for _, v := range services {
		if v.network() == "tcp" {
			ports = append(ports, v.port())
		}
	}
	run(t, "timeout", "300", "nmap", "-Pn", "-n", "-sV", "--version-intensity", "5", "-p", strings.Join(ports, ","), s.addr)
}

// port is where one service listens, as the journal's start line has it.
type port struct {
	Persona  string `json:"persona"`
	Device   string `json:"device"`
	Service  string `json:"service"`
	Protocol string `json:"protocol"`
	Addr     string `json:"addr"`
	Network  string `json:"network"`
}

func (p port) network() string { return p.Network }

func (p port) port() string {
	_, n, _ := net.SplitHostPort(p.Addr)
	return n
}

func (s *sundew) services() []port {
	for _, e := range s.events() {
		if e.Kind == event.KindStatus && e.What == "start" {
			var d struct{ Services []port }
			if err := json.Unmarshal(e.Detail, &d); err != nil {
				s.t.Fatal(err)
			}
			return d.Services
		}
	}
	s.t.Fatal("the journal has no start line")
	return nil
}

// rss is the sensor's resident memory in octets.
func (s *sundew) rss() int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	pages, _ := strconv.Atoi(strings.Fields(string(b))[1])
	return pages * os.Getpagesize()
}

// tally counts payloads by SHA-256.
type tally struct {
	mu    sync.Mutex
	count map[string]int
	n     int
	long  [][]byte // those of more than 64 KiB
}

func (c *tally) add(p []byte) {
	sum := sha256.Sum256(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[hex.EncodeToString(sum[:])]++
	c.n++
	if len(p) > 64<<10 {
		c.long = append(c.long, p)
	}
}

// openers are what scanners and other protocols begin with.
func openers() []string {
	return []string{
		"GET / HTTP/1.0\r\n\r\n", "OPTIONS * RTSP/1.0\r\n\r\n", "\r\n\r\n", "SSH-2.0-Go\r\n", "EHLO x\r\n", "HELP\r\n", "\x60\x00", "\x68",
		"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00",
		"\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02",
		"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x02", "\x00\x01\x00\x00\xff\xff\x01\x03",
		"\x05\x64\x05\xc9\x00\x00\x01\x00\x4c\x51", "\x01I20100\n", "\x80\x01\x3f\x92",
		"\x63\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"\x81\x0b\x00\x0c\x01\x20\xff\xff\x00\xff\x10\x08", "\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x20\x18\xc8\x81\x00\x38\x8e\x04\xb5",
		"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x04\x01\x02\x03\x04\x02\x01\x00\x02\x01\x000\x0b0\x09\x06\x05+\x06\x01\x02\x01\x05\x00",
		"USER anonymous\r\nPASS x\r\nQUIT\r\n", "\x00\x01a\x00octet\x00",
	}
}

// payload makes a hostile payload: n of a seeded sequence.
func payload(r *rand.Rand, udp bool) []byte {
	all := openers()
	p := []byte(all[r.IntN(len(all))])
	switch r.IntN(6) {
	case 0: // as it is
	case 1: // cut off
		p = p[:r.IntN(len(p)+1)]
	case 2: // an octet changed
		p[r.IntN(len(p))] = byte(r.Uint32())
	case 3: // noise
		p = noise(r, 1+r.IntN(300))
	case 4: // noise behind a good beginning
		p = append(p, noise(r, r.IntN(1400))...)
	case 5: // several at once
		for range r.IntN(4) {
			p = append(p, all[r.IntN(len(all))]...)
		}
	}
	if !udp && r.IntN(500) == 0 { // oversized
		p = append(p, noise(r, 60000+r.IntN(60000))...)
	}
	if len(p) == 0 {
		p = []byte{0}
	}
	return p
}

func noise(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func (p port) floodTCP(t *testing.T, sent *tally) {
	var wg sync.WaitGroup
	for w := range hostileWorkers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for i := w; i < hostilePayloads; i += hostileWorkers {
				b := payload(r, false)
				if err := p.offer(b, i); err != nil {
					t.Errorf("payload %d: %v", i, err)
					return
				}
				sent.add(b)
			}
		})
	}
	wg.Wait()
}

// offer sends one payload on a connection of its own and reads to the end.
func (p port) offer(b []byte, i int) error {
	d := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(i>>8), byte(i))}}
	c, err := d.Dial("tcp", p.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, c)
	}()
	if _, err := c.Write(b); err != nil {
		return nil // the device hung up in the middle: what came is recorded, what did not, not
	}
	c.(*net.TCPConn).CloseWrite()
	<-done
	return nil
}

func (p port) floodUDP(t *testing.T, sent *tally) {
	var wg sync.WaitGroup
	const workers = 16
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(2, uint64(w)))
			to, _ := net.ResolveUDPAddr("udp", p.Addr)
			c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 1, 0, byte(1+w))})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for i := range hostilePayloads / workers {
				b := payload(r, true)
				if _, err := c.WriteToUDP(b, to); err != nil {
					t.Error(err)
					return
				}
				sent.add(b)
				if i%8 == 7 {
					time.Sleep(20 * time.Millisecond) // a device's buffer is finite, and so is ours
				}
			}
		})
	}
	wg.Wait()
}

// hungUp counts the payloads of more than 64 KiB at which the device hung up
// before it had taken them: what it took is a session's whole record.
func (p port) hungUp(sent *tally, sessions map[string][]byte) int {
	n := 0
	for _, b := range sent.long {
		for _, taken := range sessions {
			if len(taken) >= 4096 && len(taken) < len(b) && bytes.HasPrefix(b, taken) {
				n++
				break
			}
		}
	}
	return n
}

// compare finds every payload in the journal: per session on TCP, per act on
// UDP, whole or by its hash.
func (p port) compare(t *testing.T, s *sundew, sent *tally) {
	time.Sleep(1500 * time.Millisecond) // sessions end
	recorded := map[string]int{}
	sessions := map[string][]byte{}
	cut := 0
	for _, e := range s.events("--protocol", p.Protocol) {
		if e.Kind != event.KindAct || fmt.Sprint(e.Dst.Port) != p.port() || e.RequestLen == 0 {
			continue
		}
		b, _ := hex.DecodeString(e.Request)
		if p.network() == "udp" {
			sum := sha256.Sum256(b)
			recorded[hex.EncodeToString(sum[:])]++
			continue
		}
		if e.RequestSHA256 != "" {
			recorded[e.RequestSHA256]++
			cut++
		}
		sessions[e.Session] = append(sessions[e.Session], b...)
	}
	for _, b := range sessions {
		sum := sha256.Sum256(b)
		recorded[hex.EncodeToString(sum[:])]++
	}
	missing := 0
	for hash, n := range sent.count {
		missing += max(0, n-recorded[hash])
	}
	missing -= p.hungUp(sent, sessions)
	// A payload beyond the cap whose beginning was an act of its own is in the
	// journal as that act and the hash of the rest: it has no hash of its whole.
	if missing > cut {
		t.Errorf("of %d payloads %d are not in the journal (%d were cut)", sent.n, missing, cut)
	}
	t.Logf("%d payloads, %d sessions with octets, %d cut", sent.n, len(sessions), cut)
}
