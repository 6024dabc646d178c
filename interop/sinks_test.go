//go:build interop

package interop

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// freePort finds a TCP port that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// service runs a program until the test's end and returns what stops it sooner.
func service(t *testing.T, port int, name string, args ...string) (stop func()) {
	t.Helper()
	c := exec.Command(name, args...)
	var said strings.Builder
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		c.Process.Signal(os.Interrupt)
		timer := time.AfterFunc(3*time.Second, func() { c.Process.Kill() })
		c.Wait()
		timer.Stop()
	})
	t.Cleanup(stop)
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
			return stop
		}
		if time.Now().After(end) {
			stop()
			t.Fatalf("%s does not listen: %s", name, &said)
		}
	}
}

// arrives waits until n distinct acts of reading are in a file.
func arrives(t *testing.T, file string, n int, mark string) string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		b, err := os.ReadFile(file)
		if got := strings.Count(string(b), mark); err == nil && got >= n {
			return string(b)
		} else if time.Now().After(end) {
			t.Fatalf("%s has %d of %d lines with %s (%v)", file, got, n, mark, err)
		}
	}
}

// read asks the sensor for a register, n times.
func (s *sundew) read(t *testing.T, n int) {
	t.Helper()
	c, err := net.Dial("tcp", s.at(5020))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	for range n {
		c.Write([]byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1})
		if _, err := io.ReadFull(r, make([]byte, 11)); err != nil {
			t.Fatal(err)
		}
	}
}

// withSink starts a sensor whose configuration has one sink.
func withSink(t *testing.T, driver, settings string) *sundew {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sundew.toml")
	text := fmt.Sprintf("[[sink]]\ndriver = %q\n[sink.settings]\n%s", driver, settings)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return start(t, "pumping-station", "--config", file, "--limits", "off", "--latency", "off")
}

// A real rsyslog takes the messages apart; one that was away gets everything
// when it is back.
func TestSyslogServer(t *testing.T) {
	t.Parallel()
	rsyslogd := tool(t, "rsyslogd")
	dir, port := t.TempDir(), freePort(t)
	out, conf := filepath.Join(dir, "out"), filepath.Join(dir, "rsyslog.conf")
	err := os.WriteFile(conf, fmt.Appendf(nil, `global(workDirectory=%q)
module(load="imtcp")
input(type="imtcp" port="%d" address="127.0.0.1")
template(name="t" type="string" string="%%hostname%%|%%app-name%%|%%msgid%%|%%syslogseverity%%|%%structured-data%%|%%msg%%\n")
action(type="omfile" file=%q template="t")
`, dir, port, out), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	begin := func() func() {
		return service(t, port, rsyslogd, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	}
	stop := begin()
	s := withSink(t, "syslog", fmt.Sprintf("address = \"127.0.0.1:%d\"\nhost = \"lon-1\"", port))
	s.read(t, 3)
	const mark = `op="read_holding_registers"`
	text := arrives(t, out, 3, mark)
	for l := range strings.Lines(text) {
		if f := strings.SplitN(l, "|", 6); strings.Contains(l, mark) && (len(f) != 6 || f[0] != "lon-1" || f[1] != "sundew" || f[2] != "act" || f[3] != "6" || !strings.HasPrefix(f[4], "[sundew@32473 id=")) {
			t.Errorf("rsyslog read %q", l)
		}
	}
	stop()
	s.read(t, 1) // finds out that the server has gone; a TCP connection may swallow this one
	time.Sleep(time.Second)
	s.read(t, 200)
	begin()
	arrives(t, out, 203, mark)
}

func TestHpfeedsBroker(t *testing.T) {
	t.Parallel()
	bin, _ := filepath.Abs("../.cache/venv/bin")
	if _, err := exec.Command(filepath.Join(bin, "hpfeeds-broker"), "--help").Output(); err != nil {
		t.Skip("skipped: the hpfeeds broker is not installed; run interop/setup")
	}
	dir, port := t.TempDir(), freePort(t)
	auth, out, secret := filepath.Join(dir, "auth.json"), filepath.Join(dir, "out"), filepath.Join(dir, "secret")
	for file, text := range map[string]string{
		auth: `{"sensor": {"owner": "o", "secret": "s3cret", "pubchans": ["conpot.events"], "subchans": []},
			"reader": {"owner": "o", "secret": "r", "pubchans": [], "subchans": ["conpot.events"]}}`,
		secret: "s3cret\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	service(t, port, filepath.Join(bin, "hpfeeds-broker"), "--bind", fmt.Sprintf("127.0.0.1:%d", port), "--auth", auth, "--exporter", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	reader := exec.Command(filepath.Join(bin, "hpfeeds"), "--host", "127.0.0.1", "-p", fmt.Sprint(port), "-i", "reader", "-s", "r", "-c", "conpot.events", "subscribe")
	heard, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	reader.Stdout, reader.Env = heard, append(os.Environ(), "PYTHONUNBUFFERED=1")
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Process.Kill(); reader.Wait() })
	time.Sleep(2 * time.Second) // until it has subscribed: what came before is nobody's
	s := withSink(t, "hpfeeds", fmt.Sprintf("address = \"127.0.0.1:%d\"\nident = \"sensor\"\nsecret_file = %q", port, secret))
	s.read(t, 5)
	contains(t, arrives(t, out, 5, `read_holding_registers`), "conpot.events", "data_type", "modbus")
}

// A receiver that was away for a while gets everything after, each batch signed.
func TestWebhookReceiver(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	away, got := true, map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if away {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			got[lines.Text()] = true
		}
	}))
	defer server.Close()
	s := withSink(t, "webhook", fmt.Sprintf("url = %q\nkinds = [\"act\"]", server.URL))
	s.read(t, 300)
	time.Sleep(1500 * time.Millisecond) // at least one attempt has failed
	mu.Lock()
	away = false
	mu.Unlock()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		mu.Lock()
		n := len(got)
		mu.Unlock()
		if n == 300 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of 300 acts have come", n)
		}
	}
}
