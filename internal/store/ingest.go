package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// stay is a session that has not ended.
type stay struct {
	id     string
	key    int64
	from   journal.Cursor // before its first line
	end    journal.Cursor // behind its last
	sensor string
	boot   string
	opened int64
	last   int64 // of its acts

	group  // what the roll-up counts it by
	proven []int64
	acts   int64
	told   int64 // of the acts, those that the roll-up has

	bootKey          uint32
	srcPort, dstPort uint16
	parent, octets   string
	fingerprint      string
	files            []string // what he brought, at most maxFiles

	who   analysis.Source
	means Interpretation

	blind   bool // its beginning is not known any more: it keeps the finding that it has
	probe   bool // the operator's own
	skip    bool // a probe, taken whole before, or another journal's
	stored  bool // the database has it
	touched bool // since it was judged
	ended   bool
}

func floor(ns int64, unit time.Duration) int64 { return ns - ns%int64(unit) }

const unitHour = time.Hour

// line takes a line.
func (w *Writer) line(ctx context.Context, r *reading, l *entry) (err error) {
	e := &l.event
	fresh := r.kept || !l.at.Before(r.known)
	if e.Kind == event.KindStatus {
		err = w.status(ctx, r, e, fresh)
	} else {
		err = w.visit(ctx, r, e, l.at, l.end, fresh)
	}
	if fresh {
		r.lives(e)
		r.Lines++
		if r.First.IsZero() || e.Time.Before(r.First) {
			r.First = e.Time
		}
		if e.Time.After(r.Last) {
			r.Last = e.Time
		}
	}
	return err
}

// visit takes a line of a session.
func (w *Writer) visit(ctx context.Context, r *reading, e *event.Event, at, end journal.Cursor, fresh bool) error {
	s := r.open[e.Session]
	if s == nil {
		var err error
		if s, err = w.session(ctx, r, e, at, fresh); err != nil {
			return err
		}
	}
	s.end = end
	switch e.Kind {
	case event.KindAct:
		return w.act(ctx, r, s, e, fresh)
	case event.KindClose:
		return w.close(ctx, r, s, e.Time.UnixNano(), e)
	}
	return nil
}

// session begins with the first line of a session that is read.
func (w *Writer) session(ctx context.Context, r *reading, e *event.Event, at journal.Cursor, fresh bool) (*stay, error) {
	if len(r.open) >= maxOpen {
		if err := w.shed(ctx, r); err != nil {
			return nil, err
		}
	}
	opened := e.Time.Add(-time.Duration(e.AtUS) * time.Microsecond).UnixNano()
	s := &stay{id: e.Session, from: at, sensor: e.Sensor, boot: e.Boot, opened: opened, last: opened, parent: e.Parent, octets: e.Octets, probe: e.Probe != ""}
	r.open[e.Session] = s
	if s.skip = s.probe || e.Src == nil; s.skip {
		return s, nil
	}
	if s.srcPort = e.Src.Port; e.Dst != nil {
		s.dstPort = e.Dst.Port
	}
	v, err := w.visitorOf(ctx, e.Src.IP)
	if err != nil {
		return nil, err
	}
	s.who, s.means, s.source, s.network = v.source, w.by.Begin(e), v.key, v.network
	if err := w.recall(ctx, r, s, e); err != nil || s.stored {
		return s, err
	}
	if !fresh { // the rest of a probe that has ended
		s.skip = true
		return s, nil
	}
	w.lastSession++
	s.key = w.lastSession
	if s.bootKey, err = w.books.boots.of(ctx, w.sql, e.Boot); err != nil {
		return nil, err
	}
	if s.verdict, err = w.books.verdicts.of(ctx, w.sql, verdict{}); err != nil {
		return nil, err
	}
	s.place, err = w.placeOf(ctx, place{r.Name, e.Sensor, e.Persona, e.Device, e.Listener, e.Protocol, e.Transport})
	r.touch(s)
	return s, err
}

// recall finds what the database has of a session already.
func (w *Writer) recall(ctx context.Context, r *reading, s *stay, e *event.Event) error {
	var closed, opened, acts int64
	var g group
	var proven []byte
	q := w.read // of the transactions before
	if w.scribe.written[s.id] {
		q = w.sql
		if err := w.scribe.finish(ctx); err != nil {
			return err
		}
	}
	err := q.row(ctx, sessionOf, s.id).Scan(&s.key, &closed, &g.place, &g.source, &g.network, &g.verdict, &opened, &acts, &proven)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	u := unpacker{b: proven}
	s.stored, s.group, s.opened, s.told, s.proven = true, g, opened, acts, u.numbers(nil)
	s.skip = closed != 0 || w.books.origin(g.place) != r.Name
	if e.Kind != event.KindOpen {
		s.acts, s.blind = acts, true
	}
	return nil
}

func (r *reading) touch(s *stay) {
	if !s.touched {
		s.touched = true
		r.touched = append(r.touched, s)
	}
}

func (w *Writer) act(ctx context.Context, r *reading, s *stay, e *event.Event, fresh bool) error {
	if s.skip {
		return nil
	}
	s.last = max(s.last, e.Time.UnixNano())
	r.touch(s)
	found := s.means.Add(e)
	if fresh || !s.blind {
		s.acts++
	}
	if a := e.Artifact; a != nil && len(s.files) < maxFiles && !slices.Contains(s.files, a.SHA256) {
		s.files = append(s.files, a.SHA256)
	}
	if !fresh {
		return nil
	}
	op, err := w.books.operations.of(ctx, w.sql, operation{clip(e.Op), string(e.Class), string(e.Outcome)})
	if err != nil {
		return err
	}
	kind, ref, value := "", "", ""
	if e.Target != nil {
		kind, ref = string(e.Target.Kind), clip(e.Target.Ref)
	}
	if len(e.Values) > 0 {
		value = clip(e.Values[0])
	}
	at, count := e.Time.UnixNano(), max(1, e.Count)
	if r.kept { // it may be read a second time
		n, err := w.sql.insert(ctx, putAct, s.key, e.Seq, at, op, kind, ref, value, found.Severity, count)
		if err != nil || n == 0 {
			return err
		}
	} else {
		w.scribe.row(ctx, &w.scribe.acts, s.key, e.Seq, at, op, kind, ref, value, found.Severity, count)
	}
	w.acts++
	h, err := w.hourAt(ctx, at)
	if err != nil {
		return err
	}
	h.act(action{s.place, op}, int64(count), int64(e.RequestLen), int64(e.ResponseLen))
	w.things(ctx, s, e, at)
	return nil
}

// maxFiles bounds the files by which one session may join a cluster.
const maxFiles = 64

// things takes the pair and the file that came with an act.
func (w *Writer) things(ctx context.Context, s *stay, e *event.Event, at int64) {
	if c := e.Cred; c != nil {
		accepted := 0
		if e.Outcome == event.Answered {
			accepted = 1
		}
		w.scribe.do(ctx, job{q: putCredential, args: []any{s.key, e.Seq, at, clip(c.User), clip(c.Secret), c.Method, accepted}})
	}
	if a := e.Artifact; a != nil {
		w.scribe.do(ctx, job{q: putArtifact, args: []any{s.key, e.Seq, at, a.SHA256, a.Size, clip(a.Name), a.Kind}})
	}
}

// maxText bounds a visitor's text in the store, in octets; the journal has all of it.
const maxText = 256

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > 0 && s[end]&0xC0 == 0x80 { // not within a character
		end--
	}
	return s[:end]
}

// ending is how a session ended.
type ending struct {
	at      int64 // 0: it goes on
	reason  string
	in, out int64
}

// close ends a session with what it is found to be; e is its last line, nil where
// it has none.
func (w *Writer) close(ctx context.Context, r *reading, s *stay, at int64, e *event.Event) error {
	delete(r.open, s.id)
	if s.ended = true; s.skip {
		return nil
	}
	end := ending{at: at, reason: "crash"}
	if e != nil {
		end = ending{at, e.Reason, e.OctetsIn, e.OctetsOut}
		s.acts = int64(e.Acts)
	}
	f, err := w.judge(ctx, s, end, true)
	if err != nil || f == nil {
		return err
	}
	return w.leave(ctx, s, f)
}

// write brings the database's row of a session up to date.
func (w *Writer) write(ctx context.Context, s *stay, judged bool) error {
	_, err := w.judge(ctx, s, ending{}, judged)
	return err
}

// judge writes a session: its row, and, if judged, what it is found to be. The
// roll-up moves it from what it was to what it is.
func (w *Writer) judge(ctx context.Context, s *stay, end ending, judged bool) (*analysis.Finding, error) {
	before, told, proven := s.group, s.told, s.proven
	var f *analysis.Finding
	if judged && !s.blind {
		found := s.means.Finding(s.who)
		f = &found
		if err := w.find(ctx, s, f); err != nil {
			return nil, err
		}
	}
	numbers := packNumbers(nil, s.proven)
	if s.stored {
		w.scribe.update(ctx, s.id, s.verdict, end.at, end.reason, s.acts, end.in, end.out, s.fingerprint, numbers, s.end.Segment, s.end.Offset, s.key)
	} else {
		w.scribe.session(ctx, s.id, s.key, s.id, s.bootKey, s.place, s.source, s.network, s.verdict, s.srcPort, s.dstPort, s.parent, s.octets, s.opened,
			end.at, end.reason, s.acts, end.in, end.out, s.fingerprint, numbers, s.from.Segment, s.from.Offset, s.end.Segment, s.end.Offset)
	}
	h, err := w.hourAt(ctx, s.opened)
	if err != nil {
		return nil, err
	}
	if s.stored {
		minus := slices.Clone(proven)
		for i := range minus {
			minus[i] = -minus[i]
		}
		h.visit(before, -1, -told, minus)
	}
	h.visit(s.group, 1, s.acts, s.proven)
	s.stored, s.told = true, s.acts
	return f, nil
}

// find gives a session its verdict, and keeps the finding.
func (w *Writer) find(ctx context.Context, s *stay, f *analysis.Finding) error {
	w.scribe.do(ctx, job{q: putFinding, session: s.key, finding: f})
	v := verdict{label: f.Label, score: int64(f.Score*1000 + 0.5), automation: f.Automation, severity: int64(f.Severity), tool: f.Tool}
	ids := make([]string, len(f.Techniques))
	s.proven = make([]int64, len(f.Techniques))
	for i, t := range f.Techniques {
		ids[i], s.proven[i] = t.ID, int64(t.Count)
	}
	v.techniques = strings.Join(ids, " ")
	s.fingerprint = f.FingerprintHash
	var err error
	s.verdict, err = w.books.verdicts.of(ctx, w.sql, v)
	return err
}

// shed takes the sixteenth of the sessions that has been silent for longest as
// it is.
func (w *Writer) shed(ctx context.Context, r *reading) error {
	all := make([]*stay, 0, len(r.open))
	for _, s := range r.open {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *stay) int { return cmp.Or(cmp.Compare(a.last, b.last), strings.Compare(a.id, b.id)) })
	for _, s := range all[:len(all)/16+1] {
		delete(r.open, s.id)
		s.ended = true
		if s.skip {
			continue
		}
		if err := w.write(ctx, s, true); err != nil {
			return err
		}
	}
	return nil
}
