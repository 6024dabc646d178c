package document

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// A Manifest says what a report is made of, so that it can be checked and made
// again.
type Manifest struct {
	Title     string            `json:"title"`
	From      time.Time         `json:"from"`
	To        time.Time         `json:"to"`
	Made      time.Time         `json:"made"`
	Build     string            `json:"build"`
	Synthetic []string          `json:"synthetic,omitempty"` // sensors whose data are made up
	Sensors   []string          `json:"sensors"`
	Query     map[string]string `json:"query"`
	Rules     string            `json:"rules"` // by which the store was made
	Data      map[string]string `json:"data"`  // versions of this build's rules and data
	Notices   []Notice          `json:"notices"`
	Limits    []string          `json:"limitations"`
	Files     []File            `json:"files"`
}

// A File is one of a report.
type File struct {
	Name   string `json:"name"`
	Octets int64  `json:"octets"`
	SHA256 string `json:"sha256"`
}

// Write puts the report into a directory that is new or empty, and returns its
// manifest, which is written last.
func (d *Document) Write(ctx context.Context, dir string) (*Manifest, error) {
	if err := empty(dir); err != nil {
		return nil, err
	}
	m := &Manifest{Title: d.cfg.Title, From: d.From, To: d.To, Made: d.cfg.Now.UTC(), Build: d.cfg.Build, Synthetic: d.Synthetic, Sensors: d.Sensors,
		Query: d.cfg.Query, Rules: d.Versions, Data: d.cfg.Versions, Notices: d.cfg.Notices, Limits: d.Limits}
	put := func(name string, write func(io.Writer) error) error {
		f, err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), write)
		if err != nil {
			return fmt.Errorf("report: %s: %w", name, err)
		}
		f.Name = name
		m.Files = append(m.Files, f)
		return nil
	}
	if err := put("report.html", d.page); err != nil {
		return nil, err
	}
	for _, s := range d.Sections {
		for _, i := range s.Items {
			if err := i.files(put); err != nil {
				return nil, err
			}
		}
	}
	if err := put("data/sessions.jsonl.gz", func(w io.Writer) error { return d.sessions(ctx, w) }); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	_, err = writeFile(filepath.Join(dir, "MANIFEST.json"), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
	return m, err
}

// files writes an item's own.
func (i Item) files(put func(string, func(io.Writer) error) error) error {
	if f := i.Figure; f != nil {
		err := put("figures/"+f.Name+".svg", func(w io.Writer) error {
			_, err := io.WriteString(w, string(f.SVG))
			return err
		})
		return errors.Join(err, put("tables/"+f.Data.Name+".csv", f.Data.csv))
	}
	if t := i.Table; t != nil {
		return put("tables/table-"+t.Name+".csv", t.csv)
	}
	return nil
}

// csv writes all rows (RFC 4180).
func (t *Table) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	var head []string
	for _, col := range t.Columns {
		head = append(head, col.Name)
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for _, r := range t.Rows {
		var line []string
		for _, v := range r {
			line = append(line, plain(v))
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// sessions writes those behind the report, the latest first, one JSON object a
// line.
func (d *Document) sessions(ctx context.Context, w io.Writer) error {
	z := gzip.NewWriter(w)
	enc := json.NewEncoder(z)
	for after := ""; ; {
		p, err := d.store.Sessions(ctx, d.cfg.Filter, store.MaxPage, after)
		if err != nil {
			return err
		}
		for i := range p.Sessions {
			if err := enc.Encode(&p.Sessions[i]); err != nil {
				return err
			}
		}
		if after = p.Next; after == "" {
			return z.Close()
		}
	}
}

func writeFile(path string, write func(io.Writer) error) (f File, err error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return f, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return f, err
	}
	sum := sha256.Sum256(b.Bytes())
	return File{Octets: int64(b.Len()), SHA256: hex.EncodeToString(sum[:])}, os.WriteFile(path, b.Bytes(), 0o644)
}

// empty makes a directory, or sees that there is nothing in it.
func empty(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		err = os.MkdirAll(dir, 0o755)
	} else if err == nil && len(list) > 0 {
		return fmt.Errorf("report: %s is not empty: name a new directory", dir)
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
