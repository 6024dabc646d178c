package export

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report/export/stix"
	"github.com/sundew-ics/sundew/internal/store"
)

// mispAttribute and mispObject are what an event is made of, by MISP's names.
type mispAttribute struct {
	UUID     string    `json:"uuid"`
	Type     string    `json:"type"`
	Category string    `json:"category"`
	Relation string    `json:"object_relation"`
	Value    string    `json:"value"`
	ToIDS    bool      `json:"to_ids"`
	Comment  string    `json:"comment"`
	Silent   bool      `json:"disable_correlation"`
	Tags     []mispTag `json:"Tag,omitempty"`
}

type mispObject struct {
	UUID       string          `json:"uuid"`
	Name       string          `json:"name"`
	Meta       string          `json:"meta-category"`
	Template   string          `json:"template_uuid"`
	Version    string          `json:"template_version"`
	Comment    string          `json:"comment"`
	First      string          `json:"first_seen,omitempty"`
	Last       string          `json:"last_seen,omitempty"`
	Attributes []mispAttribute `json:"Attribute"`
}

type mispTag struct {
	Name string `json:"name"`
}

// mispEvent is an event without its objects, which are written one by one.
type mispEvent struct {
	UUID         string    `json:"uuid"`
	Info         string    `json:"info"`
	Date         string    `json:"date"`
	Threat       string    `json:"threat_level_id"` // 1 high to 4 undefined
	Analysis     string    `json:"analysis"`        // 2: complete
	Distribution string    `json:"distribution"`    // 0: this organisation alone, until somebody decides
	Published    bool      `json:"published"`
	Timestamp    string    `json:"timestamp"`
	Org          mispOrg   `json:"Orgc"`
	Tags         []mispTag `json:"Tag"`
}

type mispOrg struct {
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

// mispWriter writes objects into an event.
type mispWriter struct {
	out  io.Writer
	some bool
	err  error
}

func (w *mispWriter) add(o *mispObject) {
	if w.err != nil {
		return
	}
	p, err := mispJSON(o)
	if err != nil {
		w.err = err
		return
	}
	text := "\n"
	if w.some {
		text = ",\n"
	}
	w.some = true
	_, w.err = w.out.Write(append([]byte(text), p...))
}

func mispJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// mispID is a UUID that belongs to a name.
func mispID(name ...string) string {
	_, id, _ := strings.Cut(stix.Name("misp", name...), "--")
	return id
}

// MISP writes an event in MISP's core format, with an object for each source and
// service, for credentials and files. Nothing of it is published or distributed
// by itself. more says that there are sources beyond the limit.
func (j *Job) MISP(ctx context.Context, w io.Writer, o IntelOptions) (more bool, err error) {
	list, more, err := j.intel(ctx, o.Limit)
	if err != nil {
		return false, err
	}
	head, err := mispJSON(j.mispEvent(list, o))
	if err != nil {
		return false, err
	}
	if _, err := fmt.Fprintf(w, `{"Event":%s,"Object":[`, head[:len(head)-1]); err != nil {
		return false, err
	}
	out := &mispWriter{out: w}
	for _, s := range list {
		for i := range s.traffic {
			out.add(j.mispConnection(s, &s.traffic[i]))
		}
		j.count()
	}
	if err := j.mispThings(ctx, out, o.Limit); err != nil {
		return false, err
	}
	if out.err != nil {
		return false, out.err
	}
	_, err = io.WriteString(w, "\n]}}\n")
	return more, err
}

func (j *Job) mispEvent(list []*source, o IntelOptions) *mispEvent {
	first, last, worst, techniques := list[0].First, list[0].Last, 0, map[string]bool{}
	tags := []mispTag{{"tlp:" + o.TLP}, {`honeypot-basic:interaction-level="medium"`}}
	for _, s := range list {
		if s.First.Before(first) {
			first = s.First
		}
		if s.Last.After(last) {
			last = s.Last
		}
		if s.Scanner == "" {
			worst = max(worst, s.Severity)
		}
		for _, t := range s.techniques {
			if e, ok := j.Rules.Attack().Entry(t); ok && !techniques[t] {
				techniques[t] = true
				tags = append(tags, mispTag{fmt.Sprintf(`misp-galaxy:mitre-attack-pattern="%s - %s"`, e.Name, t)})
			}
		}
	}
	threat := "3"
	if worst >= 7 {
		threat = "2"
	}
	return &mispEvent{
		UUID: mispID("event", o.Identity, first.String(), last.String()), Date: first.Format(time.DateOnly), Threat: threat, Analysis: "2", Distribution: "0",
		Info:      fmt.Sprintf("Visitors of an ICS honeypot, %s to %s", first.Format(time.DateOnly), last.Format(time.DateOnly)),
		Timestamp: strconv.FormatInt(o.Made.Unix(), 10), Org: mispOrg{mispID("org", o.Identity), o.Identity}, Tags: tags,
	}
}

// mispAdd appends an attribute of an object, the template's relation and type.
func (o *mispObject) mispAdd(relation, kind, category, value string) *mispAttribute {
	o.Attributes = append(o.Attributes, mispAttribute{UUID: mispID(o.UUID, relation), Type: kind, Category: category, Relation: relation, Value: value, Silent: true})
	return &o.Attributes[len(o.Attributes)-1]
}

// mispTime is the form of first_seen and of datetime attributes.
func mispTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }

// mispConnection is one source at one service: the template network-connection.
func (j *Job) mispConnection(s *source, t *store.Traffic) *mispObject {
	src := j.Anon.Source(s.Src)
	o := &mispObject{
		UUID: mispID("connection", s.Src.String(), t.Protocol, t.Transport, strconv.Itoa(int(t.DstPort)), t.First.String()),
		Name: "network-connection", Meta: "network", Template: "af16764b-f8e5-4603-9de1-de34d272f80b", Version: "7",
		Comment: fmt.Sprintf("%d sessions; %s", t.Sessions, s.Label), First: mispTime(t.First), Last: mispTime(t.Last),
	}
	if j.Anon != nil {
		o.UUID = mispID("connection", j.Anon.Secret(s.Src.String()), t.Protocol, t.Transport, strconv.Itoa(int(t.DstPort)))
	}
	a := o.mispAdd("ip-src", "ip-src", "Network activity", src)
	a.ToIDS, a.Silent = s.indicator, false
	if s.Scanner != "" {
		a.Comment = "research scanner: " + s.Scanner
		a.Tags = []mispTag{{`false-positive:risk="high"`}}
	}
	o.mispAdd("dst-port", "port", "Network activity", strconv.Itoa(int(t.DstPort)))
	o.mispAdd("layer3-protocol", "text", "Other", "IP")
	o.mispAdd("layer4-protocol", "text", "Other", strings.ToUpper(t.Transport))
	o.mispAdd("layer7-protocol", "text", "Other", strings.ToUpper(t.Protocol))
	o.mispAdd("first-packet-seen", "datetime", "Other", mispTime(t.First))
	o.mispAdd("last-packet-seen", "datetime", "Other", mispTime(t.Last))
	return o
}

// mispThings writes credentials and files, those of research scanners left out.
func (j *Job) mispThings(ctx context.Context, out *mispWriter, limit int) error {
	f := j.hostileFiles()
	creds, err := j.Store.Credentials(ctx, f, limit)
	if err != nil {
		return err
	}
	for _, c := range creds {
		if c.User == "" && c.Secret == "" {
			continue
		}
		out.add(j.mispCredential(&c))
	}
	files, err := j.Store.Files(ctx, f, limit)
	if err != nil {
		return err
	}
	for _, v := range files {
		o := &mispObject{
			UUID: mispID("file", v.SHA256), Name: "file", Meta: "file", Template: "688c46fb-5edb-40a3-8273-1af7923e2215", Version: "25",
			Comment: v.Kind, First: mispTime(v.First), Last: mispTime(v.Last),
		}
		a := o.mispAdd("sha256", "sha256", "Payload delivery", v.SHA256)
		a.ToIDS, a.Silent = true, false
		o.mispAdd("size-in-bytes", "size-in-bytes", "Other", strconv.FormatInt(v.Size, 10))
		out.add(o)
	}
	return nil
}

func (j *Job) mispCredential(c *store.Credential) *mispObject {
	secret, format := j.Anon.Secret(plain(c.Secret)), "clear-text"
	if j.Anon != nil {
		format = "hashed"
	}
	o := &mispObject{
		UUID: mispID("credential", c.Protocol, c.User, secret, c.Method), Name: "credential", Meta: "misc", Template: "a27e98c9-9b0e-414c-8076-d201e039ca09", Version: "5",
		Comment: fmt.Sprintf("%s: %d tries of %d sources", c.Protocol, c.Tries, c.Sources), First: mispTime(c.First), Last: mispTime(c.Last),
	}
	if c.User != "" {
		o.mispAdd("username", "text", "Other", plain(c.User))
	}
	if c.Secret != "" {
		o.mispAdd("password", "text", "Other", secret)
	}
	o.mispAdd("type", "text", "Other", "password")
	o.mispAdd("origin", "text", "Other", "bruteforce-scanning")
	o.mispAdd("format", "text", "Other", format)
	return o
}
