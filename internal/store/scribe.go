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

// A scribe writes rows which the writer never reads again, within the writer's
// transaction but on a processor of their own: acts, findings, credentials and
// artefacts, which are half of the work.
type scribe struct {
	sql     *statements
	packer  *zstd.Encoder
	putActs string

	acts   []any // to be written together
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

// Rows of acts that are written by one statement, and jobs that may wait.
const (
	actRows  = 16
	jobsWait = 64
)

func newScribe(s *statements) (*scribe, error) {
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	return &scribe{sql: s, packer: packer, putActs: several(putAct, actRows, actColumns)}, nil
}

// do has a job done, sooner or later, before finish.
func (s *scribe) do(ctx context.Context, j job) {
	if s.jobs == nil {
		s.jobs = make(chan job, jobsWait)
		s.ended.Go(func() { s.work(ctx, s.jobs) })
	}
	s.jobs <- j
}

// act writes an act together with others.
func (s *scribe) act(ctx context.Context, columns ...any) {
	if s.acts == nil {
		s.acts = make([]any, 0, actRows*actColumns)
	}
	if s.acts = append(s.acts, columns...); len(s.acts) == actRows*actColumns {
		s.do(ctx, job{q: s.putActs, args: s.acts})
		s.acts = nil
	}
}

// finish waits until all has been written; after it the scribe can be asked anew.
func (s *scribe) finish(ctx context.Context) error {
	for row := range slices.Chunk(s.acts, actColumns) {
		s.do(ctx, job{q: putAct, args: row})
	}
	s.acts = nil
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
