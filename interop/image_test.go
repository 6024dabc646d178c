//go:build interop

package interop

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// unpack takes the image's archive apart into a root folder and returns its
// configuration.
func unpack(t *testing.T, archive, root string) (config struct {
	Config struct {
		User       string
		Entrypoint []string
		Cmd        []string
		Env        []string
		Volumes    map[string]struct{}
		Ports      map[string]struct{}     `json:"ExposedPorts"`
		Health     struct{ Test []string } `json:"Healthcheck"`
	} `json:"config"`
}) {
	t.Helper()
	files := map[string][]byte{}
	each(t, archive, nil, func(h *tar.Header, r io.Reader) {
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = b
	})
	var manifest []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		t.Fatalf("manifest: %v", err)
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	for _, l := range manifest[0].Layers {
		each(t, "", files[l], func(h *tar.Header, r io.Reader) {
			path := filepath.Join(root, h.Name)
			var err error
			if h.Typeflag == tar.TypeDir {
				err = os.MkdirAll(path, os.FileMode(h.Mode))
			} else {
				var b []byte
				if b, err = io.ReadAll(r); err == nil {
					err = os.WriteFile(path, b, os.FileMode(h.Mode))
				}
			}
			if err == nil {
				err = os.Chown(path, h.Uid, h.Gid)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	return config
}

func each(t *testing.T, archive string, b []byte, f func(*tar.Header, io.Reader)) {
	t.Helper()
	if b == nil {
		var err error
		if b, err = os.ReadFile(archive); err != nil {
			t.Skipf("skipped: %v; run `make image`", err)
		}
	}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		f(h, r)
	}
}

// container is the unpacked image running as an engine would run it: its own
// network and mounts, a root that cannot be written, an ordinary user.
type container struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan error
}

// contain starts the image with volume mounted at mount.
func contain(t *testing.T, root, volume, mount, user, setup string, env []string, args ...string) *container {
	t.Helper()
	for _, d := range []string{mount, "/proc"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := fmt.Sprintf(`set -e
ip link set lo up
%s
mount --bind %[2]q %[2]q
mount --bind %[3]q %[2]q%[4]q
mount -t proc proc %[2]q/proc
mount -o remount,ro,bind %[2]q
exec chroot --userspec=%[5]s %[2]q "$@"`, setup, root, volume, mount, user)
	c := &container{t: t, done: make(chan error, 1)}
	c.cmd = exec.Command("unshare", append([]string{"-n", "-m", "sh", "-c", script, "sh"}, args...)...)
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = slices.Clone(env), &c.out, &c.out
	c.cmd.Env = append(c.cmd.Env, "PATH="+os.Getenv("PATH")) // for sh, ip, mount and chroot; the image's has nothing of them
	if err := c.cmd.Start(); err != nil {
		t.Skipf("skipped: no namespaces here: %v", err)
	}
	go func() { c.done <- c.cmd.Wait() }()
	t.Cleanup(c.stop)
	return c
}

func (c *container) stop() {
	c.cmd.Process.Signal(os.Interrupt)
	select {
	case <-c.done:
	case <-time.After(5 * time.Second):
		c.cmd.Process.Kill()
		<-c.done
	}
	c.done <- nil
}

// in runs a client in the container's network.
func (c *container) in(name string, args ...string) (string, error) {
	out, err := exec.Command("nsenter", append([]string{"-t", fmt.Sprint(c.cmd.Process.Pid), "-n", name}, args...)...).CombinedOutput()
	return string(out), err
}

// up waits until the sensor's page answers.
func (c *container) up(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if out, err := c.in("curl", "-s", "--max-time", "2", "http://127.0.0.1:8800/"); err == nil && len(out) > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the container is not up: %s", &c.out)
		}
	}
}

const imageArchive = "../bin/image/sundew-amd64.tar"

// newRoot unpacks the image for the test.
func newRoot(t *testing.T) (root, volume string, env []string, args []string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root")
	}
	base := t.TempDir()
	os.Chmod(filepath.Dir(base), 0o711)
	root, volume = filepath.Join(base, "root"), filepath.Join(base, "volume")
	for _, d := range []string{root, volume} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := unpack(t, imageArchive, root).Config
	if config.User != "65532:65532" || !slices.Equal(config.Health.Test, []string{"CMD", "/sundew", "health"}) || len(config.Volumes) != 1 {
		t.Errorf("configuration %+v", config)
	}
	return root, volume, config.Env, append(config.Entrypoint, config.Cmd...)
}

// The line by which Conpot's container is started works: its nine ports, and its
// folder for logs, where everything is kept.
func TestImageInConpotsPlace(t *testing.T) {
	root, volume, env, args := newRoot(t)
	if err := os.Chown(volume, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	c := contain(t, root, volume, "/var/log/conpot", "65532:65532", "", env, args...)
	c.up(t)
	out, err := c.in("ss", "-H", "-lntu")
	if err != nil {
		t.Fatal(err)
	}
	listening := map[string]bool{}
	for l := range strings.Lines(out) {
		if f := strings.Fields(l); len(f) > 4 {
			port := f[4][strings.LastIndexByte(f[4], ':')+1:]
			if !(f[0] == "udp" && port >= "50200" && port <= "50249") { // TFTP's transfers
				listening[port+"/"+f[0]] = true
			}
		}
	}
	var got []string
	for p := range listening {
		got = append(got, p)
	}
	slices.Sort(got)
	want := []string{"10201/tcp", "16100/udp", "2121/tcp", "44818/tcp", "44818/udp", "47808/udp", "5020/tcp", "6230/udp", "6969/udp", "8080/tcp", "8800/tcp"}
	if !slices.Equal(got, want) {
		t.Errorf("listens on %v, want %v", got, want)
	}
	if out, err := c.in("mbpoll", "-m", "tcp", "-a", "1", "-p", "5020", "-0", "-r", "0", "-c", "1", "-1", "127.0.0.1"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := c.in("curl", "-s", "--max-time", "20", "ftp://anonymous:x@127.0.0.1:2121/"); err != nil || !strings.Contains(out, "Firmware") {
		t.Errorf("FTP: %v: %s", err, out)
	}
	if out, err := c.in("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8080/"); err != nil || out != "302" { // to its start page
		t.Errorf("the PLC's pages: %v: %s", err, out)
	}
	health := exec.Command("nsenter", "-t", fmt.Sprint(c.cmd.Process.Pid), "-m", "-r", "/sundew", "health")
	health.Env = env
	if out, err := health.CombinedOutput(); err != nil || !strings.Contains(string(out), "ok") {
		t.Errorf("health: %v: %s", err, out)
	}
	for _, f := range []string{"conpot.json", "seed", "journal", "artifacts"} {
		if _, err := os.Stat(filepath.Join(volume, f)); err != nil {
			t.Error(err)
		}
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		b, _ := os.ReadFile(filepath.Join(volume, "conpot.json"))
		if strings.Contains(string(b), `"data_type":"modbus"`) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("conpot.json has no line of modbus: %s", b)
		}
	}
}

// A folder that the image's user cannot write ends the start at once, with what
// to do; started as root, the image makes it its own and becomes that user.
func TestImageAndAForeignFolder(t *testing.T) {
	root, volume, env, args := newRoot(t)
	begun := time.Now()
	c := contain(t, root, volume, "/var/lib/sundew", "65532:65532", "", env, args...)
	err := <-c.done
	c.done <- err
	if err == nil || !strings.Contains(c.out.String(), "sudo chown -R 65532:65532") {
		t.Errorf("%v: %s", err, &c.out)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("it took %v to say so", took)
	}
	asRoot := contain(t, root, volume, "/var/lib/sundew", "0:0", "", env, args...)
	asRoot.up(t)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", asRoot.cmd.Process.Pid))
	if err != nil || !strings.Contains(string(status), "Uid:\t65532\t65532") {
		t.Errorf("%v: %s", err, status)
	}
}

// With the kernel's leave the devices' real ports need no privileges.
func TestImageOnRealPorts(t *testing.T) {
	root, volume, env, args := newRoot(t)
	if err := os.Chown(volume, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	c := contain(t, root, volume, "/var/lib/sundew", "65532:65532", "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start", append(env, "SUNDEW_PORTS=standard"), args...)
	c.up(t)
	if out, err := c.in("mbpoll", "-m", "tcp", "-a", "1", "-0", "-r", "0", "-c", "1", "-1", "127.0.0.1"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := c.in("snmpget", "-v2c", "-c", "public", "127.0.0.1", "1.3.6.1.2.1.1.5.0"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
