package web

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// Bounds of what the hub remembers.
const (
	maxMessages = 2048
	maxProbes   = 1024
	maxClosing  = 4096
	lookBack    = 10 * time.Minute // from where on it reads when somebody begins to watch
	linger      = time.Minute      // it reads on when nobody watches any more
	closeEvery  = 300 * time.Millisecond
	settleTime  = 700 * time.Millisecond
	retryAfter  = 2 * time.Second
	closeWait   = 2 * time.Second // for the store to have a session's end
)

// message is one event of the stream, as it is sent.
type message struct {
	n        uint64
	at       time.Time
	kind     string // act or session
	severity int
	research bool
	data     []byte
}

// hub reads the journal as it grows, while somebody watches, and remembers the
// latest of it for all who do.
type hub struct {
	server *Server

	mu       sync.Mutex
	ring     []message // at most maxMessages, the latest last
	next     uint64    // number of the message to come
	changed  chan struct{}
	watchers int
	reading  bool
	closed   bool
	begun    time.Time     // when reading began
	ready    chan struct{} // closed when it has come to what is new since then
	since    time.Time     // read up to here
	ended    sync.WaitGroup

	probes  map[string]bool // sessions of the operator's own
	closing []*closing      // ends that wait for the store
}

// closing is a session's end that waits for what the store finds of it.
type closing struct {
	live liveSession
	came time.Time
}

func newHub(s *Server) *hub {
	return &hub{server: s, changed: make(chan struct{}), probes: map[string]bool{}, next: 1}
}

// watch counts somebody who watches, and begins to read where he is the first.
// ctx is the server's.
func (h *hub) watch(ctx context.Context) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers++
	if !h.reading && !h.closed && h.server.cfg.Follow != nil {
		h.reading, h.begun, h.ready = true, time.Now(), make(chan struct{})
		ctx, cancel := context.WithCancel(ctx)
		h.ended.Go(func() { h.read(ctx) })
		h.ended.Go(func() { h.rest(ctx, cancel) })
	}
	return func() {
		h.mu.Lock()
		h.watchers--
		h.mu.Unlock()
	}
}

// stop waits until nothing reads; ctx of watch has ended.
func (h *hub) stop() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.ended.Wait()
}

// settle waits until what is past has been read, but not for long.
func (h *hub) settle(ctx context.Context) {
	h.mu.Lock()
	ready := h.ready
	h.mu.Unlock()
	if ready == nil {
		return
	}
	wait := time.NewTimer(settleTime)
	defer wait.Stop()
	select {
	case <-ready:
	case <-wait.C:
	case <-ctx.Done():
	}
}

// rest ends reading when nobody has watched for a while, and sends ends of
// sessions meanwhile.
func (h *hub) rest(ctx context.Context, cancel context.CancelFunc) {
	defer cancel()
	tick := time.NewTicker(closeEvery)
	defer tick.Stop()
	last := time.Now()
	for range tick.C {
		if ctx.Err() != nil {
			return
		}
		h.finish(ctx)
		h.mu.Lock()
		if time.Since(h.begun) > settleTime {
			h.isReady()
		}
		if h.watchers > 0 {
			last = time.Now()
		}
		if time.Since(last) > linger {
			h.reading = false
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()
	}
}

func (h *hub) isReady() {
	select {
	case <-h.ready:
	default:
		close(h.ready)
	}
}

// read takes lines until ctx is done.
func (h *hub) read(ctx context.Context) {
	for ctx.Err() == nil {
		h.readOn(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
}

func (h *hub) readOn(ctx context.Context) {
	h.mu.Lock()
	since := h.since
	if earliest := time.Now().Add(-lookBack); since.Before(earliest) {
		since = earliest
	}
	h.mu.Unlock()
	mark := []byte(since.UTC().Format("2006-01-02T15:04:05.000000000Z"))
	for lines, err := range h.server.cfg.Follow(ctx, since) {
		if err != nil {
			if ctx.Err() == nil {
				h.server.cfg.Log.Warn("the dashboard's stream misses a part of the journal", "err", err)
			}
			continue
		}
		for _, l := range lines {
			if bytes.Compare(stamp(l), mark) > 0 {
				h.line(l)
			}
		}
	}
}

// stamp is a line's time as it is written, which orders as time does, or nil.
func stamp(line []byte) []byte {
	const key = `"ts":"`
	i := bytes.Index(line[:min(len(line), 96)], []byte(key))
	if i < 0 {
		return nil
	}
	line = line[i+len(key):]
	end := bytes.IndexByte(line[:min(len(line), 40)], '"')
	if end < 0 {
		return nil
	}
	return line[:end]
}

func (h *hub) line(l []byte) {
	e, err := event.Parse(l)
	if err != nil || e.Src == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since = e.Time
	if e.Time.After(h.begun) {
		h.isReady()
	}
	if e.Probe != "" {
		if len(h.probes) >= maxProbes {
			clear(h.probes)
		}
		h.probes[e.Session] = true
	}
	if h.probes[e.Session] {
		return
	}
	switch e.Kind {
	case event.KindAct:
		if e.Class != event.Report {
			v, severity := h.server.liveAct(&e)
			h.put(e.Time, "act", severity, v.Scanner != "", func(id string) any { v.ID = id; return v })
		}
	case event.KindOpen:
		v := h.server.liveSession(&e, "open")
		h.put(e.Time, "session", 0, v.Scanner != "", func(id string) any { v.ID = id; return v })
	case event.KindClose:
		if len(h.closing) < maxClosing {
			h.closing = append(h.closing, &closing{h.server.liveSession(&e, "close"), time.Now()})
		}
	}
}

// put adds a message; make gives it with its id. h.mu is held.
func (h *hub) put(at time.Time, kind string, severity int, research bool, make_ func(id string) any) {
	b, err := json.Marshal(make_(h.server.messageID(h.next)))
	if err != nil {
		return
	}
	if len(h.ring) == maxMessages {
		h.ring = append(h.ring[:0], h.ring[maxMessages/4:]...)
	}
	h.ring = append(h.ring, message{h.next, at, kind, severity, research, b})
	h.next++
	close(h.changed)
	h.changed = make(chan struct{})
}

// finish sends the ends of sessions that the store knows by now, and of those
// that it does not in time.
func (h *hub) finish(ctx context.Context) {
	h.mu.Lock()
	waiting := h.closing
	h.closing = nil
	h.mu.Unlock()
	var later []*closing
	for _, c := range waiting {
		s, err := h.server.cfg.Store().Session(ctx, c.live.Session)
		known := err == nil && !s.Closed.IsZero()
		if !known && time.Since(c.came) < closeWait {
			later = append(later, c)
			continue
		}
		if known {
			c.live.Label, c.live.Automation, c.live.Tool, c.live.Severity, c.live.Acts = s.Label, s.Automation, s.Tool, &s.Severity, &s.Acts
		}
		h.mu.Lock()
		h.put(c.live.At, "session", s.Severity, c.live.Scanner != "", func(id string) any { c.live.ID = id; return c.live })
		h.mu.Unlock()
	}
	h.mu.Lock()
	h.closing = append(later, h.closing...)
	h.mu.Unlock()
}

// from gives the messages from a number on, at most some, and what closes when
// there are more; missed is how many of them are not remembered any more.
func (h *hub) from(n uint64, most int) (list []message, missed uint64, changed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.next - uint64(len(h.ring))
	if n < first {
		missed, n = first-n, first
	}
	list = h.ring[n-first:]
	if len(list) > most {
		missed += uint64(len(list) - most)
		list = list[len(list)-most:]
	}
	return append([]message(nil), list...), missed, h.changed
}

// upTo is the number of the message to come.
func (h *hub) upTo() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.next
}
