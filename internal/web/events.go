package web

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

// events are the acts of a session as the replay shows them.
type events struct {
	Session  string     `json:"session"`
	Events   []actEvent `json:"events"`
	Next     int        `json:"next,omitempty"`
	Complete bool       `json:"complete"`
	Missing  string     `json:"missing,omitempty"`
}

type actEvent struct {
	Seq        int             `json:"seq"`
	At         time.Time       `json:"at"`
	AtUS       int64           `json:"at_us"`
	DeltaUS    int64           `json:"delta_us"`
	Op         string          `json:"op"`
	Class      event.Class     `json:"class"`
	Outcome    event.Outcome   `json:"outcome"`
	Severity   int             `json:"severity"`
	Target     *event.Target   `json:"target,omitempty"`
	Tags       []string        `json:"tags,omitempty"`
	Values     []string        `json:"values,omitempty"`
	Previous   []string        `json:"previous,omitempty"`
	Cred       *event.Cred     `json:"cred,omitempty"`
	Artifact   *event.Artifact `json:"artifact,omitempty"`
	Detail     json.RawMessage `json:"detail,omitempty"`
	Techniques []actTechnique  `json:"techniques,omitempty"`
	TookUS     int64           `json:"took_us,omitempty"`
	Count      int             `json:"count,omitempty"`
	Request    *octets         `json:"request,omitempty"`
	Response   *octets         `json:"response,omitempty"`
	Truncated  bool            `json:"truncated,omitempty"`
}

type actTechnique struct {
	analysis.Technique
	Name string `json:"name"`
}

// octets are one direction of an act.
type octets struct {
	Hex       string  `json:"hex"`
	Length    int     `json:"length"`
	SHA256    string  `json:"sha256,omitempty"`
	Frames    []frame `json:"frames,omitempty"`
	Undecoded string  `json:"undecoded,omitempty"`
	Text      string  `json:"text,omitempty"`
}

type frame struct {
	Offset int     `json:"offset"`
	Length int     `json:"length"`
	Op     string  `json:"op,omitempty"`
	Fields []field `json:"fields"`
}

type field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// Bounds of what one answer shows.
const (
	maxPageOctets = 4 << 20 // hex digits
	maxFrames     = 256     // of one direction of an act
	maxFields     = 512     // of a frame
)

func (a *ask) events() (any, error) {
	s, err := a.one()
	if err != nil {
		return nil, err
	}
	t, err := a.cfg.Lines(a.ctx, &s)
	if err != nil {
		return nil, err
	}
	after := -1
	if v := a.query.Get("after"); v != "" {
		if after, err = strconv.Atoi(v); err != nil {
			return nil, err
		}
	}
	out := events{Session: s.ID, Events: []actEvent{}, Missing: t.Missing}
	r := &replay{ask: a}
	if a.cfg.Decode != nil {
		r.decode = a.cfg.Decode(s.Protocol)
	}
	limit, size := a.limit(200), 0
	for i := range t.Events {
		e := &t.Events[i]
		if e.Kind == event.KindClose {
			out.Complete = true
		}
		if e.Kind != event.KindAct {
			if r.means == nil {
				r.means = a.cfg.Rules.NewSession(e)
			}
			continue
		}
		v := r.act(e, e.Seq > after && out.Next == 0)
		if e.Seq <= after || out.Next != 0 {
			continue
		}
		size += len(e.Request) + len(e.Response)
		if n := len(out.Events); n == limit || n > 0 && size > maxPageOctets {
			out.Next = out.Events[n-1].Seq
			continue
		}
		out.Events = append(out.Events, *v)
	}
	return out, nil
}

// replay goes through a session's acts in order: decoders and rules remember.
type replay struct {
	*ask
	decode Decode
	means  *analysis.Session
	before int64
}

func (r *replay) act(e *event.Event, shown bool) *actEvent {
	if r.means == nil {
		r.means = r.cfg.Rules.NewSession(e)
	}
	found := r.means.Add(e)
	v := &actEvent{
		Seq: e.Seq, At: e.Time, AtUS: e.AtUS, DeltaUS: max(0, e.AtUS-r.before), Op: e.Op, Class: e.Class, Outcome: e.Outcome, Severity: found.Severity,
		Target: e.Target, Tags: e.Tags, Values: e.Values, Previous: e.Previous, Cred: e.Cred, Artifact: e.Artifact, Detail: e.Detail,
		TookUS: e.TookUS, Count: e.Count, Truncated: e.Truncated,
	}
	r.before = e.AtUS
	for _, t := range found.Techniques {
		n, _ := r.cfg.Rules.Attack().Entry(t.ID)
		v.Techniques = append(v.Techniques, actTechnique{t, n.Name})
	}
	v.Request = r.octets(true, e.Request, e.RequestLen, e.RequestSHA256, shown)
	v.Response = r.octets(false, e.Response, e.ResponseLen, e.ResponseSHA256, shown)
	return v
}

// octets shows one direction of an act. Those of acts that are not shown are
// decoded too, since a decoder's state grows with them.
func (r *replay) octets(fromVisitor bool, digits string, length int, sum string, shown bool) *octets {
	if length == 0 && digits == "" {
		return nil
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return &octets{Length: length, SHA256: sum, Undecoded: "the journal's octets cannot be read"}
	}
	o := &octets{Hex: digits, Length: length, SHA256: sum}
	r.frames(o, fromVisitor, b)
	if shown {
		o.Text = textOf(b)
	}
	return o
}

// frames decodes what it can.
func (r *replay) frames(o *octets, fromVisitor bool, b []byte) {
	if r.decode == nil {
		o.Undecoded = "this protocol has no decoder"
		return
	}
	for at := 0; at < len(b); {
		f, n, err := r.decode(fromVisitor, b[at:])
		switch {
		case err != nil:
			o.Undecoded = "from octet " + strconv.Itoa(at) + " on: " + err.Error()
			return
		case n <= 0 || n > len(b)-at:
			o.Undecoded = "the frame from octet " + strconv.Itoa(at) + " on has no end here"
			return
		case len(o.Frames) == maxFrames:
			o.Undecoded = "only the first " + strconv.Itoa(maxFrames) + " frames are shown"
			return
		}
		v := frame{Offset: at, Length: n, Op: f.Op, Fields: []field{}}
		for _, x := range f.Fields[:min(len(f.Fields), maxFields)] {
			if x.Off < 0 || x.Len < 0 || x.Off+x.Len > n {
				x.Off, x.Len = 0, 0 // of no octets of its own
			}
			v.Fields = append(v.Fields, field{event.Escape(x.Name), event.Escape(x.Value), at + x.Off, x.Len})
		}
		o.Frames = append(o.Frames, v)
		at += n
	}
}

// textOf is octets as the text that they are, or "" if they are none: at least
// nine in ten of them must be. What is not is written \xNN.
func textOf(b []byte) string {
	good := 0
	var out strings.Builder
	for i := 0; i < len(b); {
		c, n := utf8.DecodeRune(b[i:])
		switch {
		case c == '\t' || c == '\r' || c == '\n' || c >= 0x20 && c < 0x7f || c >= 0xa0 && !(c == utf8.RuneError && n == 1):
			good += n
			out.Write(b[i : i+n])
		default:
			for _, x := range b[i : i+n] {
				out.WriteString(`\x`)
				out.WriteString(hex.EncodeToString([]byte{x}))
			}
		}
		i += n
	}
	if len(b) == 0 || good*10 < len(b)*9 {
		return ""
	}
	return out.String()
}
