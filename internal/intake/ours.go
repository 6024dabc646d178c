package intake

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// ownRest is x_sundew: what sink conpotjson writes beside Conpot's keys.
type ownRest struct {
	event.Event
	Detail map[string]json.RawMessage `json:"detail"`
	Ops    []string                   `json:"ops"`
}

// ours makes of a line of sink conpotjson the event that it was, with the
// session's own id and times.
func (t *table) ours(l *logLine) error {
	var x ownRest
	if err := json.Unmarshal(l.Sundew, &x); err != nil || x.Kind == "" {
		t.r.result.Malformed++
		return nil
	}
	rec := t.sensor(l)
	rec.heard(l)
	e := x.Event
	e.V, e.Time, e.Session, e.Sensor, e.Protocol = event.Version, l.at, l.ID, rec.name, protocolOf(l.DataType)
	e.Src, e.Dst = &event.Endpoint{IP: l.src.Addr(), Port: l.src.Port()}, &event.Endpoint{IP: l.dst.Addr(), Port: l.dst.Port()}
	for _, d := range x.Detail { // below its protocol's name
		e.Detail = d
	}
	if len(x.Ops) > 0 {
		e.Ops = map[string]int{}
		for _, o := range x.Ops {
			name, n, _ := strings.Cut(o, "=")
			e.Ops[name], _ = strconv.Atoi(n)
		}
	}
	switch e.Kind {
	case event.KindOpen:
		t.r.result.Sessions++
	case event.KindAct:
		e.Op = l.EventType
		e.Request, e.Response = ownOctets(l.Request, e.Protocol), ownOctets(l.Response, e.Protocol)
		t.r.result.Acts++
	}
	b, err := json.Marshal(&e)
	if err != nil {
		return fmt.Errorf("line of sink conpotjson: %w", err)
	}
	t.r.write(append(b, '\n'))
	return nil
}

// ownOctets gives back as hex what conpotjson writes as hex or as text.
func ownOctets(raw json.RawMessage, protocol string) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	switch protocol {
	case "http", "ftp", "atg", "kamstrup_management", "management":
		if text, err := event.Unescape(s); err == nil {
			return hex.EncodeToString([]byte(text))
		}
		return ""
	}
	return s
}
