package http

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	html "html/template"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	text "text/template"
	"text/template/parse"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
)

// A page is a [[page]] or [[error]], ready to be answered with.
type page struct {
	spec   pageSpec
	class  event.Class
	body   []byte
	live   interface{ Execute(io.Writer, any) error } // nil: body as it stands
	refs   map[string]process.Ref
	values []process.Ref
	last   atomic.Pointer[rendering]
}

// load reads a page's file or body and checks every tag and identity value in it.
func (h *handler) load(spec pageSpec) (*page, error) {
	p := &page{spec: spec, class: event.Class(spec.Class), body: []byte(spec.Body)}
	if p.spec.Status == 0 {
		p.spec.Status = 200
	}
	if spec.Class != "" && !slices.Contains(event.Classes(), p.class) {
		return nil, fmt.Errorf("class: %q is none", spec.Class)
	}
	if spec.File != "" {
		var err error
		if p.body, err = fs.ReadFile(h.env.Files, spec.File); err != nil {
			return nil, fmt.Errorf("file: %w", err)
		}
	}
	for _, list := range []*[]string{&p.spec.Headers, &p.spec.Head, &p.spec.Trailers} {
		if err := h.expandAll(list); err != nil {
			return nil, err
		}
	}
	if err := checkHead(p.spec.Head); err != nil {
		return nil, err
	}
	for _, name := range spec.Values {
		ref, ok := h.env.Device.Process.Ref(name)
		if !ok {
			return nil, fmt.Errorf("values: no tag %s", name)
		}
		p.values = append(p.values, ref)
	}
	if spec.Template {
		return p, h.parse(p)
	}
	return p, nil
}

// expandAll replaces ${name} in each line by the device's identity.
func (h *handler) expandAll(list *[]string) error {
	out := make([]string, len(*list))
	for i, line := range *list {
		var err error
		if out[i], err = h.env.Device.Identity.Expand(line); err != nil {
			return err
		}
	}
	if *list != nil {
		*list = out
	}
	return nil
}

// parse makes a template of the body: html/template, which escapes by context,
// for HTML; text/template, whose texts lose what could end them, for the rest.
func (h *handler) parse(p *page) error {
	p.refs = make(map[string]process.Ref)
	name := p.spec.File
	if name == "" {
		name = p.spec.Path
	}
	if strings.HasPrefix(p.spec.Type, "text/html") {
		t, err := html.New(name).Parse(string(p.body))
		if err != nil {
			return err
		}
		p.live = t
		return h.bind(p, t.Tree.Root)
	}
	t, err := text.New(name).Parse(string(p.body))
	if err != nil {
		return err
	}
	p.live = t
	return h.bind(p, t.Root)
}

// bind resolves the names that a template's calls give, so that a wrong one is
// found when the service is built.
func (h *handler) bind(p *page, n parse.Node) (err error) {
	each := func(nodes ...parse.Node) {
		for _, n := range nodes {
			if err == nil {
				err = h.bind(p, n)
			}
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			each(n.Nodes...)
		}
	case *parse.ActionNode:
		each(n.Pipe)
	case *parse.IfNode:
		each(n.Pipe, n.List, n.ElseList)
	case *parse.RangeNode:
		each(n.Pipe, n.List, n.ElseList)
	case *parse.WithNode:
		each(n.Pipe, n.List, n.ElseList)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			each(c)
		}
	case *parse.CommandNode:
		each(n.Args...)
		if len(n.Args) > 1 && err == nil {
			err = h.bindCall(p, n)
		}
	}
	return err
}

func (h *handler) bindCall(p *page, n *parse.CommandNode) error {
	call, arg := "", ""
	switch f := n.Args[0].(type) {
	case *parse.FieldNode:
		call = f.Ident[len(f.Ident)-1]
	case *parse.VariableNode:
		call = f.Ident[len(f.Ident)-1]
	}
	if s, ok := n.Args[1].(*parse.StringNode); ok {
		arg = s.Text
	}
	switch call {
	case "Device":
		if _, ok := h.env.Device.Identity.Lookup(arg); !ok {
			return fmt.Errorf("%s: the device's identity has no %q", n, arg)
		}
	case "Tag", "Num", "On", "Is", "Since", "Scale", "JSON":
		ref, ok := h.env.Device.Process.Ref(arg)
		if !ok {
			return fmt.Errorf("%s: no tag %q", n, arg)
		}
		p.refs[arg] = ref
	}
	return nil
}

// answer renders the page for one request.
func (p *page) answer(v *visit) answer {
	a := answer{
		status: p.spec.Status, reason: p.spec.Reason, head: p.spec.Head, extra: p.spec.Headers, ctype: p.spec.Type,
		location: p.spec.Location, body: p.body, chunks: p.spec.Chunks, trail: p.spec.Trailers, delay: pause(p.spec.Delay, v.s.Rand),
	}
	switch {
	case p.values != nil:
		a.body = v.document(p)
	case p.live != nil:
		a.body = p.render(v)
	}
	return a
}

// rendering is a page as it was rendered of one view in one second of the
// device's clock.
type rendering struct {
	view   process.View
	second int64
	body   []byte
}

// render executes the template, or gives the last rendering while the plant and
// the second are the same. What speaks of the visitor is never kept.
func (p *page) render(v *visit) []byte {
	m := v.model(p)
	second := v.h.env.Device.Clock.Now().Unix()
	if last := p.last.Load(); last != nil && last.view == m.view && last.second == second {
		return last.body
	}
	var b bytes.Buffer
	b.Grow(len(p.body) + 512)
	if err := p.live.Execute(&b, m); err != nil {
		v.s.Log.Warn("a page's template stopped", "path", p.spec.Path, "err", err)
		return b.Bytes()
	}
	if !m.personal {
		p.last.Store(&rendering{m.view, second, b.Bytes()})
	}
	return b.Bytes()
}

// pause picks from a delay of one duration, or of a least and a greatest one.
func pause(d []process.Duration, source func() *rand.Rand) time.Duration {
	switch {
	case len(d) == 0:
		return 0
	case len(d) > 1 && d[1] > d[0]:
		return time.Duration(d[0]) + time.Duration(source().Int64N(int64(d[1]-d[0])))
	}
	return time.Duration(d[0])
}

// document lists the page's tags as its type has it: JSON, XML or lines of text.
func (v *visit) document(p *page) []byte {
	var b bytes.Buffer
	view := v.h.env.Device.Process.View()
	asJSON, asXML := strings.Contains(p.spec.Type, "json"), strings.Contains(p.spec.Type, "xml")
	if asXML {
		b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<values>\r\n")
	}
	for i, ref := range p.values {
		name, value := p.spec.Values[i], view.Value(ref)
		switch {
		case asJSON:
			b.WriteByte(",{"[btoi(i == 0)])
			fmt.Fprintf(&b, "%q:%s", name, asJSONValue(value))
		case asXML:
			fmt.Fprintf(&b, "<value name=\"%s\">", name)
			xml.EscapeText(&b, []byte(value.Text()))
			b.WriteString("</value>\r\n")
		default:
			fmt.Fprintf(&b, "%s=%s\r\n", name, plain(value.Text()))
		}
	}
	switch {
	case asJSON:
		b.WriteByte('}')
	case asXML:
		b.WriteString("</values>\r\n")
	}
	return b.Bytes()
}

// asJSONValue writes a value as JSON, with no more escapes than it needs.
func asJSONValue(v process.Value) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(v.Any()) // a bool, number or text: never fails
	return strings.TrimSuffix(b.String(), "\n")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
