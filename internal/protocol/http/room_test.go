package http

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

const tags = "[[tag]]\nname = \"tank.level\"\ntype = \"float32\"\nstart = 2.5\n"

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"version", `version = "HTTP/2"`, "version"},
		{"placeholder", `head = ["X: {nothing}"]`, "{nothing}"},
		{"identity", `head = ["Server: ${nothing}"]`, "${nothing}"},
		{"tag of a template", "[[page]]\npath = \"/\"\ntype = \"text/html\"\ntemplate = true\nbody = '{{if .Running}}{{else}}{{.Tag \"no.tag\"}}{{end}}'", "no.tag"},
		{"identity in a template", "[[page]]\npath = \"/\"\ntype = \"text/plain\"\ntemplate = true\nbody = '{{.Device \"colour\"}}'", "colour"},
		{"broken template", "[[page]]\npath = \"/\"\ntype = \"text/html\"\ntemplate = true\nbody = '{{if}}'", "page /"},
		{"missing file", "[[page]]\npath = \"/\"\nfile = \"none.html\"", "none.html"},
		{"path", "[[page]]\npath = \"index.html\"", "begin with /"},
		{"alias", "[[page]]\npath = \"/\"\nalias = \"/x\"", "no page /x"},
		{"class", "[[page]]\npath = \"/\"\nclass = \"looking\"", "looking"},
		{"values", "[[page]]\npath = \"/\"\nvalues = [\"no.tag\"]", "no.tag"},
		{"form's tag", "[[form]]\npath = \"/\"\nfields = [{ name = \"a\", tag = \"no.tag\" }]", "no.tag"},
		{"login", "[[page]]\npath = \"/\"\nauth = \"form\"", "[login]"},
		{"realm", "[[page]]\npath = \"/\"\nauth = \"basic\"", "[basic]"},
		{"key", "tls = true\n[certificate]\nkey = \"dsa\"", "dsa"},
		{"TLS version", "tls = true\ntls_versions = [\"0.9\", \"1.2\"]\n[certificate]\nkey = \"p256\"", "0.9"},
		{"zone", `zone = "Mars/Olympus"`, "zone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newHandler(prototest.Env(t, []byte(tags), []byte(c.settings), fstest.MapFS{}))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// serve runs one session of a service and gives its other end.
func serve(t testing.TB, h protocol.Handler) (net.Conn, *prototest.Journal) {
	t.Helper()
	here, there := net.Pipe()
	j := &prototest.Journal{}
	s := session.Open(session.Config{Conn: there, Journal: j, Idle: time.Minute, Instant: true, Artifacts: &prototest.Artifacts{}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.End(h.Serve(t.Context(), s))
	}()
	t.Cleanup(func() { here.Close(); <-done })
	return here, j
}

func TestCertificateIsKept(t *testing.T) {
	env := prototest.Env(t, nil, []byte("tls = true\nkeep_alive = true\n[certificate]\nkey = \"p256\"\norganization = \"${vendor}\"\nnames = [\"${address}\"]\n[[page]]\npath = \"/\"\nbody = \"x\""), nil)
	var first []byte
	for range 2 { // as two starts of the sensor
		h, err := newHandler(env)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := serve(t, h)
		c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
		if err := hello(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		cert := c.ConnectionState().PeerCertificates[0]
		if cert.Subject.CommonName != "STATION-7" || cert.Subject.Organization[0] != "Test Works" || cert.IPAddresses[0].String() != "192.168.10.7" {
			t.Errorf("subject %v, addresses %v", cert.Subject, cert.IPAddresses)
		}
		if boot := env.Device.Identity.Boot; !cert.NotBefore.Before(boot) || cert.NotAfter.Before(boot.AddDate(19, 0, 0)) {
			t.Errorf("valid from %v to %v", cert.NotBefore, cert.NotAfter)
		}
		if first == nil {
			first = cert.Raw
		} else if string(first) != string(cert.Raw) {
			t.Error("the certificate changed with a restart")
		}
	}
}

func TestCookiesDiffer(t *testing.T) {
	h, err := newHandler(prototest.Env(t, nil, []byte("[login]\npath = \"/l\"\npage = \"/\"\ndone = \"/d\"\n[[user]]\nname = \"a\"\nsecret = \"b\""), nil))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range 3 {
		here, there := net.Pipe()
		cfg := session.Config{Conn: there, Journal: &prototest.Journal{}, Idle: time.Minute}
		cfg.Envelope.Session = fmt.Sprint(i)
		s := session.Open(cfg)
		go func() { s.End(h.Serve(t.Context(), s)) }()
		fmt.Fprint(here, "POST /l HTTP/1.1\r\nContent-Length: 17\r\n\r\nuser=a&password=b")
		text, err := io.ReadAll(here)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, ok := strings.Cut(string(text), "Set-Cookie: SID=")
		if !ok || seen[rest[:32]] {
			t.Errorf("answer %q: no cookie, or one seen before", text)
		}
		seen[rest[:32]] = true
	}
}

func TestLoginsAreBounded(t *testing.T) {
	var l logins
	now := time.Now()
	for i := range maxLogins + 10 {
		l.add(fmt.Sprint(i), "x", fmt.Sprint(i), now, now.Add(time.Hour+time.Duration(i)*time.Second))
	}
	if len(l.by) != maxLogins || l.who("0", now) != "" || l.who(fmt.Sprint(maxLogins+9), now) != "x" {
		t.Errorf("%d logins kept, the first %q", len(l.by), l.who("0", now))
	}
	for i := range maxLogins {
		l.add(fmt.Sprint("again ", i), "x", "one source", now, now.Add(2*time.Hour))
	}
	if l.who("100", now) != "x" || l.who("again 0", now) != "" || l.who(fmt.Sprint("again ", maxLogins-1), now) != "x" {
		t.Error("one visitor's logins put another's out")
	}
	if l.who("20", now.Add(3*time.Hour)) != "" {
		t.Error("a login outlived its time")
	}
}

func TestDecoder(t *testing.T) {
	d := newDecoder()
	req := "POST /set HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\nHEAD / HTTP/1.0\r\n\r\n"
	first := strings.Index(req, "HEAD")
	for n := range first {
		if _, got, err := d.Next(true, []byte(req[:n])); got != 0 || err != nil {
			t.Fatalf("%d octets: %d, %v; want more", n, got, err)
		}
	}
	f, n, err := d.Next(true, []byte(req))
	if err != nil || n != first || f.Act.Op != "post" || f.Act.Target.Ref != "/set" || len(f.Fields) != 3 {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
	if _, n, err = d.Next(true, []byte(req[first:])); err != nil || n != len(req)-first {
		t.Errorf("second request: %d, %v", n, err)
	}
	resp := "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
	f, n, err = d.Next(false, []byte(resp))
	if err != nil || n != strings.Index(resp, "HTTP/1.1 200") || f.Fields[0].Value != "404 Not Found" || f.Act.Outcome != "refused" {
		t.Errorf("%+v, %d, %v", f, n, err)
	}
	if _, n, err = d.Next(false, []byte(resp[n:])); err != nil || n == 0 {
		t.Errorf("the answer to HEAD has no body: %d, %v", n, err)
	}
	if _, _, err := newDecoder().Next(false, []byte("SSH-2.0-x\r\n\r\n")); err == nil {
		t.Error("a foreign answer decodes")
	}
}

// FuzzSession holds the room to its law: whatever comes, Serve returns when the
// visitor leaves and every octet is in some act.
func FuzzSession(f *testing.F) {
	for _, s := range []string{"GET / HTTP/1.1\r\n\r\n", "POST /f HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9\r\n\r\n--b\r\n\r\nab",
		"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "\x16\x03\x01\n", "GET /%zz?%gg&a=..;b HTTP/1.0\n\n"} {
		f.Add([]byte(s))
	}
	h, err := newHandler(prototest.Env(f, []byte(tags), []byte("keep_alive = true\nmethods = [\"GET\", \"POST\", \"PUT\", \"OPTIONS\", \"TRACE\"]\n"+
		"[[page]]\npath = \"/\"\ntype = \"text/html\"\ntemplate = true\nbody = '<a href=\"{{.Query \"q\"}}\">{{.Tag \"tank.level\"}}{{.Path}}</a>'\n"+
		"[[form]]\npath = \"/f\"\nfields = [{ name = \"a\", tag = \"tank.level\" }]\n[[upload]]\npath = \"/u\"\n"), nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		here, there := net.Pipe()
		j := &prototest.Journal{}
		s := session.Open(session.Config{Conn: there, Journal: j, Idle: 2 * time.Second, Instant: true, Artifacts: &prototest.Artifacts{}})
		done := make(chan struct{})
		go func() { defer close(done); s.End(h.Serve(t.Context(), s)) }()
		go io.Copy(io.Discard, here)
		here.Write(b) // its error: the room has hung up
		here.Close()
		<-done
		for _, e := range j.Events(t) {
			if e.Op == session.OpUnrecorded {
				t.Fatalf("octets that no act claims: %x", e.Request)
			}
		}
	})
}

func BenchmarkPage(b *testing.B) {
	h, err := newHandler(prototest.Env(b, []byte(tags), []byte("keep_alive = true\n[[page]]\npath = \"/v\"\ntype = \"application/json\"\ntemplate = true\nbody = '{\"l\":{{.Tag \"tank.level\" \"%.2f\"}}}'"), nil))
	if err != nil {
		b.Fatal(err)
	}
	c, _ := serve(b, h)
	r := bufio.NewReader(c)
	req := []byte("GET /v HTTP/1.1\r\nHost: 192.0.2.5\r\nUser-Agent: bench\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		go c.Write(req)
		for blank := false; ; {
			line, err := r.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if blank = len(line) == 2; blank {
				break
			}
		}
		if _, err := r.Discard(len(`{"l":2.50}`)); err != nil {
			b.Fatal(err)
		}
	}
}

// An upload whose name is longer than a line of the journal is recorded.
func TestUploadOfAnEndlessName(t *testing.T) {
	h, err := newHandler(prototest.Env(t, []byte(tags), []byte("max_body = 4194304\n[[upload]]\npath = \"/up\"\n"), fstest.MapFS{}))
	if err != nil {
		t.Fatal(err)
	}
	c, j := serve(t, h)
	body := "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" + strings.Repeat("A", 300<<10) + "\"\r\n\r\nhello\r\n--x--\r\n"
	go func() {
		fmt.Fprintf(c, "POST /up HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}()
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for _, e := range j.Events(t) {
		if e.Op == "upload" && e.Artifact != nil {
			return
		}
	}
	t.Error("the upload is not in the journal")
}
