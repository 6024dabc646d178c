package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// Clusters joins sources by what they share, in sessions that have ended. A trace
// that twenty sources or more left, at any time, is nobody's own.
func (s *Store) Clusters(ctx context.Context, f Filter) ([]analysis.Cluster, error) {
	w := f.sessions()
	q := `SELECT traces.kind, traces.value, traced.source, sessions.id, sessions.opened FROM traces
		JOIN traced ON traced.trace = traces.key JOIN sessions ON sessions.key = traced.session
		WHERE traces.sources >= 2 AND traces.sources < ` + w.arg(rare) + ` AND sessions.key IN (SELECT key FROM sessions` + w.String() + `)`
	if w.text.Len() == 0 {
		q = q[:len(q)-len(` AND sessions.key IN (SELECT key FROM sessions)`)]
	}
	traces := map[string]*analysis.Trace{}
	sources := map[string]uint32{}
	var order []string
	err := each(ctx, s.db, q, w.args, func(rows *sql.Rows) error {
		var kind, value, id string
		var source uint32
		var at int64
		if err := rows.Scan(&kind, &value, &source, &id, &at); err != nil {
			return err
		}
		t := traces[id]
		if t == nil {
			t = &analysis.Trace{Session: id, At: at}
			traces[id], sources[id] = t, source
			order = append(order, id)
		}
		switch kind {
		case tracePayload:
			t.Payload = value
		case traceOperations:
			t.OpSeqHash = value
		case traceCredentials:
			t.CredList = value
		case traceAgent:
			t.UA = value
		case tracePrint:
			t.Fingerprint = value
		case traceFile:
			t.Artifacts = append(t.Artifacts, value)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	keys := map[uint32]bool{}
	for _, k := range sources {
		keys[k] = true
	}
	list := make([]uint32, 0, len(keys))
	for k := range keys {
		list = append(list, k)
	}
	addrs, err := s.addrs(ctx, list)
	if err != nil {
		return nil, err
	}
	all := make([]analysis.Trace, 0, len(order))
	for _, id := range order {
		t := traces[id]
		t.Src = addrs[sources[id]]
		all = append(all, *t)
	}
	return analysis.Clusters(all), nil
}
