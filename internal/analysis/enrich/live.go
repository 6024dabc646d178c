package enrich

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// Live is a DB that can be read anew when its files have changed. It may be used
// by many goroutines at once.
type Live struct {
	cfg Config

	mu   sync.RWMutex
	db   *DB
	seen string // of the files when db was read
}

// OpenLive opens the files of cfg, as Open does.
func OpenLive(cfg Config) (*Live, error) {
	seen := cfg.seen()
	db, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	return &Live{cfg: cfg, db: db, seen: seen}, nil
}

// seen changes when one of the files does.
func (c Config) seen() string {
	var b strings.Builder
	files := []string{c.Country, c.ASN}
	if c.Feeds != "" {
		for _, f := range Feeds() {
			files = append(files, filepath.Join(c.Feeds, f.Name+".json"))
		}
	}
	for _, f := range files {
		if info, err := os.Stat(f); f != "" && err == nil {
			b.WriteString(f + info.ModTime().Format(time.RFC3339Nano) + "\n")
		}
	}
	return b.String()
}

// Refresh reads the files anew if one has changed. With an error what was read
// before stays.
func (l *Live) Refresh() (changed bool, err error) {
	seen := l.cfg.seen()
	l.mu.RLock()
	same := seen == l.seen
	l.mu.RUnlock()
	if same {
		return false, nil
	}
	db, err := Open(l.cfg)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = seen // a broken file is told of once
	if err != nil {
		return false, err
	}
	old := l.db
	l.db = db
	return true, old.Close()
}

// Source is DB's.
func (l *Live) Source(a netip.Addr) analysis.Source {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.db.Source(a)
}

// Versions is DB's.
func (l *Live) Versions() map[string]string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.db.Versions()
}

// Notices is DB's.
func (l *Live) Notices() []Notice {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.db.Notices()
}

// Close lets go of the files.
func (l *Live) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.db.Close()
}
