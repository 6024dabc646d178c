package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of one who watches.
const (
	maxStreams    = 8
	heartbeat     = 15 * time.Second
	flushEvery    = 250 * time.Millisecond
	perFlush      = 50 // messages; the latest of them, and the number of the others
	maxReplay     = 200
	streamTimeout = 10 * time.Second
)

// messageID is a message's id: the server's start and a number.
func (s *Server) messageID(n uint64) string { return s.begun + "-" + strconv.FormatUint(n, 10) }

// resume is the number behind a message's id; ok is false for one of an earlier
// start.
func (s *Server) resume(id string) (n uint64, ok bool) {
	begun, number, found := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 63)
	return n + 1, found && err == nil && begun == s.begun
}

// watcher is one stream.
type watcher struct {
	*ask
	control  *http.ResponseController
	next     uint64
	floor    int
	research bool   // shown too
	first    uint64 // from which message on older acts are not shown
	since    time.Time
}

func (a *ask) stream() (any, error) {
	select {
	case a.streams <- struct{}{}:
	default:
		return nil, &problem{Type: "busy", Status: 503, Title: "Too many watch already", Detail: "close another page that is live", Retry: 10}
	}
	defer func() { <-a.streams }()
	defer a.hub.watch(a.life())()
	a.hub.settle(a.ctx)
	w := &watcher{ask: a, control: http.NewResponseController(a.w), next: a.hub.upTo(), research: a.query.Get("research") != "hide"}
	w.floor, _ = strconv.Atoi(a.query.Get("min_severity"))
	w.first, w.since = w.next, a.now.Add(-2*time.Second)
	if n, _ := strconv.ParseUint(a.query.Get("replay"), 10, 16); n > 0 {
		w.next = max(1, w.next-min(n, w.next))
	}
	if id := a.r.Header.Get("Last-Event-ID"); id != "" {
		if n, ok := a.resume(id); ok && n <= w.next {
			w.next, w.since = n, time.Time{}
		} else if !ok {
			w.next = 1 // what is remembered of this start, at most
		}
	}
	h := a.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	a.w.WriteHeader(http.StatusOK)
	w.run()
	return sent{}, nil
}

// life is the server's own context: a reader outlives the one who came first.
func (s *Server) life() context.Context {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.lifetime == nil {
		return context.Background()
	}
	return s.lifetime
}

// run sends until the watcher leaves, his login ends or he takes nothing any more.
func (w *watcher) run() {
	if w.send("retry: 2000\n\n") != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	most := maxReplay
	for {
		list, missed, changed := w.hub.from(w.next, most)
		most = perFlush
		if err := w.tell(list, missed); err != nil {
			return
		}
		pause := time.NewTimer(flushEvery)
		select {
		case <-w.ctx.Done():
		case <-w.login.end:
		case <-pause.C:
		}
		pause.Stop()
		select {
		case <-w.ctx.Done():
			return
		case <-w.login.end:
			return
		case <-changed:
		case <-beat.C:
			w.logins.touch(w.login, time.Now())
			if w.send(": still here\n\n") != nil {
				return
			}
		}
	}
}

// tell sends messages, and how many there were before them that are not sent.
func (w *watcher) tell(list []message, missed uint64) error {
	var b strings.Builder
	if missed > 0 {
		fmt.Fprintf(&b, "event: behind\ndata: {\"missed\":%d}\n\n", missed)
	}
	for _, m := range list {
		w.next = m.n + 1
		if m.kind == "act" && m.severity < w.floor || m.research && !w.research || m.n >= w.first && m.at.Before(w.since) {
			continue
		}
		fmt.Fprintf(&b, "event: %s\nid: %s\ndata: %s\n\n", m.kind, w.messageID(m.n), m.data)
	}
	if b.Len() == 0 {
		return nil
	}
	return w.send(b.String())
}

func (w *watcher) send(text string) error {
	if err := w.control.SetWriteDeadline(time.Now().Add(streamTimeout)); err != nil {
		return err
	}
	if _, err := w.w.Write([]byte(text)); err != nil {
		return err
	}
	return w.control.Flush()
}
