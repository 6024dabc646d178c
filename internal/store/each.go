package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// EachSession calls take for every session, the earliest first, until it
// returns an error.
func (s *Store) EachSession(ctx context.Context, f Filter, take func(*Session) error) error {
	w := f.sessions()
	return each(ctx, s.db, sessionQuery+w.String()+" ORDER BY opened, sessions.key", w.args, func(rows *sql.Rows) error {
		v, err := scanSession(rows)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		return take(&v)
	})
}

// An Occasion is whose session a row belongs to, and when it was.
type Occasion struct {
	Session  string     `json:"session"`
	Origin   string     `json:"origin,omitempty"` // the imported journal that it is in
	Seq      int        `json:"seq"`
	At       time.Time  `json:"at"`
	Sensor   string     `json:"sensor"`
	Persona  string     `json:"persona"`
	Protocol string     `json:"protocol"`
	Src      netip.Addr `json:"src"`
	Country  string     `json:"country,omitempty"`
	ASN      uint32     `json:"asn,omitempty"`
	Scanner  string     `json:"scanner,omitempty"`
	Label    string     `json:"label"`
}

// occasions reads a table of what was done in sessions, as x; columns are its
// own, join what they need.
func (s *Store) occasions(ctx context.Context, f Filter, table, columns, join string, into []any, take func(*Occasion) error) error {
	w := f.sessions()
	q := "SELECT sessions.id, origin, x.seq, x.at, sensor, persona, protocol, addr, country, asn, scanner, label, " + columns + ` FROM sessions
		JOIN ` + table + ` x ON x.session = sessions.key ` + join + `
		LEFT JOIN places ON places.key = sessions.place LEFT JOIN sources ON sources.key = sessions.source
		LEFT JOIN networks ON networks.key = sessions.network LEFT JOIN verdicts ON verdicts.key = sessions.verdict` + w.String() + " ORDER BY opened, sessions.key, x.seq"
	return each(ctx, s.db, q, w.args, func(rows *sql.Rows) error {
		var o Occasion
		var at int64
		var src []byte
		if err := rows.Scan(append([]any{&o.Session, &o.Origin, &o.Seq, &at, &o.Sensor, &o.Persona, &o.Protocol, &src, &o.Country, &o.ASN, &o.Scanner, &o.Label}, into...)...); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		o.At, o.Src = timeOf(at), addressOf(src)
		return take(&o)
	})
}

// An Act is what the store keeps of one; its octets are in the journal.
type Act struct {
	Occasion
	Op         string `json:"op"`
	Class      string `json:"class"`
	Outcome    string `json:"outcome"`
	TargetKind string `json:"target_kind,omitempty"`
	Target     string `json:"target,omitempty"`
	Value      string `json:"value,omitempty"`
	Severity   int    `json:"severity"`
	Count      int    `json:"count"`
}

// EachAct calls take for every act, session after session.
func (s *Store) EachAct(ctx context.Context, f Filter, take func(*Act) error) error {
	var a Act
	into := []any{&a.Op, &a.Class, &a.Outcome, &a.TargetKind, &a.Target, &a.Value, &a.Severity, &a.Count}
	return s.occasions(ctx, f, "acts", "op, class, outcome, target_kind, target, value, x.severity, count", "LEFT JOIN operations ON operations.key = x.operation", into, func(o *Occasion) error {
		a.Occasion = *o
		return take(&a)
	})
}

// A Try is one credential tried.
type Try struct {
	Occasion
	User     string `json:"user"`
	Secret   string `json:"secret"`
	Method   string `json:"method,omitempty"`
	Accepted bool   `json:"accepted"`
}

// EachTry calls take for every credential tried, session after session.
func (s *Store) EachTry(ctx context.Context, f Filter, take func(*Try) error) error {
	var v Try
	into := []any{&v.User, &v.Secret, &v.Method, &v.Accepted}
	return s.occasions(ctx, f, "credentials", "username, secret, method, accepted", "", into, func(o *Occasion) error {
		v.Occasion = *o
		return take(&v)
	})
}

// A Delivery is one file brought.
type Delivery struct {
	Occasion
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
}

// EachDelivery calls take for every file brought, session after session.
func (s *Store) EachDelivery(ctx context.Context, f Filter, take func(*Delivery) error) error {
	var v Delivery
	into := []any{&v.SHA256, &v.Size, &v.Name, &v.Kind}
	return s.occasions(ctx, f, "artifacts", "sha256, size, x.name, x.kind", "", into, func(o *Occasion) error {
		v.Occasion = *o
		return take(&v)
	})
}

// Traffic is what one source had with one kind of service.
type Traffic struct {
	Src       netip.Addr `json:"src"`
	Protocol  string     `json:"protocol"`
	Transport string     `json:"transport"`
	DstPort   uint16     `json:"dst_port"`
	Sessions  int64      `json:"sessions"`
	OctetsIn  int64      `json:"octets_in"`
	OctetsOut int64      `json:"octets_out"`
	First     time.Time  `json:"first"`
	Last      time.Time  `json:"last"`
}

// EachTraffic calls take for every source and service, by address.
func (s *Store) EachTraffic(ctx context.Context, f Filter, take func(*Traffic) error) error {
	w := f.sessions()
	q := `SELECT addr, protocol, transport, dst_port, COUNT(*), SUM(octets_in), SUM(octets_out), MIN(opened), MAX(CASE WHEN closed > opened THEN closed ELSE opened END)
		FROM sessions JOIN sources ON sources.key = sessions.source JOIN places ON places.key = sessions.place` + w.String() +
		" GROUP BY addr, protocol, transport, dst_port ORDER BY addr, protocol, transport, dst_port"
	return each(ctx, s.db, q, w.args, func(rows *sql.Rows) error {
		var t Traffic
		var src []byte
		var first, last int64
		if err := rows.Scan(&src, &t.Protocol, &t.Transport, &t.DstPort, &t.Sessions, &t.OctetsIn, &t.OctetsOut, &first, &last); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		t.Src, t.First, t.Last = addressOf(src), timeOf(first), timeOf(last)
		return take(&t)
	})
}

// EachProof calls take for every source and the techniques that some of its
// sessions prove, by address; a source comes as often as its sessions differ.
func (s *Store) EachProof(ctx context.Context, f Filter, take func(src netip.Addr, techniques []string) error) error {
	w := f.sessions()
	q := `SELECT DISTINCT addr, techniques FROM sessions JOIN sources ON sources.key = sessions.source
		JOIN verdicts ON verdicts.key = sessions.verdict` + w.String() + " ORDER BY addr, techniques"
	return each(ctx, s.db, q, w.args, func(rows *sql.Rows) error {
		var src []byte
		var techniques string
		if err := rows.Scan(&src, &techniques); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		return take(addressOf(src), strings.Fields(techniques))
	})
}
