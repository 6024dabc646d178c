package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// persona is the shipped one whose router these tests serve.
const persona = "../../../personas/pumping-station"

// routerEnv is the environment of the shipped router's service.
func routerEnv(t testing.TB) protocol.Env {
	t.Helper()
	files := os.DirFS(persona)
	var tags []byte
	for l := range bytes.Lines(readFile(t, persona+"/process.toml")) {
		if !bytes.HasPrefix(l, []byte("program =")) && !bytes.HasPrefix(l, []byte("stop =")) { // no controller here
			tags = append(tags, l...)
		}
	}
	env := prototest.Env(t, tags, readFile(t, persona+"/router/snmp.toml"), files)
	env.Device.Identity.Values["mobile"] = "100.91.120.130"
	env.Device.Identity.Boot = time.Now().Add(-30 * 24 * time.Hour)
	return env
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// flow is a UDP flow: what one address sends to a socket.
type flow struct {
	net.PacketConn
	peer net.Addr
	in   chan []byte
}

func (f *flow) Datagram() ([]byte, error) {
	p, ok := <-f.in
	if !ok {
		return nil, net.ErrClosed
	}
	return p, nil
}

func (f *flow) Read([]byte) (int, error)         { return 0, errors.New("read of a flow") }
func (f *flow) Write(p []byte) (int, error)      { return f.WriteTo(p, f.peer) }
func (f *flow) RemoteAddr() net.Addr             { return f.peer }
func (f *flow) Close() error                     { return nil }
func (f *flow) SetReadDeadline(time.Time) error  { return nil }
func (f *flow) SetWriteDeadline(time.Time) error { return nil }

// serve answers on a loopback socket until the test ends and returns its address.
func serve(t *testing.T, h protocol.Handler, journal session.Journal) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		flows := map[string]*flow{}
		defer func() {
			for _, f := range flows {
				close(f.in)
			}
		}()
		for {
			p := make([]byte, 65536)
			n, from, err := socket.ReadFrom(p)
			if err != nil {
				return
			}
			f := flows[from.String()]
			if f == nil {
				f = &flow{socket, from, make(chan []byte, 64)}
				flows[from.String()] = f
				wait.Go(func() { serveFlow(h, f, journal) })
			}
			f.in <- p[:n]
		}
	})
	t.Cleanup(func() {
		socket.Close()
		wait.Wait()
	})
	return socket.LocalAddr().String()
}

func serveFlow(h protocol.Handler, f *flow, journal session.Journal) {
	s := session.Open(session.Config{
		Conn: f, Journal: journal, Instant: true,
		Envelope: event.Envelope{Session: "s", Boot: "b", Sensor: "x", Protocol: "snmp", Transport: "udp",
			Src: netip.MustParseAddrPort(f.peer.String()), Dst: netip.MustParseAddrPort(f.LocalAddr().String())},
	})
	s.End(h.Serve(context.Background(), s))
}

// tool runs one of net-snmp's tools and returns what it prints.
func tool(t *testing.T, words ...string) string {
	t.Helper()
	path, err := exec.LookPath(words[0])
	if err != nil {
		t.Skipf("%s is not installed (apt-get install snmp)", words[0])
	}
	cmd := exec.CommandContext(t.Context(), path, words[1:]...)
	cmd.Env = append(os.Environ(), "MIBS=", "SNMPCONFPATH="+t.TempDir(), "SNMP_PERSISTENT_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%s: %v", strings.Join(words, " "), err)
	}
	return string(out)
}

func TestNetSNMP(t *testing.T) {
	h, err := newService(routerEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	at := serve(t, h, &prototest.Journal{})
	for _, c := range []struct {
		name, command, want string
	}{
		{"v1 get", "snmpget -v1 -c public -On AT 1.3.6.1.2.1.1.5.0", "STATION-7"},
		{"v1 get of nothing", "snmpget -v1 -c public AT 1.3.6.1.2.1.1.99.0", "noSuchName"},
		{"v2c get of nothing", "snmpget -v2c -c public -On AT 1.3.6.1.2.1.1.99.0 1.3.6.1.2.1.1.5.7", "No Such Instance"},
		{"v1 Counter64", "snmpget -v1 -c public AT 1.3.6.1.2.1.31.1.1.1.6.1", "noSuchName"},
		{"v2c Counter64", "snmpget -v2c -c public -On AT 1.3.6.1.2.1.31.1.1.1.6.1", "Counter64"},
		{"wrong community", "snmpget -v2c -c secret -t 0.2 -r 0 AT 1.3.6.1.2.1.1.5.0", "Timeout"},
		{"set with the read community", "snmpset -v2c -c public AT 1.3.6.1.2.1.1.6.0 s cellar", "noAccess"},
		{"set", "snmpset -v2c -c private -On AT 1.3.6.1.2.1.1.6.0 s cellar", `"cellar"`},
		{"and read it", "snmpget -v1 -c public -On AT 1.3.6.1.2.1.1.6.0", `"cellar"`},
		{"set of the wrong type", "snmpset -v2c -c private AT 1.3.6.1.2.1.1.6.0 i 4", "wrongType"},
		{"set read-only", "snmpset -v2c -c private AT 1.3.6.1.2.1.1.1.0 s x", "notWritable"},
		{"v1 set read-only", "snmpset -v1 -c private AT 1.3.6.1.2.1.1.1.0 s x", "noSuchName"},
		{"set a tag", "snmpset -v2c -c private -On AT 1.3.6.1.4.1.4329.20.1.1.1.1.110.1.2.0 u 3000", "Gauge32: 3000"},
		{"v3 without a key", "snmpget -v3 -u monitor -l noAuthNoPriv -On AT 1.3.6.1.2.1.1.5.0", "STATION-7"},
		{"v3 outside the view", "snmpget -v3 -u monitor -l noAuthNoPriv -On AT 1.3.6.1.2.1.4.1.0", "No Such Object"},
		{"v3 md5", "snmpget -v3 -u leitwarte -l authNoPriv -a MD5 -A leitwarte1 -On AT 1.3.6.1.2.1.1.5.0", "STATION-7"},
		{"v3 md5 des", "snmpget -v3 -u leitwarte -l authPriv -a MD5 -A leitwarte1 -x DES -X leitwarte1 -On AT 1.3.6.1.2.1.1.5.0", "STATION-7"},
		{"v3 sha aes", "snmpset -v3 -u admin -l authPriv -a SHA -A adminadmin -x AES -X adminadmin -On AT 1.3.6.1.2.1.1.4.0 s nobody", `"nobody"`},
		{"v3 below the user's level", "snmpget -v3 -u admin -l noAuthNoPriv AT 1.3.6.1.2.1.1.5.0", "authorizationError"},
		{"v3 wrong key", "snmpget -v3 -u admin -l authNoPriv -a SHA -A wrongwrong -t 0.2 -r 0 AT 1.3.6.1.2.1.1.5.0", "Authentication failure"},
		{"v3 nobody", "snmpget -v3 -u nobody -l noAuthNoPriv -t 0.2 -r 0 AT 1.3.6.1.2.1.1.5.0", "Unknown user name"},
		{"v3 wrong privacy", "snmpget -v3 -u admin -l authPriv -a SHA -A adminadmin -x AES -X wrongwrong -t 0.2 -r 0 AT 1.3.6.1.2.1.1.5.0", "Decryption error"},
		{"v3 unsupported level", "snmpget -v3 -u monitor -l authNoPriv -a SHA -A adminadmin -t 0.2 -r 0 AT 1.3.6.1.2.1.1.5.0", "Unsupported security level"},
		{"v3 unknown context", "snmpget -v3 -u admin -l authNoPriv -a SHA -A adminadmin -n other -t 0.2 -r 0 AT 1.3.6.1.2.1.1.5.0", "context"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := tool(t, strings.Fields(strings.Replace(c.command, "AT", at, 1))...)
			if !strings.Contains(out, c.want) {
				t.Errorf("%s\nprints %s\nwant %q", c.command, out, c.want)
			}
		})
	}
}

func TestNetSNMPWalks(t *testing.T) {
	h, err := newService(routerEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	at := serve(t, h, &prototest.Journal{})
	objects := len(h.(*agent).mib.objects)
	for _, c := range []struct {
		name, command string
		want          int
	}{
		{"walk", "snmpwalk -v2c -c public -On AT .1", objects},
		{"bulkwalk", "snmpbulkwalk -v2c -c public -Cr40 -On AT .1", objects},
		{"walk of version 1 without Counter64", "snmpwalk -v1 -c public -On AT .1", objects - 32},
		{"bulkwalk of version 3", "snmpbulkwalk -v3 -u admin -l authPriv -a SHA -A adminadmin -x AES -X adminadmin -On AT .1", objects},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := tool(t, strings.Fields(strings.Replace(c.command, "AT", at, 1))...)
			got := 0
			for l := range strings.Lines(out) {
				if strings.HasPrefix(l, ".1.3.6.1.") && !strings.Contains(l, "No more variables") {
					got++
				}
				if strings.Contains(l, "Error") {
					t.Errorf("printed %s", l)
				}
			}
			if got != c.want {
				t.Errorf("%d lines, want %d:\n%s", got, c.want, out)
			}
		})
	}
}

// TestNetSNMPKeys tries every authentication with every privacy that the tools
// know under the same names.
func TestNetSNMPKeys(t *testing.T) {
	var settings strings.Builder
	settings.WriteString("engine = \"80 00 10 e9 03 ${mac}\"\nobjects = [{ oid = \"1.3.6.1.2.1.1.5.0\", as = \"text\", value = \"here\" }]\n")
	auths := map[string]string{"MD5": "md5", "SHA": "sha", "SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
	privs := map[string]string{"DES": "des", "AES": "aes", "AES-192": "aes192", "AES-256": "aes256"}
	for a, auth := range auths {
		for p, priv := range privs {
			fmt.Fprintf(&settings, "[[users]]\nname = %q\nauth = %q\nauth_key = \"first secret\"\npriv = %q\npriv_key = \"second secret\"\n", a+p, auth, priv)
		}
	}
	h, err := newService(prototest.Env(t, nil, []byte(settings.String()), nil))
	if err != nil {
		t.Fatal(err)
	}
	at := serve(t, h, &prototest.Journal{})
	for a := range auths {
		for p := range privs {
			t.Run(a+" "+p, func(t *testing.T) {
				out := tool(t, "snmpget", "-v3", "-u", a+p, "-l", "authPriv", "-a", a, "-A", "first secret", "-x", p, "-X", "second secret", "-t", "0.5", "-r", "0", at, "1.3.6.1.2.1.1.5.0")
				if strings.Contains(out, "Invalid privacy protocol") {
					t.Skipf("this net-snmp is built without %s", p)
				}
				if !strings.Contains(out, `"here"`) {
					t.Errorf("printed %s", out)
				}
			})
		}
	}
}
