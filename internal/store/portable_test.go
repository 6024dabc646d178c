package store

import (
	goscanner "go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The statements are what SQLite and PostgreSQL have in common. What they do not
// is named in the head of the migration, and in connect.
func TestStatementsArePortable(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)\b(GROUP_CONCAT|STRING_AGG|IFNULL|NVL|GLOB|PRAGMA|REPLACE INTO|INSERT OR|ROWID|AUTOINCREMENT|JSON_[A-Z]+|STRFTIME|DATETIME|TYPEOF|HEX|INSTR|PRINTF|TOTAL|INDEXED BY|LIMIT \$?\d+ *, *)\b|->>`)
	sql := regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|WHERE|GROUP BY|ORDER BY)\b`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var s goscanner.Scanner
		set := token.NewFileSet()
		s.Init(set.AddFile(f, set.Base(), len(b)), b, nil, 0)
		for {
			_, kind, text := s.Scan()
			if kind == token.EOF {
				break
			}
			if kind != token.STRING || !sql.MatchString(text) {
				continue
			}
			n++
			if bad := forbidden.FindString(text); bad != "" {
				t.Errorf("%s: %q in %s", f, bad, text)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d statements were found", n)
	}
}
