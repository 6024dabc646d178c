package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// What stands once in the database and has a small number.
type (
	place   struct{ origin, sensor, persona, device, service, protocol, transport string }
	verdict struct {
		label      string
		score      int64 // thousandths
		automation string
		severity   int64
		tool       string
		techniques string // ids, a space between
	}
	operation struct{ op, class, outcome string }
)

func (p place) columns() []any {
	return []any{p.origin, p.sensor, p.persona, p.device, p.service, p.protocol, p.transport}
}

func (v verdict) columns() []any {
	return []any{v.label, v.score, v.automation, v.severity, v.tool, v.techniques}
}

func (o operation) columns() []any { return []any{o.op, o.class, o.outcome} }

func networkColumns(s analysis.Source) []any {
	return []any{s.Country, s.ASN, s.ASOrg, s.NetType, s.Scanner, s.ScannerProof}
}

// The columns of the tables that books keep, as they are read.
const (
	placeColumns     = `origin, sensor, persona, device, service, protocol, transport`
	verdictColumns   = `label, score, automation, severity, tool, techniques`
	operationColumns = `op, class, outcome`
	networkFields    = `country, asn, as_org, net_type, scanner, scanner_proof`
)

func scanPlace(p *place) []any {
	return []any{&p.origin, &p.sensor, &p.persona, &p.device, &p.service, &p.protocol, &p.transport}
}

func scanVerdict(v *verdict) []any {
	return []any{&v.label, &v.score, &v.automation, &v.severity, &v.tool, &v.techniques}
}

func scanOperation(o *operation) []any { return []any{&o.op, &o.class, &o.outcome} }

func scanNetwork(s *analysis.Source) []any {
	return []any{&s.Country, &s.ASN, &s.ASOrg, &s.NetType, &s.Scanner, &s.ScannerProof}
}

// A book is such a table in the writer's memory, whole.
type book[T comparable] struct {
	keys    map[T]uint32
	last    uint32
	insert  string
	columns func(T) []any
}

// loadBook reads a table.
func loadBook[T comparable](ctx context.Context, db *sql.Conn, table, columns string, write func(T) []any, scan func(*T) []any) (*book[T], error) {
	b := &book[T]{keys: map[T]uint32{}, insert: insertInto(table, columns), columns: write}
	err := each(ctx, db, "SELECT key, "+columns+" FROM "+table, nil, func(rows *sql.Rows) error {
		var key uint32
		var v T
		if err := rows.Scan(append([]any{&key}, scan(&v)...)...); err != nil {
			return err
		}
		b.keys[v] = key
		b.last = max(b.last, key)
		return nil
	})
	return b, err
}

func insertInto(table, columns string) string {
	n := strings.Count(columns, ",") + 2
	marks := make([]string, n)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return "INSERT INTO " + table + " (key, " + columns + ") VALUES (" + strings.Join(marks, ", ") + ")"
}

// of is the number of v, which is given one where it has none.
func (b *book[T]) of(ctx context.Context, q *statements, v T) (uint32, error) {
	if key, ok := b.keys[v]; ok {
		return key, nil
	}
	b.last++
	if err := q.exec(ctx, b.insert, append([]any{b.last}, b.columns(v)...)...); err != nil {
		return 0, err
	}
	b.keys[v] = b.last
	return b.last, nil
}

// books are all of them.
type books struct {
	places     *book[place]
	boots      *book[string]
	networks   *book[analysis.Source]
	verdicts   *book[verdict]
	operations *book[operation]
}

func loadBooks(ctx context.Context, db *sql.Conn) (b books, err error) {
	if b.places, err = loadBook(ctx, db, "places", placeColumns, place.columns, scanPlace); err != nil {
		return b, err
	}
	if b.boots, err = loadBook(ctx, db, "boots", "id", func(s string) []any { return []any{s} }, func(s *string) []any { return []any{s} }); err != nil {
		return b, err
	}
	if b.networks, err = loadBook(ctx, db, "networks", networkFields, networkColumns, scanNetwork); err != nil {
		return b, err
	}
	if b.verdicts, err = loadBook(ctx, db, "verdicts", verdictColumns, verdict.columns, scanVerdict); err != nil {
		return b, err
	}
	b.operations, err = loadBook(ctx, db, "operations", operationColumns, operation.columns, scanOperation)
	return b, err
}

// maxPlaces is how many places are told apart: readers remember their numbers in 16
// bits. A journal of another's making may have as many as it has lines; beyond, those
// of an origin are one without names.
const maxPlaces = 60_000

func (w *Writer) placeOf(ctx context.Context, p place) (uint32, error) {
	if b := w.books.places; b.keys[p] == 0 && b.last >= maxPlaces {
		p = place{origin: p.origin}
	}
	return w.books.places.of(ctx, w.sql, p)
}

// origin is the name of the journal that a place is of.
func (b *books) origin(key uint32) string {
	for p, k := range b.places.keys {
		if k == key {
			return p.origin
		}
	}
	return ""
}

// visitor is a source with what the writer knows of it.
type visitor struct {
	key, network uint32
	source       analysis.Source
}

// visitorOf looks an address up, and gives it a number where it has none.
func (w *Writer) visitorOf(ctx context.Context, a netip.Addr) (visitor, error) {
	if v, ok := w.visitors[a]; ok {
		return v, nil
	}
	v := visitor{source: w.by.Source(a)}
	err := w.read.row(ctx, sourceKey, address(a)).Scan(&v.key) // those of this transaction are remembered
	if err == sql.ErrNoRows {
		w.lastSource++
		v.key = w.lastSource
		w.scribe.do(ctx, job{q: putSource, args: []any{v.key, address(a)}})
		err = w.address(ctx, v.key, address(a))
	}
	if err != nil {
		return v, err
	}
	if v.network, err = w.books.networks.of(ctx, w.sql, v.source); err != nil {
		return v, err
	}
	w.visitors[a] = v
	return v, nil
}

// querier is a database, or one connection to it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls do for each row.
func each(ctx context.Context, db querier, q string, args []any, do func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
