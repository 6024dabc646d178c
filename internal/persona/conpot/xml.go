package conpot

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// Limits of an XML file: templates are small, and may come from strangers.
const (
	maxFile  = 8 << 20
	maxDepth = 40
	maxNodes = 100_000
)

// node is an element. It remembers whether anybody asked for it, so that what
// nobody understood can be told.
type node struct {
	name     string
	file     string
	attrs    map[string]string
	data     strings.Builder
	children []*node
	read     bool
}

// parseFile reads an XML file of a template into a tree.
func parseFile(src fs.FS, name string) (*node, error) {
	b, err := readFile(src, name)
	if err != nil {
		return nil, err
	}
	n, err := parse(name, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// readFile reads a file that is no larger than a template's may be.
func readFile(src fs.FS, name string) ([]byte, error) {
	f, err := src.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is larger than %d octets", name, maxFile)
	}
	return b, err
}

// parse builds the tree. Entities other than XML's own five are errors, so that
// none can grow.
func parse(file string, b []byte) (*node, error) {
	d := xml.NewDecoder(strings.NewReader(string(b)))
	var stack []*node
	var root *node
	for count := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(stack) >= maxDepth {
				return nil, errors.New("too many elements")
			}
			n := &node{name: t.Name.Local, file: file, attrs: map[string]string{}}
			for _, a := range t.Attr {
				n.attrs[strings.ToLower(a.Name.Local)] = a.Value
			}
			if len(stack) > 0 {
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			} else if root == nil {
				root = n
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].data.Write(t)
			}
		}
	}
	if root == nil {
		return nil, errors.New("no element in it")
	}
	return root, nil
}

// attr returns an attribute, and notes that the element was understood.
func (n *node) attr(name string) string {
	if n == nil {
		return ""
	}
	n.read = true
	return strings.TrimSpace(n.attrs[name])
}

// text is what stands in an element, trimmed.
func (n *node) text() string {
	if n == nil {
		return ""
	}
	n.read = true
	return strings.TrimSpace(n.data.String())
}

// child returns the first element below n, at any depth, with one of the names;
// nil if there is none.
func (n *node) child(names ...string) *node {
	if n == nil {
		return nil
	}
	for _, name := range names {
		if all := n.all(name); len(all) > 0 {
			return all[0]
		}
	}
	return nil
}

// all returns the elements below n, at any depth, with a name, in order. Case
// does not count. What holds one of them counts as understood.
func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	var out []*node
	for _, c := range n.children {
		if strings.EqualFold(c.name, name) {
			out = append(out, c)
		} else {
			out = append(out, c.all(name)...)
		}
	}
	n.read = n.read || len(out) > 0
	return out
}

// unread names the elements that nobody asked for, the topmost of each branch.
func (n *node) unread() []string {
	var out []string
	for _, c := range n.children {
		if len(c.children) == 0 && strings.TrimSpace(c.data.String()) == "" && len(c.attrs) == 0 {
			continue // it says nothing
		}
		if !c.read {
			what := c.name
			if name := c.attrs["name"]; name != "" {
				what += " " + strconv.Quote(name)
			}
			out = append(out, what+" of "+n.file)
			continue
		}
		out = append(out, c.unread()...)
	}
	return out
}

// number reads a whole number, decimal or 0x…; 0 if it is none.
func number(s string) int {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 0, 64)
	if err != nil || n < -1<<31 || n > 1<<32 {
		return 0
	}
	return int(n)
}
