package journal

import (
	"cmp"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// Stats is how the journal does.
type Stats struct {
	Segments  int                    // held, the active one included
	Octets    int64                  // on disk, kept and torn files included
	MaxBytes  int64                  // the quota for them
	End       Cursor                 // behind the last line written
	Synced    Cursor                 // behind the last line fsynced
	Buffered  int                    // octets waiting to be written
	SyncLag   time.Duration          // for how long something written has not been fsynced
	Failing   error                  // why the disk does not take lines; nil: it does
	Drops     map[event.Class]uint64 // as Drops
	Lost      uint64                 // times a follower lost its place
	Followers []Follower             // by name
}

// A Follower is one iteration of Follow under way.
type Follower struct {
	Name   string
	At     Cursor
	Behind int64 // octets fsynced and not taken yet
}

// Synced is the cursor behind the last line fsynced.
func (j *Journal) Synced() Cursor {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.synced
}

// Stats says how the journal does now.
func (j *Journal) Stats() (Stats, error) {
	list, err := pieces(j.cfg.Dir)
	if err != nil {
		return Stats{}, explain(j.cfg.Dir, err)
	}
	s := Stats{Drops: j.Drops(), MaxBytes: j.cfg.MaxBytes, Lost: j.lost.Load()}
	for i, p := range list {
		s.Octets += p.size
		if p.suffix == plainSuffix || p.suffix == packedSuffix {
			if i == 0 || list[i-1].n != p.n || list[i-1].suffix != plainSuffix {
				s.Segments++
			}
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	s.End, s.Synced, s.Buffered, s.Failing = j.end, j.synced, len(j.fill), j.failing
	if !j.dirty.IsZero() {
		s.SyncLag = time.Since(j.dirty)
	}
	for t := range j.tails {
		s.Followers = append(s.Followers, Follower{t.name, t.at, j.hashes.between(t.at, j.synced)})
	}
	slices.SortFunc(s.Followers, func(a, b Follower) int { return cmp.Compare(a.Name, b.Name) })
	return s, nil
}
