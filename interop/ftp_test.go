//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const ftpPort = 2121

// random makes a file of n octets that nobody has.
func random(t *testing.T, n int) (file string, octets []byte) {
	t.Helper()
	octets = make([]byte, n)
	rand.Read(octets)
	file = filepath.Join(t.TempDir(), fmt.Sprintf("f%d.bin", n))
	if err := os.WriteFile(file, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, octets
}

func same(t *testing.T, file string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d octets, want the %d that were sent (%v)", filepath.Base(file), len(got), len(want), err)
	}
}

func TestFTP(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	url := "ftp://" + s.at(ftpPort)
	oracle(t, s, dissection{network: "tcp", port: ftpPort, protocol: "ftp", decodeAs: "tcp.port==2121,ftp"}, func() {
		t.Run("nmap", func(t *testing.T) {
			contains(t, s.nmap(t, ftpPort, "--script", "+ftp-anon,+ftp-syst"), "Anonymous FTP login allowed (FTP code 230)", "Public")
			contains(t, s.nmap(t, ftpPort, "-sV"), "ftp")
		})
		t.Run("curl", func(t *testing.T) { curlFTP(t, url) })
		t.Run("lftp", func(t *testing.T) { lftp(t, s) })
		t.Run("ftplib", func(t *testing.T) {
			out := python(t, "ftplib", ftplibScript, s.addr, fmt.Sprint(ftpPort))
			contains(t, out, "size 1000000", "['y.bin']", "['a', 'b']", "active 425", "bye 221")
		})
	})
	ops := s.ops("ftp")
	for _, op := range []string{"user", "pass", "epsv", "pasv", "eprt", "port", "list", "mlsd", "retr", "stor", "stor_data", "retr_data", "rnto", "dele"} {
		if ops[op] == 0 && op != "eprt" {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

func curlFTP(t *testing.T, url string) {
	file, octets := random(t, 3_000_000)
	back := file + ".back"
	contains(t, run(t, "curl", "-sS", "--max-time", "20", url+"/"), "Public", "Trend")
	run(t, "curl", "-sS", "--max-time", "20", "-T", file, url+"/Public/up.bin")
	if err := os.WriteFile(back, octets[:1_000_000], 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "curl", "-sS", "--max-time", "20", "-C", "-", "-o", back, url+"/Public/up.bin") // REST
	same(t, back, octets)
	run(t, "curl", "-sS", "--max-time", "20", "--disable-epsv", "-o", back, url+"/Public/up.bin")
	same(t, back, octets)
	run(t, "curl", "-sS", "--max-time", "20", "-a", "-T", file, url+"/Public/up.bin") // APPE
	run(t, "curl", "-sS", "--max-time", "20", "-o", back, url+"/Public/up.bin")
	same(t, back, append(append([]byte(nil), octets...), octets...))
	out, err := try(t, "curl", "-v", "--max-time", "20", "--ftp-port", "127.0.0.1", url+"/Public/up.bin")
	if err == nil || !strings.Contains(out, "425") {
		t.Errorf("an active transfer is not refused with 425: %v\n%s", err, out)
	}
}

func lftp(t *testing.T, s *sundew) {
	file, octets := random(t, 300_000)
	dir := t.TempDir()
	out := run(t, "lftp", "-u", "admin,admin", "-p", fmt.Sprint(ftpPort), "-e",
		fmt.Sprintf("set net:timeout 5; set net:max-retries 1; ls; put %s -o Public/l.bin; get Public/l.bin -o %s/l.bin; mirror Projekt %s/projekt; rm Public/l.bin; exit", file, dir, dir), s.addr)
	contains(t, out, "Backup", "Trend")
	same(t, filepath.Join(dir, "l.bin"), octets)
	if _, err := os.Stat(filepath.Join(dir, "projekt", "Quellen", "program.awl")); err != nil {
		t.Error(err)
	}
}

const ftplibScript = `
import ftplib, io, sys
f = ftplib.FTP()
f.connect(sys.argv[1], int(sys.argv[2]), timeout=10)
f.login()
f.storbinary('STOR Public/x.bin', io.BytesIO(b'z' * 1000000))
print('size', f.size('Public/x.bin'))
print(sorted(n for n, _ in f.mlsd('Public')))
f.mkd('Public/d'); f.rename('Public/x.bin', 'Public/d/y.bin'); print(f.nlst('Public/d'))
f.delete('Public/d/y.bin'); f.rmd('Public/d')
f.storlines('STOR Public/t.txt', io.BytesIO(b'a\nb\n'))
lines = []
f.retrlines('RETR Public/t.txt', lines.append); print(lines)
f.set_pasv(False)
try:
    f.nlst()
except ftplib.all_errors as e:
    print('active', e)
print('bye', f.quit())
`

// TestFTPUploadsOutliveARestart uploads, restarts the sensor, and finds the file
// again, while another address does not.
func TestFTPUploadsOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	file, octets := random(t, 200_000)
	s := startAt(t, "127.18.4.9", dir, "default", "--limits", "off", "--latency", "off")
	run(t, "curl", "-sS", "--max-time", "20", "-T", file, "ftp://"+s.at(ftpPort)+"/Public/kept.bin")
	s.stop()
	s = startAt(t, "127.18.4.9", dir, "default", "--limits", "off", "--latency", "off")
	run(t, "curl", "-sS", "--max-time", "20", "-o", file+".back", "ftp://"+s.at(ftpPort)+"/Public/kept.bin")
	same(t, file+".back", octets)
	if out, err := try(t, "curl", "-sS", "--max-time", "20", "--interface", "127.18.4.200", "ftp://"+s.at(ftpPort)+"/Public/kept.bin"); err == nil {
		t.Errorf("another visitor gets %d octets of what this one has sent", len(out))
	}
}

// TestFTPManyConnections holds 5,000 control connections at once, each logged
// in, and asks each again.
func TestFTPManyConnections(t *testing.T) {
	const n, workers = 5000, 50
	s := start(t, "default", "--limits", "off", "--latency", "off")
	before := s.rss()
	visitors := make([]*textVisitor, n)
	each := func(f func(i int) error) {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < n; i += workers {
					if err := f(i); err != nil {
						t.Errorf("connection %d: %v", i, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	begun := time.Now()
	each(func(i int) error {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 14, byte(i>>8), 9)}, Timeout: 10 * time.Second}
		c, err := d.Dial("tcp", s.at(ftpPort))
		if err != nil {
			return err
		}
		visitors[i] = &textVisitor{c, bufio.NewReaderSize(c, 256)}
		return visitors[i].expect("", "220", "USER anonymous", "331", "PASS x@y", "230")
	})
	defer func() {
		for _, v := range visitors {
			if v != nil {
				v.Close()
			}
		}
	}()
	if t.Failed() {
		return
	}
	each(func(i int) error { return visitors[i].expect("CWD /Public", "250", "PWD", "257") })
	grown := s.rss() - before
	t.Logf("%d connections in %v, %d KB each", n, time.Since(begun).Round(time.Millisecond), grown/n>>10)
	if grown/n > 80<<10 {
		t.Errorf("%d octets per connection", grown/n)
	}
}

// textVisitor speaks lines.
type textVisitor struct {
	net.Conn
	r *bufio.Reader
}

// expect sends commands and compares the codes of the replies, in turn.
func (v *textVisitor) expect(turns ...string) error {
	for i := 0; i < len(turns); i += 2 {
		v.SetDeadline(time.Now().Add(20 * time.Second))
		if turns[i] != "" {
			if _, err := io.WriteString(v, turns[i]+"\r\n"); err != nil {
				return err
			}
		}
		l, err := v.r.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.HasPrefix(l, turns[i+1]+" ") {
			return fmt.Errorf("%q is answered with %q", turns[i], l)
		}
	}
	return nil
}
