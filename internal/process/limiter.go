package process

import "time"

// sources is how many sources a limiter remembers.
const sources = 4096

// A limiter is a token bucket for each source.
type limiter struct {
	rate    float64 // tokens a second; negative: no limit
	burst   float64
	buckets map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rate float64, burst int) limiter {
	if rate == 0 {
		rate = 20
	}
	if burst <= 0 {
		burst = 100
	}
	return limiter{rate: rate, burst: float64(burst), buckets: make(map[string]bucket)}
}

// allow takes a token of a source, or says that it has none.
func (l *limiter) allow(source string, now time.Time) bool {
	if l.rate < 0 {
		return true
	}
	b, ok := l.buckets[source]
	if !ok {
		if len(l.buckets) >= sources {
			l.forget(now)
		}
		b = bucket{tokens: l.burst, at: now}
	}
	b.tokens, b.at = l.filled(b, now), now
	allowed := b.tokens >= 1
	if allowed {
		b.tokens--
	}
	l.buckets[source] = b
	return allowed
}

func (l *limiter) filled(b bucket, now time.Time) float64 {
	return min(b.tokens+max(now.Sub(b.at).Seconds(), 0)*l.rate, l.burst)
}

// forget makes room. Among a random few it drops the sources whose buckets are
// full again, who lose nothing by it, or else the one that was quiet for longest.
func (l *limiter) forget(now time.Time) {
	quiet, looked := "", 0
	for source, b := range l.buckets {
		if l.filled(b, now) >= l.burst {
			delete(l.buckets, source)
		} else if q, ok := l.buckets[quiet]; !ok || b.at.Before(q.at) {
			quiet = source
		}
		if looked++; looked == 64 {
			break
		}
	}
	if len(l.buckets) >= sources {
		delete(l.buckets, quiet)
	}
}
