package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// Bounds of what a writer remembers. Beyond maxOpen the session that has been
// silent for longest is taken as it is.
const (
	maxOpen    = 20_000
	maxSources = 20_000
)

// A writer takes lines of the journal into the database.
type writer struct {
	store *Store
	by    Interpreter

	open    map[string]*stay
	sources map[netip.Addr]analysis.Source

	sql   *statements
	known journal.Cursor // up to which a store that was opened again has had all before
}

// stay is a session that has not ended.
type stay struct {
	key     int64
	from    journal.Cursor // before its first line
	source  analysis.Source
	means   Interpretation
	sensor  string
	boot    string
	persona string
	proto   string
	opened  int64
	last    int64 // of its acts
	skip    bool  // the operator's own probe, or taken whole before
	touched bool  // since the last commit
}

func newWriter(s *Store, by Interpreter) *writer {
	return &writer{store: s, by: by, open: map[string]*stay{}, sources: map[netip.Addr]analysis.Source{}}
}

// take puts a batch into the database, in one transaction with the cursor. from
// is the cursor before it.
func (w *writer) take(ctx context.Context, b journal.Batch, from journal.Cursor) error {
	return w.commit(ctx, b.Next, func() error {
		for _, l := range b.Lines {
			if err := w.line(ctx, l, from); err != nil {
				return err
			}
		}
		return nil
	})
}

// commit runs f in a transaction that ends with the cursor.
func (w *writer) commit(ctx context.Context, next journal.Cursor, f func() error) (err error) {
	tx, err := w.store.own.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	w.sql.in(tx)
	if err = f(); err == nil {
		err = w.settle(ctx)
	}
	if err == nil {
		err = w.keepCursors(ctx, next)
	}
	if err != nil {
		tx.Rollback()
		return fmt.Errorf("store: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

func (w *writer) keepCursors(ctx context.Context, next journal.Cursor) error {
	resume := next
	for _, s := range w.open {
		if s.from.Before(resume) {
			resume = s.from
		}
	}
	if next.Before(w.known) {
		next = w.known
	}
	for name, v := range map[string]string{metaNext: next.String(), metaResume: resume.String(), metaVersions: w.by.Versions()} {
		if err := w.sql.exec(ctx, putMeta, name, v); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) line(ctx context.Context, line []byte, from journal.Cursor) error {
	e, err := event.Parse(line)
	if err != nil {
		return nil // padding, or of a later version: `sundew events` tells
	}
	switch e.Kind {
	case event.KindStatus:
		return w.status(ctx, &e)
	case event.KindOpen:
		_, err := w.session(ctx, &e, from)
		return err
	case event.KindAct:
		return w.act(ctx, &e, from)
	case event.KindClose:
		s, err := w.session(ctx, &e, from)
		if err != nil {
			return err
		}
		return w.close(ctx, e.Session, s, e.Time.UnixNano(), e.Reason, e.Acts, e.OctetsIn, e.OctetsOut)
	}
	return nil
}

// session finds the session of a line, or begins it.
func (w *writer) session(ctx context.Context, e *event.Event, from journal.Cursor) (*stay, error) {
	if s := w.open[e.Session]; s != nil {
		return s, nil
	}
	if len(w.open) >= maxOpen {
		if err := w.shed(ctx); err != nil {
			return nil, err
		}
	}
	opened := e.Time.Add(-time.Duration(e.AtUS) * time.Microsecond).UnixNano()
	s := &stay{from: from, sensor: e.Sensor, boot: e.Boot, persona: e.Persona, proto: e.Protocol, opened: opened, last: opened, skip: e.Probe != ""}
	w.open[e.Session] = s
	if s.skip || e.Src == nil {
		s.skip = true
		return s, nil
	}
	s.source, s.means = w.sourceOf(e.Src.IP), w.by.Begin(e)
	var dst uint16
	if e.Dst != nil {
		dst = e.Dst.Port
	}
	n, err := w.sql.insert(ctx, putSession, e.Session, e.Boot, e.Sensor, e.Persona, e.Device, e.Listener, e.Protocol, e.Transport, address(e.Src.IP), e.Src.Port, dst,
		e.Parent, e.Octets, opened, s.source.Country, s.source.ASN, s.source.ASOrg, s.source.NetType, s.source.Scanner, s.source.ScannerProof, from.Segment, from.Offset)
	if err != nil {
		return nil, err
	}
	var closed int64
	if err := w.sql.row(ctx, keyOf, e.Session).Scan(&s.key, &closed); err != nil {
		return nil, err
	}
	s.skip = closed != 0
	if n == 1 {
		return s, w.sql.exec(ctx, growVisits, floor(opened, 24*time.Hour), e.Sensor, e.Persona, e.Protocol, address(e.Src.IP),
			s.source.Country, s.source.ASN, s.source.ASOrg, s.source.NetType, s.source.Scanner)
	}
	return s, nil
}

func (w *writer) sourceOf(a netip.Addr) analysis.Source {
	s, ok := w.sources[a]
	if !ok {
		if len(w.sources) >= maxSources {
			clear(w.sources)
		}
		s = w.by.Source(a)
		w.sources[a] = s
	}
	return s
}

func (w *writer) act(ctx context.Context, e *event.Event, from journal.Cursor) error {
	s, err := w.session(ctx, e, from)
	if err != nil || s.skip {
		return err
	}
	found := s.means.Add(e)
	s.last, s.touched = max(s.last, e.Time.UnixNano()), true
	kind, ref := "", ""
	if e.Target != nil {
		kind, ref = string(e.Target.Kind), clip(e.Target.Ref)
	}
	value := ""
	if len(e.Values) > 0 {
		value = clip(e.Values[0])
	}
	n, err := w.sql.insert(ctx, putAct, s.key, e.Seq, e.Time.UnixNano(), e.Op, e.Class, e.Outcome, kind, ref, value, found.Severity, max(1, e.Count))
	if err != nil || n == 0 {
		return err // had it before
	}
	if err := w.sql.exec(ctx, growHours, floor(e.Time.UnixNano(), time.Hour), s.sensor, s.persona, s.proto, e.Op, e.Class, e.Outcome, max(1, e.Count), e.RequestLen, e.ResponseLen); err != nil {
		return err
	}
	if c := e.Cred; c != nil {
		accepted := 0
		if e.Outcome == event.Answered {
			accepted = 1
		}
		if err := w.sql.exec(ctx, putCredential, s.key, e.Seq, e.Time.UnixNano(), clip(c.User), clip(c.Secret), c.Method, accepted); err != nil {
			return err
		}
	}
	if a := e.Artifact; a != nil {
		if err := w.sql.exec(ctx, putArtifact, s.key, e.Seq, e.Time.UnixNano(), a.SHA256, a.Size, clip(a.Name), a.Kind); err != nil {
			return err
		}
	}
	return nil
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

// close ends a session with what it is found to be.
func (w *writer) close(ctx context.Context, id string, s *stay, at int64, reason string, acts int, in, out int64) error {
	delete(w.open, id)
	if s.skip {
		return nil
	}
	f := s.means.Finding(s.source)
	if err := w.find(ctx, s, &f); err != nil {
		return err
	}
	n, err := w.sql.insert(ctx, endSession, at, reason, acts, in, out, s.key)
	if err != nil || n == 0 {
		return err
	}
	return w.sql.exec(ctx, growFindings, floor(s.opened, time.Hour), s.sensor, s.persona, s.proto, f.Label, f.Automation, f.Tool)
}

func (w *writer) find(ctx context.Context, s *stay, f *analysis.Finding) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	for _, t := range f.Techniques {
		if err := w.sql.exec(ctx, setTechnique, s.key, t.ID, t.Count, t.FirstSeq); err != nil {
			return err
		}
	}
	return w.sql.exec(ctx, setFinding, f.Label, int(f.Score*1000+0.5), f.Automation, f.Severity, f.FingerprintHash, f.Tool, f.OpSeqHash, f.Payload, f.CredList, clip(f.UA), string(text), s.key)
}

// settle writes what sessions that go on are found to be so far.
func (w *writer) settle(ctx context.Context) error {
	for _, s := range w.open {
		if !s.touched || s.skip {
			continue
		}
		s.touched = false
		f := s.means.Finding(s.source)
		if err := w.find(ctx, s, &f); err != nil {
			return err
		}
	}
	return nil
}

// shed takes the session that has been silent for longest as it is.
func (w *writer) shed(ctx context.Context) error {
	var id string
	var oldest *stay
	for k, s := range w.open {
		if oldest == nil || s.last < oldest.last {
			id, oldest = k, s
		}
	}
	if oldest == nil {
		return nil
	}
	delete(w.open, id)
	if oldest.skip {
		return nil
	}
	f := oldest.means.Finding(oldest.source)
	return w.find(ctx, oldest, &f)
}

func floor(ns int64, unit time.Duration) int64 { return ns - ns%int64(unit) }

// cursor reads one that the store keeps.
func (s *Store) cursor(ctx context.Context, name string) (journal.Cursor, error) {
	v, err := s.meta(ctx, name)
	if err != nil || v == "" {
		return journal.Cursor{}, err
	}
	c, err := journal.ParseCursor(v)
	if err != nil {
		return c, fmt.Errorf("store: %s is %s: %w", name, strconv.Quote(v), err)
	}
	return c, nil
}
