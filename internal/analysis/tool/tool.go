// Package tool names the program behind a session by the first frames that it
// sends: a canonical string per protocol, its hash, and a table of known tools.
// An unknown string is as good a key as a known one.
//
// The string is made of what the program chose and nothing of what the device
// answered, so that it is the same whoever is asked. docs/analysis.md describes
// it for each protocol.
package tool

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Version is the version of the canonical strings and of the table of tools.
const Version = 2

// Frames is how many acts of a session a fingerprint is made of.
const Frames = 8

// MaxFrame is how many octets of each are kept for it: a head of HTTP.
const MaxFrame = 1024

// A Frame is one thing that the visitor sent.
type Frame struct {
	Request []byte // its first MaxFrame octets
	Len     int    // of all of it
}

// Kinds of tools: what it is for. The list is closed.
const (
	Mass    = "mass"    // asks whole networks who is there
	Probe   = "probe"   // asks one device who it is
	Client  = "client"  // a library or program that does what its user wants
	Browser = "browser" // a program for looking at pages
	Attack  = "attack"  // made to change, guess or break
)

//go:embed tools.tsv
var tools string

// A Table knows tools by their fingerprints.
type Table struct{ rows []row }

// A Tool is a known program.
type Tool struct {
	Name  string
	Kind  string
	Proof string // "captured": a vector was recorded from it; "derived": its source or published octets say so
}

type row struct {
	protocol string
	pattern  *regexp.Regexp
	tool     Tool
}

// Load reads the table that the binary holds.
func Load() (*Table, error) {
	t := &Table{}
	line := 0
	for l := range strings.Lines(tools) {
		line++
		if l = strings.TrimRight(l, "\n"); l == "" || l[0] == '#' {
			continue
		}
		f := strings.Split(l, "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("tool: line %d of tools.tsv has %d columns", line, len(f))
		}
		if !slices.Contains([]string{Mass, Probe, Client, Browser, Attack}, f[3]) || f[4] != "captured" && f[4] != "derived" {
			return nil, fmt.Errorf("tool: line %d of tools.tsv: kind %q, proof %q", line, f[3], f[4])
		}
		re, err := regexp.Compile(`^(?:` + f[1] + `)$`)
		if err != nil {
			return nil, fmt.Errorf("tool: line %d of tools.tsv: %w", line, err)
		}
		t.rows = append(t.rows, row{f[0], re, Tool{f[2], f[3], f[4]}})
	}
	return t, nil
}

// Find names the tool of a canonical string; the zero Tool if none is known by
// it. Of a session over TLS the octets inside speak first, then its JA4.
func (t *Table) Find(canonical string) Tool {
	if i := t.row(canonical); i >= 0 {
		return t.rows[i].tool
	}
	return Tool{}
}

// row is the row that a canonical string fits first, or -1.
func (t *Table) row(canonical string) int {
	plain, ja4, secure := strings.Cut(canonical, ja4Mark)
	protocol, rest, _ := strings.Cut(plain, ":")
	fits := func(protocol, s string) int {
		return slices.IndexFunc(t.rows, func(r row) bool { return r.protocol == protocol && r.pattern.MatchString(s) })
	}
	if i := fits(protocol, rest); i >= 0 || !secure {
		return i
	}
	return fits("ja4", ja4)
}

// Hash is the short form of a canonical string: the first twelve hexadecimal
// digits of its SHA-256; "" of "".
func Hash(canonical string) string {
	if canonical == "" {
		return ""
	}
	h := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(h[:6])
}
