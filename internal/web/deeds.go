package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/store"
)

// ours says whether an act is one that we sent unasked.
func ours(class string) bool { return class == "report" }

// operationsOf sums deeds up by operation, the most first.
func operationsOf(deeds []store.Deed, limit int) []store.Operation {
	type kind struct{ protocol, op, class string }
	sum := map[kind]*store.Operation{}
	for _, d := range deeds {
		k := kind{d.Protocol, d.Op, d.Class}
		o := sum[k]
		if o == nil {
			o = &store.Operation{Protocol: d.Protocol, Op: d.Op, Class: d.Class}
			sum[k] = o
		}
		o.Acts += d.Acts
		if d.Outcome != "answered" {
			o.Refused += d.Acts
		}
	}
	out := []store.Operation{}
	for _, o := range sum {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b store.Operation) int {
		return cmp.Or(cmp.Compare(b.Acts, a.Acts), strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Op, b.Op), strings.Compare(a.Class, b.Class))
	})
	return out[:min(limit, len(out))]
}

// cellsOf sums deeds up by protocol and class, our own reports left out.
func cellsOf(deeds []store.Deed) []store.Cell {
	sum := map[store.Cell]int64{}
	for _, d := range deeds {
		if !ours(d.Class) {
			sum[store.Cell{Protocol: d.Protocol, Class: d.Class}] += d.Acts
		}
	}
	out := []store.Cell{}
	for c, n := range sum {
		c.Acts = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b store.Cell) int {
		return cmp.Or(strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Class, b.Class))
	})
	return out
}

// outcomesOf sums deeds up by what became of them, our own reports left out.
func outcomesOf(deeds []store.Deed) map[string]int64 {
	out := map[string]int64{}
	for _, d := range deeds {
		if !ours(d.Class) {
			out[d.Outcome] += d.Acts
		}
	}
	return out
}
