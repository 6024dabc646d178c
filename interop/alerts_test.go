//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withAlert starts a sensor whose configuration has one alert, and returns the
// configuration's path too.
func withAlert(t *testing.T, settings string) (*sundew, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sundew.toml")
	if err := os.WriteFile(file, []byte("[[alert]]\n"+settings), 0o644); err != nil {
		t.Fatal(err)
	}
	return start(t, "pumping-station", "--config", file, "--limits", "off", "--latency", "off", "--sensor", "lon-1"), file
}

func secret(t *testing.T, text string) string {
	t.Helper()
	f := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(f, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// A write by mbpoll is told within two seconds, signed, and once.
func TestAlertByWebhook(t *testing.T) {
	mbpoll := tool(t, "mbpoll")
	type post struct {
		at   time.Time
		body []byte
		head http.Header
	}
	posts := make(chan post, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		posts <- post{time.Now(), b, r.Header}
	}))
	defer server.Close()
	s, file := withAlert(t, fmt.Sprintf("to = \"webhook\"\nurl = %q\nsecret_file = %q\n", server.URL, secret(t, "key")))
	run(t, built, "alert", "test", "--config", file, "--sensor", "lon-1")
	contains(t, string((<-posts).body), `"kind":"test"`, `"sensor":"lon-1"`)

	write := func() (before time.Time) {
		run(t, mbpoll, "-m", "tcp", "-a", "1", "-p", "5020", "-0", "-r", "0", "-c", "4", "-1", s.addr)
		before = time.Now()
		run(t, mbpoll, "-m", "tcp", "-a", "1", "-p", "5020", "-0", "-t", "0", "-r", "0", s.addr, "1")
		return before
	}
	before := write()
	var p post
	select {
	case p = <-posts:
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing was told: %s", s.log)
	}
	if took := p.at.Sub(before); took > 2*time.Second {
		t.Errorf("it was told after %v", took)
	} else {
		t.Logf("told %v after mbpoll was started", took)
	}
	m := hmac.New(sha256.New, []byte("key"))
	fmt.Fprintf(m, "%s.%s", p.head.Get("X-Sundew-Timestamp"), p.body)
	if want := "sha256=" + hex.EncodeToString(m.Sum(nil)); p.head.Get("X-Sundew-Signature") != want {
		t.Errorf("signature %q, want %q", p.head.Get("X-Sundew-Signature"), want)
	}
	var got struct {
		Kind, Reason, Session, Label, Protocol, Command string
		Act                                             struct{ Op string }
	}
	if err := json.Unmarshal(p.body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "alert" || got.Reason != "first_act" || got.Label != "ics_write" || got.Protocol != "modbus" || got.Act.Op != "write_single_coil" || got.Command != "sundew session "+got.Session {
		t.Errorf("%s", p.body)
	}
	contains(t, run(t, built, "session", "--data", s.dir, got.Session), "write_single_coil")
	write()
	select {
	case p := <-posts:
		t.Errorf("told again: %s", p.body)
	case <-time.After(2 * time.Second):
	}
}

// A real mail server takes the alert over TLS, from one who has logged in.
func TestAlertByMail(t *testing.T) {
	mbpoll := tool(t, "mbpoll")
	py, _ := filepath.Abs("../.cache/venv/bin/python")
	if err := exec.Command(py, "-c", "import aiosmtpd").Run(); err != nil {
		t.Skip("skipped: aiosmtpd is not installed; run interop/setup")
	}
	dir, port := t.TempDir(), freePort(t)
	cert, key := certificate(t, dir)
	script, out := filepath.Join(dir, "server.py"), filepath.Join(dir, "mails")
	err := os.WriteFile(script, []byte(`
import ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
cert, key, port, out = sys.argv[1:]
class Box:
    async def handle_DATA(self, server, session, envelope):
        with open(out, "ab") as f:
            f.write(("%s > %s\n" % (envelope.mail_from, ",".join(envelope.rcpt_tos))).encode() + envelope.content)
        return "250 taken"
def known(server, session, envelope, mechanism, data):
    ok = mechanism == "PLAIN" and data.login == b"sensor" and data.password == b"s3cret"
    return AuthResult(success=ok)
ctx = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
ctx.load_cert_chain(cert, key)
Controller(Box(), hostname="127.0.0.1", port=int(port), tls_context=ctx, require_starttls=True, authenticator=known, auth_required=True).start()
while True: time.sleep(60)
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	service(t, port, py, script, cert, key, fmt.Sprint(port), out)
	s, _ := withAlert(t, fmt.Sprintf("to = \"mail\"\nserver = \"127.0.0.1:%d\"\nca_file = %q\nuser = \"sensor\"\npassword_file = %q\nfrom = \"sensor@example.org\"\nrecipients = [\"ops@example.org\"]\n",
		port, cert, secret(t, "s3cret")))
	before := time.Now()
	run(t, mbpoll, "-m", "tcp", "-a", "1", "-p", "5020", "-0", "-t", "0", "-r", "0", s.addr, "1")
	text := arrives(t, out, 1, "sundew session ")
	t.Logf("told %v after mbpoll was started", time.Since(before))
	contains(t, text, "sensor@example.org > ops@example.org", "Subject: [sundew] lon-1: ", "write_single_coil", "Auto-Submitted: auto-generated")
	if strings.Count(text, "Subject:") != 1 {
		t.Errorf("more than one mail:\n%s", text)
	}
}

// certificate makes one for 127.0.0.1 that is its own authority.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for f, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: kb}} {
		if err := os.WriteFile(f, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
