package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// A scribe writes, within the writer's transaction but on a processor of their own,
// what the writer does not read again: sessions, acts, findings, credentials and
// artefacts, traces and sources, which are more than half of the work.
type scribe struct {
	sql    *statements
	packer *zstd.Encoder

	acts, sessions stack
	written        map[string]bool // ids of sessions, for who asks for one: he finishes first

	jobs   chan job
	ended  sync.WaitGroup
	packed []byte
	err    error // the first; read when it has ended
}

// job is a statement to execute; with a finding, the finding of a session.
type job struct {
	q       string
	args    []any
	session int64
	finding *analysis.Finding
}

// stack is rows of one kind that are written by one statement.
type stack struct {
	one, many     string
	rows, columns int
	args          []any
}

func stackOf(one string, rows, columns int) stack {
	return stack{one: one, many: several(one, rows, columns), rows: rows, columns: columns}
}

// jobsWait is how many jobs may wait.
const jobsWait = 64

func newScribe(s *statements) (*scribe, error) {
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	return &scribe{sql: s, packer: packer, acts: stackOf(putAct, 16, actColumns), sessions: stackOf(putSession, 8, sessionColumns), written: map[string]bool{}}, nil
}

// do has a job done, sooner or later, before finish.
func (s *scribe) do(ctx context.Context, j job) {
	if s.jobs == nil {
		s.jobs = make(chan job, jobsWait)
		s.ended.Go(func() { s.work(ctx, s.jobs) })
	}
	s.jobs <- j
}

// row writes a row together with others of its kind.
func (s *scribe) row(ctx context.Context, t *stack, columns ...any) {
	if t.args == nil {
		t.args = make([]any, 0, t.rows*t.columns)
	}
	if t.args = append(t.args, columns...); len(t.args) == t.rows*t.columns {
		s.do(ctx, job{q: t.many, args: t.args})
		t.args = nil
	}
}

// rest writes the rows that wait for others.
func (s *scribe) rest(ctx context.Context, t *stack) {
	for row := range slices.Chunk(t.args, t.columns) {
		s.do(ctx, job{q: t.one, args: row})
	}
	t.args = nil
}

// session writes a session's row anew.
func (s *scribe) session(ctx context.Context, id string, columns ...any) {
	s.written[id] = true
	s.row(ctx, &s.sessions, columns...)
}

// update changes the row of a session.
func (s *scribe) update(ctx context.Context, id string, columns ...any) {
	s.written[id] = true
	s.rest(ctx, &s.sessions) // it may be among them
	s.do(ctx, job{q: setSession, args: columns})
}

// finish waits until all has been written; after it the scribe can be asked anew.
func (s *scribe) finish(ctx context.Context) error {
	s.rest(ctx, &s.sessions)
	s.rest(ctx, &s.acts)
	clear(s.written)
	if s.jobs == nil {
		return nil
	}
	close(s.jobs)
	s.ended.Wait()
	s.jobs = nil
	err := s.err
	s.err = nil
	return err
}

func (s *scribe) work(ctx context.Context, jobs <-chan job) {
	for j := range jobs {
		if s.err == nil { // else the transaction is lost
			s.err = s.one(ctx, j)
		}
	}
}

// one does a job. What fails at a finding, as at what a visitor made up, ends the
// following and not the sensor.
func (s *scribe) one(ctx context.Context, j job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", j.q, r)
		}
	}()
	if j.finding != nil {
		text, err := json.Marshal(j.finding)
		if err != nil {
			return err
		}
		s.packed = s.packer.EncodeAll(text, s.packed[:0])
		j.args = []any{j.session, s.packed}
	}
	return s.sql.exec(ctx, j.q, j.args...)
}

func (s *scribe) close() error {
	s.sql.close()
	return s.packer.Close()
}
