package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// rollup is what readers remember of the table hours, unpacked, with the tables
// that its numbers stand for. It is kept as long as the database has not changed.
type rollup struct {
	mu     sync.Mutex
	hours  map[int64]*unpacked
	groups int // in all of them
	listed struct {
		from, to int64
		stamp    string
		hours    []*unpacked
	}
	parts []*unpacked // the latest parts of hours
	sums  []*sums     // of the latest filters
	pairs struct {    // who left which traces
		stamp string
		list  []pair
	}
	names names
}

// maxGroups bounds what is remembered: 24 octets each.
const maxGroups = 1_500_000

// names are what numbers stand for, by number.
type names struct {
	stamp      string // of the roll-up when they were read
	places     []place
	networks   []analysis.Source
	verdicts   []verdict
	operations []operation
}

// unpacked is an hour's roll-up, or what falls into a part of the hour.
type unpacked struct {
	at, stamp int64
	end       int64 // of a part of an hour
	visits    []visit
	proven    []int32 // of all visits, one after another
	acts      []doing
}

// visit is a group of sessions: techniques of its verdict are as many as proven.
type visit struct {
	source, network, verdict uint32
	place, proven            uint16
	sessions, acts           int32
}

// narrow is a number as it is remembered: an imported journal may say of a session
// that it had more acts than any has.
func narrow(n int64) int32 { return int32(max(math.MinInt32, min(n, math.MaxInt32))) }

type doing struct {
	action
	volume
}

// window is the hours, or parts of hours, of a period, in order.
func (s *Store) window(ctx context.Context, from, to int64) ([]*unpacked, *names, error) {
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, nil, err
	}
	if u.listed.hours == nil || u.listed.stamp != stamp || u.listed.from != from || u.listed.to != to {
		hours, err := s.unpack(ctx, from, to)
		if err != nil {
			return nil, nil, err
		}
		u.listed.from, u.listed.to, u.listed.stamp, u.listed.hours = from, to, stamp, hours
	}
	n, err := s.learn(ctx)
	return u.listed.hours, n, err
}

// unpack reads the whole hours of a period.
func (s *Store) unpack(ctx context.Context, from, to int64) ([]*unpacked, error) {
	u := &s.rollup
	var list []*unpacked
	missing, first, last := 0, int64(math.MaxInt64), int64(0)
	err := each(ctx, s.db, `SELECT hour, MAX(stamp) FROM hours WHERE hour >= $1 AND hour < $2 GROUP BY hour ORDER BY hour`, []any{from, to}, func(rows *sql.Rows) error {
		h := &unpacked{}
		if err := rows.Scan(&h.at, &h.stamp); err != nil {
			return err
		}
		if have := u.hours[h.at]; have != nil && have.stamp == h.stamp {
			h = have
		} else {
			missing++
			first, last = min(first, h.at), max(last, h.at)
			h.stamp = 0
		}
		list = append(list, h)
		return nil
	})
	if err != nil || missing == 0 {
		return list, err
	}
	by := make(map[int64]*unpacked, len(list))
	for _, h := range list {
		if h.stamp == 0 {
			by[h.at] = h
		}
	}
	var parts []*hour
	err = each(ctx, s.db, `SELECT hour, stamp, visits, acts FROM hours WHERE hour >= $1 AND hour <= $2 ORDER BY hour, part`, []any{first, last}, func(rows *sql.Rows) error {
		var at, stamp int64
		var visits, acts sql.RawBytes
		if err := rows.Scan(&at, &stamp, &visits, &acts); err != nil {
			return err
		}
		h := by[at]
		if h == nil {
			return nil
		}
		if h.stamp != 0 { // a further part: parts are added up
			parts = append(parts, &hour{at: at})
		}
		h.stamp = max(h.stamp, stamp)
		return h.add(visits, acts)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		by[p.at].merge()
	}
	u.remember(by)
	return list, nil
}

// remember keeps unpacked hours, as many of the newest as there is room for.
func (u *rollup) remember(by map[int64]*unpacked) {
	if u.hours == nil {
		u.hours = map[int64]*unpacked{}
	}
	for at := range by {
		if old := u.hours[at]; old != nil {
			u.groups -= len(old.visits)
			delete(u.hours, at)
		}
	}
	oldest := slices.Sorted(maps.Keys(u.hours))
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(by))) {
		h := by[at]
		for u.groups+len(h.visits) > maxGroups && len(oldest) > 0 && oldest[0] < at {
			u.groups -= len(u.hours[oldest[0]].visits)
			delete(u.hours, oldest[0])
			oldest = oldest[1:]
		}
		if u.groups+len(h.visits) > maxGroups {
			return
		}
		u.hours[at] = h
		u.groups += len(h.visits)
	}
}

// add unpacks a part of the hour.
func (h *unpacked) add(visits, acts []byte) error {
	h.visits = slices.Grow(h.visits, len(visits)/7)
	h.proven = slices.Grow(h.proven, len(visits)/32)
	u := unpacker{b: visits}
	source := uint32(0)
	for len(u.b) > 0 { // as unpackVisits, which takes half as long again
		source += u.uint()
		v := visit{source: source, place: uint16(u.uint()), network: u.uint(), verdict: u.uint(), sessions: narrow(u.int()), acts: narrow(u.int())}
		for n := u.uint(); n > 0 && !u.bad; n-- {
			h.proven = append(h.proven, narrow(u.int()))
			v.proven++
		}
		if u.bad {
			return errPacked
		}
		h.visits = append(h.visits, v)
	}
	return unpackActs(acts, func(a action, v volume) { h.acts = append(h.acts, doing{a, v}) })
}

// merge adds up groups of several parts.
func (h *unpacked) merge() {
	sum := &hour{visits: map[group]*tally{}}
	at := 0
	for _, v := range h.visits {
		proven := make([]int64, v.proven)
		for i := range proven {
			proven[i] = int64(h.proven[at+i])
		}
		at += int(v.proven)
		sum.visit(group{uint32(v.place), v.source, v.network, v.verdict}, int64(v.sessions), int64(v.acts), proven)
	}
	h.visits, h.proven = h.visits[:0], h.proven[:0]
	_ = h.add(packVisits(sum.visits), nil) // we packed it ourselves
}

// learn is all names there are: it reads what has become known since it read
// last. With a new one the roll-up changes. The caller holds the lock.
func (s *Store) learn(ctx context.Context) (*names, error) {
	n := s.rollup.names
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, err
	}
	if n.stamp != stamp || n.places == nil {
		if err := s.learnAll(ctx, &n); err != nil {
			return nil, err
		}
		n.stamp = stamp
		s.rollup.names = n
	}
	return &n, nil
}

func (s *Store) learnAll(ctx context.Context, n *names) (err error) {
	if n.places, err = learnMore(ctx, s.db, n.places, "places", placeColumns, scanPlace); err != nil {
		return err
	}
	if n.networks, err = learnMore(ctx, s.db, n.networks, "networks", networkFields, scanNetwork); err != nil {
		return err
	}
	if n.verdicts, err = learnMore(ctx, s.db, n.verdicts, "verdicts", verdictColumns, scanVerdict); err != nil {
		return err
	}
	n.operations, err = learnMore(ctx, s.db, n.operations, "operations", operationColumns, scanOperation)
	return err
}

func learnMore[T any](ctx context.Context, db querier, have []T, table, columns string, scan func(*T) []any) ([]T, error) {
	if len(have) == 0 {
		have = make([]T, 1) // numbers begin with 1
	}
	have = slices.Clip(have) // others may be reading it
	err := each(ctx, db, "SELECT key, "+columns+" FROM "+table+" WHERE key >= $1 ORDER BY key", []any{len(have)}, func(rows *sql.Rows) error {
		var key int
		var v T
		if err := rows.Scan(append([]any{&key}, scan(&v)...)...); err != nil {
			return err
		}
		for len(have) < key {
			have = append(have, *new(T))
		}
		have = append(have, v)
		return nil
	})
	return have, err
}

// partOf reads the sessions of a part of an hour, or all that a filter alone finds.
func (s *Store) partOf(ctx context.Context, f Filter) ([]*unpacked, *names, error) {
	w := f.sessions()
	var list []*unpacked
	err := each(ctx, s.db, `SELECT opened, place, source, network, verdict, acts, proven FROM sessions`+w.String()+` ORDER BY opened`, w.args, func(rows *sql.Rows) error {
		var opened, acts int64
		var v visit
		var proven sql.RawBytes
		if err := rows.Scan(&opened, &v.place, &v.source, &v.network, &v.verdict, &acts, &proven); err != nil {
			return err
		}
		v.acts = narrow(acts)
		at := floor(opened, unitHour)
		if n := len(list); n == 0 || list[n-1].at != at {
			list = append(list, &unpacked{at: at})
		}
		h := list[len(list)-1]
		u := unpacker{b: proven}
		for _, n := range u.numbers(nil) {
			h.proven = append(h.proven, narrow(n))
			v.proven++
		}
		v.sessions = 1
		h.visits = append(h.visits, v)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, h := range list {
		h.sort()
	}
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	n, err := s.learn(ctx)
	return list, n, err
}

// sort orders sessions by source, as packed hours are.
func (h *unpacked) sort() {
	type spot struct{ visit, proven int }
	order, at := make([]spot, len(h.visits)), 0
	for i := range h.visits {
		order[i] = spot{i, at}
		at += int(h.visits[i].proven)
	}
	slices.SortStableFunc(order, func(a, b spot) int { return cmp.Compare(h.visits[a.visit].source, h.visits[b.visit].source) })
	visits, proven := make([]visit, 0, len(h.visits)), make([]int32, 0, len(h.proven))
	for _, o := range order {
		v := h.visits[o.visit]
		visits = append(visits, v)
		proven = append(proven, h.proven[o.proven:o.proven+int(v.proven)]...)
	}
	h.visits, h.proven = visits, proven
}

// edge is partOf for a part of an hour, remembered.
func (s *Store) edge(ctx context.Context, from, to int64) ([]*unpacked, error) {
	if from >= to {
		return nil, nil
	}
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, err
	}
	n, _ := strconv.ParseInt(stamp, 10, 64)
	u := &s.rollup
	u.mu.Lock()
	i := slices.IndexFunc(u.parts, func(p *unpacked) bool { return p.at == from && p.end == to && p.stamp == n })
	if i >= 0 {
		p := u.parts[i]
		u.mu.Unlock()
		return []*unpacked{p}, nil
	}
	u.mu.Unlock()
	list, _, err := s.partOf(ctx, Filter{From: timeOf(from), To: timeOf(to)})
	if err != nil {
		return nil, err
	}
	p := &unpacked{}
	if len(list) > 0 {
		p = list[0]
	}
	p.at, p.end, p.stamp = from, to, n
	u.mu.Lock()
	if u.parts = append(u.parts, p); len(u.parts) > 4 {
		u.parts = u.parts[1:]
	}
	u.mu.Unlock()
	return []*unpacked{p}, nil
}

// period is the bounds of a filter; without, of all time.
func (f *Filter) period() (from, to int64) {
	to = math.MaxInt64
	if !f.From.IsZero() {
		from = f.From.UnixNano()
	}
	if !f.To.IsZero() {
		to = f.To.UnixNano()
	}
	return from, to
}

// groups calls do for each group of sessions that the filter lets through, in the
// order of hours. proven is valid until the next.
func (s *Store) groups(ctx context.Context, f Filter, do func(n *names, at int64, v *visit, proven []int32)) (*names, error) {
	hours, n, sv, err := s.sifted(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for _, h := range hours {
		at := 0
		hour := floor(h.at, unitHour)
		for i := range h.visits {
			v := &h.visits[i]
			proven := h.proven[at : at+int(v.proven)]
			at += int(v.proven)
			if sv.lets(v) {
				do(n, hour, v, proven)
			}
		}
	}
	return n, nil
}

// sifted is the groups of a filter's period, and a sieve for the rest of it.
func (s *Store) sifted(ctx context.Context, f Filter) ([]*unpacked, *names, *sieve, error) {
	if f.Print != "" || f.Session != "" || f.ofRows() {
		list, n, err := s.partOf(ctx, f)
		return list, n, &sieve{}, err
	}
	from, to := f.period()
	from, to, err := s.rounded(ctx, f, from, to)
	if err != nil {
		return nil, nil, nil, err
	}
	first, last := ceil(from, unitHour), floor(to, unitHour)
	var hours []*unpacked
	if from != 0 {
		part, err := s.edge(ctx, from, min(first, to))
		if err != nil {
			return nil, nil, nil, err
		}
		hours = append(hours, part...)
	}
	whole, _, err := s.window(ctx, first, max(first, last))
	if err != nil {
		return nil, nil, nil, err
	}
	hours = append(slices.Clip(hours), whole...)
	if to != math.MaxInt64 && last >= first {
		part, err := s.edge(ctx, last, to)
		if err != nil {
			return nil, nil, nil, err
		}
		hours = append(hours, part...)
	}
	s.rollup.mu.Lock()
	n, err := s.learn(ctx)
	s.rollup.mu.Unlock()
	if err != nil {
		return nil, nil, nil, err
	}
	sv, err := s.sieve(ctx, f, n)
	return hours, n, sv, err
}

func ceil(ns int64, unit time.Duration) int64 {
	if ns > math.MaxInt64-int64(unit) {
		return math.MaxInt64
	}
	if rest := ns % int64(unit); rest > 0 {
		return ns - rest + int64(unit)
	}
	return ns
}

// A sieve lets through the groups that a filter asks for; nil members all.
type sieve struct {
	places, networks, verdicts []bool
	sources                    map[uint32]bool
	but                        []map[uint32]bool // sources that are not let through
}

func (v *sieve) lets(g *visit) bool {
	return (v.places == nil || v.places[g.place]) && (v.verdicts == nil || v.verdicts[g.verdict]) &&
		(v.networks == nil || v.networks[g.network]) && (v.sources == nil || v.sources[g.source]) && !v.bars(g.source)
}

func (v *sieve) bars(source uint32) bool {
	for _, list := range v.but {
		if list[source] {
			return true
		}
	}
	return false
}

// sieve makes the filter's, but for time.
func (s *Store) sieve(ctx context.Context, f Filter, n *names) (*sieve, error) {
	v := &sieve{places: f.placesOf(n)}
	if len(f.Country) > 0 || f.ASN != 0 || f.Research != "" {
		v.networks = mask(n.networks, func(x analysis.Source) bool {
			return (len(f.Country) == 0 || slices.Contains(f.Country, x.Country)) && (f.ASN == 0 || x.ASN == f.ASN) &&
				(f.Research == "" || (f.Research == "only") == (x.Scanner != ""))
		})
	}
	if len(f.Label) > 0 || f.Tool != "" || f.Severity > 0 || len(f.Automation) > 0 {
		v.verdicts = mask(n.verdicts, func(x verdict) bool {
			return (len(f.Label) == 0 || slices.Contains(f.Label, x.label)) && (f.Tool == "" || x.tool == f.Tool) &&
				x.severity >= int64(f.Severity) && (len(f.Automation) == 0 || slices.Contains(f.Automation, x.automation))
		})
	}
	for i := range f.Terms {
		if err := f.Terms[i].sift(ctx, s.db, n, v); err != nil {
			return nil, err
		}
	}
	for i := range f.acts {
		if err := s.siftActs(ctx, f, &f.acts[i], n, v); err != nil {
			return nil, err
		}
	}
	if !f.Src.IsValid() && len(f.Sources) == 0 {
		return v, nil
	}
	restricted := v.sources
	v.sources = map[uint32]bool{}
	w := &where{}
	f.addresses(w)
	return v, each(ctx, s.db, "SELECT key FROM sources"+w.String(), w.args, func(rows *sql.Rows) error {
		var key uint32
		err := rows.Scan(&key)
		v.sources[key] = restricted == nil || restricted[key]
		return err
	})
}

// placesOf are those that the filter lets through; nil: all.
func (f *Filter) placesOf(n *names) []bool {
	if len(f.Origin) == 0 && len(f.Sensor) == 0 && len(f.Persona) == 0 && len(f.Protocol) == 0 {
		return nil
	}
	has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return mask(n.places, func(p place) bool {
		return has(f.Origin, p.origin) && has(f.Sensor, p.sensor) && has(f.Persona, p.persona) && has(f.Protocol, p.protocol)
	})
}

func mask[T any](list []T, lets func(T) bool) []bool {
	out := make([]bool, len(list))
	for i, v := range list {
		out[i] = lets(v)
	}
	return out
}

// doings calls do for what was done in the whole hours of the filter's period;
// of the rest of the filter, origin, sensor, persona and protocol count.
func (s *Store) doings(ctx context.Context, f Filter, do func(n *names, at int64, d *doing)) error {
	from, to := f.period()
	hours, n, err := s.window(ctx, floor(from, unitHour), ceil(to, unitHour))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	places := f.placesOf(n)
	for _, h := range hours {
		for i := range h.acts {
			if d := &h.acts[i]; places == nil || places[d.place] {
				do(n, h.at, d)
			}
		}
	}
	return nil
}

// techniquesOf takes apart what a verdict joined.
func techniquesOf(v verdict) []string {
	if v.techniques == "" {
		return nil
	}
	return strings.Split(v.techniques, " ")
}
