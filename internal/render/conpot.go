// Package render puts one event in another format's words, for sinks and
// exports alike.
package render

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/sundew-ics/sundew/internal/event"
)

// Conpot says what Conpot's JSON log has that the record has not.
type Conpot struct {
	SensorID string // sensorid; "": the event's sensor
	PublicIP string // public_ip; "": null
}

// conpotTime is RFC 3339 with microseconds, as finely as Conpot writes, and Z.
const conpotTime = "2006-01-02T15:04:05.000000Z"

// ConpotJSON appends e as a line of Conpot's JSON log, newline included: its
// twelve keys in its order, then x_sundew with the rest. Status events have no
// counterpart there: b is returned as it is.
func ConpotJSON(b []byte, e *event.Event, c Conpot) []byte {
	kind := e.Op
	switch e.Kind {
	case event.KindOpen:
		kind = "NEW_CONNECTION"
	case event.KindClose:
		kind = "CONNECTION_LOST"
	case event.KindAct:
	default:
		return b
	}
	sensor := c.SensorID
	if sensor == "" {
		sensor = e.Sensor
	}
	b = append(b, `{"timestamp":"`...)
	b = e.Time.UTC().AppendFormat(b, conpotTime)
	b = append(b, `","sensorid":`...)
	b = appendString(b, sensor)
	b = append(b, `,"id":`...)
	b = appendString(b, e.Session)
	b = appendEndpoint(b, "src", e.Src)
	b = appendEndpoint(b, "dst", e.Dst)
	b = append(b, `,"public_ip":`...)
	if c.PublicIP == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, c.PublicIP)
	}
	b = append(b, `,"data_type":`...)
	b = appendString(b, conpotType(e.Protocol))
	b = append(b, `,"request":`...)
	b = appendOctets(b, e.Protocol, e.Request)
	b = append(b, `,"response":`...)
	b = appendOctets(b, e.Protocol, e.Response)
	b = append(b, `,"event_type":`...)
	b = appendString(b, kind)
	b = append(b, `,"x_sundew":`...)
	b = appendRest(b, e)
	return append(b, '}', '\n')
}

// conpotType is a protocol's name as Conpot spells it; one that Conpot does not
// have keeps its own.
func conpotType(protocol string) string {
	switch protocol {
	case "iec104":
		return "IEC104"
	case "atg":
		return "guardian_ast"
	case "kamstrup":
		return "kamstrup_protocol"
	case "kamstrup_management", "management":
		return "kamstrup_management_protocol"
	}
	return protocol
}

// isText says whether a protocol's octets are shown as text.
func isText(protocol string) bool {
	switch protocol {
	case "http", "ftp", "atg", "kamstrup_management", "management":
		return true
	}
	return false
}

func appendEndpoint(b []byte, side string, p *event.Endpoint) []byte {
	if p == nil {
		p = &event.Endpoint{}
	}
	b = append(b, `,"`+side+`_ip":"`...)
	if p.IP.IsValid() {
		b = p.IP.AppendTo(b)
	}
	b = append(b, `","`+side+`_port":`...)
	return strconv.AppendUint(b, uint64(p.Port), 10)
}

// appendOctets appends octets given in hex as a string: text for a text
// protocol, else the hex.
func appendOctets(b []byte, protocol, digits string) []byte {
	if isText(protocol) {
		if p, err := hex.DecodeString(digits); err == nil {
			return appendVisitorText(b, p)
		}
	}
	return appendString(b, digits)
}

// appendVisitorText appends octets as event.Escape does, but with line ends and
// tabs as JSON has them, which is what readers of Conpot's log expect.
func appendVisitorText(b, p []byte) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRune(p[i:])
		switch {
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\\':
			b = append(b, `\\\\`...)
		case r == '"':
			b = append(b, `\"`...)
		case r == utf8.RuneError && n == 1, r < 0x20, r >= 0x7f && r < 0xa0:
			for _, c := range p[i : i+n] {
				b = append(b, `\\x`...)
				b = append(b, hexDigits[c>>4], hexDigits[c&15])
			}
		default:
			b = append(b, p[i:i+n]...)
		}
		i += n
	}
	return append(b, '"')
}

// rest is an event without what the twelve keys say. Two members differ from
// the record, because Elasticsearch gives every key one type and counts them:
// detail is below its protocol's name, and ops is a list.
type rest struct {
	*event.Event
	ID       string           `json:"id"`
	Session  string           `json:"session,omitempty"`
	Sensor   string           `json:"sensor,omitempty"`
	Protocol string           `json:"protocol,omitempty"`
	Src      *struct{}        `json:"src,omitempty"`
	Dst      *struct{}        `json:"dst,omitempty"`
	Op       string           `json:"op,omitempty"`
	Request  string           `json:"request,omitempty"`
	Response string           `json:"response,omitempty"`
	Detail   map[string]any   `json:"detail,omitempty"`
	Ops      []string         `json:"ops,omitempty"`
	Time     *json.RawMessage `json:"ts,omitempty"`
}

func appendRest(b []byte, e *event.Event) []byte {
	r := rest{Event: e, ID: e.ID()}
	if len(e.Detail) > 0 {
		r.Detail = map[string]any{e.Protocol: e.Detail}
	}
	r.Ops = countedOps(e)
	p, err := json.Marshal(r)
	if err != nil { // a detail that is not JSON, which Parse cannot give
		o := event.NewObject(b)
		o.Text("encoding_error", err.Error())
		return o.End()
	}
	return append(b, p...)
}

// countedOps are a session's operations as a list, read=3 and so on.
func countedOps(e *event.Event) []string {
	var out []string
	for _, op := range slices.Sorted(maps.Keys(e.Ops)) {
		out = append(out, fmt.Sprintf("%s=%d", op, e.Ops[op]))
	}
	return out
}

// appendString appends s as JSON does: unlike event.AppendText it leaves
// backslashes of text that is escaped already as they are.
func appendString(b []byte, s string) []byte {
	p, err := json.Marshal(s)
	if err != nil { // strings always marshal
		return append(b, `""`...)
	}
	return append(b, p...)
}
