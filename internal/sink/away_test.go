package sink_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// ear notes which acts have come, whatever they are wrapped in.
type ear struct {
	mu   sync.Mutex
	acts map[string]int
}

var marked = regexp.MustCompile(`op_\d{6}`)

func (e *ear) hear(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	seen := map[string]bool{}
	for _, m := range marked.FindAll(b, -1) {
		if !seen[string(m)] {
			seen[string(m)] = true
			e.acts[string(m)]++
		}
	}
}

func (e *ear) heard() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.acts)
}

// stream hears what comes over a connection, after a greeting.
func (e *ear) stream(l net.Listener, greeting string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.WriteString(c, greeting)
			buf, kept := make([]byte, 1<<20), 0
			for {
				n, err := c.Read(buf[kept:])
				e.hear(buf[:kept+n])
				if err != nil {
					return
				}
				kept = copy(buf, buf[max(0, kept+n-16):kept+n]) // a mark may lie across two reads
			}
		}()
	}
}

// web hears what is posted, and answers as a bulk interface does too.
func (e *ear) web(l net.Listener) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		e.hear(b)
		var items []any
		for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), `{"create":`) {
				items = append(items, map[string]any{"create": map[string]any{"status": 201}})
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"errors": false, "items": items})
	})}
	server.Serve(l)
}

// sensor is a journal that goes on: segments are closed, packed and begun.
type sensor struct {
	*journal.Journal
	dir  string
	acts int
}

func newSensor(t *testing.T, cfg journal.Config) *sensor {
	t.Helper()
	cfg.Dir = t.TempDir()
	j, err := journal.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := j.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		wg.Wait()
		j.Close()
	})
	return &sensor{Journal: j, dir: cfg.Dir}
}

// record appends acts, each with a name of its own.
func (s *sensor) record(t *testing.T, n int) {
	t.Helper()
	enc := event.NewEncoder(event.Envelope{Session: "s", Boot: "b", Sensor: "lon-1", Protocol: "modbus", Transport: "tcp",
		Src: netip.MustParseAddrPort("198.51.100.23:4000"), Dst: netip.MustParseAddrPort("192.0.2.5:502")})
	for range n {
		s.acts++
		a := event.Act{Op: fmt.Sprintf("op_%06d", s.acts), Class: event.Read}
		if err := s.Append(enc.AppendAct(nil, event.Stamp{Time: time.Now(), Seq: s.acts}, &a, event.Octets{}, event.Octets{}, 0), event.Read); err != nil {
			t.Fatal(err)
		}
	}
}

// turn closes the segment and waits until it is packed.
func (s *sensor) turn(t *testing.T) {
	t.Helper()
	if err := s.Rotate(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if plain, _ := filepath.Glob(filepath.Join(s.dir, "0*.jsonl")); len(plain) <= 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a closed segment is not packed")
		}
	}
}

// Each sink over the network whose receiver is away delivers, once it is back, all
// that happened meanwhile, though segments were closed and packed and the sensor
// was started anew. That an hour is as good as these seconds is shown with a clock
// of its own, in TestBookmarkIsNotAheadOfDelivery and TestSinkThatIsDown.
func TestReceiverAway(t *testing.T) {
	pair, ca := sinktest.Certificate(t)
	secret := sinktest.SecretFile(t, "key")
	info := "\x00\x00\x00\x0f\x01\x05stand\x01\x02\x03\x04" // hpfeeds: a broker's greeting and its nonce
	for _, c := range []struct {
		name, driver, settings string
		serve                  func(*ear, net.Listener)
	}{
		{"syslog over tcp", "syslog", "network = \"tcp\"\naddress = %q", func(e *ear, l net.Listener) { e.stream(l, "") }},
		{"syslog over tls", "syslog", "network = \"tls\"\nca_file = \"" + ca + "\"\naddress = %q", func(e *ear, l net.Listener) {
			e.stream(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}}), "")
		}},
		{"hpfeeds", "hpfeeds", "ident = \"sensor\"\nsecret_file = \"" + secret + "\"\naddress = %q", func(e *ear, l net.Listener) { e.stream(l, info) }},
		{"webhook", "webhook", "secret_file = \"" + secret + "\"\nurl = \"http://%s/in\"", func(e *ear, l net.Listener) { e.web(l) }},
		{"elastic", "elastic", "url = \"http://%s/\"", func(e *ear, l net.Listener) { e.web(l) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			addr := l.Addr().String()
			l.Close()
			format := c.settings
			if strings.Contains(format, "%q") {
				format = strings.Replace(format, "%q", `"`+addr+`"`, 1)
			} else {
				format = strings.Replace(format, "%s", addr, 1)
			}
			s := newSensor(t, journal.Config{})
			run := func(ctx context.Context) {
				d := catalog.Sinks()[slices.IndexFunc(catalog.Sinks(), func(d sink.Driver) bool { return d.Name == c.driver })]
				to, err := d.New(sinktest.Decode(format))
				if err != nil {
					t.Error(err)
					return
				}
				if err := sink.Run(ctx, "there", to, s, slog.New(slog.DiscardHandler)); err != nil {
					t.Error(err)
				}
			}
			s.record(t, 100)
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // two attempts fail
			var away sync.WaitGroup
			away.Go(func() { run(ctx) })
			for range 3 {
				s.record(t, 300)
				s.turn(t)
			}
			away.Wait()
			cancel()
			if at, err := s.LoadCursor("there"); err != nil || at != (journal.Cursor{}) {
				t.Fatalf("the bookmark is at %v, and nothing was delivered (%v)", at, err)
			}
			e := &ear{acts: map[string]int{}}
			if l, err = net.Listen("tcp", addr); err != nil {
				t.Fatal(err)
			}
			go c.serve(e, l)
			ctx, cancel = context.WithCancel(t.Context())
			away.Go(func() { run(ctx) })
			s.record(t, 50)
			for end := time.Now().Add(30 * time.Second); e.heard() < s.acts && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			}
			time.Sleep(1100 * time.Millisecond) // the bookmark is saved once a second
			cancel()
			away.Wait()
			l.Close()
			if n := e.heard(); n != s.acts {
				t.Fatalf("%d of %d acts have come", n, s.acts)
			}
			if at, err := s.LoadCursor("there"); err != nil || at == (journal.Cursor{}) {
				t.Errorf("the bookmark is at %v, and all was delivered (%v)", at, err)
			}
		})
	}
}

// collector is a sink in memory that fails while it is told to.
type collector struct {
	ear
	down bool
}

func (c *collector) Write(_ context.Context, batch []event.Event) error {
	c.mu.Lock()
	down := c.down
	c.mu.Unlock()
	if down {
		return errors.New("down")
	}
	for i := range batch {
		c.hear([]byte(batch[i].Op))
	}
	return nil
}

func (c *collector) Close() error { return nil }

// What retention deletes before a sink has had it is lost to the sink, which says
// so once and goes on with what is held. The journal counts it (and records it:
// its TestLostIsSaidOnce).
func TestRetentionPassesASink(t *testing.T) {
	var log bytes.Buffer
	s := newSensor(t, journal.Config{MaxBytes: 1}) // nothing that is closed is kept for long
	to := &collector{ear: ear{acts: map[string]int{}}}
	s.record(t, 10)
	run := func(d time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if err := sink.Run(ctx, "there", to, s, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Fatal(err)
		}
	}
	run(500 * time.Millisecond) // it has the first ten, and is stopped
	if to.heard() != 10 {
		t.Fatalf("%d of 10 acts have come", to.heard())
	}
	s.record(t, 10)
	for range 2 {
		if err := s.Rotate(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			list, err := os.ReadDir(s.dir)
			if err != nil {
				t.Fatal(err)
			}
			if closed := slices.IndexFunc(list, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".jsonl.zst") }); closed < 0 && !exists(filepath.Join(s.dir, "0000000001.jsonl")) {
				break
			}
			if time.Now().After(end) {
				t.Fatal("retention keeps what it should not")
			}
		}
		s.record(t, 10)
	}
	run(1500 * time.Millisecond)
	if n := to.heard(); n != 20 && n != 30 || to.acts["op_000011"] != 0 || to.acts[fmt.Sprintf("op_%06d", s.acts)] != 1 {
		t.Errorf("%d acts have come: %v", n, to.acts)
	}
	if n := strings.Count(log.String(), "sink missed events"); n != 1 {
		t.Errorf("the loss was said %d times: %s", n, log.String())
	}
	st, err := s.Stats()
	if err != nil || st.Lost != 1 {
		t.Errorf("%d losses counted, %v", st.Lost, err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
