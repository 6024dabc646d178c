package syslog

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// grammar is RFC 5424 §6 as far as we use it.
var grammar = `^<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]{1,255} sundew \d+ [!-~]{1,32} \[sundew@32473( [a-z]+="(\\["\\\]]|[^"\\\]])*")+\] \{.*\}$`

func newSink(t *testing.T, text string) sink.Sink {
	t.Helper()
	s, err := open(sinktest.Decode(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// frames reads n messages by their counted octets.
func frames(t *testing.T, c io.Reader, n int) []string {
	t.Helper()
	r := bufio.NewReader(c)
	var out []string
	for range n {
		head, err := r.ReadString(' ')
		if err != nil {
			t.Fatal(err)
		}
		length, err := strconv.Atoi(strings.TrimSpace(head))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, length)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

func checkAll(t *testing.T, messages []string) {
	t.Helper()
	for i, m := range messages {
		if !regexp.MustCompile(grammar).MatchString(m) {
			t.Errorf("not as RFC 5424 has it: %s", m)
		}
		if !strings.Contains(m, `id="0199-s-`+strconv.Itoa(i)+`"`) {
			t.Errorf("message %d has another id: %s", i, m)
		}
	}
	if !strings.HasPrefix(messages[1], "<132>1 2026-11-22T20:12:43.113482Z lon-1 sundew ") { // local0, warning
		t.Errorf("the write: %s", messages[1])
	}
}

func TestTCPAndTLS(t *testing.T) {
	pair, ca := sinktest.Certificate(t)
	for _, network := range []string{"tcp", "tls"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if network == "tls" {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}})
		}
		got := make(chan []string, 2)
		go func() {
			for range 2 {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				got <- frames(t, c, 3)
				c.Close()
			}
		}()
		s := newSink(t, fmt.Sprintf("network = %q\naddress = %q\nca_file = %q", network, l.Addr(), ca))
		if err := s.Write(t.Context(), sinktest.Events()); err != nil {
			t.Fatal(err)
		}
		checkAll(t, <-got)
		// The server has hung up: an error sooner or later, and then a new connection.
		for failed := false; ; {
			err := s.Write(t.Context(), sinktest.Events())
			failed = failed || err != nil
			if failed && err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		checkAll(t, <-got)
	}
}

func TestUDP(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := newSink(t, fmt.Sprintf("network = \"udp\"\naddress = %q", c.LocalAddr()))
	events := sinktest.Events()
	events[1].Request = strings.Repeat("ab", 3000)
	if err := s.Write(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	var got []string
	b := make([]byte, 64<<10)
	for range 3 {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, _, err := c.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b[:n]))
	}
	checkAll(t, got)
	if len(got[1]) > 2048 || strings.Contains(got[1], "abab") || !strings.Contains(got[1], `"truncated":true`) {
		t.Errorf("a long act is not cut as it should be: %s", got[1])
	}
}

// Nothing that a visitor sends ends a message early or breaks out of its place.
func TestHostileText(t *testing.T) {
	s := newSink(t, `address = "127.0.0.1:1"`).(*server)
	e := sinktest.Events()[1]
	e.Op, e.Sensor = "op\"] evil", "lon 1\nroot"
	m := string(s.message(nil, &e))
	if !regexp.MustCompile(grammar).MatchString(m) || strings.Contains(m, "\n") || !strings.Contains(m, ` op="op\"\] evil"`) || !strings.Contains(m, " lon_1_root ") {
		t.Errorf("%q", m)
	}
}

func TestSeverity(t *testing.T) {
	for class, want := range map[event.Class]int{event.Read: 6, event.Write: 4, event.Mode: 4, event.Auth: 5, event.Malformed: 6, event.Report: 6} {
		if got := severity(&event.Event{Kind: event.KindAct, Class: class}); got != want {
			t.Errorf("%s: %d, want %d", class, got, want)
		}
	}
	if got := severity(&event.Event{Kind: event.KindStatus, What: "drop"}); got != 3 {
		t.Errorf("dropped events: %d, want 3", got)
	}
}

func TestSettings(t *testing.T) {
	for _, text := range []string{"", `address = "x"`, "address = \"x:1\"\nnetwork = \"icmp\"", "address = \"x:1\"\nfacility = 24", "address = \"x:1\"\nmax_size = 100", "address = \"x:1\"\nformat = \"cef\""} {
		if _, err := open(sinktest.Decode(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
