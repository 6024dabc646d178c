//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Started as root, the sensor is nobody by the time that visitors come, what it
// keeps is its own, and it can do nothing else.
func TestPrivilegesAndSandbox(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root")
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "journal"), 0o700); err != nil { // root's, of an earlier start
		t.Fatal(err)
	}
	s := startAt(t, "127.33.7.9", dir, "pumping-station", "--ports", "standard")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for l := range strings.Lines(string(status)) {
		k, v, _ := strings.Cut(l, ":")
		fields[k] = strings.Join(strings.Fields(v), " ")
	}
	for k, want := range map[string]string{"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "Groups": "65532", "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "NoNewPrivs": "1"} {
		if fields[k] != want {
			t.Errorf("%s is %q, want %q", k, fields[k], want)
		}
	}
	filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			t.Error(err)
		} else if st := info.Sys().(*syscall.Stat_t); st.Uid != 65532 || st.Gid != 65532 {
			t.Errorf("%s is of %d:%d", path, st.Uid, st.Gid)
		}
		return nil
	})
	out, err := exec.Command(built, "status", "--json", "--data", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Sandbox []struct {
			Name, Detail string
			Held         bool
		}
	}
	if err := json.Unmarshal(out, &told); err != nil || len(told.Sandbox) != 4 {
		t.Fatalf("%v in %s", err, out)
	}
	for _, m := range told.Sandbox {
		if !m.Held {
			t.Logf("skipped in part: %s does not hold here: %s", m.Name, m.Detail)
		}
	}
	// Ports below 1024 serve, and the data ports work without a new socket.
	contains(t, run(t, "curl", "-s", "--max-time", "20", "ftp://anonymous:x@127.33.7.9/"), "Firmware")
	contains(t, run(t, "mbpoll", "-m", "tcp", "-a", "1", "-0", "-r", "0", "-c", "1", "-1", "127.33.7.9"), "[0]:")
}

// Who cannot reach its directory as somebody else says so before any visitor comes.
func TestUnreachableDirectory(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root")
	}
	dir := filepath.Join(t.TempDir(), "closed", "d")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(built, "run", "--data", dir, "--address", "127.33.7.10", "--ports", "unprivileged").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cannot reach") || !strings.Contains(string(out), "--user") {
		t.Errorf("%v: %s", err, out)
	}
}
