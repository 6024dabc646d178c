package store

import "slices"

// ranking keeps the first few of many, in an order.
type ranking[T any] struct {
	limit  int
	before func(a, b *T) int
	list   []T // at most twice as many
	sorted int // how many of these are the best of those before
}

// hopeless says whether v would not be kept; what it does not have yet counts as least.
func (r *ranking[T]) hopeless(v *T) bool {
	return r.limit <= 0 || r.sorted == r.limit && r.before(v, &r.list[r.limit-1]) > 0
}

func (r *ranking[T]) add(v T) {
	if r.list = append(r.list, v); len(r.list) >= 2*r.limit {
		r.cut()
	}
}

func (r *ranking[T]) cut() {
	slices.SortFunc(r.list, func(a, b T) int { return r.before(&a, &b) })
	r.list = r.list[:min(r.limit, len(r.list))]
	r.sorted = len(r.list)
}

// done is those that were kept, in order.
func (r *ranking[T]) done() []T {
	r.cut()
	if r.list == nil {
		return []T{}
	}
	return r.list
}
