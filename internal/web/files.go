package web

import (
	"cmp"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// formatRow is a format that the filter's sessions can be had in.
type formatRow struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Able  bool   `json:"able"`
	Why   string `json:"why,omitempty"`
	Type  string `json:"type"`
	Href  string `json:"href"`
}

func (a *ask) formats() (any, error) {
	if _, err := a.filter(); err != nil {
		return nil, err
	}
	out := struct {
		Formats []formatRow `json:"formats"`
	}{[]formatRow{}}
	for _, f := range a.cfg.Formats {
		href := prefix + "/export/" + url.PathEscape(f.Name)
		if q := a.query.Encode(); q != "" {
			href += "?" + q
		}
		out.Formats = append(out.Formats, formatRow{f.Name, f.Title, f.Write != nil, f.Why, f.Type, href})
	}
	return out, nil
}

func (a *ask) export() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	for _, v := range a.cfg.Formats {
		if v.Name != a.r.PathValue("format") {
			continue
		}
		if v.Write == nil {
			return nil, notWired("This format cannot be had", v.Why)
		}
		name := "sundew-" + a.now.Format("20060102T150405Z") + "." + v.Ext
		return a.exportOne(v, name, f)
	}
	return nil, &problem{Type: "none", Status: 404, Title: "There is no such format", Detail: "GET " + prefix + "/export lists them"}
}

// exportOne has one export at a time go on: each reads all that it exports.
func (a *ask) exportOne(v Format, name string, f store.Filter) (any, error) {
	select {
	case a.exporting <- struct{}{}:
	default:
		return nil, &problem{Type: "busy", Status: 503, Title: "Another export is under way", Detail: "wait until it has ended", Retry: 10}
	}
	defer func() { <-a.exporting }()
	return a.file(v.Type, name, func(w io.Writer) error { return v.Write(a.ctx, w, f) })
}

func (a *ask) listReports() (any, error) {
	out := struct {
		Reports []Report `json:"reports"`
		Able    bool     `json:"able"`
		Why     string   `json:"why,omitempty"`
	}{Reports: []Report{}}
	if a.cfg.Reports == nil {
		out.Why = "this build does not make reports from here: `sundew report` does"
		return out, nil
	}
	list, err := a.cfg.Reports.List()
	out.Able, out.Reports = true, append(out.Reports, list...)
	return out, err
}

func (a *ask) makeReport() (any, error) {
	if a.cfg.Reports == nil {
		return nil, notWired("Reports cannot be made from here", "`sundew report` makes them")
	}
	var in struct {
		From, To, Q string
		Anonymise   bool
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if in.Anonymise {
		return nil, notWired("Reports are not anonymised", "a report names addresses; `sundew export --share` makes data to be given away")
	}
	f, err := filterOf(url.Values{"from": {in.From}, "to": {in.To}, "q": {in.Q}}, a.now)
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Reports.Make(a.ctx, Order{Filter: f, Query: in.Q})
	if err != nil {
		return nil, &problem{Type: "busy", Status: 503, Title: "The report cannot be made now", Detail: err.Error(), Retry: 10}
	}
	return r, nil
}

// reportPolicy lets a report's page show itself and nothing more.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

func (a *ask) reportFile() (any, error) {
	if a.cfg.Reports == nil {
		return nil, notWired("There are no reports here", "`sundew report` makes them")
	}
	id, name := a.r.PathValue("id"), a.r.PathValue("name")
	if !fs.ValidPath(id) || strings.Contains(id, "/") || !fs.ValidPath(name) || strings.Contains(name, `\`) {
		return nil, store.ErrNone
	}
	f, size, err := a.cfg.Reports.Open(id, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	kind := cmp.Or(mime.TypeByExtension(path.Ext(name)), "application/octet-stream")
	disposition := "attachment"
	switch path.Ext(name) {
	case ".html", ".svg":
		disposition = "inline"
		a.w.Header().Set("Content-Security-Policy", reportPolicy)
	default:
		a.w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	}
	a.w.Header().Set("Content-Type", kind)
	a.w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": path.Base(name)}))
	a.w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	a.w.WriteHeader(http.StatusOK)
	http.NewResponseController(a.w).SetWriteDeadline(time.Now().Add(10 * writeTime))
	if _, err := io.Copy(a.w, f); err != nil {
		panic(http.ErrAbortHandler)
	}
	return sent{}, nil
}
