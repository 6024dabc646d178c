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
	"strings"
)

// Version is the version of the canonical strings and of the table of tools.
const Version = 1

// Frames is how many acts of a session a fingerprint is made of.
const Frames = 8

// MaxFrame is how many octets of each are kept for it: a head of HTTP.
const MaxFrame = 1024

// A Frame is one thing that the visitor sent.
type Frame struct {
	Op      string
	Request []byte // its first MaxFrame octets
	Len     int    // of all of it
}

//go:embed tools.tsv
var tools string

// A Table knows tools by their fingerprints.
type Table struct{ tools []known }

type known struct {
	protocol string
	pattern  *regexp.Regexp
	name     string
	proof    string
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
		if len(f) != 4 {
			return nil, fmt.Errorf("tool: line %d of tools.tsv has %d columns", line, len(f))
		}
		re, err := regexp.Compile(`^(?:` + f[1] + `)$`)
		if err != nil {
			return nil, fmt.Errorf("tool: line %d of tools.tsv: %w", line, err)
		}
		t.tools = append(t.tools, known{f[0], re, f[2], f[3]})
	}
	return t, nil
}

// Find names the tool of a canonical string; proof is "captured" where a vector
// was recorded from the tool itself, "derived" where its source says so.
func (t *Table) Find(protocol, canonical string) (name, proof string) {
	for _, k := range t.tools {
		if k.protocol == protocol && k.pattern.MatchString(canonical) {
			return k.name, k.proof
		}
	}
	return "", ""
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

// Canonical is the string of a session's first frames; "" where there are none.
func Canonical(protocol string, frames []Frame) string {
	var sent []Frame
	for _, f := range frames {
		if f.Len > 0 {
			sent = append(sent, f)
		}
	}
	if len(sent) == 0 {
		return ""
	}
	switch protocol {
	case "modbus":
		return modbus(sent)
	case "s7comm":
		return s7(sent)
	case "enip":
		return enip(sent)
	case "http":
		return http(sent[0])
	case "dnp3":
		return dnp3(sent)
	case "iec104":
		return iec104(sent)
	case "bacnet":
		return bacnet(sent)
	case "ftp", "atg", "kamstrup_management":
		return lines(protocol, sent)
	case "tftp":
		return fmt.Sprintf("tftp:%s %s", sent[0].Op, text(sent[0].Request, 64))
	}
	return protocol + ":" + ops(sent)
}

// ops are the names of what was sent, repeats folded, with the lengths.
func ops(frames []Frame) string {
	var out []string
	for i, f := range frames {
		if i > 0 && f.Op == frames[i-1].Op && f.Len == frames[i-1].Len {
			continue
		}
		out = append(out, fmt.Sprintf("%s/%d", f.Op, f.Len))
	}
	return strings.Join(out, ",")
}

// text is the printable beginning of what was sent.
func text(b []byte, n int) string {
	if len(b) > n {
		b = b[:n]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(b))
}

// lines are the first words of a line protocol, in the visitor's own case: with
// FTP the name that is tried first says much, the secret nothing.
func lines(protocol string, frames []Frame) string {
	var out []string
	for _, f := range frames {
		l, _, _ := strings.Cut(string(f.Request), "\n")
		word, rest, _ := strings.Cut(strings.TrimRight(l, "\r"), " ")
		w := text([]byte(word), 24)
		if strings.EqualFold(word, "USER") {
			w += " " + text([]byte(rest), 24)
		}
		out = append(out, w)
	}
	return protocol + ":" + strings.Join(out, ",")
}
