//go:build interop || bench

package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/personas"
)

// sundew is the built binary running on a loopback address of its own.
type sundew struct {
	t    testing.TB
	addr string // without a port
	dir  string
	cmd  *exec.Cmd
	log  *bytes.Buffer
	once sync.Once

	quiet bool // too much was recorded to look through all of it
}

const built = "../bin/sundew"

// start runs the binary with a persona; it stops with the test.
func start(t testing.TB, persona string, args ...string) *sundew {
	t.Helper()
	addr := fmt.Sprintf("127.%d.%d.%d", 16+rand.IntN(200), rand.IntN(250), 2+rand.IntN(250))
	return startAt(t, addr, t.TempDir(), persona, args...)
}

func startAt(t testing.TB, addr, dir, persona string, args ...string) *sundew {
	t.Helper()
	args = append([]string{"run", "--persona", persona, "--data", dir, "--address", addr, "--ports", "unprivileged"}, args...)
	return begin(t, exec.Command(built, args...), addr, dir)
}

// begin starts a command that is or becomes the binary, and waits until it listens.
func begin(t testing.TB, cmd *exec.Cmd, addr, dir string) *sundew {
	t.Helper()
	os.Chmod(filepath.Dir(dir), 0o711) // started as root, the sensor becomes another, who must get there
	s := &sundew{t: t, addr: addr, dir: dir, log: &bytes.Buffer{}, cmd: cmd}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("%v; run `make build` first", err)
	}
	t.Cleanup(s.stop)
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "Ctrl-C") {
				ready <- true
			}
		}
		ready <- false
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("the sensor did not start: %s", s.log)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("the sensor is not up after 10 s: %s", s.log)
	}
	return s
}

// stop interrupts the sensor and asserts that it ends in time, without a
// complaint.
func (s *sundew) stop() {
	s.once.Do(func() {
		begun := time.Now()
		s.cmd.Process.Signal(os.Interrupt)
		timer := time.AfterFunc(10*time.Second, func() { s.cmd.Process.Kill() })
		err := s.cmd.Wait()
		timer.Stop()
		if err != nil {
			s.t.Errorf("the sensor ended with %v: %s", err, s.log)
		}
		if took := time.Since(begun); took > 3*time.Second {
			s.t.Errorf("the sensor took %v to stop", took)
		}
		if strings.Contains(s.log.String(), "panic") {
			s.t.Errorf("a room panicked: %s", s.log)
		}
		s.denied()
	})
}

// denied looks through all that was sent in the whole test for what honeypots
// are known by.
func (s *sundew) denied() {
	if s.quiet {
		return
	}
	sent := map[string][]byte{}
	for _, e := range s.events() {
		if b, err := hex.DecodeString(e.Response); err == nil && len(sent[e.Session]) < 1<<20 {
			sent[e.Session] = append(sent[e.Session], b...)
		}
	}
	said := map[string]bool{}
	for id, b := range sent {
		for _, d := range personas.Denied(b) {
			if !said[d] {
				said[d] = true
				s.t.Errorf("session %s put %q on the wire, by which honeypots are recognised", id, d)
			}
		}
	}
}

// kill ends the sensor as a crash would.
func (s *sundew) kill() {
	s.once.Do(func() {
		s.cmd.Process.Signal(syscall.SIGKILL)
		s.cmd.Wait()
	})
}

func (s *sundew) at(port int) string { return fmt.Sprintf("%s:%d", s.addr, port) }

// events reads the journal through the binary, as a user does. It waits for
// what has just happened to be in the file.
func (s *sundew) events(args ...string) []event.Event {
	s.t.Helper()
	time.Sleep(100 * time.Millisecond)
	out, err := exec.Command(built, append([]string{"events", "--json", "--data", s.dir}, args...)...).Output()
	if err != nil {
		s.t.Fatalf("sundew events: %v", err)
	}
	var list []event.Event
	for l := range bytes.Lines(out) {
		var e event.Event
		if err := json.Unmarshal(l, &e); err != nil {
			s.t.Fatalf("%v in %s", err, l)
		}
		list = append(list, e)
	}
	return list
}

// ops returns how often each op of a protocol was recorded.
func (s *sundew) ops(protocol string) map[string]int {
	s.t.Helper()
	n := map[string]int{}
	for _, e := range s.events("--protocol", protocol) {
		if e.Kind == event.KindAct {
			n[e.Op]++
		}
	}
	return n
}

// tool skips the test with a reason where a program is not installed.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("skipped: %s is not installed; run interop/setup", name)
	}
	return path
}

// run runs a client within five minutes and returns what it printed.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := try(t, name, args...)
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// try is run for clients that are expected to fail.
func try(t testing.TB, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, tool(t, name), args...)
	c.Stdin = strings.NewReader("")
	out, err := c.CombinedOutput()
	return string(out), err
}

// contains asserts that a client printed each of the texts.
func contains(t testing.TB, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%q is missing in:\n%s", text, out)
		}
	}
}

// python runs a script with the interpreter of the venv that interop/setup made.
func python(t testing.TB, module, script string, args ...string) string {
	t.Helper()
	py, _ := filepath.Abs("../.cache/venv/bin/python")
	if _, err := os.Stat(py); err != nil {
		t.Skip("skipped: no Python venv; run interop/setup")
	}
	if err := exec.Command(py, "-c", "import "+module).Run(); err != nil {
		t.Skipf("skipped: Python module %s is not installed; run interop/setup", module)
	}
	return run(t, py, append([]string{"-c", script}, args...)...)
}

// node runs a script with the packages that interop/setup installed.
func node(t testing.TB, module, script string, args ...string) string {
	t.Helper()
	modules, _ := filepath.Abs("../.cache/npm/node_modules")
	if _, err := os.Stat(filepath.Join(modules, module)); err != nil {
		t.Skipf("skipped: npm package %s is not installed; run interop/setup", module)
	}
	t.Setenv("NODE_PATH", modules)
	return run(t, "node", append([]string{"-e", script}, args...)...)
}

// nmap runs scripts at one port of the sensor.
func (s *sundew) nmap(t testing.TB, port int, args ...string) string {
	t.Helper()
	return run(t, "nmap", append([]string{"-Pn", "-n", "--script-timeout", "40s", "-p", fmt.Sprint(port), s.addr}, args...)...)
}

// exchange sends octets to a TCP port and returns what comes back within the wait.
func exchange(t testing.TB, addr string, p []byte, wait time.Duration) []byte {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write(p)
	c.SetReadDeadline(time.Now().Add(wait))
	out, _ := io.ReadAll(c)
	return out
}
