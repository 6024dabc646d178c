package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/journal"
)

// A Session is a row of the list: what one visitor did at one service.
type Session struct {
	ID         string     `json:"id"`
	Origin     string     `json:"origin,omitempty"` // the imported journal that it is in
	Sensor     string     `json:"sensor"`
	Persona    string     `json:"persona"`
	Device     string     `json:"device"`
	Service    string     `json:"service"`
	Protocol   string     `json:"protocol"`
	Transport  string     `json:"transport"`
	Src        netip.Addr `json:"src"`
	SrcPort    uint16     `json:"src_port"`
	DstPort    uint16     `json:"dst_port"`
	Parent     string     `json:"parent,omitempty"`
	Opened     time.Time  `json:"opened"`
	Closed     time.Time  `json:"closed,omitzero"`
	Reason     string     `json:"reason,omitempty"`
	Acts       int        `json:"acts"`
	OctetsIn   int64      `json:"octets_in"`
	OctetsOut  int64      `json:"octets_out"`
	Label      string     `json:"label"`
	Score      float64    `json:"score"`
	Automation string     `json:"automation"`
	Severity   int        `json:"severity"`
	Tool       string     `json:"tool,omitempty"`
	Print      string     `json:"fingerprint,omitempty"`

	analysis.Source

	Finding *analysis.Finding `json:"finding,omitempty"` // of one session alone

	key     int64
	at, end journal.Cursor
}

// At is where in its journal the session begins.
func (s *Session) At() journal.Cursor { return s.at }

// sessionQuery reads whole rows; conditions follow.
const sessionQuery = `SELECT sessions.key, sessions.id, origin, sensor, persona, device, service, protocol, transport, addr, src_port, dst_port, parent, opened, closed,
	reason, acts, octets_in, octets_out, label, score, automation, severity, tool, fingerprint, country, asn, as_org, net_type, scanner, scanner_proof,
	segment, position, end_segment, end_position FROM sessions
	LEFT JOIN places ON places.key = sessions.place LEFT JOIN sources ON sources.key = sessions.source
	LEFT JOIN networks ON networks.key = sessions.network LEFT JOIN verdicts ON verdicts.key = sessions.verdict`

func scanSession(rows *sql.Rows) (Session, error) {
	var s Session
	var src []byte
	var opened, closed, score int64
	err := rows.Scan(&s.key, &s.ID, &s.Origin, &s.Sensor, &s.Persona, &s.Device, &s.Service, &s.Protocol, &s.Transport, &src, &s.SrcPort, &s.DstPort, &s.Parent,
		&opened, &closed, &s.Reason, &s.Acts, &s.OctetsIn, &s.OctetsOut, &s.Label, &score, &s.Automation, &s.Severity, &s.Tool, &s.Print,
		&s.Country, &s.ASN, &s.ASOrg, &s.NetType, &s.Scanner, &s.ScannerProof, &s.at.Segment, &s.at.Offset, &s.end.Segment, &s.end.Offset)
	s.Src, s.Opened, s.Score = addressOf(src), timeOf(opened), float64(score)/1000
	if closed != 0 {
		s.Closed = timeOf(closed)
	}
	return s, err
}

func timeOf(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// A Page is a part of a list, the latest first. Next asks for what follows; it
// is empty at the end.
type Page struct {
	Sessions []Session `json:"sessions"`
	Next     string    `json:"next,omitempty"`
}

// MaxPage is how many sessions a page has at most.
const MaxPage = 1000

// A mark is a session's place in the list.
type mark struct{ opened, key int64 }

func (m mark) before(o mark) bool {
	return m.opened < o.opened || m.opened == o.opened && m.key < o.key
}

// Sessions lists sessions, the latest first. after is an earlier page's Next.
func (s *Store) Sessions(ctx context.Context, f Filter, limit int, after string) (Page, error) {
	limit = max(1, min(limit, MaxPage))
	top := mark{math.MaxInt64, 0}
	if after != "" {
		if _, err := fmt.Sscanf(after, "%d.%d", &top.opened, &top.key); err != nil {
			return Page{}, fmt.Errorf("store: %q is no page", after)
		}
	}
	var marks []mark
	var err error
	if f.direct() || f.ofOne() {
		marks, err = s.marks(ctx, f, top, limit+1)
	} else {
		marks, err = s.find(ctx, f, top, limit+1)
	}
	if err != nil {
		return Page{}, fmt.Errorf("store: %w", err)
	}
	p := Page{Sessions: []Session{}}
	if len(marks) > limit {
		marks = marks[:limit]
		p.Next = fmt.Sprintf("%d.%d", marks[limit-1].opened, marks[limit-1].key)
	}
	for chunk := range slices.Chunk(marks, 200) {
		w := &where{}
		keys := make([]int64, len(chunk))
		for i, m := range chunk {
			keys[i] = m.key
		}
		in(w, "sessions.key", keys)
		err := each(ctx, s.db, sessionQuery+w.String()+" ORDER BY opened DESC, sessions.key DESC", w.args, func(rows *sql.Rows) error {
			v, err := scanSession(rows)
			p.Sessions = append(p.Sessions, v)
			return err
		})
		if err != nil {
			return Page{}, fmt.Errorf("store: %w", err)
		}
	}
	return p, nil
}

// direct says whether an index finds what the filter asks for.
func (f *Filter) direct() bool {
	rest := *f
	rest.From, rest.To, rest.Session, rest.Print = time.Time{}, time.Time{}, "", ""
	plain := len(rest.Origin)+len(rest.Sensor)+len(rest.Persona)+len(rest.Protocol)+len(rest.Label)+len(rest.Automation)+len(rest.Country)+len(rest.Sources) == 0 &&
		rest.Tool == "" && rest.ASN == 0 && !rest.Src.IsValid() && rest.Severity <= 0 && rest.Research == ""
	return f.Session != "" || f.Print != "" || plain && !f.sifts()
}

// ofOne says whether it asks for a source's sessions, whatever they are.
func (f *Filter) ofOne() bool {
	rest := *f
	rest.Src = netip.Prefix{}
	return f.Src.IsSingleIP() && rest.direct()
}

// marks finds sessions before a place in the list.
func (s *Store) marks(ctx context.Context, f Filter, top mark, limit int) ([]mark, error) {
	w := f.sessions()
	if f.Src.IsSingleIP() {
		var source int64 // named, so that its index is taken
		err := s.db.QueryRowContext(ctx, `SELECT key FROM sources WHERE addr = $1`, address(f.Src.Addr())).Scan(&source)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		w.and("sessions.source = ?", source)
	}
	if top.opened != math.MaxInt64 {
		w.and("opened <= ? AND (opened < ? OR key < ?)", top.opened, top.opened, top.key)
	}
	var out []mark
	err := each(ctx, s.db, "SELECT opened, key FROM sessions"+w.String()+" ORDER BY opened DESC, key DESC LIMIT "+w.arg(limit), w.args, func(rows *sql.Rows) error {
		var m mark
		err := rows.Scan(&m.opened, &m.key)
		out = append(out, m)
		return err
	})
	return out, err
}

// ErrNone says that there is no such session, source or file.
var ErrNone = errors.New("there is none")

// Session is one session with all that was found, by its id or the beginning of it.
func (s *Store) Session(ctx context.Context, id string) (Session, error) {
	w := &where{}
	w.and("sessions.id >= ? AND sessions.id < ?", id, id+"~")
	var v Session
	found := false
	err := each(ctx, s.db, sessionQuery+w.String()+" ORDER BY opened LIMIT 1", w.args, func(rows *sql.Rows) (err error) {
		found = true
		v, err = scanSession(rows)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("store: %w", err)
	}
	if !found {
		return v, fmt.Errorf("session %s: %w", id, ErrNone)
	}
	var finding []byte
	err = s.db.QueryRowContext(ctx, `SELECT finding FROM findings WHERE session = $1`, v.key).Scan(&finding)
	if errors.Is(err, sql.ErrNoRows) {
		return v, nil
	}
	if err == nil {
		v.Finding, err = unpackFinding(finding)
	}
	if err != nil {
		return v, fmt.Errorf("store: %w", err)
	}
	return v, nil
}
