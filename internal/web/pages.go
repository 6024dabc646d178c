package web

import (
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// carried holds the built pages, if `make ui` has built them.
//
//go:embed all:assets
var carried embed.FS

// pages serves the built front end: one page for every address of its own, and
// files whose names hold a hash of what is in them.
type pages struct{ files fs.FS }

func newPages(files fs.FS) (*pages, error) {
	if files != nil {
		return &pages{files}, nil
	}
	sub, err := fs.Sub(carried, "assets")
	return &pages{sub}, err
}

func (p *pages) read(name string) ([]byte, error) { return fs.ReadFile(p.files, name) }

// plainPage is what there is without the built pages.
const plainPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sundew</title>
<h1>Sundew</h1>
<p>The dashboard's pages are not in this build. To get them, in the source tree, with Node.js 22 or later:
<pre>make ui build</pre>
<p>The JSON API works without them: <code>/api/v1/openapi.json</code>, once you are logged in; <code>docs/dashboard.md</code> shows how with curl.
The commands <code>sundew stats</code>, <code>sessions</code>, <code>session</code>, <code>actors</code> answer in the terminal.
`

// ServeHTTP implements http.Handler.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	// A page's own path may have a dot: /actors/198.51.100.7.
	if _, err := fs.Stat(p.files, name); name != "index.html" && path.Ext(name) != "" && (err == nil || strings.HasPrefix(name, "assets/")) {
		p.file(w, r, name)
		return
	}
	b, encoding, err := p.pick(r, "index.html")
	if err != nil {
		b, encoding = []byte(plainPage), ""
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	send(w, r, b, encoding)
}

// file serves one that is there; those below assets/ never change under their name.
func (p *pages) file(w http.ResponseWriter, r *http.Request, name string) {
	ext := path.Ext(name)
	if ext == ".gz" || ext == ".zst" || ext == ".br" || ext == ".md" || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	b, encoding, err := p.pick(r, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("Content-Type", kindOf(ext))
	send(w, r, b, encoding)
}

// kindOf is a file's media type, whatever the machine's own table says.
func kindOf(ext string) string {
	switch ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if kind := mime.TypeByExtension(ext); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// pick reads a file, compressed where that is at hand and taken.
func (p *pages) pick(r *http.Request, name string) (b []byte, encoding string, err error) {
	for _, v := range []struct{ encoding, ext string }{{"zstd", ".zst"}, {"gzip", ".gz"}} {
		if accepts(r, v.encoding) {
			if b, err := fs.ReadFile(p.files, name+v.ext); err == nil {
				return b, v.encoding, nil
			}
		}
	}
	b, err = fs.ReadFile(p.files, name)
	return b, "", err
}

func send(w http.ResponseWriter, r *http.Request, b []byte, encoding string) {
	w.Header().Set("Vary", "Accept-Encoding")
	if encoding != "" {
		w.Header().Set("Content-Encoding", encoding)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		w.Write(b)
	}
}
