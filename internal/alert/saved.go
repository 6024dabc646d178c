package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/journal"
)

const maxSent = 500 // alerts remembered, that none is sent twice

// saved is what an alerter keeps over restarts.
type saved struct {
	At      journal.Cursor       `json:"at"`
	Since   time.Time            `json:"since"`             // acts before are nobody's concern
	Seen    map[string]time.Time `json:"seen"`              // sources that have alerted by an act, and when
	Pending []*Message           `json:"pending,omitempty"` // the oldest first
	Digest  *Message             `json:"digest,omitempty"`
	Sent    []string             `json:"sent,omitempty"` // ids of the latest

	began time.Time // of the digest
}

// load reads what was kept. Without anything it begins with what happens from now on.
func (a *Alerter) load(j Journal) error {
	a.s = saved{Seen: map[string]time.Time{}}
	b, err := os.ReadFile(a.file())
	if errors.Is(err, fs.ErrNotExist) {
		st, err := j.Stats()
		a.s.At, a.s.Since = st.Synced, time.Now().UTC()
		return err
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &a.s); err != nil {
		return fmt.Errorf("%s: %w; delete it to begin anew", a.file(), err)
	}
	if a.s.Seen == nil {
		a.s.Seen = map[string]time.Time{}
	}
	return nil
}

// save keeps it. What cannot be kept may be said twice.
func (a *Alerter) save() {
	a.mu.Lock()
	b, err := json.Marshal(&a.s)
	a.mu.Unlock()
	if err == nil {
		err = os.MkdirAll(a.cfg.Dir, 0o750)
	}
	if err == nil {
		err = journal.PutFile(a.file(), time.Now(), strings.NewReader(string(b)))
	}
	if err != nil {
		a.cfg.Log.Warn("an alert's bookmark cannot be saved", "alert", a.cfg.Name, "err", err)
	}
}

// forgetOld makes room: sources that have alerted before a time, or else a tenth.
func (s *saved) forgetOld(before time.Time) {
	maps.DeleteFunc(s.Seen, func(_ string, t time.Time) bool { return t.Before(before) })
	for src := range s.Seen {
		if len(s.Seen) < maxSources*9/10 {
			return
		}
		delete(s.Seen, src)
	}
}

// summarise adds an alert to the digest.
func (s *saved) summarise(m *Message, now time.Time) {
	if s.Digest == nil {
		s.began = now
		s.Digest = &Message{Kind: "digest", ID: m.ID + "-digest", Sensor: m.Sensor, Digest: &Digest{From: m.At, To: m.At}}
	}
	d := s.Digest.Digest
	d.Alerts++
	if now.Sub(m.At) > late {
		d.Late++
	}
	if m.At.Before(d.From) {
		d.From = m.At
	}
	if m.At.After(d.To) {
		d.To = m.At
	}
	s.Digest.At = d.To
	if src := m.Src.IP.String(); len(d.Sources) < maxListed && !slices.Contains(d.Sources, src) {
		d.Sources = append(d.Sources, src)
	}
	if len(d.Sessions) < maxListed && !slices.Contains(d.Sessions, m.Session) {
		d.Sessions = append(d.Sessions, m.Session)
	}
}

// Dir is where a sensor's directory has what alerters keep.
func Dir(data string) string { return filepath.Join(data, "alerts") }
