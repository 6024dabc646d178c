package sensor

import (
	"net/netip"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

const (
	dailyJournal = 64 << 20 // octets of journal that one source may write in a day
	floodJournal = 1 << 30  // beyond which acts of every class fold: else one source's writes would push out the journal's history
	stayJournal  = 1536     // octets of journal that a stay costs beside its acts: open and close
	maxSources   = 64 << 10 // sources remembered; beyond it about half are forgotten
)

// sources remembers what each source has used up.
type sources struct {
	mu sync.Mutex
	by map[netip.Prefix]*usage
}

func newSources() *sources {
	return &sources{by: map[netip.Prefix]*usage{}}
}

// usage is one source's: a session.Quota.
type usage struct {
	source netip.Prefix

	mu      sync.Mutex
	day     int // of the year
	journal int64
	over    bool
	folds   map[event.Class]*fold // nil until one folds
	seen    int64                 // Unix nanoseconds: there are up to maxSources of these
	minute  int64                 // of the rate limit
	fresh   int                   // sessions begun in that minute
}

// fold counts acts that were not written one by one.
type fold struct {
	since   time.Time
	pending session.Folded
}

func (t *sources) of(p netip.Prefix) *usage {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.by[p]
	if u == nil {
		if len(t.by) >= maxSources {
			t.shed()
		}
		u = &usage{source: p}
		t.by[p] = u
	}
	u.seen = time.Now().UnixNano()
	return u
}

// shed forgets sources that have folded nothing, about half of all.
func (t *sources) shed() {
	n := len(t.by) / 2
	for p, u := range t.by {
		if n == 0 {
			return
		}
		if !u.isOver() {
			delete(t.by, p)
			n--
		}
	}
	if len(t.by) >= maxSources {
		clear(t.by)
	}
}

func (u *usage) isOver() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.over
}

// forget drops sources not seen for a day.
func (t *sources) forget(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, u := range t.by {
		if now.UnixNano()-u.seen > int64(25*time.Hour) {
			delete(t.by, p)
		}
	}
}

// mayBegin counts a new session against the source's rate.
func (u *usage) mayBegin(rate int, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at := now.UnixNano(); at-u.minute >= int64(time.Minute) || at < u.minute { // or the clock was set back
		u.minute, u.fresh = at, 0
	}
	u.fresh++
	if rate > 0 && u.fresh > rate {
		return false
	}
	u.turn(now)
	u.journal += stayJournal
	return true
}

// turn begins a new budget where a new day (UTC) has begun.
func (u *usage) turn(now time.Time) {
	if day := now.UTC().YearDay(); day != u.day {
		u.day, u.journal, u.over = day, 0, false
	}
}

// Admit implements session.Quota: over the daily budget, acts of the classes
// that fold are kept once a minute and class, with the count of those between;
// of a source that has written sixteen times as much, all are.
func (u *usage) Admit(class event.Class, in, out int) (bool, session.Folded) {
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(now)
	cost := int64(2*(min(in, session.MaxRequest)+min(out, session.MaxResponse)) + 512)
	if u.journal < dailyJournal || u.journal < floodJournal && !class.Foldable() {
		u.journal += cost
		return true, session.Folded{}
	}
	u.over = true
	f := u.folds[class]
	if f == nil {
		f = &fold{since: now}
		if u.folds == nil {
			u.folds = map[event.Class]*fold{}
		}
		u.folds[class] = f
	}
	f.pending.Count++
	f.pending.OctetsIn += int64(in)
	f.pending.OctetsOut += int64(out)
	if now.Sub(f.since) < time.Minute {
		return false, session.Folded{}
	}
	done := f.pending
	f.since, f.pending = now, session.Folded{}
	return true, done
}

// limitDetail says what a source's folded acts came to that no act's line tells.
type limitDetail struct {
	Source    string `json:"source"`
	Class     string `json:"class"`
	Count     int    `json:"count"`
	OctetsIn  int64  `json:"octets_in"`
	OctetsOut int64  `json:"octets_out"`
}

// takeFolded returns folded counts that have waited two minutes for an act to
// carry them.
func (t *sources) takeFolded() []limitDetail {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []limitDetail
	for _, u := range t.by {
		u.mu.Lock()
		for class, f := range u.folds {
			if f.pending.Count > 0 && time.Since(f.since) > 2*time.Minute {
				out = append(out, limitDetail{u.source.String(), string(class), f.pending.Count, f.pending.OctetsIn, f.pending.OctetsOut})
				f.since, f.pending = time.Now(), session.Folded{}
			}
		}
		u.mu.Unlock()
	}
	return out
}
