package process

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A resolver makes one variable of each chain of members that names a tag, so
// that raw.level needs no object raw, and keeps the names that are none.
type resolver struct {
	c       *compiler
	self    string
	unknown []string
}

// Visit sees children before parents: for raw.level first raw, then the chain.
func (r *resolver) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == "self" && r.self != "" {
			n.Value = r.self
		}
		r.see(n.Value)
	case *ast.MemberNode:
		name, ok := chain(n)
		if !ok {
			return
		}
		if k := len(r.unknown); k > 0 && strings.HasPrefix(name, r.unknown[k-1]+".") {
			r.unknown = r.unknown[:k-1]
		}
		if r.see(name) {
			ast.Patch(node, &ast.IdentifierNode{Value: name})
		}
	case *ast.VariableDeclaratorNode:
		r.declared(n.Name)
	}
}

// see notes a name and says whether it is a tag's.
func (r *resolver) see(name string) bool {
	if _, ok := r.c.refs[name]; ok {
		r.c.used[name] = true
		return true
	}
	if _, ok := r.c.env[name]; ok {
		r.c.used[name] = true
	} else if !r.function(name) {
		r.unknown = append(r.unknown, name)
	}
	return false
}

func (r *resolver) function(name string) bool {
	switch name {
	case "sqrt", "exp", "log", "sin", "clamp":
		return true
	}
	return false
}

// declared forgets the uses of a name that `let` declares.
func (r *resolver) declared(name string) {
	kept := r.unknown[:0]
	for _, u := range r.unknown {
		if u != name {
			kept = append(kept, u)
		}
	}
	r.unknown = kept
}

// chain returns the dotted name that a.b.c spells.
func chain(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.MemberNode:
		property, ok := n.Property.(*ast.StringNode)
		if !ok {
			return "", false
		}
		front, ok := chain(n.Node)
		return front + "." + property.Value, ok
	}
	return "", false
}
