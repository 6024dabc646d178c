package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/journal"
)

// A Session is a row of the list: what one visitor did at one service.
type Session struct {
	ID         string     `json:"id"`
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

	key int64
	at  journal.Cursor
}

// At is where in the journal the session begins.
func (s *Session) At() journal.Cursor { return s.at }

const sessionColumns = `key, id, sensor, persona, device, service, protocol, transport, src, src_port, dst_port, parent, opened, closed, reason, acts,
	octets_in, octets_out, label, score, automation, severity, tool, fingerprint, country, asn, as_org, net_type, scanner, scanner_proof, segment, position`

func scanSession(r interface{ Scan(...any) error }, more ...any) (Session, error) {
	var s Session
	var src []byte
	var opened, closed, score int64
	err := r.Scan(append([]any{&s.key, &s.ID, &s.Sensor, &s.Persona, &s.Device, &s.Service, &s.Protocol, &s.Transport, &src, &s.SrcPort, &s.DstPort, &s.Parent,
		&opened, &closed, &s.Reason, &s.Acts, &s.OctetsIn, &s.OctetsOut, &s.Label, &score, &s.Automation, &s.Severity, &s.Tool, &s.Print,
		&s.Country, &s.ASN, &s.ASOrg, &s.NetType, &s.Scanner, &s.ScannerProof, &s.at.Segment, &s.at.Offset}, more...)...)
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

// Sessions lists sessions, the latest first. after is an earlier page's Next.
func (s *Store) Sessions(ctx context.Context, f Filter, limit int, after string) (Page, error) {
	limit = max(1, min(limit, MaxPage))
	w := f.sessions()
	if after != "" {
		var opened, key int64
		if _, err := fmt.Sscanf(after, "%d.%d", &opened, &key); err != nil {
			return Page{}, fmt.Errorf("store: %q is no page", after)
		}
		w.and("(opened < ? OR (opened = ? AND key < ?))", opened, opened, key)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sessions"+w.String()+" ORDER BY opened DESC, key DESC LIMIT "+w.arg(limit+1), w.args...)
	if err != nil {
		return Page{}, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	p := Page{Sessions: []Session{}}
	for rows.Next() {
		v, err := scanSession(rows)
		if err != nil {
			return Page{}, fmt.Errorf("store: %w", err)
		}
		if len(p.Sessions) == limit {
			last := p.Sessions[limit-1]
			p.Next = fmt.Sprintf("%d.%d", last.Opened.UnixNano(), last.key)
			break
		}
		p.Sessions = append(p.Sessions, v)
	}
	return p, rows.Err()
}

// ErrNone says that there is no such session, source or file.
var ErrNone = errors.New("there is none")

// Session is one session with all that was found, by its id or the beginning of it.
func (s *Store) Session(ctx context.Context, id string) (Session, error) {
	f := Filter{Session: id}
	w := f.sessions()
	var finding string
	v, err := scanSession(s.db.QueryRowContext(ctx, "SELECT "+sessionColumns+", finding FROM sessions"+w.String()+" ORDER BY opened LIMIT 1", w.args...), &finding)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fmt.Errorf("session %s: %w", id, ErrNone)
	}
	if err != nil {
		return v, fmt.Errorf("store: %w", err)
	}
	if finding != "" {
		v.Finding = &analysis.Finding{}
		if err := json.Unmarshal([]byte(finding), v.Finding); err != nil {
			return v, fmt.Errorf("store: %w", err)
		}
	}
	return v, nil
}
