package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// A member is a session that left a trace.
type member struct {
	source  uint32
	session int64
	opened  int64
}

// maxMembers is how many members a part has: one more writes no more than it.
const maxMembers = 64

// shared says where in the table the members of a trace are.
func shared(sources int) int { return min(max(sources-1, 0), 1) }

func packMembers(list []member) []byte {
	b := make([]byte, 0, 14*len(list))
	for _, m := range list {
		b = binary.AppendUvarint(b, uint64(m.source))
		b = binary.AppendVarint(b, m.session)
		b = binary.AppendVarint(b, m.opened)
	}
	return b
}

func unpackMembers(b []byte, do func(member)) error {
	u := unpacker{b: b}
	for len(u.b) > 0 {
		m := member{u.uint(), u.int(), u.int()}
		if u.bad {
			return errPacked
		}
		do(m)
	}
	return nil
}

// trace is something that sessions leave, who did, and the part that grows.
type trace struct {
	key     uint32
	sources []uint32 // fewer than analysis.Rare; nil for a common one
	common  bool
	part    int64
	members []member
	dirty   bool
}

// leave keeps the traces of a session that has ended.
func (w *Writer) leave(ctx context.Context, s *stay, f *analysis.Finding) error {
	left := [][2]string{{analysis.TracePayload, f.Payload}, {analysis.TraceCredentials, f.CredList}}
	if f.Tool == "" { // a known tool's are everybody's
		left = append(left, [2]string{analysis.TraceAgent, clip(f.UA)}, [2]string{analysis.TraceOperations, f.OpSeqHash}, [2]string{analysis.TracePrint, f.FingerprintHash})
	}
	for _, sum := range s.files {
		left = append(left, [2]string{analysis.TraceFile, sum})
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

func (w *Writer) leaveOne(ctx context.Context, what [2]string, s *stay) error {
	t, err := w.traceOf(ctx, what)
	if err != nil || t.common {
		return err
	}
	if !slices.Contains(t.sources, s.source) {
		t.sources = append(t.sources, s.source)
		w.scribe.do(ctx, job{q: setTrace, args: []any{len(t.sources), t.key}})
		if t.common = len(t.sources) >= analysis.Rare; t.common {
			t.sources, t.members = nil, nil
			w.scribe.do(ctx, job{q: dropTraced, args: []any{1, t.key}})
			return nil
		}
		if len(t.sources) == 2 {
			w.scribe.do(ctx, job{q: shareTraced, args: []any{t.key}})
		}
	}
	t.members = append(t.members, member{s.source, s.key, s.opened})
	t.dirty = true
	if len(t.members) >= maxMembers {
		w.flushTrace(ctx, t)
		t.part++
		t.members = t.members[:0]
	}
	return err
}

func (w *Writer) flushTrace(ctx context.Context, t *trace) {
	if t.dirty && !t.common {
		t.dirty = false
		w.scribe.do(ctx, job{q: putTraced, args: []any{shared(len(t.sources)), t.key, t.part, packMembers(t.members)}})
	}
}

// flushTraces writes what sessions have left since the last transaction.
func (w *Writer) flushTraces(ctx context.Context) {
	for _, t := range w.traces {
		w.flushTrace(ctx, t)
	}
	if len(w.traces) >= maxTraces {
		clear(w.traces)
	}
}

func (w *Writer) traceOf(ctx context.Context, what [2]string) (*trace, error) {
	if t := w.traces[what]; t != nil {
		return t, nil
	}
	t := &trace{}
	var sources int
	err := w.read.row(ctx, traceOf, what[0], what[1]).Scan(&t.key, &sources) // those of this transaction are remembered
	switch {
	case errors.Is(err, sql.ErrNoRows):
		w.lastTrace++
		t.key = w.lastTrace
		err = nil
		w.scribe.do(ctx, job{q: putTrace, args: []any{t.key, what[0], what[1], 0}})
	case sources >= analysis.Rare:
		t.common = true
	case err == nil:
		err = w.read.each(ctx, tracedBy, func(rows *sql.Rows) error {
			var b []byte
			if err := rows.Scan(&t.part, &b); err != nil {
				return err
			}
			t.members = t.members[:0]
			return unpackMembers(b, func(m member) {
				t.members = append(t.members, m)
				if !slices.Contains(t.sources, m.source) {
					t.sources = append(t.sources, m.source)
				}
			})
		}, shared(sources), t.key)
		if len(t.members) >= maxMembers {
			t.part++
			t.members = t.members[:0]
		}
	}
	if err != nil {
		return nil, err
	}
	w.traces[what] = t
	return t, nil
}
