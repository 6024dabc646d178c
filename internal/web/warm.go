package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// warmed is how many protocols' pages are made ready.
const warmed = 8

// warm makes the pages ready that take longest, while somebody looks at the overview
// of a period: he will turn to them next. They are asked for as the pages do.
func (s *Server) warm(q url.Values) {
	q.Del("by")
	if q.Get("q") != "" { // not for each letter of a query
		return
	}
	s.ahead(func(ctx context.Context, generation string) { s.behind(ctx, generation, q) })
}

// usualDays is how many days, today's included, the pages show unless they are told
// otherwise (usual in web/src/lib/filter.svelte.ts).
const usualDays = 30

// expect makes the overview ready with which the pages will open, and those behind it,
// while somebody is at the login.
func (s *Server) expect(now time.Time) {
	from := now.Truncate(24*time.Hour).AddDate(0, 0, 1-usualDays)
	q := url.Values{"from": {from.Format(time.RFC3339)}}
	overview := with(q, "by", "protocol")
	if s.cache.has(prefix+"/overview?"+overview.Encode(), "") {
		return
	}
	s.ahead(func(ctx context.Context, generation string) {
		s.warmOne(ctx, generation, "/overview", "", overview)
		s.behind(ctx, generation, q)
	})
}

// ahead has something made ready, unless something is.
func (s *Server) ahead(do func(ctx context.Context, generation string)) {
	if !s.warming.CompareAndSwap(false, true) {
		return
	}
	ctx := s.life()
	go func() {
		defer s.warming.Store(false)
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if generation, err := s.cfg.Store().Generation(ctx); err == nil {
			do(ctx, generation)
		}
	}()
}

// behind makes the pages behind an overview ready.
func (s *Server) behind(ctx context.Context, generation string, q url.Values) {
	s.warmOne(ctx, generation, "/credentials", "", with(q, "limit", "1000"))
	f, err := filterOf(q, time.Now().UTC())
	if err != nil {
		return
	}
	list, err := s.cfg.Store().Count(ctx, f, store.ByProtocol, warmed)
	if err != nil {
		return
	}
	for _, c := range list {
		s.warmOne(ctx, generation, "/protocols/{name}", c.Name, q)
	}
	s.warmOne(ctx, generation, "/compare", "", with(with(q, "by", "sensor"), "timelines", "true"))
}

// with is a query with one more parameter.
func with(q url.Values, name, value string) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = slices.Clone(v)
	}
	out.Set(name, value)
	return out
}

// warmOne asks a route, unless its answer is at hand.
func (s *Server) warmOne(ctx context.Context, generation, path, name string, q url.Values) {
	i := slices.IndexFunc(routes(), func(v route) bool { return v.name == "GET "+path })
	if i < 0 || ctx.Err() != nil {
		return
	}
	v := routes()[i]
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, prefix+strings.ReplaceAll(path, "{name}", url.PathEscape(name)), nil)
	if err != nil {
		return
	}
	r.SetPathValue("name", name)
	key := r.URL.Path + "?" + q.Encode()
	if s.cache.has(key, generation) {
		return
	}
	a := &ask{Server: s, r: r, ctx: ctx, query: q, now: time.Now().UTC(), db: s.cfg.Store()}
	a.again(v, key)(ctx, generation)
	s.cache.unasked(key)
}
