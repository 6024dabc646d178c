package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/store"
)

// hostile is text of a visitor who attacks whoever looks at it: HTML, a terminal,
// a spreadsheet, the order of letters. The journal has it escaped (event.Escape).
const hostile = `</script><img src=x onerror=alert(1)>\x1b]0;x\x07=cmd|' /C calc'!A0"'` + "\u202e\u2066"

const sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// means interprets by our rules and knows two addresses.
type means struct{ rules *analysis.Rules }

func (m means) Versions() string { return "of the test" }

func (m means) Source(a netip.Addr) analysis.Source {
	if a == netip.MustParseAddr("198.51.100.1") {
		return analysis.Source{Country: "NL", ASN: 64500, ASOrg: "Scanner Inc", NetType: "hosting", Scanner: "Censys", ScannerProof: "confirmed"}
	}
	return analysis.Source{Country: "GB", ASN: 64502, ASOrg: "Net <b>"}
}

func (m means) Begin(e *event.Event) store.Interpretation { return m.rules.NewSession(e) }

// tape is a journal's lines.
type tape struct {
	lines []string
	at    time.Time
	step  time.Duration // 0: step
	seqs  map[string]int
}

// now plays the i-th session as it happens.
func (r *rig) now(i int) {
	r.tape.at, r.tape.step = time.Now().UTC(), time.Microsecond
	r.tape.visit(i)
	r.write()
}

// step is between two lines of a tape.
const step = 41 * time.Second

func (s *tape) add(session, kind, protocol, src, rest string) {
	s.at = s.at.Add(cmp.Or(s.step, step))
	seq := s.seqs[session]
	s.seqs[session]++
	s.lines = append(s.lines, fmt.Sprintf(`{"v":1,"kind":%q,"ts":%q,"at_us":%d,"seq":%d,"session":%q,"boot":"b1","sensor":"s1","protocol":%q,"transport":"tcp","src":{"ip":%q,"port":40000},"dst":{"ip":"192.0.2.5","port":502}%s}`,
		kind, s.at.Format("2006-01-02T15:04:05.000000000Z"), seq*1_000_000, seq, session, protocol, src, rest))
}

func (s *tape) status(what, detail string) {
	s.at = s.at.Add(time.Second)
	seq := s.seqs["boot"]
	s.seqs["boot"]++
	s.lines = append(s.lines, fmt.Sprintf(`{"v":1,"kind":"status","ts":%q,"seq":%d,"boot":"b1","sensor":"s1","what":%q,"detail":%s}`, s.at.Format(time.RFC3339Nano), seq, what, detail))
}

func id(i int) string { return fmt.Sprintf("01937a52-8f3e-7c11-9a55-%012d", i) }

func open(protocol string) string {
	return fmt.Sprintf(`,"persona":"pumping-station","device":"plc","build":"x","listener":%q,"octets":"wire"`, protocol)
}

const closed = `,"start":"2026-11-01T22:30:00Z","end":"2026-11-01T22:30:00Z","duration_us":5,"reason":"visitor","octets_in":24,"octets_out":30,"acts":2`

// visit plays the i-th session.
func (s *tape) visit(i int) {
	src, protocol := fmt.Sprintf("203.0.113.%d", i%40), []string{"modbus", "http", "s7comm"}[i%3]
	if i%11 == 0 {
		src = "198.51.100.1"
	}
	s.add(id(i), "session.open", protocol, src, open(protocol))
	switch {
	case i%3 == 1:
		user, err := json.Marshal(hostile)
		if err != nil {
			panic(err)
		}
		s.add(id(i), "act", protocol, src, `,"op":"login","class":"auth","outcome":"refused","cred":{"user":`+string(user)+`,"secret":"admin","method":"form"},"detail":{"agent":`+string(user)+`},"request":"504f5354202f20485454502f312e31","response":"3c68313e4e6f3c2f68313e","request_len":15,"response_len":11,"took_us":4,"count":1`)
	case i%6 == 0:
		s.add(id(i), "act", protocol, src, `,"op":"read_holding_registers","class":"read","outcome":"answered","target":{"kind":"register","ref":"3"},"request":"000100000006010300030001","response":"00","request_len":12,"response_len":11,"took_us":4,"count":1`)
		s.add(id(i), "act", protocol, src, `,"op":"write_single_register","class":"write","outcome":"answered","target":{"kind":"register","ref":"3"},"tags":["tank.level"],"values":["7"],"previous":["6"],"artifact":{"sha256":"`+sha+`","size":3,"name":"=f","kind":"test"},"request":"000100000006010600030007","response":"000100000006010600030007","request_len":12,"response_len":12,"took_us":4,"count":1`)
	default:
		s.add(id(i), "act", protocol, src, `,"op":"read_szl","class":"identify","outcome":"answered","target":{"kind":"unit","ref":"1"},"request":"0300","response":"0300","request_len":2,"response_len":2,"took_us":4,"count":1`)
	}
	s.add(id(i), "session.close", protocol, src, closed)
}

const services = `{"site":{"name":"lab"},"services":[{"persona":"pumping-station","device":"plc","service":"modbus","protocol":"modbus","network":"tcp","addr":"192.0.2.5:502"},{"persona":"pumping-station","device":"plc","service":"http","protocol":"http","network":"tcp","addr":"192.0.2.5:80"}]}`

// rig is a dashboard on loopback over a journal that can grow.
type rig struct {
	t       testing.TB
	url     string
	dir     string
	server  *Server
	journal *journal.Journal
	tape    *tape
	client  *http.Client
	csrf    string
}

const password = "correct horse battery"

// visits is how many sessions a rig's journal begins with.
const visits = 120

func newRig(t testing.TB, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), tape: &tape{at: time.Now().UTC().Add(-6 * time.Hour), seqs: map[string]int{}}}
	r.fill()
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	m := means{rules}
	r.follow(m)
	db, err := store.OpenRead(filepath.Join(r.dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := OpenSecrets(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Store: func() *store.Store { return db }, Rules: rules, Secrets: secrets, Log: slog.New(slog.DiscardHandler), Build: "test", Versions: m.Versions, Source: m.Source,
		Lines: r.lines, Decode: decodeLength, Follow: r.since, Held: func(s string) bool { return s == sha },
		Scanners: func() []string { return []string{"Censys", "Shodan"} },
		Notices: func() []Notice {
			return []Notice{{Data: "country", Text: "x", Link: "https://db-ip.com/", Licence: "CC BY 4.0", Built: time.Now().Add(-48 * time.Hour)}}
		},
		Describe: func(p string) (string, []uint16) {
			if p == "modbus" {
				return "Modbus/TCP", []uint16{502}
			}
			return "", nil
		},
		Formats: []Format{{Name: "lines", Title: "Lines", Type: "text/plain", Ext: "txt", Write: func(_ context.Context, w io.Writer, _ store.Filter) error {
			_, err := io.WriteString(w, "x\n")
			return err
		}}, {Name: "none", Title: "None", Type: "text/plain", Ext: "txt", Why: "not in this test"}},
		Layer: func(_ context.Context, w io.Writer, _ store.Filter, _ bool, domain string) error {
			return json.NewEncoder(w).Encode(map[string]string{"domain": domain})
		},
		Running: r.running(),
	}
	if change != nil {
		change(&cfg)
	}
	r.start(cfg)
	t.Cleanup(func() { db.Close() })
	return r
}

// fill writes the journal's beginning.
func (r *rig) fill() {
	var err error
	if r.journal, err = journal.Open(journal.Config{Dir: filepath.Join(r.dir, "journal"), Log: slog.New(slog.DiscardHandler)}); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.journal.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.tape.status("start", services)
	for i := range visits {
		r.tape.visit(i)
	}
	r.tape.status("drop", `{"class":"read","count":3}`)
	r.write()
}

// write gives the journal what the tape has more.
func (r *rig) write() {
	for _, l := range r.tape.lines {
		if err := r.journal.Append([]byte(l+"\n"), event.Read); err != nil {
			r.t.Fatal(err)
		}
	}
	r.tape.lines = nil
}

// follow keeps a store while the test lasts, and waits until it has what there is.
func (r *rig) follow(m means) {
	s, err := store.Open(context.Background(), filepath.Join(r.dir, "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, have := make(chan error, 1), make(chan struct{})
	go func() {
		once := false
		done <- s.Follow(ctx, m, func(c journal.Cursor) iter.Seq2[journal.Batch, error] { return r.journal.Follow(ctx, "store", c) }, func(_ journal.Cursor, n int) {
			if n >= 3*visits && !once {
				once = true
				close(have)
			}
		})
	}()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
		s.Close()
	})
	select {
	case <-have:
		time.Sleep(300 * time.Millisecond) // the last batch
	case <-time.After(20 * time.Second):
		r.t.Fatal("the store has not followed")
	}
}

func (r *rig) lines(ctx context.Context, s *store.Session) (Transcript, error) {
	var out Transcript
	j, err := journal.OpenRead(filepath.Join(r.dir, "journal"))
	if err != nil {
		return out, err
	}
	for b, err := range j.Scan(ctx, s.At(), journal.Cursor{}) {
		if err != nil {
			return out, err
		}
		for _, l := range b.Lines {
			e, err := event.Parse(l)
			if err == nil && e.Session == s.ID {
				out.Events = append(out.Events, e)
			}
		}
	}
	return out, nil
}

func (r *rig) since(ctx context.Context, t time.Time) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for b, err := range r.journal.Follow(ctx, "stream", journal.Cursor{}) {
			if !yield(b.Lines, err) {
				return
			}
		}
	}
}

// decodeLength decodes Modbus as far as the tests need it.
func decodeLength(protocol string) Decode {
	if protocol != "modbus" {
		return nil
	}
	return func(_ bool, p []byte) (Frame, int, error) {
		if len(p) < 8 {
			return Frame{}, 0, nil
		}
		return Frame{Op: "frame", Fields: []Field{{"function", fmt.Sprint(p[7]), 7, 1}, {"text", "\x1b" + hostile, 0, 99}}}, min(len(p), 6+int(p[5])), nil
	}
}

func (r *rig) running() *Running {
	p, err := process.New(process.Config{Tags: []process.Tag{
		{Name: "tank.level", Type: process.Float32, Unit: "m", Min: 0, Max: 4, Start: process.FloatValue(2), Writable: true, Title: "Level"},
		{Name: "pump.fault", Type: process.Bool, Start: process.BoolValue(true)},
		{Name: "plc.mode", Type: process.Text, Start: process.TextValue("run")},
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	started := time.Now().UTC().Add(-time.Hour)
	return &Running{Sites: []Site{{"pumping-station", "Water", p}}, Health: func() Health {
		return Health{Sensor: "s1", Build: "test", Personas: []string{"pumping-station"}, Started: started, Now: time.Now().UTC(), Well: true, Dropped: map[string]uint64{}, Followers: map[string]int64{}, Sandbox: []SandboxHealth{},
			Listeners: []Listening{{Persona: "pumping-station", Device: "plc", Service: "modbus", Protocol: "modbus", Network: "tcp", Up: true, Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:502")}, Acts: map[string]uint64{"read": 2}}}}
	}}
}

// start serves on a free port until the test ends.
func (r *rig) start(cfg Config) {
	var err error
	if r.server, err = New(cfg); err != nil {
		r.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.url = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.server.Run(ctx, l, nil) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.fresh()
}

// fresh is another browser.
func (r *rig) fresh() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.client, r.csrf = &http.Client{Jar: jar, Transport: &http.Transport{}}, ""
	r.t.Cleanup(r.client.CloseIdleConnections)
}

// response is an answer, read.
type response struct {
	*http.Response
	body []byte
}

func (r *rig) do(method, path string, body any, header ...string) response {
	r.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, r.url+path, in)
	if err != nil {
		r.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.csrf != "" {
		req.Header.Set("X-CSRF-Token", r.csrf)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response{resp, b}
}

func (r *rig) get(path string, header ...string) response {
	return r.do("GET", prefix+path, nil, header...)
}

// json reads an answer that must be good.
func (r *rig) json(path string, into any) {
	r.t.Helper()
	resp := r.get(path)
	if resp.StatusCode != 200 {
		r.t.Fatalf("%s: %d %s", path, resp.StatusCode, resp.body)
	}
	if err := json.Unmarshal(resp.body, into); err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
}

// in logs in with the password, which is set if there is none.
func (r *rig) in() *rig {
	r.t.Helper()
	if _, set, _ := r.server.cfg.Secrets.Set(); !set {
		if err := r.server.cfg.Secrets.SetPassword(password); err != nil {
			r.t.Fatal(err)
		}
	}
	resp := r.do("POST", prefix+"/login", map[string]string{"password": password})
	var m me
	if err := json.Unmarshal(resp.body, &m); err != nil || resp.StatusCode != 200 || m.CSRF == "" {
		r.t.Fatalf("login: %d %s", resp.StatusCode, resp.body)
	}
	r.csrf = m.CSRF
	return r
}

// problemIn is the problem that an answer tells.
func problemIn(t testing.TB, resp response) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(resp.body, &p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" || p.Status != resp.StatusCode {
		t.Errorf("no problem: %d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), resp.body)
	}
	return p
}

func writeOf(r process.Ref, v float64) process.Write {
	return process.Write{Tag: r, Value: process.FloatValue(v)}
}
