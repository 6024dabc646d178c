package web

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"github.com/sundew-ics/sundew/internal/store"
)

// Bounds of what the server does at once.
const (
	maxConns   = 64
	maxHeader  = 16 << 10
	maxBody    = 16 << 10
	maxQueries = 2 // that the store answers at once
	queryTime  = 10 * time.Second
	queueTime  = 5 * time.Second
)

// A Server is a dashboard. Its methods may be called at once.
type Server struct {
	cfg       Config
	params    parameters
	logins    *logins
	attempts  *attempts
	cache     *cache
	slots     chan struct{}
	exporting chan struct{} // one at a time
	streams   chan struct{}
	hub       *hub
	begun     string // when, for ids of the stream
	zipping   zipping
	trends    *trends
	pages     *pages
	mux       *http.ServeMux
	origin    *http.CrossOriginProtection

	asked    atomic.Uint64 // questions to the store
	warming  atomic.Bool   // pages are made ready
	lifeMu   sync.Mutex
	lifetime context.Context // of Run
}

// New makes a dashboard; it opens nothing.
func New(cfg Config) (*Server, error) {
	params, err := readDocument()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, params: params, logins: newLogins(), attempts: newAttempts(), cache: newCache(), slots: make(chan struct{}, maxQueries), exporting: make(chan struct{}, 1),
		streams: make(chan struct{}, maxStreams), begun: strconv.FormatInt(time.Now().UnixMilli(), 36),
		mux: http.NewServeMux(), origin: http.NewCrossOriginProtection(),
	}
	s.hub = newHub(s)
	if cfg.Running != nil {
		s.trends = newTrends(cfg.Running.Sites)
	}
	if s.pages, err = newPages(cfg.Pages); err != nil {
		return nil, err
	}
	s.serve()
	return s, nil
}

// Run serves on l until ctx is done.
func (s *Server) Run(ctx context.Context, l net.Listener, cert *tls.Certificate) error {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(quiet{s.cfg.Log}, "", 0),
	}
	l = netutil.LimitListener(l, maxConns)
	if cert != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	ctx, cancel := context.WithCancel(ctx)
	s.lifeMu.Lock()
	s.lifetime = ctx
	s.lifeMu.Unlock()
	var beside sync.WaitGroup
	if s.trends != nil {
		beside.Go(func() { s.trends.run(ctx) })
	}
	beside.Go(func() { s.refresh(ctx) })
	beside.Go(func() { s.tidy(ctx) })
	defer beside.Wait()
	defer s.hub.stop()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	err := srv.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// How long nobody asks before memory is given back, and before what the store
// remembers goes too.
const (
	idleFor   = 15 * time.Second
	forgotten = 2 * time.Minute
)

// tidy gives memory that answers took back to the system once nobody has asked for
// a while: the sensor beside has better use for it.
func (s *Server) tidy(ctx context.Context) {
	tick := time.NewTicker(idleFor)
	defer tick.Stop()
	seen, idle := s.asked.Load(), forgotten
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.asked.Load()
		if now != seen {
			seen, idle = now, 0
			continue
		}
		if idle += idleFor; idle == forgotten {
			s.cfg.Store().Forget()
		}
		if idle == idleFor || idle == forgotten {
			debug.FreeOSMemory()
		}
	}
}

// quiet is what net/http says of connections: of use to who looks for a fault.
type quiet struct{ log *slog.Logger }

// Write implements io.Writer.
func (q quiet) Write(p []byte) (int, error) {
	q.log.Debug("dashboard connection", "err", strings.TrimSpace(string(p)))
	return len(p), nil
}

// An ask is one request to the API.
type ask struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context
	query url.Values
	login *login
	now   time.Time
	db    *store.Store
}

// sent is what a handler returns that has sent its answer itself.
type sent struct{}

// A route is one of the API's.
type route struct {
	name    string // as in the document, with its method: "GET /sessions"
	answer  func(*ask) (any, error)
	open    bool // to those who are not logged in
	setup   bool // to those who must set a password first
	store   bool // asks the store: bounded in number and time
	caching bool // the answer is kept and used again
}

// routes are all that the API answers.
func routes() []route {
	return []route{
		{name: "GET /me", answer: (*ask).me, open: true, setup: true},
		{name: "POST /login", answer: (*ask).logIn, open: true, setup: true},
		{name: "POST /logout", answer: (*ask).logOut, setup: true},
		{name: "POST /password", answer: (*ask).setPassword, setup: true},
		{name: "GET /openapi.json", answer: (*ask).document},
		{name: "GET /query", answer: (*ask).readQuery},
		{name: "GET /overview", answer: (*ask).overview, store: true, caching: true},
		{name: "GET /timeline", answer: (*ask).timeline, store: true, caching: true},
		{name: "GET /facets", answer: (*ask).facets, store: true, caching: true},
		{name: "GET /sessions", answer: (*ask).sessions, store: true, caching: true},
		{name: "GET /sessions/{id}", answer: (*ask).session, store: true},
		{name: "GET /sessions/{id}/events", answer: (*ask).events, store: true},
		{name: "GET /sessions/{id}/pcapng", answer: (*ask).capture},
		{name: "GET /actors", answer: (*ask).actors, store: true, caching: true},
		{name: "GET /actors/{who}", answer: (*ask).actor, store: true, caching: true},
		{name: "GET /clusters", answer: (*ask).clusters, store: true, caching: true},
		{name: "GET /techniques", answer: (*ask).techniques, store: true, caching: true},
		{name: "GET /techniques/layer", answer: (*ask).layer, store: true},
		{name: "GET /protocols", answer: (*ask).protocols, store: true, caching: true},
		{name: "GET /protocols/{name}", answer: (*ask).protocol, store: true, caching: true},
		{name: "GET /credentials", answer: (*ask).credentials, store: true, caching: true},
		{name: "GET /artifacts", answer: (*ask).artifacts, store: true, caching: true},
		{name: "GET /artifacts/{sha256}/zip", answer: (*ask).archive},
		{name: "GET /compare", answer: (*ask).compare, store: true, caching: true},
		{name: "GET /sensors", answer: (*ask).sensors, store: true},
		{name: "GET /plant", answer: (*ask).plant},
		{name: "GET /reports", answer: (*ask).listReports},
		{name: "POST /reports", answer: (*ask).makeReport},
		{name: "GET /reports/{id}/files/{name}", answer: (*ask).reportFile},
		{name: "GET /export", answer: (*ask).formats},
		{name: "GET /export/{format}", answer: (*ask).export},
		{name: "GET /origins", answer: (*ask).origins},
		{name: "GET /stream", answer: (*ask).stream},
	}
}

// serve hangs the routes and the pages up.
func (s *Server) serve() {
	for _, v := range routes() {
		method, path, _ := strings.Cut(v.name, " ")
		path = strings.Replace(path, "/files/{name}", "/files/{name...}", 1) // those of a report lie in folders
		s.mux.Handle(method+" "+prefix+path, s.handle(v))
	}
	s.mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &problem{Type: "none", Status: 404, Title: "There is no such route", Detail: "GET " + prefix + "/openapi.json describes those that there are"})
	})
	s.mux.Handle("/", s.pages)
}

// prefix is where the API is.
const prefix = "/api/v1"

// handle guards a route, asks it, and sends what it says.
func (s *Server) handle(v route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &ask{Server: s, w: w, r: r, ctx: r.Context(), query: r.URL.Query(), now: time.Now().UTC(), db: s.cfg.Store()}
		out, err := a.run(v)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		switch out := out.(type) {
		case sent:
		case *answer:
			s.send(w, r, http.StatusOK, out)
		default:
			b, err := encode(out)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			s.send(w, r, statusOf(out), b)
		}
	})
}

// statusOf is 202 for what is only begun.
func statusOf(v any) int {
	if _, ok := v.(Report); ok {
		return http.StatusAccepted
	}
	return http.StatusOK
}

func (a *ask) run(v route) (any, error) {
	if err := a.admit(v); err != nil {
		return nil, err
	}
	if err := a.params.check(v.name, a.query); err != nil {
		return nil, err
	}
	if !v.store {
		return v.answer(a)
	}
	if !v.caching {
		return a.slot(v)
	}
	return a.cached(v)
}

// slot waits for a turn at the store, and bounds it.
func (a *ask) slot(v route) (any, error) {
	wait := time.NewTimer(queueTime)
	defer wait.Stop()
	select {
	case a.slots <- struct{}{}:
	case <-a.ctx.Done():
		return nil, a.ctx.Err()
	case <-wait.C:
		return nil, &problem{Type: "busy", Status: 503, Title: "Too many questions at once", Detail: "wait for those that were asked before", Retry: 5}
	}
	defer func() { <-a.slots }()
	a.asked.Add(1)
	ctx, cancel := context.WithTimeout(a.ctx, queryTime)
	defer cancel()
	b := *a
	b.ctx = ctx
	out, err := v.answer(&b)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return out, err
}
