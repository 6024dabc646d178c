package document

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/sundew-ics/sundew/internal/report/figure"
)

//go:embed page.tmpl
var pageText string

//go:embed page.css
var css string

// page writes the report as one page that needs nothing else. Visitors' texts go
// through html/template; the policy in its head allows the page's own style sheet
// and nothing else: no script, no image, no address.
func (d *Document) page(w io.Writer) error {
	sum := sha256.Sum256([]byte(css))
	t, err := template.New("page").Funcs(template.FuncMap{
		"set": set, "date": date, "instant": instant, "list": listing, "visible": visible,
		"svg":   func(s figure.SVG) template.HTML { return template.HTML(s) }, //nolint:gosec // drawn by us, texts escaped there
		"shown": (*Table).shown, "more": (*Table).more,
		"count": func(n int) string { return figure.Count(int64(n)) },
		"day":   func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		*Document
		CSS    template.CSS
		Policy string
	}{d, template.CSS(css), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"}) //nolint:gosec // ours
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// shown are the rows on the page.
func (t *Table) shown() [][]any {
	if t.Show > 0 && len(t.Rows) > t.Show {
		return t.Rows[:t.Show]
	}
	return t.Rows
}

// more says how many rows the file has beyond the page's.
func (t *Table) more() int { return len(t.Rows) - len(t.shown()) }
