//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What must hold in a soak, whatever comes.
const (
	soakMemory = 512 << 20 // what the control group grants
	soakRSS    = 256 << 20
	soakAnswer = time.Second
	soakIdle   = 5000
	soakLate   = 200 // one question in so many may be answered late or not at all while nmap has the same two cores; none afterwards
)

// TestSoak runs every persona at once, for as long as SOAK says, under sweeps,
// idle connections, garbage, slow readers and floods, and asks each service all
// the while. `make soak`.
func TestSoak(t *testing.T) {
	span, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		t.Skip("skipped: takes minutes; `make soak`, or SOAK=10m")
	}
	s, metrics := soaked(t)
	k := &soak{t: t, s: s, services: s.services(), metrics: metrics}
	k.watch()
	base := k.calm()
	t.Logf("%d services, %d goroutines and %d MB before", len(k.services), base, s.rss()>>20)

	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var loads sync.WaitGroup
	for _, load := range []func(context.Context){k.sweeps, k.idle, k.garbage, k.slowReaders, k.floodDatagrams, k.floodConnections} {
		loads.Go(func() { load(ctx) })
	}
	for round := 1; ctx.Err() == nil; round++ {
		k.ask("under load")
		k.watch()
		if round%20 == 0 {
			t.Logf("%d MB, %d goroutines; slowest answer so far %d ms, by %s", s.rss()>>20, k.goroutines(), k.slowest, k.slowestBy)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
	loads.Wait()
	if k.asked == 0 || k.late > k.asked/soakLate {
		t.Errorf("%d of %d questions were answered late or not at all", k.late, k.asked)
	}
	before := k.late
	k.ask("after")
	if k.late != before {
		t.Error("not all is well after the load")
	}
	k.settle(base)
	t.Logf("%d questions, %d answered late or not at all; the slowest took %d ms (%s); %d connections and %d datagrams sent; at most %d MB",
		k.asked, k.late, k.slowest, k.slowestBy, k.connections.Load(), k.datagrams.Load(), k.most>>20)
	t.Log(run(t, built, "status", "--data", s.dir))
}

// soaked starts every shipped persona, each at an address of its own, in a
// control group where that can be had.
func soaked(t *testing.T) (*sundew, string) {
	out, err := exec.Command(built, "personas", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Name string }
	if err := json.Unmarshal(out, &list); err != nil || len(list) < 10 {
		t.Fatalf("%v in %s", err, out)
	}
	metrics := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	args := []string{"--metrics", metrics, "--log", "error"}
	for i, p := range list[1:] {
		args = append(args, "--persona", fmt.Sprintf("%s@127.41.0.%d", p.Name, 2+i))
	}
	s := startAt(t, "127.41.0.1", t.TempDir(), list[0].Name, args...)
	s.quiet = true
	confineMemory(t, s.cmd.Process.Pid)
	return s, metrics
}

// confineMemory puts a process into a control group of its own.
func confineMemory(t *testing.T, pid int) {
	own := regexp.MustCompile(`(?m)^\d+:memory:(.*)$`).FindStringSubmatch(read(t, "/proc/self/cgroup"))
	dir, limit := "/sys/fs/cgroup", "memory.max"
	if own != nil {
		dir, limit = filepath.Join("/sys/fs/cgroup/memory", own[1]), "memory.limit_in_bytes"
		if _, err := os.Stat(dir); err != nil {
			dir = "/sys/fs/cgroup/memory" // of a namespace
		}
	}
	dir = filepath.Join(dir, fmt.Sprintf("sundew-soak-%d", pid))
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		t.Cleanup(func() { os.Remove(dir) })
		err = os.WriteFile(filepath.Join(dir, limit), []byte(strconv.Itoa(soakMemory)), 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
	}
	if err != nil {
		t.Logf("control group skipped: %v; resident memory is watched all the same", err)
		return
	}
	t.Logf("at most %d MB by %s", soakMemory>>20, dir)
}

// ask has doctor ask every service, and clients of others' some of them.
func (k *soak) ask(when string) {
	out, err := exec.Command(built, "doctor", "--json", "--data", k.s.dir).Output()
	var d struct {
		Findings []struct{ Level, Name, What string }
	}
	if json.Unmarshal(out, &d) != nil {
		why := ""
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			why = string(e.Stderr)
		}
		k.asked++
		k.missed("%s: doctor: %v: %s%s", when, err, out, why)
		return
	}
	took := regexp.MustCompile(`^answers on (\S+) as it should, after (\d+) ms`)
	for _, f := range d.Findings {
		if m := took.FindStringSubmatch(f.What); m != nil {
			ms, _ := strconv.Atoi(m[2])
			k.answered(when, f.Name+" on "+m[1], time.Duration(ms)*time.Millisecond)
		} else if f.Level == "fail" {
			k.asked++
			k.missed("%s: %s: %s", when, f.Name, f.What)
		}
	}
	for name, args := range map[string][]string{
		"mbpoll":  {"-m", "tcp", "-a", "1", "-p", "5020", "-0", "-r", "0", "-c", "2", "-1", "-o", "1", k.at("pumping-station", 5020)},
		"snmpget": {"-v2c", "-c", "public", "-t", "1", "-r", "0", k.at("pumping-station", 16100) + ":16100", "1.3.6.1.2.1.1.3.0"},
		"curl":    {"-s", "-o", "/dev/null", "--fail", "-m", "2", "http://" + k.at("pumping-station", 8800) + ":8800/"},
	} {
		begun := time.Now()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			k.asked++
			k.missed("%s: %s: %v: %s", when, name, err, out)
			continue
		}
		k.answered(when, name, time.Since(begun))
	}
}

func (k *soak) answered(when, who string, took time.Duration) {
	k.asked++
	if took > time.Duration(k.slowest)*time.Millisecond {
		k.slowest, k.slowestBy = took.Milliseconds(), who
	}
	if took > soakAnswer {
		k.missed("%s: %s took %v", when, who, took.Round(time.Millisecond))
	}
}

func (k *soak) missed(format string, args ...any) {
	k.late++
	k.t.Logf(format, args...)
}

// at is the address of a persona's service by its port.
func (k *soak) at(persona string, port int) string {
	for _, v := range k.services {
		if v.Persona == persona && strings.HasSuffix(v.Addr, fmt.Sprint(":", port)) {
			host, _, _ := net.SplitHostPort(v.Addr)
			return host
		}
	}
	k.t.Fatalf("%s has no port %d", persona, port)
	return ""
}

func (k *soak) watch() {
	rss := k.s.rss()
	k.most = max(k.most, rss)
	if rss > soakRSS {
		k.t.Errorf("%d MB resident", rss>>20)
	}
}

func (k *soak) goroutines() int {
	_, text := get(k.t, "http://"+k.metrics+"/metrics")
	m := regexp.MustCompile(`(?m)^go_goroutines (\d+)`).FindStringSubmatch(text)
	if m == nil {
		k.t.Fatal("no figure of goroutines")
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// calm is the number of goroutines once all parts have started: the dashboard waits
// for the store, which waits for the journal.
func (k *soak) calm() int {
	n, since := k.goroutines(), time.Now()
	for range 60 {
		time.Sleep(500 * time.Millisecond)
		if now := k.goroutines(); now != n {
			n, since = now, time.Now()
		}
		if time.Since(since) > 3*time.Second {
			return n
		}
	}
	k.t.Fatalf("%d goroutines, and still not the same number for three seconds", n)
	return 0
}

// settle waits until all that the visitors left is gone.
func (k *soak) settle(base int) {
	var now int
	for range 45 { // UDP flows end a minute after their last datagram
		if now = k.goroutines(); now <= base+20 {
			return
		}
		time.Sleep(2 * time.Second)
	}
	k.t.Errorf("%d goroutines are left, %d at the start", now, base)
}
