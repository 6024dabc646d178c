package wire

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func text(s string) string { return hex.EncodeToString([]byte(s)) }

func TestRequest(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Request]{
		{
			Name: "GET with three fields, RFC 9112 §2.1",
			Hex:  text("GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n"),
			Want: Request{"GET", "/hello.txt", 1, 1, []Header{{"User-Agent", "curl/7.64.1"}, {"Host", "www.example.com"}, {"Accept-Language", "en, mi"}}},
		},
		{
			Name: "absolute form, RFC 9112 §3.2.2",
			Hex:  text("GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: x\r\n\r\n"),
			Want: Request{"GET", "http://www.example.org/pub/WWW/TheProject.html", 1, 1, []Header{{"Host", "x"}}},
		},
		{
			Name: "authority form, RFC 9112 §3.2.3",
			Hex:  text("CONNECT www.example.com:80 HTTP/1.1\r\n\r\n"),
			Want: Request{"CONNECT", "www.example.com:80", 1, 1, nil},
		},
		{
			Name: "asterisk form, RFC 9112 §3.2.4",
			Hex:  text("OPTIONS * HTTP/1.0\r\n\r\n"),
			Want: Request{"OPTIONS", "*", 1, 0, nil},
		},
		{
			Name: "simple request, RFC 1945 §5",
			Hex:  text("GET /\r\n"),
			Want: Request{Method: "GET", Target: "/"},
		},
	})
}

func TestRequestOddities(t *testing.T) {
	for _, c := range []struct {
		name, in string
		err      error
		want     string // canonical encoding, where it parses
	}{
		{"bare LF", "GET / HTTP/1.0\nA: b\n\n", nil, "GET / HTTP/1.0\r\nA: b\r\n\r\n"},
		{"empty line first, RFC 9112 §2.2", "\r\nGET / HTTP/1.0\r\n\r\n", nil, "GET / HTTP/1.0\r\n\r\n"},
		{"folded field, RFC 9112 §5.2", "GET / HTTP/1.0\r\nA: b\r\n  c\r\n\r\n", nil, "GET / HTTP/1.0\r\nA: b c\r\n\r\n"},
		{"no blank behind the colon", "GET / HTTP/1.0\r\nA:b\r\n\r\n", nil, "GET / HTTP/1.0\r\nA: b\r\n\r\n"},
		{"blank before the colon, RFC 9112 §5.1", "GET / HTTP/1.0\r\nA : b\r\n\r\n", ErrHeader, ""},
		{"field without a colon", "GET / HTTP/1.0\r\nA b\r\n\r\n", ErrHeader, ""},
		{"NUL in a field", "GET / HTTP/1.0\r\nA: \x00\r\n\r\n", ErrHeader, ""},
		{"NUL in a folded field", "GET / HTTP/1.0\r\nA: b\r\n \x00\r\n\r\n", ErrHeader, ""},
		{"no target", "GET HTTP/1.0\r\n\r\n", ErrHeader, ""}, // a simple request for "HTTP/1.0", then rubbish
		{"POST without a version", "POST /\r\n", ErrLine, ""},
		{"lower-case protocol", "GET / http/1.0\r\n\r\n", ErrLine, ""},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", ErrVersion, ""},
		{"a blank in the target", "GET /a b HTTP/1.0\r\n\r\n", nil, "GET /a b HTTP/1.0\r\n\r\n"},
		{"control in the target", "GET /\x01 HTTP/1.0\r\n\r\n", ErrLine, ""},
		{"TLS record", "\x16\x03\x01\x00\n", ErrLine, ""},
		{"octets behind", "GET / HTTP/1.0\r\n\r\nX", ErrHeader, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Parse([]byte(c.in))
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if c.want != "" && string(r.Append(nil)) != c.want {
				t.Errorf("got %q, want %q", r.Append(nil), c.want)
			}
		})
	}
}

func TestReadHeadTakesNoMore(t *testing.T) {
	const head, behind = "POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\n", "abcGET"
	r := bufio.NewReader(iotest.OneByteReader(strings.NewReader(head + behind)))
	waits := 0
	req, err := ReadHead(r, DefaultLimits(), func() error { waits++; return nil })
	if err != nil || req.Target != "/x" {
		t.Fatal(req, err)
	}
	if waits != len(head) {
		t.Errorf("%d waits for %d octets", waits, len(head))
	}
	body, err := req.Body(r)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); string(got) != "abc" || err != nil {
		t.Errorf("body %q, %v", got, err)
	}
	if rest, _ := io.ReadAll(r); string(rest) != "GET" {
		t.Errorf("left %q", rest)
	}
}

func TestReadHeadLimits(t *testing.T) {
	lim := Limits{Line: 40, Fields: 60, Count: 2}
	none := func() error { return nil }
	late := errors.New("late")
	for _, c := range []struct {
		name, in string
		wait     func() error
		err      error
	}{
		{"long line", "GET /" + strings.Repeat("a", 40) + " HTTP/1.0\r\n\r\n", none, ErrURI},
		{"long field", "GET / HTTP/1.0\r\nA: " + strings.Repeat("a", 70) + "\r\n\r\n", none, ErrFields},
		{"many octets", "GET / HTTP/1.0\r\nA: " + strings.Repeat("a", 30) + "\r\nB: " + strings.Repeat("b", 30) + "\r\n\r\n", none, ErrFields},
		{"many fields", "GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", none, ErrFields},
		{"many empty lines", strings.Repeat("\r\n", 40), none, ErrLine},
		{"cut off", "GET / HT", none, io.EOF},
		{"too slow", "GET / HT", func() error { return late }, late},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadHead(bufio.NewReader(strings.NewReader(c.in)), lim, c.wait)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

func TestLongLineKeepsItsMethod(t *testing.T) {
	req, err := ReadHead(bufio.NewReader(strings.NewReader("GET /"+strings.Repeat("a", 100))), Limits{Line: 20, Fields: 60, Count: 2}, func() error { return nil })
	if !errors.Is(err, ErrURI) || req.Method != "GET" || !strings.HasPrefix(req.Target, "/aaa") {
		t.Errorf("%+v, %v", req, err)
	}
}

func TestBody(t *testing.T) {
	for _, c := range []struct {
		name, head, wire, want string
		err                    error
	}{
		{"chunked, RFC 9112 §7.1", "Transfer-Encoding: chunked", "4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nTrailer: v\r\n\r\n", "Wikipedia", nil},
		{"chunk size not hexadecimal", "Transfer-Encoding: chunked", "zz\r\n", "", ErrBody},
		{"chunk longer than its size", "Transfer-Encoding: chunked", "1\r\nabc\r\n0\r\n\r\n", "a", ErrBody},
		{"chunk size too long", "Transfer-Encoding: chunked", "ffffffffffffffff\r\n", "", ErrBody},
		{"cut off in a chunk", "Transfer-Encoding: chunked", "9\r\nabc", "abc", io.ErrUnexpectedEOF},
		{"cut off by length", "Content-Length: 5", "abc", "abc", io.ErrUnexpectedEOF},
		{"by length", "Content-Length: 3", "abc", "abc", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := Parse([]byte("POST / HTTP/1.1\r\n" + c.head + "\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			body, err := req.Body(bufio.NewReader(strings.NewReader(c.wire)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(body)
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("%q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestBodyLength(t *testing.T) {
	for _, fields := range []string{"Content-Length: -1", "Content-Length: 1x", "Content-Length: 1\r\nContent-Length: 2",
		"Transfer-Encoding: gzip, chunked", "Content-Length: 9999999999999999999"} {
		req, err := Parse([]byte("POST / HTTP/1.1\r\n" + fields + "\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := req.BodyLength(); !errors.Is(err, ErrBody) {
			t.Errorf("%s: %v, want ErrBody", fields, err)
		}
	}
}

func TestResponse(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Response
		want string
	}{
		{"no reason, as the S7-300 CPU (nmap-service-probes)", Response{Proto: "HTTP/1.0", Status: 302, Head: []string{"Location: /Portal0000.htm"}},
			"HTTP/1.0 302\r\nLocation: /Portal0000.htm\r\n\r\n"},
		{"no head", Response{Body: []byte("x")}, "x"},
		{"chunks", Response{Proto: "HTTP/1.1", Status: 200, Reason: "OK", Body: []byte("abcdefghijklmnopqrst"), Chunks: []int{2}, Trail: []string{"T: v"}},
			"HTTP/1.1 200 OK\r\n\r\n2\r\nab\r\n12\r\ncdefghijklmnopqrst\r\n0\r\nT: v\r\n\r\n"},
	} {
		if got := string(c.in.Append(nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestResponseHead(t *testing.T) {
	in := []byte("HTTP/1.0 302\r\nLocation: /x\r\n\r\nbody")
	r, n, err := ParseResponseHead(in)
	if err != nil || n != len(in)-4 || r.Status != 302 || r.Get("location") != "/x" {
		t.Errorf("%+v, %d, %v", r, n, err)
	}
	if _, n, err := ParseResponseHead(in[:20]); n != 0 || err != nil {
		t.Errorf("a part: %d, %v", n, err)
	}
	if _, _, err := ParseResponseHead([]byte("SSH-2.0-x\r\n\r\n")); !errors.Is(err, ErrLine) {
		t.Errorf("foreign: %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	octettest.Fuzz(f, Parse, text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), text("GET /\r\n"), text("POST /a?b HTTP/1.0\r\nA: b\r\n c\r\n\r\n"))
}

// FuzzHead holds the reader and the parser to one opinion, however the octets come.
func FuzzHead(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\nmore"))
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		src := bytes.NewReader(b)
		r := bufio.NewReader(iotest.OneByteReader(src))
		req, err := ReadHead(r, DefaultLimits(), func() error { return nil })
		if err != nil {
			return
		}
		taken := len(b) - src.Len() - r.Buffered()
		same, err := Parse(b[:taken])
		if err != nil || string(same.Append(nil)) != string(req.Append(nil)) {
			t.Fatalf("read %+v, parsed %+v, %v", req, same, err)
		}
		if body, err := req.Body(r); err == nil && body != nil {
			io.Copy(io.Discard, body)
		}
	})
}

func BenchmarkReadHead(b *testing.B) {
	head := []byte("GET /values.json HTTP/1.1\r\nHost: 192.0.2.5:8800\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nReferer: http://192.0.2.5:8800/\r\nConnection: keep-alive\r\n\r\n")
	src := bytes.NewReader(head)
	r := bufio.NewReaderSize(src, 4096)
	wait := func() error { return nil }
	b.ReportAllocs()
	for b.Loop() {
		src.Reset(head)
		r.Reset(src)
		if _, err := ReadHead(r, DefaultLimits(), wait); err != nil {
			b.Fatal(err)
		}
	}
}

// Each line that continues a field has it copied: there are no more of them than
// of fields.
func TestContinuedLinesAreBounded(t *testing.T) {
	lim := Limits{Line: 100, Fields: 1 << 20, Count: 100}
	for n, want := range map[int]error{99: nil, 100: ErrFields, 100000: ErrFields} {
		head := "GET / HTTP/1.1\r\nX: y\r\n" + strings.Repeat(" z\r\n", n) + "\r\n"
		if _, err := ReadHead(bufio.NewReader(strings.NewReader(head)), lim, func() error { return nil }); err != want {
			t.Errorf("%d lines: %v, want %v", n, err, want)
		}
	}
}
