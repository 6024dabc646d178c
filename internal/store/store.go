// Package store answers questions about what the journal holds. It follows the
// journal into an SQLite database, with what analysis makes of it beside it.
// The journal is the evidence; the store can be lost and made anew (Reindex).
//
// Its SQL is what SQLite and PostgreSQL have in common: times are nanoseconds
// since 1970, addresses 16 octets, JSON is never asked into. What many rows share
// stands once (books.go); each hour has a packed roll-up by which all counts are
// made and pages of rare sessions found (hours.go, stream.go, sums.go).
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strconv"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

//go:embed migrations/*.sql
var migrations embed.FS

// An Interpreter says what sessions mean.
type Interpreter interface {
	// Versions names the rules and data that it goes by. A store that was made
	// by others is out of date.
	Versions() string
	// Source says what is known of an address.
	Source(netip.Addr) analysis.Source
	// Begin starts on a session, from its session.open line or, where that is
	// lost, from any line of it.
	Begin(*event.Event) Interpretation
}

// An Interpretation is one session's, and grows with each of its acts.
type Interpretation interface {
	Add(*event.Event) analysis.ActFinding
	Finding(analysis.Source) analysis.Finding
}

// A Store is an open database. Its methods may be called at once; one
// goroutine at a time writes.
type Store struct {
	db  *sql.DB // readers
	own *sql.DB // the writer; nil where the store was opened for reading
	log *slog.Logger

	file   string
	rollup rollup
}

// Open opens the store in file for reading and writing and brings its tables up
// to date. Only one process may hold it so.
func Open(ctx context.Context, file string, log *slog.Logger) (*Store, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600) // its log and index get the same mode
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f.Close()
	own, err := connect(file, "rwc", 1)
	if err != nil {
		return nil, err
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, errors.Join(err, own.Close())
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, own, dir)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %s: %w; it can be deleted and made anew by `sundew reindex`", file, err), own.Close())
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), own.Close())
	}
	db, err := connect(file, "ro", 5) // one is the writer's
	if err != nil {
		return nil, errors.Join(err, own.Close())
	}
	return &Store{db: db, own: own, log: log, file: file}, nil
}

// OpenRead opens the store in file for questions alone, while another process
// may be writing it.
func OpenRead(file string) (*Store, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("store: %w; `sundew reindex` makes it", err)
	}
	db, err := connect(file, "ro", 4)
	if err != nil {
		return nil, err
	}
	return &Store{db: db, file: file}, nil
}

func connect(file, mode string, conns int) (*sql.DB, error) {
	q := url.Values{"mode": {mode}, "_pragma": {"auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(normal)", "busy_timeout(5000)", "temp_store(memory)", "cache_size(-4000)", "journal_size_limit(67108864)", "foreign_keys(off)"}, "_txlock": {"immediate"}}
	if mode == "ro" {
		q["_pragma"] = []string{"busy_timeout(5000)", "temp_store(memory)", "cache_size(-2000)", "query_only(on)"}
		q.Del("_txlock")
		q.Set("mode", "rw") // a reader of a write-ahead log must be able to write its index
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db.SetMaxOpenConns(conns)
	if err := db.Ping(); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %s: %w", file, err), db.Close())
	}
	return db, nil
}

// Close closes the database.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.own != nil {
		err = errors.Join(err, s.own.Close())
	}
	return err
}

// Names of rows in meta.
const (
	metaVersions = "versions" // of the interpreter that began the store
	metaActs     = "acts"     // how many there are
	metaStamp    = "stamp"    // of the latest change of the roll-up
	metaGone     = "gone"     // how many sessions retention deleted
	metaCut      = "cut"      // the bounds by which the own journal's sessions were last swept
	metaDetails  = "details"  // from when on the own journal's sessions are all there, ns
)

func (s *Store) meta(ctx context.Context, name string) (v string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// number is a row of meta that holds one; without a row it is 0.
func (s *Store) number(ctx context.Context, name string) (int64, error) {
	v, err := s.meta(ctx, name)
	if err != nil || v == "" {
		return 0, err
	}
	return strconv.ParseInt(v, 10, 64)
}

// Versions are those of the rules and data by which the store was made.
func (s *Store) Versions(ctx context.Context) (string, error) { return s.meta(ctx, metaVersions) }

// address is an address as the store keeps it.
func address(a netip.Addr) []byte {
	b := a.As16()
	return b[:]
}

// addressOf is an address read from the store.
func addressOf(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}
