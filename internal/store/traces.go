package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// rare is the number of sources from which on a trace is nobody's own; analysis
// has the same.
const rare = 20

// trace is something that sessions leave, and how many sources did so.
type trace struct {
	key     uint32
	sources int64
	latest  uint32 // source
}

// leave keeps the traces of a session that has ended.
func (w *Writer) leave(ctx context.Context, s *stay, f *analysis.Finding) error {
	left := [][2]string{{tracePayload, f.Payload}, {traceCredentials, f.CredList}, {traceAgent, clip(f.UA)}}
	if f.Tool == "" { // a known tool's are everybody's
		left = append(left, [2]string{traceOperations, f.OpSeqHash}, [2]string{tracePrint, f.FingerprintHash})
	}
	err := w.sql.each(ctx, filesOfSession, func(rows *sql.Rows) error {
		var sum string
		err := rows.Scan(&sum)
		left = append(left, [2]string{traceFile, sum})
		return err
	}, s.key)
	if err != nil {
		return err
	}
	for _, l := range left {
		if l[1] == "" {
			continue
		}
		if err := w.leaveOne(ctx, l, s); err != nil {
			return err
		}
	}
	return nil
}

// Kinds of traces.
const (
	tracePayload     = "payload"
	traceOperations  = "operations"
	traceCredentials = "credentials"
	traceAgent       = "user-agent"
	tracePrint       = "fingerprint"
	traceFile        = "file"
)

func (w *Writer) leaveOne(ctx context.Context, what [2]string, s *stay) error {
	t, err := w.traceOf(ctx, what)
	if err != nil || t.sources >= rare {
		return err
	}
	if t.latest != s.source {
		var seen int
		if err := w.sql.row(ctx, tracedBy, t.key, s.source).Scan(&seen); err != nil {
			return err
		}
		if seen == 0 {
			t.sources++
			if err := w.sql.exec(ctx, setTrace, t.sources, t.key); err != nil {
				return err
			}
			if t.sources >= rare {
				return w.sql.exec(ctx, dropTraced, t.key)
			}
		}
		t.latest = s.source
	}
	return w.sql.exec(ctx, putTraced, t.key, s.source, s.key)
}

func (w *Writer) traceOf(ctx context.Context, what [2]string) (*trace, error) {
	if t := w.traces[what]; t != nil {
		return t, nil
	}
	if len(w.traces) >= maxTraces {
		clear(w.traces)
	}
	t := &trace{}
	err := w.sql.row(ctx, traceOf, what[0], what[1]).Scan(&t.key, &t.sources)
	if errors.Is(err, sql.ErrNoRows) {
		w.lastTrace++
		t.key = w.lastTrace
		err = w.sql.exec(ctx, putTrace, t.key, what[0], what[1], 0)
	}
	if err != nil {
		return nil, err
	}
	w.traces[what] = t
	return t, nil
}
