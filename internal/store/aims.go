package store

import (
	"context"
	"fmt"
	"time"
)

// An Aim is what visitors tried to change.
type Aim struct {
	Protocol string    `json:"protocol"`
	Persona  string    `json:"persona"`
	Op       string    `json:"op"`
	Class    string    `json:"class"`
	Target   string    `json:"target"`
	Value    string    `json:"value"` // an example
	Acts     int64     `json:"acts"`
	Obeyed   int64     `json:"obeyed"`
	Sources  int64     `json:"sources"`
	First    time.Time `json:"first"`
}

// changing is the severity of a session that tries to change something, at least:
// the others need not be read.
const changing = 7

// Aims lists what visitors tried to change: writes, commands, modes, programs,
// configurations; the most frequent first.
func (s *Store) Aims(ctx context.Context, f Filter, limit int) ([]Aim, error) {
	f.Severity = max(f.Severity, changing)
	w := f.sessions()
	in(w, "class", []string{"write", "control", "mode", "program_download", "config", "firmware", "restart", "file_write"})
	rows, err := s.db.QueryContext(ctx, `SELECT protocol, persona, op, class, target_kind || ' ' || target, MAX(value), SUM(count), SUM(CASE WHEN outcome = 'answered' THEN count ELSE 0 END),
		COUNT(DISTINCT source), MIN(at) FROM sessions JOIN acts ON acts.session = sessions.key JOIN operations ON operations.key = acts.operation
		JOIN places ON places.key = sessions.place`+w.String()+` GROUP BY 1, 2, 3, 4, 5 ORDER BY 7 DESC, 1, 2, 3, 4, 5 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Aim{}
	for rows.Next() {
		var a Aim
		var first int64
		if err := rows.Scan(&a.Protocol, &a.Persona, &a.Op, &a.Class, &a.Target, &a.Value, &a.Acts, &a.Obeyed, &a.Sources, &first); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		a.First = timeOf(first)
		out = append(out, a)
	}
	return out, rows.Err()
}

// A Print is a fingerprint of what a client chose to send first.
type Print struct {
	Hash     string `json:"hash"`
	Protocol string `json:"protocol"`
	Tool     string `json:"tool,omitempty"`
	Sessions int64  `json:"sessions"`
	Sources  int64  `json:"sources"`
}

// Prints counts fingerprints, the most frequent first.
func (s *Store) Prints(ctx context.Context, f Filter, limit int) ([]Print, error) {
	w := f.sessions()
	w.and("fingerprint <> ''")
	rows, err := s.db.QueryContext(ctx, "SELECT fingerprint, protocol, MAX(tool), COUNT(*), COUNT(DISTINCT source) FROM sessions JOIN places ON places.key = sessions.place JOIN verdicts ON verdicts.key = sessions.verdict"+w.String()+
		" GROUP BY 1, 2 ORDER BY 4 DESC, 1 LIMIT "+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Print{}
	for rows.Next() {
		var p Print
		if err := rows.Scan(&p.Hash, &p.Protocol, &p.Tool, &p.Sessions, &p.Sources); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Notable lists the sessions that score or weigh most, of those that took or tried
// to change something, at most two of a source.
func (s *Store) Notable(ctx context.Context, f Filter, limit int) ([]Session, error) {
	f.Severity = max(f.Severity, changing)
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, sessionQuery+w.String()+" ORDER BY score DESC, severity DESC, sessions.acts DESC, opened LIMIT "+w.arg(20*limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out, of := []Session{}, map[string]int{}
	for rows.Next() && len(out) < limit {
		v, err := scanSession(rows)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if of[v.Src.String()]++; of[v.Src.String()] <= 2 {
			out = append(out, v)
		}
	}
	return out, rows.Err()
}
