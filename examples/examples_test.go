// Package examples holds recipes over Sundew's store and exports. Its tests run
// the SQL over the store; interop runs DuckDB's.
package examples

import (
	"bytes"
	"database/sql"
	"errors"
	"iter"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// plain interprets by our rules and knows no address.
type plain struct{ rules *analysis.Rules }

func (plain) Versions() string                            { return "of the test" }
func (plain) Source(netip.Addr) analysis.Source           { return analysis.Source{} }
func (p plain) Begin(e *event.Event) store.Interpretation { return p.rules.NewSession(e) }

// started is a line that says when services began to listen.
const started = `{"v":1,"kind":"status","ts":"2026-11-30T02:00:00Z","seq":0,"boot":"01a22a48-c232-761b-823d-9940a66c9489","sensor":"lab","what":"start","detail":{"services":[` +
	`{"persona":"pumping-station","device":"plc","service":"modbus","protocol":"modbus","network":"tcp","addr":"192.0.2.5:5020"},` +
	`{"persona":"pumping-station","device":"server","service":"ipmi","protocol":"ipmi","network":"udp","addr":"192.0.2.5:623"}]}}` + "\n"

// made makes a store of the exports' fixture.
func made(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/report/export/testdata/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "store.db")
	s, err := store.Open(t.Context(), file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	lines := append([][]byte{[]byte(started)}, bytes.SplitAfter(bytes.TrimSpace(text), []byte("\n"))...)
	w, err := s.Writer(t.Context(), plain{rules})
	if err != nil {
		t.Fatal(err)
	}
	read := func(journal.Cursor) iter.Seq2[journal.Batch, error] {
		return func(yield func(journal.Batch, error) bool) {
			yield(journal.Batch{Next: journal.Cursor{Segment: 1, Offset: int64(len(text))}, Lines: lines}, nil)
		}
	}
	if err := errors.Join(w.Follow(t.Context(), store.Lines{Read: read}, nil), w.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return file
}

// Each recipe runs and answers; the first row is as it must be.
func TestStore(t *testing.T) {
	want := map[string]string{
		"busiest.sql":       "2026-11-30|14|9|8",
		"sources.sql":       "198.51.100.7|2|8|0|",
		"first-contact.sql": "pumping-station|server|ipmi|2026-11-30 02:00:00||",
		"refused.sql":       "http|get|enumerate|2|0|2|0",
	}
	db, err := sql.Open("sqlite", made(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := filepath.Glob("store/*.sql")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d recipes, %d expected: %v", len(files), len(want), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			rows := answer(t, db, string(text))
			if len(rows) == 0 || !strings.HasPrefix(rows[0], want[filepath.Base(f)]) {
				t.Errorf("want %q first:\n%s", want[filepath.Base(f)], strings.Join(rows, "\n"))
			}
		})
	}
}

func answer(t *testing.T, db *sql.DB, q string) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, v := range values {
			cells = append(cells, v.String)
		}
		out = append(out, strings.Join(cells, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
