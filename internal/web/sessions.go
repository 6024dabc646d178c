package web

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/store"
)

// sessionPage is a part of a list of sessions.
type sessionPage struct {
	store.Page
	Total int  `json:"total"`
	More  bool `json:"total_more"`
}

// limit is how many rows were asked for.
func (a *ask) limit(otherwise int) int {
	n, err := strconv.Atoi(a.query.Get("limit"))
	if err != nil {
		return otherwise
	}
	return n
}

func (a *ask) sessions() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	return a.page(f, a.limit(100), a.query.Get("after"))
}

func (a *ask) page(f store.Filter, limit int, after string) (*sessionPage, error) {
	p, err := a.db.Sessions(a.ctx, f, limit, after)
	if err != nil {
		if after != "" && a.ctx.Err() == nil {
			return nil, &problem{Type: "query", Status: 400, Title: "There is no such page", Detail: "give an earlier answer's next", Parameter: "after"}
		}
		return nil, err
	}
	if !f.Counted() { // to count them would take as long as to list them all
		return &sessionPage{p, len(p.Sessions), p.Next != ""}, nil
	}
	n, err := a.db.Matching(a.ctx, f)
	return &sessionPage{p, n, false}, err
}

// sessionDetail is one session with what was found.
type sessionDetail struct {
	store.Session
	Finding   *finding `json:"finding,omitempty"`
	Octets    string   `json:"octets,omitempty"`
	Decodable bool     `json:"decodable"`
	Related   related  `json:"related"`
}

// finding is a session's, with the techniques' names.
type finding struct {
	*analysis.Finding
	Techniques []techniqueCount `json:"techniques,omitempty"`
}

type techniqueCount struct {
	analysis.TechniqueCount
	Name string `json:"name,omitempty"`
}

// related are sessions that have something in common with one.
type related struct {
	Source  *sessionPage    `json:"source"`
	Print   *sessionPage    `json:"fingerprint,omitempty"`
	Cluster *cluster        `json:"cluster,omitempty"`
	Sides   []store.Session `json:"sides,omitempty"`
	Earlier string          `json:"earlier,omitempty"`
	Later   string          `json:"later,omitempty"`
}

// relatives is how many of each kind are listed.
const relatives = 10

// one is the session that a path names, whole.
func (a *ask) one() (store.Session, error) {
	id := a.r.PathValue("id")
	if len(id) > 64 {
		return store.Session{}, store.ErrNone
	}
	s, err := a.db.Session(a.ctx, id)
	if err == nil && s.ID != id {
		err = store.ErrNone // a beginning of it will not do: an address names one thing
	}
	return s, err
}

func (a *ask) session() (any, error) {
	s, err := a.one()
	if err != nil {
		return nil, err
	}
	d := sessionDetail{Session: s, Decodable: a.cfg.Decode != nil && a.cfg.Decode(s.Protocol) != nil}
	if s.Finding != nil {
		d.Finding = &finding{Finding: s.Finding}
		for _, t := range s.Finding.Techniques {
			e, _ := a.cfg.Rules.Attack().Entry(t.ID)
			d.Finding.Techniques = append(d.Finding.Techniques, techniqueCount{t, e.Name})
		}
	}
	d.Session.Finding = nil
	if d.Octets, err = a.db.RecordedAs(a.ctx, &s); err != nil {
		return nil, err
	}
	d.Related, err = a.related(&s)
	return d, err
}

func (a *ask) related(s *store.Session) (r related, err error) {
	others := func(f store.Filter) (*sessionPage, error) {
		f.Terms = append(f.Terms, store.Term{Key: store.KeySession, Not: true, Text: []string{s.ID}})
		return a.page(f, relatives, "")
	}
	if r.Source, err = others(fromSource(s)); err != nil {
		return r, err
	}
	if s.Print != "" {
		if r.Print, err = others(store.Filter{Terms: []store.Term{{Key: store.KeyFingerprint, Text: []string{s.Print}}}}); err != nil {
			return r, err
		}
	}
	list, err := a.db.Clusters(a.ctx, store.Filter{From: s.Opened.Add(-clusterSpan), To: s.Opened.Add(clusterSpan)})
	if err != nil {
		return r, err
	}
	for _, c := range list {
		if slices.Contains(c.Sources, s.Src) {
			r.Cluster = clusterOf(&c)
			break
		}
	}
	if r.Sides, err = a.db.SidesOf(a.ctx, s, 50); err != nil {
		return r, err
	}
	r.Earlier, r.Later, err = a.db.Neighbours(a.ctx, s)
	return r, err
}

// clusterSpan is how far around a session its cluster is looked for.
const clusterSpan = 30 * day

func fromSource(s *store.Session) store.Filter {
	p, err := s.Src.Prefix(s.Src.BitLen())
	if err != nil {
		return store.Filter{Session: s.ID}
	}
	return store.Filter{Src: p}
}

// cluster is a group of sources, with times.
type cluster struct {
	Name     string    `json:"name"`
	Sources  []string  `json:"sources"`
	Sessions int       `json:"sessions"`
	Keys     []string  `json:"keys"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// maxListed bounds a list within a list.
const maxListed = 200

func clusterOf(c *analysis.Cluster) *cluster {
	out := &cluster{Name: c.Name, Sessions: c.Count, Keys: c.Keys[:min(len(c.Keys), maxListed)], First: time.Unix(0, c.First).UTC(), Last: time.Unix(0, c.Last).UTC()}
	for _, s := range c.Sources[:min(len(c.Sources), maxListed)] {
		out.Sources = append(out.Sources, s.String())
	}
	return out
}

func (a *ask) clusters() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	list, err := a.db.Clusters(a.ctx, f)
	out := struct {
		Clusters []*cluster `json:"clusters"`
	}{[]*cluster{}}
	for _, c := range list[:min(len(list), maxListed)] {
		out.Clusters = append(out.Clusters, clusterOf(&c))
	}
	return out, err
}

func (a *ask) capture() (any, error) {
	if a.cfg.Capture == nil {
		return nil, notWired("Captures cannot be had", "this build does not make pcapng files")
	}
	s, err := a.one()
	if err != nil {
		return nil, err
	}
	return a.file("application/x-pcapng", s.ID+".pcapng", func(w io.Writer) error { return a.cfg.Capture(a.ctx, w, &s) })
}

func notWired(title, why string) *problem {
	return &problem{Type: "not-wired", Status: 501, Title: title, Detail: cmp.Or(why, "this build does not make them")}
}
