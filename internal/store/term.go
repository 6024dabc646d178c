package store

import (
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

// A Term is one condition on sessions beside those of a Filter: what a session,
// or one of its acts, has, set against any of some values.
type Term struct {
	Key   Key
	Not   bool
	Op    string   // of numbers: "=", ">=", "<=", ">", "<"; "" is "="
	Text  []string // each the value itself, or a pattern in which * stands for any text
	Int   []int64
	Range []netip.Prefix // of KeySrc
}

// A Key is what a Term is about.
type Key int

// The keys.
const (
	KeySensor Key = iota // of places
	KeyPersona
	KeyDevice
	KeyService
	KeyProtocol
	KeyTransport

	KeyCountry // of networks
	KeyOrg
	KeyNetwork // kind of network
	KeyScanner
	KeyProof
	KeyASN // a number

	KeyLabel // of verdicts
	KeyAutomation
	KeyTool
	KeyTechnique
	KeySeverity // a number
	KeyScore    // thousandths

	KeySrc  // addresses
	KeyText // any of scanner, operator of the network, kind of network

	KeySession // of the session's own row: its id
	KeyReason
	KeyFingerprint
	KeyPort // numbers
	KeyActs
	KeyOctetsIn
	KeyOctetsOut
	KeyDuration // nanoseconds, of sessions that have ended

	KeyClass // of one of its acts
	KeyOp
	KeyOutcome
	KeyTargetKind
	KeyTarget
	KeyValue
	KeyUser
	KeySecret
	KeyFile // its hash or its name
)

// home is where a key is found.
func (k Key) home() string {
	switch {
	case k <= KeyTransport:
		return "places"
	case k <= KeyASN || k == KeyText:
		return "networks"
	case k <= KeyScore:
		return "verdicts"
	case k == KeySrc:
		return "sources"
	}
	return "" // the session's row, or its acts
}

// ofRows says whether the filter asks what only the rows of sessions and acts
// tell: no roll-up answers it.
func (f *Filter) ofRows() bool {
	return slices.ContainsFunc(f.Terms, func(t Term) bool { return t.Key.home() == "" })
}

// sifts says whether the terms say something that the roll-up knows.
func (f *Filter) sifts() bool {
	return slices.ContainsFunc(f.Terms, func(t Term) bool { return t.Key.home() != "" || t.ofOperations() })
}

// ofOperations says whether the term holds for sessions with certain operations.
func (t *Term) ofOperations() bool { return !t.Not && (t.Key == KeyClass || t.Key == KeyOp) }

// sifted is the filter as far as the roll-up knows.
func (f *Filter) sifted() Filter {
	g := *f
	g.Terms, g.acts = nil, nil
	for _, t := range f.Terms {
		if t.Key.home() != "" {
			g.Terms = append(g.Terms, t)
		} else if t.ofOperations() {
			g.acts = append(g.acts, t)
		}
	}
	return g
}

// rows restricts rows of sessions to what the roll-up does not know.
func (f *Filter) rows(w *where) {
	for i := range f.Terms {
		if t := &f.Terms[i]; t.Key.home() == "" {
			t.restrict(w)
		}
	}
}

// siftActs takes from a sieve the verdicts and places that no session with such an
// operation can have.
func (s *Store) siftActs(ctx context.Context, f Filter, t *Term, n *names, v *sieve) error {
	least := int64(10)
	wanted := mask(n.operations, func(o operation) bool {
		text := o.op
		if t.Key == KeyClass {
			text = o.class
		}
		ok := t.fits([]string{text})
		if ok {
			least = min(least, int64(analysis.OperationSeverity(o.op, event.Class(o.class))))
		}
		return ok
	})
	v.verdicts = both(v.verdicts, mask(n.verdicts, func(x verdict) bool { return x.severity >= least }))
	there := make([]bool, len(n.places))
	err := s.doings(ctx, Filter{From: f.From}, func(_ *names, d *doing) {
		if int(d.operation) < len(wanted) && wanted[d.operation] && int(d.place) < len(there) {
			there[d.place] = true
		}
	})
	v.places = both(v.places, there)
	return err
}

// columns are those of a key in its home.
func (k Key) columns() []string {
	switch k {
	case KeySensor:
		return []string{"sensor"}
	case KeyPersona:
		return []string{"persona"}
	case KeyDevice:
		return []string{"device"}
	case KeyService:
		return []string{"service"}
	case KeyProtocol:
		return []string{"protocol"}
	case KeyTransport:
		return []string{"transport"}
	case KeyCountry:
		return []string{"country"}
	case KeyOrg:
		return []string{"as_org"}
	case KeyNetwork:
		return []string{"net_type"}
	case KeyScanner:
		return []string{"scanner"}
	case KeyProof:
		return []string{"scanner_proof"}
	case KeyText:
		return []string{"scanner", "as_org", "net_type"}
	case KeyLabel:
		return []string{"label"}
	case KeyAutomation:
		return []string{"automation"}
	case KeyTool:
		return []string{"tool"}
	}
	return nil
}

// texts are what a row of a key's home has in its columns.
func (k Key) texts(row any) []string {
	switch v := row.(type) {
	case place:
		return []string{[]string{v.sensor, v.persona, v.device, v.service, v.protocol, v.transport}[k-KeySensor]}
	case analysis.Source:
		if k == KeyText {
			return []string{v.Scanner, v.ASOrg, v.NetType}
		}
		return []string{[]string{v.Country, v.ASOrg, v.NetType, v.Scanner, v.ScannerProof}[k-KeyCountry]}
	case verdict:
		if k == KeyTechnique {
			return techniquesOf(v)
		}
		return []string{[]string{v.label, v.automation, v.tool}[k-KeyLabel]}
	}
	return nil
}

// fits says whether the term holds for texts of which any will do.
func (t *Term) fits(texts []string) bool {
	for _, s := range texts {
		for _, v := range t.Text {
			if v == s || strings.Contains(v, "*") && glob(strings.ToLower(v), strings.ToLower(s)) {
				return !t.Not
			}
		}
	}
	return t.Not
}

// fitsNumber says whether the term holds for a number.
func (t *Term) fitsNumber(n int64) bool {
	for _, v := range t.Int {
		var ok bool
		switch t.Op {
		case ">=":
			ok = n >= v
		case "<=":
			ok = n <= v
		case ">":
			ok = n > v
		case "<":
			ok = n < v
		default:
			ok = n == v
		}
		if ok {
			return !t.Not
		}
	}
	return t.Not
}

// glob says whether a pattern with * fits.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := len(parts) - 1
	for _, p := range parts[1:last] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[last])
}

// sift takes from a sieve what the term does not let through. Terms on rows do
// not come here.
func (t *Term) sift(ctx context.Context, db querier, n *names, v *sieve) error {
	switch t.Key.home() {
	case "places":
		v.places = both(v.places, mask(n.places, func(p place) bool { return t.fits(t.Key.texts(p)) }))
	case "networks":
		v.networks = both(v.networks, mask(n.networks, func(s analysis.Source) bool {
			if t.Key == KeyASN {
				return t.fitsNumber(int64(s.ASN))
			}
			return t.fits(t.Key.texts(s))
		}))
	case "verdicts":
		v.verdicts = both(v.verdicts, mask(n.verdicts, func(x verdict) bool {
			switch t.Key {
			case KeySeverity:
				return t.fitsNumber(x.severity)
			case KeyScore:
				return t.fitsNumber(x.score)
			}
			return t.fits(t.Key.texts(x))
		}))
	case "sources":
		found := map[uint32]bool{}
		w := &where{}
		t.addresses(w)
		err := each(ctx, db, "SELECT key FROM sources"+w.String(), w.args, func(rows *sql.Rows) error {
			var key uint32
			err := rows.Scan(&key)
			found[key] = v.sources == nil || v.sources[key]
			return err
		})
		if t.Not {
			v.but = append(v.but, found)
		} else {
			v.sources = found
		}
		return err
	}
	return nil
}

// both is what two masks let through; nil lets all.
func both(a, b []bool) []bool {
	for i := range b {
		b[i] = b[i] && (a == nil || a[i])
	}
	return b
}

// addresses restricts rows of sources to the term's ranges.
func (t *Term) addresses(w *where) {
	var any []string
	for _, p := range t.Range {
		low, high := bounds(p)
		any = append(any, w.marked("addr >= ? AND addr <= ?", low, high))
	}
	if any == nil {
		any = []string{"1 = 0"}
	}
	w.and("(" + strings.Join(any, " OR ") + ")")
}

// bounds are the first and last address of a prefix, as the store keeps them.
func bounds(p netip.Prefix) (low, high []byte) {
	first := p.Masked().Addr()
	bits := p.Bits()
	if first.Is4() {
		bits += 96
	}
	l := first.As16()
	h := l
	for i := bits; i < 128; i++ {
		h[i/8] |= 0x80 >> (i % 8)
	}
	return l[:], h[:]
}
