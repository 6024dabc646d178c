package intake

import (
	"container/list"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// Conpot forgets a session 30 s after its last event (its default is 5), and its
// lines have no end that is one: a session is over when none of its lines has come
// while others began for this long, or while this many others were.
const (
	silent  = time.Hour
	maxOpen = 10_000
)

// table has the sessions that may go on.
type table struct {
	r       *reading
	open    map[string]*list.Element // of *stay
	order   *list.List               // the longest silent first
	sensors map[string]*recorder
}

// recorder is a sensor of the logs.
type recorder struct {
	name, boot string
	last       time.Time
	lines      int64
}

// stay is one session.
type stay struct {
	key     string
	enc     *event.Encoder
	begun   time.Time
	heard   time.Time // the latest beginning of any session when its last line came
	proto   string
	seq     int
	acts    int
	ops     map[string]int
	reason  string
	decoder protocol.Decoder // nil: none
	pending *pending
	sensor  *recorder
}

// pending is an act whose response may be on the next line.
type pending struct {
	act       event.Act
	req, resp event.Octets
}

func newTable(r *reading) *table {
	return &table{r: r, open: map[string]*list.Element{}, order: list.New(), sensors: map[string]*recorder{}}
}

// take takes a line.
func (t *table) take(l *logLine, n int64) error {
	if len(l.Sundew) > 0 {
		return t.ours(l)
	}
	s := t.session(l)
	s.heard = t.r.last
	s.sensor.heard(l)
	t.line(s, l, n)
	t.expire()
	return nil
}

// session finds a line's session, or begins it.
func (t *table) session(l *logLine) *stay {
	key := l.SensorID + "\x00" + l.ID
	if e := t.open[key]; e != nil {
		t.order.MoveToBack(e)
		return e.Value.(*stay)
	}
	rec := t.sensor(l)
	s := &stay{key: key, begun: l.at, proto: protocolOf(l.DataType), ops: map[string]int{}, reason: "idle", sensor: rec}
	transport := "tcp"
	if t.r.cfg.Transport != nil {
		if v := t.r.cfg.Transport(s.proto); v != "" {
			transport = v
		}
	}
	if t.r.cfg.Decoder != nil {
		s.decoder = t.r.cfg.Decoder(s.proto)
	}
	id := key
	if part := t.r.was.Parts[nameOfKey(key)]; part > 0 {
		id = fmt.Sprintf("%s\x00%d", key, part)
	}
	s.enc = event.NewEncoder(event.Envelope{Session: uuid("session", id), Boot: rec.boot, Sensor: rec.name, Protocol: s.proto, Transport: transport, Src: l.src, Dst: l.dst})
	t.open[key] = t.order.PushBack(s)
	t.r.result.Sessions++
	t.r.write(s.enc.AppendOpen(nil, s.stamp(), event.Open{Persona: "conpot", Device: "conpot", Build: "conpot", Listener: s.proto, Octets: "wire"}))
	return s
}

// nameOfKey is a session's key without what it is made of.
func nameOfKey(key string) string { return uuid("key", key)[:18] }

// stamp is the next event's: all have the time of the session's beginning.
func (s *stay) stamp() event.Stamp {
	st := event.Stamp{Time: s.begun, Seq: s.seq}
	s.seq++
	return st
}

// sensor finds a line's sensor; its first line says that it began to be heard of.
func (t *table) sensor(l *logLine) *recorder {
	name := l.SensorID
	if name == "" || name == "default" { // Conpot's, if nobody gave one
		name = t.r.cfg.Name
	}
	rec := t.sensors[name]
	if rec == nil {
		rec = &recorder{name: name, boot: uuid("boot", t.r.cfg.Name+"\x00"+name)}
		if len(t.sensors) < 256 {
			t.sensors[name] = rec
		}
		if o := t.r.origin; !slices.Contains(o.Sensors, name) && len(o.Sensors) < 256 {
			o.Sensors = append(o.Sensors, name)
			t.r.write(event.AppendStatus(nil, l.at, 0, name, rec.boot, event.Status{What: "start", Detail: imported{Imported: fromConpot + t.r.from, Note: conpotNote}}))
		}
	}
	return rec
}

func (r *recorder) heard(l *logLine) {
	if r.lines++; l.at.After(r.last) {
		r.last = l.at
	}
}

// imported is the detail of an imported log's status lines. It names no services:
// when they listened is not known.
type imported struct {
	Imported  string `json:"imported"`
	Note      string `json:"note,omitempty"`
	Lines     int64  `json:"lines,omitempty"`
	Malformed int64  `json:"malformed,omitempty"`
}

// expire ends sessions that are over.
func (t *table) expire() {
	for e := t.order.Front(); e != nil; e = t.order.Front() {
		s := e.Value.(*stay)
		if t.order.Len() <= maxOpen && t.r.last.Sub(s.heard) < silent {
			return
		}
		t.close(e)
	}
}

func (t *table) close(e *list.Element) {
	s := e.Value.(*stay)
	t.order.Remove(e)
	delete(t.open, s.key)
	t.flush(s)
	t.r.write(s.enc.AppendClose(nil, s.stamp(), event.Close{Start: s.begun, End: s.begun, Reason: s.reason, Acts: s.acts, Ops: s.ops}))
}

// end ends all sessions and says which of them may go on in the next log.
func (t *table) end() map[string]int {
	parts := maps.Clone(t.r.was.Parts)
	if t.r.result.Lines > 0 || parts == nil {
		parts = map[string]int{}
	}
	for e := t.order.Front(); e != nil; e = t.order.Front() {
		key := nameOfKey(e.Value.(*stay).key)
		parts[key] = t.r.was.Parts[key] + 1
		t.close(e)
	}
	return parts
}

// stops says how far each sensor was heard of.
func (t *table) stops() {
	for _, name := range slices.Sorted(maps.Keys(t.sensors)) {
		rec := t.sensors[name]
		t.r.write(event.AppendStatus(nil, rec.last, t.r.origin.Conpot.Runs, rec.name, rec.boot,
			event.Status{What: "stop", Detail: imported{Imported: fromConpot + t.r.from, Lines: rec.lines, Malformed: t.r.result.Malformed}}))
	}
}

// uuid is the same for the same text: a version 8 of RFC 9562.
func uuid(what, text string) string {
	b := sha256.Sum256([]byte("sundew import conpot " + what + "\x00" + text))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
