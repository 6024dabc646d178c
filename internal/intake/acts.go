package intake

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// line makes acts of a line.
func (t *table) line(s *stay, l *logLine, n int64) {
	kind := strings.TrimPrefix(l.EventType, "CONNECTION_")
	switch {
	case l.EventType == "NEW_CONNECTION":
		t.flush(s)
		if s.seq > 1 || silentProtocol(s.proto) { // another connection of the session, or all that is logged
			t.record(s, event.Act{Op: "new_connection", Class: event.Connect, Detail: known{line: n, own: l.own}}, event.Octets{}, event.Octets{})
		}
		return
	case kind != l.EventType:
		t.flush(s)
		if s.reason = "visitor"; kind == "TIMEOUT" {
			s.reason = "idle"
		}
		return
	}
	req, resp := saidOf(l.Request, binary(s.proto)), saidOf(l.Response, binary(s.proto))
	if req.absent && resp.absent {
		return
	}
	if req.absent {
		t.answer(s, resp, l, n)
		return
	}
	t.flush(s)
	t.request(s, req, resp, l, n)
}

// silentProtocol says whether Conpot logs that a visitor came, and nothing else.
func silentProtocol(protocol string) bool {
	switch protocol {
	case "bacnet", "tftp", "enip", "iec104":
		return true
	}
	return false
}

// answer takes a response that has a line of its own: FTP's.
func (t *table) answer(s *stay, resp said, l *logLine, n int64) {
	if s.pending == nil {
		t.record(s, event.Act{Op: "unasked", Class: event.Report, Detail: known{line: n, own: l.own}}, event.Octets{}, octetsOf(resp.octets))
		return
	}
	s.pending.resp.Kept = append(s.pending.resp.Kept, resp.octets...)
	s.pending.resp.Len = len(s.pending.resp.Kept)
	s.pending.act.Outcome = event.Answered
}

// request makes acts of a request: decoded where its octets are known.
func (t *table) request(s *stay, req, resp said, l *logLine, n int64) {
	d := known{line: n, own: l.own, eventType: l.EventType}
	if req.octets == nil {
		d.request = clip(req.text)
	}
	if resp.octets == nil {
		d.response = clip(resp.text)
	}
	a := event.Act{Op: "request", Class: event.Other, Outcome: event.Answered, Detail: d}
	if resp.absent {
		a.Outcome = event.Ignored
	}
	octets, answer := req.octets, octetsOf(resp.octets)
	switch s.proto {
	case "snmp":
		snmpAct(&a, l)
		octets = nil
	case "http":
		octets, answer = nil, event.Octets{}
		d.request, d.response = clip(req.text), clip(resp.text)
		a.Detail = d
		httpAct(&a, req.text, resp.text)
	case "kamstrup": // the body alone is logged, and only a read of registers gets an answer
		d.request = clip(req.text)
		a.Detail, octets = d, nil
		if !resp.absent {
			a.Op, a.Class = "get_register", event.Read
		}
	case "modbus": // of the response, the PDU alone is logged
		if d.response, answer = clip(resp.text), (event.Octets{}); len(resp.octets) > 0 && resp.octets[0] >= 0x80 {
			a.Outcome = event.Refused
		}
		a.Detail = d
	}
	frames := t.decode(s, octets)
	for i, f := range frames {
		act := a
		act.Op, act.Class, act.Target, act.Tags, act.Values, act.Cred = f.act.Op, f.act.Class, f.act.Target, f.act.Tags, f.act.Values, f.act.Cred
		if i < len(frames)-1 {
			t.record(s, act, octetsOf(f.octets), event.Octets{})
			continue
		}
		t.hold(s, act, octetsOf(f.octets), answer)
	}
	if len(frames) == 0 {
		t.hold(s, a, octetsOf(octets), answer)
	}
}

// hold keeps an act back for the response that FTP has on its next line.
func (t *table) hold(s *stay, a event.Act, req, resp event.Octets) {
	s.pending = &pending{a, req, resp}
	if s.proto != "ftp" {
		t.flush(s)
	}
}

func (t *table) flush(s *stay) {
	if p := s.pending; p != nil {
		s.pending = nil
		t.record(s, p.act, p.req, p.resp)
	}
}

func (t *table) record(s *stay, a event.Act, req, resp event.Octets) {
	s.acts++
	if len(s.ops) < 64 || s.ops[a.Op] > 0 {
		s.ops[a.Op]++
	}
	t.r.result.Acts++
	t.r.write(s.enc.AppendAct(nil, s.stamp(), &a, req, resp, 0))
}

// frame is a piece of a request that decodes.
type frame struct {
	act    event.Act
	octets []byte
}

const maxFrames = 64 // of one line

// decode takes a request apart. What does not decode is part of the last frame,
// or no frame at all.
func (t *table) decode(s *stay, octets []byte) (out []frame) {
	if s.decoder == nil {
		return nil
	}
	for len(octets) > 0 && len(out) < maxFrames {
		f, n, err := s.decoder.Next(true, octets)
		if err != nil || n <= 0 || n > len(octets) || f.Act.Op == "" {
			break
		}
		if f.Act.Class == "" {
			f.Act.Class = event.Other
		}
		out = append(out, frame{f.Act, octets[:n]})
		octets = octets[n:]
	}
	if k := len(out); k > 0 {
		out[k-1].octets = append(out[k-1].octets[:len(out[k-1].octets):len(out[k-1].octets)], octets...)
	}
	return out
}

func octetsOf(b []byte) event.Octets { return event.Octets{Kept: b, Len: len(b)} }

// snmpAct reads the type and the first name and value, which is all that is logged.
func snmpAct(a *event.Act, l *logLine) {
	var p snmpPair
	if json.Unmarshal(l.Request, &p) != nil {
		return
	}
	a.Target = event.Target{Kind: event.TargetOID, Ref: strings.TrimPrefix(clip(p.OID), ".")}
	_, verb, _ := strings.Cut(l.EventType, " ")
	switch strings.ToLower(verb) {
	case "get":
		if a.Op, a.Class = "get_request", event.Read; strings.HasPrefix(a.Target.Ref, "1.3.6.1.2.1.1.") {
			a.Class = event.Identify
		}
	case "getnext":
		a.Op, a.Class = "get_next_request", event.Enumerate
	case "bulk":
		a.Op, a.Class = "get_bulk_request", event.Enumerate
	case "set":
		a.Op, a.Class = "set_request", event.Write
		a.Values = []string{clip(fmt.Sprint(p.Val))}
	}
}

// httpAct reads what is logged of a request: not its method.
func httpAct(a *event.Act, request, status string) {
	path, body := httpPath(request)
	if path == "" {
		return
	}
	a.Target = event.Target{Kind: event.TargetPath, Ref: clip(path)}
	if !body {
		a.Class = event.Read
	}
	if len(status) == 3 && status >= "400" {
		a.Outcome = event.Refused
	}
}

// known is the detail of an imported act: where it is from, and what the log says
// that has no place of its own.
type known struct {
	line              int64
	own               bool
	eventType         string
	request, response string
}

// AppendJSON implements event.Detail.
func (k known) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Text("imported", "conpot")
	o.Int("log_line", k.line)
	if !k.own {
		o.Text("time", "of the session's beginning")
	}
	for _, m := range [][2]string{{"event_type", k.eventType}, {"logged_request", k.request}, {"logged_response", k.response}} {
		if m[1] != "" {
			o.Text(m[0], m[1])
		}
	}
	return o.End()
}
