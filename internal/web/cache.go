package web

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of the cache, and of what is used of it.
const (
	maxCached    = 128
	maxCacheSize = 8 << 20
	freshFor     = 5 * time.Second  // an answer is used though there is more since
	staleFor     = time.Minute      // it is still used, while a newer one is made
	refreshTime  = 30 * time.Second // which may take so long
	refreshEvery = 10 * time.Second
	askedLately  = 10 * time.Minute // for so long an answer is kept fresh
)

// cache keeps answers to questions that cost the store something.
type cache struct {
	mu   sync.Mutex
	size int
	kept map[string]*cached
}

// cached is one answer.
type cached struct {
	*answer
	generation string    // of the store, when it was asked
	made       time.Time // when it was asked
	used       time.Time
	asked      time.Time // by somebody
	making     bool      // a newer one is being made
	again      func(ctx context.Context, generation string)
}

func newCache() *cache { return &cache{kept: map[string]*cached{}} }

// find gives an answer that can be used, and says whether the caller shall make
// a newer one.
func (c *cache) find(key, generation string, now time.Time) (a *answer, renew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.kept[key]
	if v == nil {
		return nil, false
	}
	v.used, v.asked = now, now
	age := now.Sub(v.made)
	switch {
	case age < freshFor, v.generation == generation && age < staleFor:
		return v.answer, false
	case age < staleFor || v.generation == generation && age < time.Hour:
		renew = !v.making
		v.making = true
		return v.answer, renew
	}
	return nil, false
}

// keep keeps an answer; nil ends the making of one.
func (c *cache) keep(key, generation string, a *answer, now time.Time, again func(context.Context, string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.kept[key]
	if a == nil {
		if old != nil {
			old.making = false
		}
		return
	}
	if old != nil {
		c.drop(key)
	}
	if len(a.plain) > maxCacheSize/8 {
		return
	}
	v := &cached{answer: a, generation: generation, made: now, used: now, asked: now, again: again}
	if old != nil {
		v.asked = old.asked
	}
	c.kept[key] = v
	c.size += len(a.plain)
	for c.size > maxCacheSize || len(c.kept) > maxCached {
		c.dropOldest()
	}
}

func (c *cache) drop(key string) {
	c.size -= len(c.kept[key].plain)
	delete(c.kept, key)
}

func (c *cache) dropOldest() {
	var key string
	var oldest time.Time
	for k, v := range c.kept {
		if key == "" || v.used.Before(oldest) {
			key, oldest = k, v.used
		}
	}
	c.drop(key)
}

// has says whether an answer of this generation is kept; "": of any.
func (c *cache) has(key, generation string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.kept[key]
	return v != nil && (generation == "" || v.generation == generation) && time.Since(v.made) < staleFor
}

// unasked marks an answer that nobody has asked for yet: it is not kept fresh.
func (c *cache) unasked(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.kept[key]; v != nil {
		v.asked = time.Time{}
	}
}

// outdated gives questions that were asked lately and whose answers are old, the
// oldest first.
func (c *cache) outdated(generation string, now time.Time) (list []question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, v := range c.kept {
		if now.Sub(v.asked) < askedLately && now.Sub(v.made) > staleFor/2 && v.generation != generation && !v.making {
			v.making = true
			list = append(list, question{key, v.again, v.made})
		}
	}
	slices.SortFunc(list, func(a, b question) int { return a.made.Compare(b.made) })
	return list
}

// question is one that is asked again.
type question struct {
	key   string
	again func(ctx context.Context, generation string)
	made  time.Time
}

// refresh asks again, one after another, what was asked lately, so that a page
// which somebody looks at is at hand.
func (s *Server) refresh(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.logins.any(time.Now()) {
			continue
		}
		generation, err := s.cfg.Store().Generation(ctx)
		if err != nil {
			continue
		}
		for _, q := range s.cache.outdated(generation, time.Now()) {
			ctx, cancel := context.WithTimeout(ctx, refreshTime)
			q.again(ctx, generation)
			cancel()
		}
	}
}

// cached answers a route from the cache where that is recent enough.
func (a *ask) cached(v route) (any, error) {
	generation, err := a.db.Generation(a.ctx)
	if err != nil {
		return nil, err
	}
	key := a.r.URL.Path + "?" + a.query.Encode()
	out, renew := a.cache.find(key, generation, a.now)
	if renew {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), refreshTime)
		go func() {
			defer cancel()
			a.again(v, key)(ctx, generation)
		}()
	}
	if out == nil {
		if out, err = a.fill(v, key, generation); err != nil {
			return nil, err
		}
	}
	if v.name == "GET /overview" {
		a.warm(a.r.URL.Query())
	}
	return out, nil
}

// again asks a route anew, later.
func (a *ask) again(v route, key string) func(context.Context, string) {
	r, query, path := a.r, a.query, a.r.URL.Path
	s := a.Server
	return func(ctx context.Context, generation string) {
		b := &ask{Server: s, r: r.Clone(ctx), ctx: ctx, query: query, now: time.Now().UTC(), db: s.cfg.Store()}
		b.r.URL.Path = path
		defer func() { // nobody waits for it; a request's own faults end with the request
			if r := recover(); r != nil {
				s.cfg.Log.Error("the dashboard could not answer", "question", key, "err", r)
				s.cache.keep(key, generation, nil, b.now, nil)
			}
		}()
		if _, err := b.fill(v, key, generation); err != nil {
			s.cache.keep(key, generation, nil, b.now, nil)
		}
	}
}

// fill asks a route and keeps the answer.
func (a *ask) fill(v route, key, generation string) (*answer, error) {
	value, err := a.slot(v)
	if err != nil {
		return nil, err
	}
	out, err := encode(value)
	if err != nil {
		return nil, err
	}
	a.cache.keep(key, generation, out, a.now, a.again(v, key))
	return out, nil
}
