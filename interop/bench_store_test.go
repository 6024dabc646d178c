//go:build bench

package interop

import (
	"container/heap"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/analysis/enrich"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// history makes up sixty days of a sensor's journal: 30,000 sources of which few
// make most sessions, fourteen protocols, days and nights.
type history struct {
	r       *rand.Rand
	begin   time.Time
	acts    int // wanted
	made    int
	lines   int
	sources []netip.Addr
	zipf    *rand.Zipf
	next    int64 // when the next session opens, ns since begin
	gap     float64
	open    stays
	serial  int
	boots   int
}

const (
	historyDays    = 60
	historySources = 30_000
	actsPerSession = 3.53
)

// kindOfStay is what a visitor does at one service.
type kindOfStay struct {
	share    int // of a hundred
	min, max int // acts
	gap      time.Duration
	steps    []string // class and operation
}

func kindsOfStay() []kindOfStay {
	return []kindOfStay{
		{30, 0, 0, 0, nil},
		{40, 1, 3, 40 * time.Millisecond, []string{"identify get_device_id"}},
		{14, 4, 16, 30 * time.Millisecond, []string{"identify get_device_id", "read read_holding_registers", "read read_coils", "enumerate list"}},
		{8, 5, 40, 400 * time.Millisecond, []string{"auth login"}},
		{4, 3, 12, 900 * time.Millisecond, []string{"read read_holding_registers", "write write_single_register"}},
		{3, 8, 60, 3 * time.Second, []string{"enumerate list", "read read_var", "read read_szl", "control operate", "write write_var"}},
		{1, 1, 2, 50 * time.Millisecond, []string{"foreign http"}},
	}
}

func historyProtocols() []string {
	return []string{"modbus", "s7comm", "http", "snmp", "bacnet", "ipmi", "ftp", "tftp", "enip", "iec104", "dnp3", "atg", "kamstrup", "kamstrup_management"}
}

type stayAt struct {
	at              int64
	id, src, proto  string
	opened          int64
	seq, left, step int
	kind            kindOfStay
	octets          int
	agent           int
}

type stays []*stayAt

func (s stays) Len() int           { return len(s) }
func (s stays) Less(i, j int) bool { return s[i].at < s[j].at }
func (s stays) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *stays) Push(v any)        { *s = append(*s, v.(*stayAt)) }
func (s *stays) Pop() any {
	old := *s
	v := old[len(old)-1]
	*s = old[:len(old)-1]
	return v
}

func newHistory(acts int) *history {
	r := rand.New(rand.NewPCG(7, 7))
	h := &history{r: r, begin: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), acts: acts, zipf: rand.NewZipf(r, 1.15, 8, historySources-1)}
	for len(h.sources) < historySources {
		a := netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256)), byte(1 + r.IntN(254))})
		if !a.IsPrivate() && !a.IsLoopback() && a.As4()[0] != 100 {
			h.sources = append(h.sources, a)
		}
	}
	h.gap = float64(historyDays*24*time.Hour) / (float64(acts) / actsPerSession)
	return h
}

// end is behind the last line.
func (h *history) end() time.Time { return h.begin.Add(historyDays * 24 * time.Hour) }

// scan yields the lines in batches, as a journal would.
func (h *history) scan(ctx context.Context) iter.Seq2[journal.Batch, error] {
	return func(yield func(journal.Batch, error) bool) {
		buf := make([]byte, 0, 600<<10)
		var ends []int
		at := journal.Cursor{Segment: 1}
		buf = h.start(buf)
		ends = append(ends, len(buf))
		for ctx.Err() == nil {
			var more bool
			if buf, more = h.line(buf); more {
				ends = append(ends, len(buf))
			}
			if len(buf) < 500<<10 && more {
				continue
			}
			at.Offset += int64(len(buf))
			b := journal.Batch{Next: at}
			for i, from := 0, 0; i < len(ends); i++ {
				b.Lines = append(b.Lines, buf[from:ends[i]])
				from = ends[i]
			}
			h.lines += len(b.Lines)
			if !yield(b, nil) || !more {
				return
			}
			if buf, ends = buf[:0], ends[:0]; at.Offset > 64<<20 {
				at = journal.Cursor{Segment: at.Segment + 1}
			}
		}
	}
}

func (h *history) start(b []byte) []byte {
	b = fmt.Appendf(b, `{"v":1,"kind":"status","ts":%q,"seq":0,"boot":"0199aaaa-0000-7000-8000-000000000000","sensor":"bench","what":"start","detail":{"site":{"name":"lab"},"services":[`, h.begin.Format(time.RFC3339Nano))
	for i, p := range historyProtocols() {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"persona":"pumping-station","device":"plc","service":%q,"protocol":%q,"network":"tcp","addr":"192.0.2.5:%d"}`, p, p, 100+i)
	}
	return append(b, "]}}\n"...)
}

// line writes the next line; false: there is no more.
func (h *history) line(b []byte) ([]byte, bool) {
	if h.made < h.acts && (len(h.open) == 0 || h.next <= h.open[0].at) {
		s := h.visit()
		heap.Push(&h.open, s)
		return h.write(b, s, "session.open", `,"persona":"pumping-station","device":"plc","build":"bench","listener":"`+s.proto+`","octets":"wire"`), true
	}
	if len(h.open) == 0 {
		return b, false
	}
	s := h.open[0]
	if s.left == 0 {
		heap.Pop(&h.open)
		return h.write(b, s, "session.close", fmt.Sprintf(`,"start":"2026-09-01T00:00:00Z","end":"2026-09-01T00:00:01Z","duration_us":%d,"reason":"visitor","octets_in":%d,"octets_out":%d,"acts":%d,"ops":{"x":%d},"sequence":["x"]`,
			(s.at-s.opened)/1000, s.octets, 2*s.octets, s.seq-1, s.seq-1)), true
	}
	b = h.act(b, s)
	s.left--
	s.step++
	h.made++
	s.at += int64(float64(s.kind.gap) * (0.5 + h.r.ExpFloat64()))
	heap.Fix(&h.open, 0)
	return b, true
}

// visit begins a session: who, where and what.
func (h *history) visit() *stayAt {
	who := int(h.zipf.Uint64())
	protocols := historyProtocols()
	p := protocols[(who*7+h.r.IntN(1+who%len(protocols)))%len(protocols)] // few protocols each, a scanner all
	roll := h.r.IntN(100)
	if who%3 != 0 { // two thirds of the sources only look
		roll = h.r.IntN(84)
	}
	kinds := kindsOfStay()
	k := kinds[0]
	for _, k = range kinds {
		if roll -= k.share; roll < 0 {
			break
		}
	}
	s := &stayAt{at: h.next, opened: h.next, src: h.sources[who].String(), proto: p, kind: k, agent: who % 400}
	if k.max > 0 {
		s.left = k.min + h.r.IntN(k.max-k.min+1)
	}
	h.serial++
	s.id = fmt.Sprintf("0199%04x-%04x-7%03x-8000-%012x", h.serial>>16, h.serial&0xffff, who&0xfff, h.serial)
	hour := float64(h.next) / float64(time.Hour)
	day := 1 + 0.5*float64(int(hour)%24)/24
	h.next += int64(h.r.ExpFloat64() * h.gap / day * 1.24)
	return s
}

func (h *history) write(b []byte, s *stayAt, kind, rest string) []byte {
	ts := h.begin.Add(time.Duration(s.at))
	b = append(b, `{"v":1,"kind":"`...)
	b = append(b, kind...)
	b = append(b, `","ts":"`...)
	b = ts.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","at_us":`...)
	b = strconv.AppendInt(b, (s.at-s.opened)/1000, 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, int64(s.seq), 10)
	b = append(b, `,"session":"`...)
	b = append(b, s.id...)
	b = append(b, `","boot":"0199aaaa-0000-7000-8000-000000000000","sensor":"bench","protocol":"`...)
	b = append(b, s.proto...)
	b = append(b, `","transport":"tcp","src":{"ip":"`...)
	b = append(b, s.src...)
	b = append(b, `","port":40000},"dst":{"ip":"192.0.2.5","port":502}`...)
	b = append(b, rest...)
	s.seq++
	return append(b, "}\n"...)
}

func (h *history) act(b []byte, s *stayAt) []byte {
	class, op, _ := strings.Cut(s.kind.steps[s.step%len(s.kind.steps)], " ")
	rest := `,"op":"` + op + `","class":"` + class + `","outcome":"answered"`
	request := "000100000006010300000004"
	switch {
	case class == "auth":
		rest += `,"cred":{"user":"admin","secret":"` + strconv.Itoa(h.r.IntN(300)) + `","method":"form"}`
	case class == "write" || class == "control":
		rest += `,"target":{"kind":"register","ref":"` + strconv.Itoa(h.r.IntN(40)) + `"},"tags":["tank.level"],"values":["` + strconv.Itoa(h.r.IntN(100)) + `"],"previous":["3"]`
		request = fmt.Sprintf("0001000000060106%04x%04x", s.agent, s.step)
	case class == "read":
		rest += `,"target":{"kind":"register","ref":"0-3"},"tags":["tank.level","tank.flow"],"values":["250","12"]`
	}
	if s.proto == "http" {
		request = fmt.Sprintf("%x", fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: x\r\nUser-Agent: agent %d\r\nAccept: */*\r\n\r\n", s.agent%9, s.agent))
	}
	s.octets += len(request) / 2
	rest += `,"detail":{"unit":1,"addr":0,"count":4,"function":3,"transaction":1},"request":"` + request + `","response":"0001000000110103080000000000000000","request_len":` +
		strconv.Itoa(len(request)/2) + `,"response_len":17,"took_us":412,"count":1`
	return h.write(b, s, "act", rest)
}

// judge interprets by our rules and the data of the build.
type judge struct {
	rules *analysis.Rules
	known *enrich.DB
}

func (j judge) Versions() string                          { return "bench" }
func (j judge) Source(a netip.Addr) analysis.Source       { return j.known.Source(a) }
func (j judge) Begin(e *event.Event) store.Interpretation { return j.rules.NewSession(e) }

// TestBenchStore fills a store with STORE_ACTS acts (1,000,000), and asks it what
// the screens and pages do. STORE_DB keeps it, or takes one that was kept.
func TestBenchStore(t *testing.T) {
	acts := 1_000_000
	if v := os.Getenv("STORE_ACTS"); v != "" {
		var err error
		if acts, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	file := os.Getenv("STORE_DB")
	if file == "" {
		file = filepath.Join(t.TempDir(), "store.db")
	}
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	known, err := enrich.Open(enrich.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := newHistory(acts)
	if _, err := os.Stat(file); err != nil {
		fill(t, file, h, judge{rules, known})
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB on disk, %d octets an act", info.Size()>>20, info.Size()/int64(acts))
	askAll(t, file, h, rules)
}

func fill(t *testing.T, file string, h *history, by judge) {
	ctx := t.Context()
	s, err := store.Open(ctx, file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Writer(ctx, by)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	begun, cpu := time.Now(), usedCPU()
	last := begun
	err = w.Follow(ctx, store.Lines{
		Read: func(journal.Cursor) iter.Seq2[journal.Batch, error] { return h.scan(ctx) },
		End:  func() journal.Cursor { return journal.Cursor{Segment: 1 << 40} },
	}, func(_ journal.Cursor, lines int) {
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			t.Logf("%d lines after %v, %d MB resident", lines, time.Since(begun).Round(time.Second), resident()>>20)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	took, busy := time.Since(begun), usedCPU()-cpu
	sessions, acts := w.Size()
	t.Logf("ingest: %d acts, %d sessions, %d lines in %v: %.0f acts/s by the clock, %.0f by the processor; at most %d MB resident",
		acts, sessions, h.lines, took.Round(time.Second), float64(acts)/took.Seconds(), float64(acts)/busy.Seconds(), peak()>>20)
}

// askAll measures what each question takes, first and again.
func askAll(t *testing.T, file string, h *history, rules *analysis.Rules) {
	ctx := t.Context()
	runtime.GC()
	fresh := func() *store.Store {
		s, err := store.OpenRead(file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := fresh()
	defer func() { s.Close() }()
	all, err := s.Totals(ctx, store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	now := all.Last.Add(time.Second)
	month := store.Filter{From: now.Add(-30*24*time.Hour + 17*time.Minute), To: now}
	t.Logf("%d sessions of %d sources with %d acts, %v to %v", all.Sessions, all.Sources, all.Acts, all.First, all.Last)
	measure := func(name string, ask func() (int, error)) {
		t.Helper()
		var all []time.Duration
		n := 0
		cpu := usedCPU()
		for range 5 {
			begun := time.Now()
			k, err := ask()
			if err != nil {
				t.Fatal(name, err)
			}
			n = k
			all = append(all, time.Since(begun))
		}
		first := all[0]
		slices.Sort(all)
		t.Logf("%-44s first %6.1f ms, median %6.1f, least %6.1f, processor %6.1f, %d rows", name, ms(first), ms(all[2]), ms(all[0]), ms((usedCPU()-cpu)/5), n)
	}
	measure("overview of 30 days, nothing remembered", func() (int, error) {
		s.Close()
		s = fresh()
		st, err := report.Gather(ctx, s, rules, month, now)
		return len(st.Labels), err
	})
	overview := func(f store.Filter) func() (int, error) {
		return func() (int, error) {
			st, err := report.Gather(ctx, s, rules, f, now)
			return int(st.Totals.Sessions), err
		}
	}
	measure("overview of 30 days, again", overview(month))
	hide := month
	hide.Research = "hide"
	measure("overview of 30 days, without research", overview(hide))
	measure("overview of all 60 days", overview(store.Filter{}))
	measure("clusters", func() (int, error) { c, err := s.Clusters(ctx, month); return len(c), err })
	measure("actors", func() (int, error) { c, err := s.Actors(ctx, month, 50); return len(c), err })
	measure("contacts", func() (int, error) { c, err := s.Contacts(ctx, month, now); return len(c), err })
	measure("credentials", func() (int, error) { c, err := s.Credentials(ctx, month, 50); return len(c), err })
	measure("series by label", func() (int, error) { c, err := s.Series(ctx, month, store.ByLabel); return len(c), err })
	top, err := s.Actors(ctx, month, 3)
	if err != nil || len(top) == 0 {
		t.Fatal(err)
	}
	for name, f := range pageFilters(h, top[0]) {
		s.Close()
		s = fresh()
		measure("page: "+name, func() (int, error) { p, err := s.Sessions(ctx, f, 50, ""); return len(p.Sessions), err })
		after := ""
		for range 40 {
			p, err := s.Sessions(ctx, f, 50, after)
			if err != nil {
				t.Fatal(err)
			}
			if p.Next == "" {
				break
			}
			after = p.Next
		}
		measure("page: "+name+", deep", func() (int, error) { p, err := s.Sessions(ctx, f, 50, after); return len(p.Sessions), err })
	}
	t.Logf("at most %d MB resident", peak()>>20)
}

func pageFilters(h *history, a store.Actor) map[string]store.Filter {
	return map[string]store.Filter{
		"all": {}, "protocol": {Protocol: []string{"dnp3"}}, "label": {Label: []string{analysis.TargetedICS}}, "country": {Country: []string{"NL"}},
		"asn": {ASN: 14061}, "prefix": {Src: netip.MustParsePrefix("45.0.0.0/10")}, "one source": {Src: netip.PrefixFrom(h.sources[20000], 32)},
		"busiest source": {Src: netip.PrefixFrom(h.sources[0], 32)}, "severity": {Severity: 9}, "research only": {Research: "only"}, "research hidden": {Research: "hide"},
		"persona": {Persona: []string{"pumping-station"}}, "country and protocol": {Country: []string{"LU"}, Protocol: []string{"dnp3"}},
		"label and country": {Label: []string{analysis.ICSWrite}, Country: []string{"MT"}}, "nobody": {Country: []string{"XX"}},
		"all at once": {Protocol: []string{"modbus"}, Label: []string{analysis.ICSWrite}, Country: []string{"US"}, Research: "hide", Severity: 8, From: a.First},
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// usedCPU is the processor time of this process.
func usedCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory reads a line of this process's status, in octets.
func memory(name string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(l, name+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

func resident() int64 { return memory("VmRSS") }

func peak() int64 { return memory("VmHWM") }
