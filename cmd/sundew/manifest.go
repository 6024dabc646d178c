package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// manifest says what a shared file is and how it came about.
type manifest struct {
	File       string    `json:"file"`
	SHA256     string    `json:"sha256"`
	Size       int64     `json:"size"`
	Format     string    `json:"format"`
	What       string    `json:"what,omitempty"`
	Made       time.Time `json:"made"`
	Program    string    `json:"program"`
	Versions   string    `json:"versions"` // of rules and data
	Filter     chosen    `json:"filter"`
	Session    string    `json:"session,omitempty"`
	Anonymised bool      `json:"anonymised"`
	Removed    []string  `json:"removed,omitempty"`
}

// chosen is a filter as it was asked for; what did not restrict is left out.
type chosen struct {
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Sensor   []string  `json:"sensor,omitempty"`
	Persona  []string  `json:"persona,omitempty"`
	Protocol []string  `json:"protocol,omitempty"`
	Label    []string  `json:"label,omitempty"`
	Country  []string  `json:"country,omitempty"`
	Src      string    `json:"src,omitempty"`
	ASN      uint32    `json:"asn,omitempty"`
	Tool     string    `json:"tool,omitempty"`
	Severity int       `json:"severity,omitempty"`
	Research string    `json:"research,omitempty"`
}

func (c *exportCmd) chosen(f store.Filter) chosen {
	v := chosen{f.From, f.To, f.Sensor, f.Persona, f.Protocol, f.Label, f.Country, c.Src, f.ASN, f.Tool, f.Severity, f.Research}
	if c.anonymous() && v.Src != "" {
		v.Src = "one source or network"
	}
	return v
}

// write puts the manifest beside its file.
func (m *manifest) write(file string, sum *summing) error {
	m.File, m.SHA256, m.Size = filepath.Base(file), hex.EncodeToString(sum.h.Sum(nil)), sum.n
	return writeFile(file+".manifest.json", func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	})
}

// summing hashes and measures what is written.
type summing struct {
	h hash.Hash
	n int64
}

func newSumming() *summing { return &summing{h: sha256.New()} }

// Write implements io.Writer.
func (s *summing) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return s.h.Write(p)
}
