package web

import (
	"context"
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
	making     bool // a newer one is being made
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
	v.used = now
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
func (c *cache) keep(key, generation string, a *answer, now time.Time) {
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
	c.kept[key] = &cached{answer: a, generation: generation, made: now, used: now}
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
		b := *a
		b.ctx = ctx
		go func() {
			defer cancel()
			if _, err := b.fill(v, key, generation); err != nil {
				b.cache.keep(key, generation, nil, b.now)
			}
		}()
	}
	if out != nil {
		return out, nil
	}
	return a.fill(v, key, generation)
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
	a.cache.keep(key, generation, out, a.now)
	return out, nil
}
