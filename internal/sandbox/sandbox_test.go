package sandbox

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The tests confine a child: this binary, started again with a task.
func TestMain(m *testing.M) {
	if task := os.Getenv("SANDBOX_TASK"); task != "" {
		child(task)
		return
	}
	os.Exit(m.Run())
}

// child binds, becomes another, confines itself, tries everything, and prints
// what happened.
func child(task string) {
	var in struct {
		Dir, Foreign string
		UID          int
		Dial         bool
		Port         uint16
	}
	if err := json.Unmarshal([]byte(task), &in); err != nil {
		panic(err)
	}
	out := map[string]string{}
	tell := func(name string, err error) {
		out[name] = "done"
		if err != nil {
			out[name] = err.Error()
		}
	}
	low, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	u := User{UID: in.UID, GID: in.UID}
	if os.Geteuid() == 0 {
		tell("own", Own(in.Dir, u))
	}
	tell("become", Become(u))
	tell("reach", Reachable(in.Dir))
	limit := Limit{Write: []string{in.Dir}, Read: []string{"/proc/self", "/etc/hostname"}, Dial: in.Dial}
	if in.Port != 0 {
		limit.Ports = []uint16{in.Port}
	}
	measures, err := Confine(limit)
	tell("confine", err)
	for _, m := range measures {
		out["measure "+m.Name] = fmt.Sprint(m.Held)
	}
	attempt(tell, in.Dir, in.Foreign, in.Port)
	out["uid"] = fmt.Sprint(os.Geteuid())
	status, err := os.ReadFile("/proc/self/status")
	tell("proc", err)
	for _, l := range strings.Split(string(status), "\n") {
		if k, v, ok := strings.Cut(l, ":"); ok && (k == "CapEff" || k == "CapPrm" || k == "NoNewPrivs" || k == "Seccomp" || k == "Groups") {
			out[k] = strings.TrimSpace(v)
		}
	}
	// What it has goes on working.
	go func() {
		c, err := low.Accept()
		if err == nil {
			c.Write([]byte("x"))
			c.Close()
		}
	}()
	_, err = udp.WriteToUDP([]byte("x"), udp.LocalAddr().(*net.UDPAddr))
	tell("udp answer", err)
	fmt.Println(low.Addr())
	json.NewEncoder(os.Stdout).Encode(out)
	os.Stdout.Close()
	os.Stdin.Read(make([]byte, 1)) // until the parent has connected
	os.Exit(0)
}

// attempt tries what must fail, and what must not.
func attempt(tell func(string, error), dir, foreign string, port uint16) {
	tell("exec", exec.Command("/bin/true").Run())
	_, _, errno := syscall.Syscall6(unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(os.Getppid()), 0, 0, 0, 0)
	tell("ptrace", errnoOf(errno))
	_, err := os.ReadFile(foreign)
	tell("foreign file", err)
	tell("foreign write", os.WriteFile(filepath.Join(os.TempDir(), "sandbox-escape"), nil, 0o600))
	_, err = net.Dial("tcp", "127.0.0.1:9")
	tell("connect", err)
	if port != 0 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		tell("allowed connect", err)
		if err == nil {
			c.Close()
		}
	}
	_, err = net.ListenUDP("udp", nil)
	tell("udp socket", err)
	_, err = net.Listen("tcp", "127.0.0.1:0")
	tell("listen", err)
	_, _, errno = syscall.Syscall(425, 8, 0, 0) // io_uring_setup
	tell("io_uring", errnoOf(errno))
	tell("mount", syscall.Mount("none", dir, "tmpfs", 0, ""))
	tell("setuid", syscall.Setuid(0))
	tell("own write", os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600))
	tell("own rename", os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")))
	_, err = os.ReadFile(filepath.Join(dir, "sub", "b"))
	tell("own read", err)
}

func errnoOf(e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

// confined runs the child and returns what it tells.
func confined(t *testing.T, uid int, dial bool, port uint16) map[string]string {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(filepath.Dir(dir), 0o711)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "secret")
	os.Chmod(filepath.Dir(filepath.Dir(foreign)), 0o711)
	if err := os.WriteFile(foreign, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	task, err := json.Marshal(map[string]any{"Dir": dir, "Foreign": foreign, "UID": uid, "Dial": dial, "Port": port})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), "SANDBOX_TASK="+string(task))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	var addr string
	if _, err := fmt.Fscanln(said, &addr); err != nil {
		t.Fatal(err)
	}
	var out map[string]string
	if err := json.NewDecoder(said).Decode(&out); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); n != 1 {
		t.Errorf("a visitor is not served: %v", err)
	}
	return out
}

// failed are the attempts that must fail whatever is allowed.
func failed() []string { return []string{"exec", "ptrace", "foreign write", "mount"} }

func check(t *testing.T, out map[string]string, mustFail []string) {
	t.Helper()
	if out["measure system calls"] != "true" {
		t.Skipf("skipped: no seccomp: %v", out)
	}
	for _, name := range append(failed(), mustFail...) {
		if out[name] == "done" || out[name] == "" {
			t.Errorf("%s: %q", name, out[name])
		}
	}
	for _, name := range []string{"become", "reach", "confine", "own write", "own rename", "own read", "udp answer", "proc"} {
		if out[name] != "done" {
			t.Errorf("%s: %q", name, out[name])
		}
	}
	if out["measure files"] == "true" && out["foreign file"] == "done" {
		t.Error("a foreign file can be read")
	}
	if out["NoNewPrivs"] != "1" || out["Seccomp"] != "2" || strings.Trim(out["CapEff"], "0") != "" || strings.Trim(out["CapPrm"], "0") != "" {
		t.Errorf("/proc/self/status: %v", out)
	}
}

func TestFromRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	out := confined(t, nonroot, false, 0)
	check(t, out, []string{"connect", "udp socket", "listen", "io_uring", "setuid"})
	if out["uid"] != fmt.Sprint(nonroot) || out["own"] != "done" || out["Groups"] != fmt.Sprint(nonroot) {
		t.Errorf("%v", out)
	}
}

func TestWithSinks(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	uid := os.Geteuid()
	if uid == 0 {
		uid = nonroot
	}
	out := confined(t, uid, true, uint16(l.Addr().(*net.TCPAddr).Port))
	check(t, out, []string{"io_uring"})
	if out["allowed connect"] != "done" {
		t.Errorf("the sink's own port: %s", out["allowed connect"])
	}
	if out["measure connections"] == "true" && !strings.Contains(out["connect"], "permission denied") {
		t.Errorf("another port: %s", out["connect"])
	}
}

func TestFindUser(t *testing.T) {
	for s, want := range map[string]User{"0": {"root", 0, 0}, "root": {"root", 0, 0}, "40000": {"", 40000, 40000}, "40000:7": {"", 40000, 7}} {
		if got, err := FindUser(s); err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"no such user", "1:x", "-1", "x:1"} {
		if got, err := FindUser(s); err == nil {
			t.Errorf("%s: %+v", s, got)
		}
	}
}

// What is not ours to give away stays whose it is.
func TestOwnStaysInside(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "a", "link")); err != nil {
		t.Fatal(err)
	}
	if err := Own(dir, User{UID: 12345, GID: 12346}); err != nil {
		t.Fatal(err)
	}
	owner := func(path string) string {
		var st syscall.Stat_t
		if err := syscall.Lstat(path, &st); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(st.Uid, st.Gid)
	}
	for path, want := range map[string]string{dir: "12345 12346", dir + "/a/b": "12345 12346", dir + "/a/link": "12345 12346", outside: "0 0"} {
		if got := owner(path); got != want {
			t.Errorf("%s is of %s, want %s", path, got, want)
		}
	}
}
