package persona

import (
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"
)

// locate finds the key that path leads to in a TOML document: names, and
// numbers for the rows of arrays, as in "device", 0, "serial". Where the path is
// not there, its longest beginning is found; it returns 0, 0 for nothing.
func locate(doc []byte, path ...any) (off, width int) {
	l := locator{doc: doc, want: path, rows: make(map[string]int)}
	l.parser.Reset(doc)
	var table []any
	for l.parser.NextExpression() {
		e := l.parser.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = l.header(e)
		case unstable.KeyValue:
			l.keyValue(table, e)
		}
	}
	return l.off, l.width
}

// placed returns a Problem at the key that path leads to, or, where not even the
// beginning of path is there, with the file as a whole.
func placed(file string, doc []byte, text string, path ...any) *Problem {
	off, width := locate(doc, path...)
	if width == 0 {
		return &Problem{File: file, Text: text}
	}
	return problem(file, doc, off, width, text)
}

type locator struct {
	doc    []byte
	parser unstable.Parser
	want   []any
	rows   map[string]int // how many rows an array of tables has so far, by its path

	found, off, width int
}

// header returns the path of the table that a [table] or [[row]] opens.
func (l *locator) header(e *unstable.Node) []any {
	var path []any
	for keys := e.Key(); keys.Next(); {
		path = append(path, string(keys.Node().Data))
		l.see(path, keys.Node().Raw)
		name := fmt.Sprint(path)
		switch last := keys.IsLast(); {
		case last && e.Kind == unstable.ArrayTable:
			path = append(path, l.rows[name])
			l.rows[name]++
		case l.rows[name] > 0:
			path = append(path, l.rows[name]-1)
		}
		l.see(path, keys.Node().Raw)
	}
	return path
}

func (l *locator) keyValue(table []any, e *unstable.Node) {
	path := table[:len(table):len(table)]
	for keys := e.Key(); keys.Next(); {
		path = append(path, string(keys.Node().Data))
		l.see(path, keys.Node().Raw)
	}
	l.value(path, e.Value())
}

func (l *locator) value(path []any, v *unstable.Node) {
	path = path[:len(path):len(path)]
	switch v.Kind {
	case unstable.InlineTable:
		for rows := v.Children(); rows.Next(); {
			l.keyValue(path, rows.Node())
		}
	case unstable.Array:
		i := 0
		for rows := v.Children(); rows.Next(); i++ {
			row := append(path, i)
			l.see(row, rows.Node().Raw)
			l.value(row, rows.Node())
		}
	}
}

// see keeps the place of path where it is a longer beginning of the wanted one
// than any before.
func (l *locator) see(path []any, at unstable.Range) {
	if len(path) <= l.found || len(path) > len(l.want) || at.Length == 0 {
		return
	}
	for i, p := range path {
		if p != l.want[i] {
			return
		}
	}
	l.found, l.off, l.width = len(path), int(at.Offset), int(at.Length)
}
