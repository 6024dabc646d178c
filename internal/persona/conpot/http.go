package conpot

import (
	"cmp"
	"errors"
	"io/fs"
	"mime"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// http carries over the nodes and their files, and the pages of status codes.
func (im *importer) http(s *Service, root *node) error {
	var d doc
	global := root.child("global")
	methods := []string{"GET", "POST"}
	var head []string
	for _, e := range global.all("entity") {
		switch name := e.attr("name"); strings.ToLower(name) {
		case "disable_method_head":
			if !strings.EqualFold(e.text(), "true") {
				methods = append(methods, "HEAD")
			}
		case "disable_method_options":
			if !strings.EqualFold(e.text(), "true") {
				methods = append(methods, "OPTIONS")
			}
		case "disable_method_trace":
			if !strings.EqualFold(e.text(), "true") {
				methods = append(methods, "TRACE")
			}
		case "protocol_version":
			if v := e.text(); v == "HTTP/1.0" || v == "HTTP/1.1" {
				d.set("version", v)
			}
		case "date":
			e.text()
			head = append(head, "Date: {date}")
		case "update_header_date", "tarpit":
			e.text()
		default:
			head = append(head, header(name, e.text()))
		}
	}
	d.set("methods", methods)
	d.set("keep_alive", true)
	d.set("head", append(head, "{page}", "Location: {location}", "Allow: {allow}", "Content-Type: {type}", "Content-Length: {length}", "Connection: {connection}"))
	for _, n := range root.child("htdocs").all("node") {
		if err := im.page(s, &d, n); err != nil {
			return err
		}
	}
	for _, n := range root.child("statuscodes").all("status") {
		if err := im.statusPage(s, &d, n); err != nil {
			return err
		}
	}
	im.put(s, "http", &d)
	return nil
}

// header is a header's line without what would end it.
func header(name, value string) string {
	return strings.NewReplacer("\r", "", "\n", "", "{", "(", "}", ")").Replace(name + ": " + value)
}

// page carries over one node.
func (im *importer) page(s *Service, d *doc, n *node) error {
	name := n.attr("name")
	if !strings.HasPrefix(name, "/") {
		s.leave("node "+name, "a path begins with /")
		return nil
	}
	for _, what := range [][2]string{{"triggers", "give pages with `query` by hand"}, {"proxy", "Sundew dials nobody"}, {"chunks", "give `chunks` by hand"}} {
		if c := n.child(what[0]); c != nil {
			markRead(c)
			s.leave(what[0]+" of node "+name, "%s", what[1])
		}
	}
	if alias := n.child("alias").text(); alias != "" {
		d.table("[[page]]")
		d.set("path", name)
		d.set("alias", alias)
		s.Carried++
		return nil
	}
	kind, lines := im.headers(n)
	b, err := im.htdocs(name)
	if err != nil {
		return err
	}
	if b == nil {
		s.leave("file of node "+name, "there is no http/htdocs%s: the page is empty", name)
	}
	d.table("[[page]]")
	d.set("path", name)
	if st := number(n.child("status").text()); st >= 200 && st < 600 && st != 200 {
		d.set("status", st)
	}
	d.set("type", cmp.Or(kind, mime.TypeByExtension(path.Ext(name)), "text/html"))
	if len(lines) > 0 {
		d.set("headers", lines)
	}
	delay(d, n)
	im.body(s, d, "www"+safe(name), b, "node "+name)
	s.Carried++
	return nil
}

// headers are a node's: its content type, and the other lines.
func (im *importer) headers(n *node) (kind string, lines []string) {
	for _, e := range n.child("headers").all("entity") {
		switch name := e.attr("name"); strings.ToLower(name) {
		case "content-type":
			kind = e.text()
		case "content-length", "date":
			e.text()
		default:
			lines = append(lines, header(name, e.text()))
		}
	}
	return kind, lines
}

// htdocs reads a node's file; nil if there is none. Nothing outside of the
// template can be named.
func (im *importer) htdocs(name string) ([]byte, error) {
	file := path.Join("http/htdocs", path.Clean("/"+name))
	b, err := readFile(im.src, file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, nil
	}
	if info, serr := fs.Stat(im.src, file); serr == nil && info.IsDir() {
		return nil, nil
	}
	return b, err
}

// statusPage carries over a page of a status code, from http/statuscodes/CODE.status.
func (im *importer) statusPage(s *Service, d *doc, n *node) error {
	code := number(n.attr("name"))
	if code < 400 || code > 599 {
		s.leave("status "+n.attr("name"), "a page of an error has a status from 400 to 599")
		return nil
	}
	kind, _ := im.headers(n)
	b, err := readFile(im.src, "http/statuscodes/"+strconv.Itoa(code)+".status")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	delay(nil, n)
	d.table("[[error]]")
	d.set("status", code)
	d.set("type", cmp.Or(kind, "text/html"))
	im.body(s, d, "www/status"+strconv.Itoa(code)+".html", b, "status "+strconv.Itoa(code))
	s.Carried++
	return nil
}

// delay carries over a tarpit: one number of seconds, or least;greatest.
func delay(d *doc, n *node) {
	text := n.child("tarpit").text()
	if text == "" || d == nil {
		return
	}
	var out []string
	for _, p := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '-' }) {
		if f := float(p); f >= 0 && f <= 60 {
			out = append(out, strconv.Itoa(int(f*1000))+"ms")
		}
	}
	if len(out) == 1 || len(out) == 2 && out[0] != out[1] {
		d.set("delay", out)
	}
}

// inline is Conpot's tag for a value of the databus in a page.
func inline() *regexp.Regexp { return regexp.MustCompile(`(?is)<condata\s([^>]*)>(?:\s*</condata>)?`) }

// body adds a page's file, with Conpot's inline values in our words.
func (im *importer) body(s *Service, d *doc, file string, b []byte, what string) {
	if len(b) == 0 {
		d.set("body", "")
		return
	}
	file = "device/" + file
	if found := inline().FindAll(b, -1); len(found) > 0 {
		text := strings.ReplaceAll(string(b), "{{", `{{"{{"}}`)
		text = inline().ReplaceAllStringFunc(text, func(tag string) string {
			key := attribute(tag, "key")
			v, ref := im.lookup(key)
			switch {
			case v.uptime:
				return "{{.Up}}"
			case ref != "":
				return `{{.Device "` + strings.Trim(ref, "${}") + `"}}`
			}
			s.leave("value "+key+" of "+what, "it is no single value of the databus")
			return ""
		})
		b = []byte(text)
		d.set("template", true)
	}
	d.set("file", file)
	im.result.Files[file] = slices.Clone(b)
}

// attribute finds an attribute in a tag's text.
func attribute(tag, name string) string {
	m := regexp.MustCompile(`(?i)\b` + name + `\s*=\s*["']([^"']*)["']`).FindStringSubmatch(tag)
	if m == nil {
		return ""
	}
	return m[1]
}

// safe makes a path of letters, digits and ._-/ that leads nowhere else.
func safe(name string) string {
	name = path.Clean("/" + name)
	out := []byte(name)
	for i, c := range out {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' || c == '/') {
			out[i] = '_'
		}
	}
	if strings.HasSuffix(name, "/") || name == "/" {
		return string(out) + "index.html"
	}
	return string(out)
}

// markRead notes that a whole branch was understood.
func markRead(n *node) {
	n.read = true
	for _, c := range n.children {
		markRead(c)
	}
}
