//go:build interop

package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// machine is a network namespace, kept by a process that does nothing else.
type machine struct {
	t   *testing.T
	pid string
}

// newMachine makes one; setup is a shell script that ends in the process that
// stays, after it has printed a line.
func newMachine(t *testing.T, setup string) *machine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root")
	}
	cmd := exec.Command("unshare", "-n", "-m", "sh", "-ec", "ip link set lo up\n"+
		"echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad\n"+ // addresses work at once
		setup)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("skipped: no namespaces here: %v", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if n, _ := out.Read(make([]byte, 1)); n == 0 {
		cmd.Wait()
		t.Skipf("skipped: no namespaces or overlays here: %s", complaint.String())
	}
	return &machine{t, fmt.Sprint(cmd.Process.Pid)}
}

const stay = "echo\nexec sleep 1000"

// withFirewalls is the setup of a machine whose root has the tools that
// interop/setup unpacked.
func withFirewalls(t *testing.T) string {
	t.Helper()
	tools, err := filepath.Abs("../.cache/firewall")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tools + "/usr/sbin/ufw"); err != nil {
		t.Skip("skipped: no firewalls in .cache/firewall; run interop/setup")
	}
	return ownRoot(t, tools)
}

// ownRoot is the setup of a machine whose root has this host's files, with those
// of a folder over them, and keeps what becomes of them to itself.
func ownRoot(t *testing.T, over string) string {
	t.Helper()
	return fmt.Sprintf(`mount -t tmpfs t %[1]q
mkdir %[1]q/upper %[1]q/work %[1]q/root
cp -a %[2]q/. %[1]q/upper/
mount -t overlay o -o lowerdir=/,upperdir=%[1]q/upper,workdir=%[1]q/work %[1]q/root
mount -t proc proc %[1]q/root/proc
mount --bind /dev %[1]q/root/dev
echo
exec chroot %[1]q/root sleep 1000`, t.TempDir(), over)
}

// command is a program in the machine's network, with this host's files.
func (m *machine) command(name string, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", m.pid, "-n", name}, args...)...)
}

// as is a program in the machine's network as another user.
func (m *machine) as(uid int, name string, args ...string) *exec.Cmd {
	id := fmt.Sprint(uid)
	return exec.Command("nsenter", append([]string{"-t", m.pid, "-n", "-S", id, "-G", id, name}, args...)...)
}

// run runs a program in the machine's network, where it must succeed.
func (m *machine) run(name string, args ...string) string {
	m.t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		m.t.Skipf("skipped: %v", err)
	}
	out, err := m.command(name, args...).CombinedOutput()
	if err != nil {
		m.t.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// within is a program of the machine's own root.
func (m *machine) within(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{"-t", m.pid, "-n", "-m", "-r", "--wdns=/", name}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	return cmd
}

// feed gives a text to a program of the machine's own root.
func (m *machine) feed(text, name string, args ...string) string {
	m.t.Helper()
	cmd := m.within(name, args...)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v: %s\nof\n%s", name, err, out, text)
	}
	return string(out)
}

// inside runs f in the machine's network. Go's sockets belong to the network of
// the thread that makes them.
func (m *machine) inside(f func()) {
	m.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	enter := func(path string) func() {
		ns, err := os.Open(path)
		if err != nil {
			m.t.Fatal(err)
		}
		return func() {
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	back := enter("/proc/thread-self/ns/net")
	defer back()
	enter("/proc/" + m.pid + "/ns/net")()
	f()
}

// dial connects from the machine; from may be empty.
func (m *machine) dial(from, to string) (c net.Conn, err error) {
	d := net.Dialer{Timeout: time.Second}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	m.inside(func() { c, err = d.Dial("tcp", to) })
	return c, err
}

// greet listens in the machine and greets whoever comes; what it is told goes
// to heard.
func (m *machine) greet(addr string, heard chan<- string) {
	m.t.Helper()
	var l net.Listener
	var err error
	m.inside(func() { l, err = net.Listen("tcp", addr) })
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(5 * time.Second))
				fmt.Fprint(c, "welcome\n")
				for b := make([]byte, 4096); ; {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					if heard != nil {
						c.SetDeadline(time.Time{})
						heard <- string(b[:n])
					}
				}
			}()
		}
	}()
}

// link joins two machines by a cable, with an address of each family at both ends.
func link(a, b *machine, name, net4, net6 string) {
	a.t.Helper()
	run(a.t, "ip", "link", "add", name+"a", "netns", a.pid, "type", "veth", "peer", "name", name+"b", "netns", b.pid)
	for i, m := range []*machine{a, b} {
		dev := name + string("ab"[i])
		m.run("ip", "addr", "add", fmt.Sprintf("%s%d/24", net4, i+1), "dev", dev)
		m.run("ip", "addr", "add", fmt.Sprintf("%s%d/64", net6, i+1), "dev", dev, "nodad")
		m.run("ip", "link", "set", dev, "up")
	}
}
