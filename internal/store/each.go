package store

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// each calls take for every row of a query, one at a time.
func (s *Store) each(ctx context.Context, q string, args []any, take func(scan func(...any) error) error) error {
	rows, err := s.db.QueryContext(ctx, q, args...)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// scanner is a row's Scan.
type scanner func(...any) error

// Scan reads the row.
func (s scanner) Scan(into ...any) error { return s(into...) }

// EachSession calls take for every session, the earliest first, until it
// returns an error.
func (s *Store) EachSession(ctx context.Context, f Filter, take func(*Session) error) error {
	w := f.sessions()
	return s.each(ctx, "SELECT "+sessionColumns+" FROM sessions"+w.String()+" ORDER BY opened, key", w.args, func(scan func(...any) error) error {
		v, err := scanSession(scanner(scan))
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		return take(&v)
	})
}

// An Occasion is whose session a row belongs to, and when it was.
type Occasion struct {
	Session  string     `json:"session"`
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

const occasionColumns = "id, x.seq, x.at, sensor, persona, protocol, src, country, asn, scanner, label"

// occasions reads a table of what was done in sessions, as x; columns are its own.
func (s *Store) occasions(ctx context.Context, f Filter, table, columns string, into []any, take func(*Occasion) error) error {
	w := f.sessions()
	q := "SELECT " + occasionColumns + ", " + columns + " FROM sessions JOIN " + table + " x ON x.session = sessions.key" + w.String() + " ORDER BY opened, key, x.seq"
	return s.each(ctx, q, w.args, func(scan func(...any) error) error {
		var o Occasion
		var at int64
		var src []byte
		if err := scan(append([]any{&o.Session, &o.Seq, &at, &o.Sensor, &o.Persona, &o.Protocol, &src, &o.Country, &o.ASN, &o.Scanner, &o.Label}, into...)...); err != nil {
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
	return s.occasions(ctx, f, "acts", "op, class, outcome, target_kind, target, value, x.severity, count", into, func(o *Occasion) error {
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
	return s.occasions(ctx, f, "credentials", "username, secret, method, accepted", into, func(o *Occasion) error {
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
	return s.occasions(ctx, f, "artifacts", "sha256, size, name, kind", into, func(o *Occasion) error {
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
	q := `SELECT src, protocol, transport, dst_port, COUNT(*), SUM(octets_in), SUM(octets_out), MIN(opened), MAX(CASE WHEN closed > opened THEN closed ELSE opened END)
		FROM sessions` + w.String() + " GROUP BY src, protocol, transport, dst_port ORDER BY src, protocol, transport, dst_port"
	return s.each(ctx, q, w.args, func(scan func(...any) error) error {
		var t Traffic
		var src []byte
		var first, last int64
		if err := scan(&src, &t.Protocol, &t.Transport, &t.DstPort, &t.Sessions, &t.OctetsIn, &t.OctetsOut, &first, &last); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		t.Src, t.First, t.Last = addressOf(src), timeOf(first), timeOf(last)
		return take(&t)
	})
}

// EachProof calls take for every technique that a source's acts prove, by address.
func (s *Store) EachProof(ctx context.Context, f Filter, take func(src netip.Addr, technique string, sessions int64) error) error {
	w := f.sessions()
	q := "SELECT src, technique, COUNT(*) FROM sessions JOIN techniques ON techniques.session = sessions.key" + w.String() + " GROUP BY src, technique ORDER BY src, technique"
	return s.each(ctx, q, w.args, func(scan func(...any) error) error {
		var src []byte
		var technique string
		var n int64
		if err := scan(&src, &technique, &n); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		return take(addressOf(src), technique, n)
	})
}
