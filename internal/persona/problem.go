package persona

import (
	"bytes"
	"fmt"
	"strings"
)

// A Problem is what is wrong at one place of a file, and what to do about it.
type Problem struct {
	File   string
	Line   int    // from 1; 0: the file as a whole
	Column int    // from 1, in octets
	Width  int    // octets from there that are meant
	Source string // the line
	Text   string
}

// Error writes file, line and column, the text, and the line with a caret below
// the place.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s\n    %s\n    %s%s", p.File, p.Line, p.Column, p.Text,
		p.Source, p.margin(), strings.Repeat("^", max(1, p.Width)))
}

// margin returns what is as wide as the line up to the column, tabs included.
func (p *Problem) margin() string {
	var b strings.Builder
	for _, r := range p.Source[:min(p.Column-1, len(p.Source))] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// problem returns what is wrong with the width octets at offset off of doc.
func problem(file string, doc []byte, off, width int, text string) *Problem {
	start := bytes.LastIndexByte(doc[:off], '\n') + 1
	end := len(doc)
	if i := bytes.IndexByte(doc[off:], '\n'); i >= 0 {
		end = off + i
	}
	source := strings.TrimSuffix(string(doc[start:end]), "\r")
	return &Problem{
		File: file, Line: bytes.Count(doc[:off], []byte{'\n'}) + 1, Column: off - start + 1,
		Width: min(width, max(1, len(source)-(off-start))), Source: source, Text: text,
	}
}
