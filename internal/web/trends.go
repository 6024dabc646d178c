package web

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// How much of the plant's past is remembered: an hour of each number, and the
// latest changes by visitors.
const (
	trendStep  = 10 * time.Second
	trendSteps = 360
	maxChanges = 500
	maxTrended = 512 // tags of a site
)

// trends remember how the plants moved while the dashboard is on.
type trends struct{ sites []*siteTrends }

// siteTrends are one plant's.
type siteTrends struct {
	site Site

	mu      sync.Mutex
	past    [][]float32 // by Ref: a ring of trendSteps; nil of a text
	at      int         // where the next value goes
	n       int         // values there are
	changes []change    // oldest first
	by      map[process.Ref]string
}

func newTrends(sites []Site) *trends {
	t := &trends{}
	for _, s := range sites {
		st := &siteTrends{site: s, by: map[process.Ref]string{}}
		for i, tag := range s.Process.Tags() {
			var ring []float32
			if tag.Type != process.Text && i < maxTrended {
				ring = make([]float32, trendSteps)
			}
			st.past = append(st.past, ring)
		}
		t.sites = append(t.sites, st)
	}
	return t
}

// run remembers until ctx is done.
func (t *trends) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range t.sites {
		all.Go(func() { s.sample(ctx) })
		all.Go(func() { s.watch(ctx) })
	}
	all.Wait()
}

func (s *siteTrends) sample(ctx context.Context) {
	tick := time.NewTicker(trendStep)
	defer tick.Stop()
	for {
		view := s.site.Process.View()
		s.mu.Lock()
		for r, ring := range s.past {
			if ring != nil {
				ring[s.at] = float32(view.Float(process.Ref(r)))
			}
		}
		s.at = (s.at + 1) % trendSteps
		s.n = min(s.n+1, trendSteps)
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watch notes who changes what.
func (s *siteTrends) watch(ctx context.Context) {
	for c := range s.site.Process.Changes(ctx) {
		s.mu.Lock()
		if c.By == "" {
			delete(s.by, c.Tag) // the plant has it back
		} else {
			s.by[c.Tag] = c.By
			if len(s.changes) == maxChanges {
				s.changes = append(s.changes[:0], s.changes[maxChanges/4:]...)
			}
			s.changes = append(s.changes, change{c.Time.UTC(), s.site.Process.Tag(c.Tag).Name, c.Value.Text(), c.Previous.Text(), c.By})
		}
		s.mu.Unlock()
	}
}

// values are a tag's of the last hour, the latest last. s.mu is held.
func (s *siteTrends) values(r process.Ref) []*float64 {
	ring := s.past[r]
	if ring == nil {
		return nil
	}
	out := make([]*float64, trendSteps)
	for i := range s.n {
		v := float64(ring[(s.at-s.n+i+trendSteps)%trendSteps])
		out[trendSteps-s.n+i] = finite(math.Round(v*1e6) / 1e6)
	}
	return out
}
