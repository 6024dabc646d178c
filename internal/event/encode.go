package event

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// timeLayout is RFC 3339 in UTC with all nine digits, so that lines sort by text.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// MaxLine is the longest line of a journal, its newline included.
const MaxLine = 256 << 10

// An Encoder writes the lines of one session. The envelope is encoded once.
// It is not safe for concurrent use.
type Encoder struct {
	ident []byte // from "session" to "dst", with a leading comma
}

// NewEncoder returns an Encoder of a session's events.
func NewEncoder(e Envelope) *Encoder {
	b := append([]byte(nil), `,"session":"`...)
	b = append(b, e.Session...)
	b = append(b, `","boot":"`...)
	b = append(b, e.Boot...)
	b = append(b, `","sensor":`...)
	b = AppendText(b, e.Sensor)
	b = append(b, `,"protocol":`...)
	b = AppendText(b, e.Protocol)
	b = append(b, `,"transport":`...)
	b = AppendText(b, e.Transport)
	b = append(b, `,"src":{"ip":"`...)
	b = e.Src.Addr().Unmap().WithZone("").AppendTo(b)
	b = append(b, `","port":`...)
	b = strconv.AppendUint(b, uint64(e.Src.Port()), 10)
	b = append(b, `},"dst":{"ip":"`...)
	b = e.Dst.Addr().Unmap().WithZone("").AppendTo(b)
	b = append(b, `","port":`...)
	b = strconv.AppendUint(b, uint64(e.Dst.Port()), 10)
	b = append(b, '}')
	return &Encoder{ident: b}
}

func (e *Encoder) head(b []byte, k Kind, s Stamp) []byte {
	b = append(b, `{"v":1,"kind":"`...)
	b = append(b, k...)
	b = append(b, `","ts":"`...)
	b = s.Time.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","at_us":`...)
	b = strconv.AppendInt(b, s.At.Microseconds(), 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, int64(s.Seq), 10)
	return append(b, e.ident...)
}

// Open is what session.open adds to the envelope.
type Open struct {
	Persona  string `json:"persona"`
	Device   string `json:"device"`
	Build    string `json:"build"`
	Listener string `json:"listener"` // the service's name
	Parent   string `json:"parent,omitempty"`
	Probe    string `json:"probe,omitempty"` // the operator's own check, by its nonce
	Octets   string `json:"octets"`          // "wire", "tls" or "sealed"
	TLS      *TLS   `json:"tls,omitempty"`
}

// TLS is what a visitor's ClientHello says of him.
type TLS struct {
	JA4     string `json:"ja4,omitempty"`
	SNI     Text   `json:"sni,omitempty"`
	Version string `json:"version,omitempty"`
	Cipher  string `json:"cipher,omitempty"`
}

// AppendOpen appends a session.open line, newline included.
func (e *Encoder) AppendOpen(b []byte, s Stamp, o Open) []byte {
	return appendMembers(e.head(b, KindOpen, s), o)
}

// Close is what session.close adds to the envelope.
type Close struct {
	Start      time.Time      `json:"start"`
	End        time.Time      `json:"end"`
	DurationUS int64          `json:"duration_us"`
	Reason     string         `json:"reason"`
	OctetsIn   int64          `json:"octets_in"`
	OctetsOut  int64          `json:"octets_out"`
	Acts       int            `json:"acts"`
	Ops        map[string]int `json:"ops,omitempty"`
	Sequence   []string       `json:"sequence,omitempty"` // the first ops, repeats folded
	Truncated  bool           `json:"truncated,omitempty"`
	Error      string         `json:"error,omitempty"`
}

// AppendClose appends a session.close line, newline included.
func (e *Encoder) AppendClose(b []byte, s Stamp, c Close) []byte {
	return appendMembers(e.head(b, KindClose, s), c)
}

// appendMembers appends the members of v, a struct, to the open object in b,
// and ends the line.
func appendMembers(b []byte, v any) []byte {
	p, err := json.Marshal(v)
	if err != nil || len(p) < 2 || p[0] != '{' {
		p = appendProblem(nil, err)
	}
	if len(p) > 2 {
		b = append(b, ',')
		b = append(b, p[1:len(p)-1]...)
	}
	return append(b, '}', '\n')
}

// appendProblem stands in for a detail that does not encode: a fault of ours
// that must not cost the evidence around it.
func appendProblem(b []byte, err error) []byte {
	o := NewObject(b)
	o.Text("encoding_error", fmt.Sprint(err))
	return o.End()
}

// AppendAct appends an act's line, newline included. A line longer than
// MaxLine loses its detail, then its values and the ends of its names.
func (e *Encoder) AppendAct(b []byte, s Stamp, a *Act, req, resp Octets, took time.Duration) []byte {
	start := len(b)
	b = e.appendAct(b, s, a, req, resp, took)
	if len(b)-start <= MaxLine {
		return b
	}
	cut := *a
	cut.Detail = cutDetail{}
	if b = e.appendAct(b[:start], s, &cut, req, resp, took); len(b)-start <= MaxLine {
		return b
	}
	cut.Tags, cut.Values, cut.Previous, cut.Cred = nil, nil, nil, nil
	cut.Target.Ref = cut.Target.Ref[:min(len(cut.Target.Ref), maxCut)]
	if a.Artifact != nil { // a visitor may give a file any name
		file := *a.Artifact
		file.Name = file.Name[:min(len(file.Name), maxCut)]
		cut.Artifact = &file
	}
	return e.appendAct(b[:start], s, &cut, req, resp, took)
}

// maxCut is how many octets of a visitor's text a line keeps that was too long.
const maxCut = 256

// cutDetail stands in for a detail too long for a line.
type cutDetail struct{}

// AppendJSON says that the detail was cut.
func (cutDetail) AppendJSON(b []byte) []byte { return append(b, `{"cut":true}`...) }

func (e *Encoder) appendAct(b []byte, s Stamp, a *Act, req, resp Octets, took time.Duration) []byte {
	b = e.head(b, KindAct, s)
	b = append(b, `,"op":`...)
	b = AppendText(b, a.Op)
	b = append(b, `,"class":"`...)
	b = append(b, a.Class...)
	b = append(b, `","outcome":"`...)
	outcome := a.Outcome
	if outcome == "" {
		outcome = Answered
	}
	b = append(b, outcome...)
	b = append(b, '"')
	b = appendSubject(b, a)
	if a.Detail != nil {
		b = append(b, `,"detail":`...)
		b = appendDetail(b, a.Detail)
	}
	b = appendOctets(b, "request", req)
	b = appendOctets(b, "response", resp)
	if req.Cut() || resp.Cut() {
		b = append(b, `,"truncated":true`...)
	}
	b = append(b, `,"took_us":`...)
	b = strconv.AppendInt(b, took.Microseconds(), 10)
	if a.Count > 1 {
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, int64(a.Count), 10)
	}
	return append(b, '}', '\n')
}

func appendSubject(b []byte, a *Act) []byte {
	if a.Target.Kind != "" {
		b = append(b, `,"target":{"kind":"`...)
		b = append(b, a.Target.Kind...)
		b = append(b, `","ref":`...)
		b = AppendText(b, a.Target.Ref)
		b = append(b, '}')
	}
	for _, l := range [...]struct {
		name string
		list []string
	}{{"tags", a.Tags}, {"values", a.Values}, {"previous", a.Previous}} {
		if len(l.list) > 0 {
			b = append(b, ',', '"')
			b = append(b, l.name...)
			b = append(b, '"', ':')
			b = appendTexts(b, l.list)
		}
	}
	if a.Cred != nil {
		o := NewObject(append(b, `,"cred":`...))
		o.Text("user", a.Cred.User)
		o.Text("secret", a.Cred.Secret)
		o.Text("method", a.Cred.Method)
		b = o.End()
	}
	if a.Artifact != nil {
		o := NewObject(append(b, `,"artifact":`...))
		o.Text("sha256", a.Artifact.SHA256)
		o.Int("size", a.Artifact.Size)
		o.Text("name", a.Artifact.Name)
		o.Text("kind", a.Artifact.Kind)
		if a.Artifact.Truncated {
			o.Bool("truncated", true)
		}
		b = o.End()
	}
	return b
}

func appendDetail(b []byte, d any) []byte {
	if d, ok := d.(Detail); ok {
		return d.AppendJSON(b)
	}
	p, err := json.Marshal(d)
	if err != nil || len(p) == 0 || p[0] != '{' {
		return appendProblem(b, err)
	}
	return append(b, p...)
}

func appendOctets(b []byte, name string, o Octets) []byte {
	member := func(suffix string) {
		b = append(b, ',', '"')
		b = append(b, name...)
		b = append(b, suffix...)
		b = append(b, '"', ':')
	}
	member("")
	b = append(b, '"')
	b = appendHex(b, o.Kept)
	b = append(b, '"')
	member("_len")
	b = strconv.AppendInt(b, int64(o.Len), 10)
	if o.Cut() {
		member("_sha256")
		b = append(b, '"')
		b = appendHex(b, o.SHA256)
		b = append(b, '"')
	}
	return b
}

// AppendStatus appends a status line, newline included. It belongs to no
// session: its seq counts per boot.
func AppendStatus(b []byte, t time.Time, seq int, sensor, boot string, s Status) []byte {
	b = append(b, `{"v":1,"kind":"status","ts":"`...)
	b = t.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","seq":`...)
	b = strconv.AppendInt(b, int64(seq), 10)
	b = append(b, `,"boot":"`...)
	b = append(b, boot...)
	b = append(b, `","sensor":`...)
	b = AppendText(b, sensor)
	b = append(b, `,"what":"`...)
	b = append(b, s.What...)
	b = append(b, '"')
	if s.Detail != nil {
		b = append(b, `,"detail":`...)
		b = appendDetail(b, s.Detail)
	}
	return append(b, '}', '\n')
}
