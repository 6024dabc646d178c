package process

import (
	"context"
	"iter"
	"time"
)

// A View is the plant at one moment: one View answers one request.
type View struct{ s *snapshot }

// View returns the plant as it is now. It costs one load and waits for nobody.
func (p *Process) View() View { return View{p.now.Load()} }

// Time returns the moment that v shows.
func (v View) Time() time.Time { return v.s.at }

// Value returns a tag's value; the zero Value where r is none.
func (v View) Value(r Ref) Value {
	if r < 0 || int(r) >= len(v.s.cells) {
		return Value{}
	}
	return v.s.cells[r].shown
}

// Bool returns a tag's value as a boolean.
func (v View) Bool(r Ref) bool { return v.Value(r).Bool() }

// Int returns a tag's value as a whole number.
func (v View) Int(r Ref) int64 { return v.Value(r).Int() }

// Float returns a tag's value as a number.
func (v View) Float(r Ref) float64 { return v.Value(r).Float() }

// Text returns a tag's value written out.
func (v View) Text(r Ref) string { return v.Value(r).Text() }

// Since returns when a tag took its present value.
func (v View) Since(r Ref) time.Time {
	if r < 0 || int(r) >= len(v.s.cells) {
		return time.Time{}
	}
	return v.s.cells[r].since
}

// A Change is a tag's step from one value to another.
type Change struct {
	Tag             Ref
	Value, Previous Value
	Time            time.Time
	By              string // who wrote it; empty: the plant itself
}

// Changes yields what changes from the call on, of those tags or, without any,
// of all, until ctx ends. Who is slow gets a tag's changes since the last one in
// one piece, and none where it is back at its value; nothing queues for it.
func (p *Process) Changes(ctx context.Context, tags ...Ref) iter.Seq[Change] {
	if len(tags) == 0 {
		for i := range p.tags {
			tags = append(tags, Ref(i))
		}
	}
	first := p.now.Load()
	return func(yield func(Change) bool) {
		seen := first
		for {
			select {
			case <-ctx.Done():
				return
			case <-seen.next:
			}
			now := p.now.Load()
			for _, r := range tags {
				if r < 0 || int(r) >= len(now.cells) || now.cells[r].shown == seen.cells[r].shown {
					continue
				}
				c := &now.cells[r]
				if ctx.Err() != nil || !yield(Change{Tag: r, Value: c.shown, Previous: seen.cells[r].shown, Time: c.since, By: c.by}) {
					return
				}
			}
			seen = now
		}
	}
}
