package demo

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/demo/tape"
	"github.com/sundew-ics/sundew/internal/event"
)

// A pace is how the gaps between acts come about.
type pace int

const (
	machine pace = iota // 15 to 90 ms
	steady              // one a second
	human               // uneven, 2 to 60 s
)

// gap is the time before act i.
func (p pace) gap(r *rand.Rand, i int) time.Duration {
	switch p {
	case steady:
		return 980*time.Millisecond + time.Duration(r.IntN(40))*time.Millisecond
	case human:
		seconds := []float64{2.4, 3.1, 4}
		if i%2 == 0 { // he reads, then goes on
			seconds = []float64{26, 34, 55}
		}
		return time.Duration(seconds[r.IntN(len(seconds))] * (0.85 + 0.3*r.Float64()) * float64(time.Second))
	}
	return time.Duration(15_000+r.IntN(75_000)) * time.Microsecond
}

// A pair is a credential to try.
type pair struct{ user, secret string }

// A visit is a session to come.
type visit struct {
	at      time.Time
	src     netip.Addr
	sensor  *sensor
	tape    *tape.Tape
	pace    pace
	probe   bool   // connects and says nothing
	pairs   []pair // the tape is played once for each
	shipped bool   // one of them is as devices are delivered
	value   string // what is written where the tape says so
	label   string // what it must be found to be
	who     string // a planted actor, or a kind of crowd
}

// A player writes one session's lines.
type player struct {
	v       *visit
	enc     *event.Encoder
	id      string
	random  *rand.Rand
	dst     netip.AddrPort
	now     time.Duration
	seq     int
	in, out int64
	ops     map[string]int
	order   []string
	acts    []time.Time // of the visitor
	sides   []*player
	swap    []swap
	put     func(time.Time, []byte)
}

// A swap is what a tape says and what the visit says instead.
type swap struct{ old, new string }

// play writes the lines of a visit.
func (v *visit) play(r *rand.Rand, put func(time.Time, []byte)) *player {
	p := v.begin(r, v.tape, "", put)
	acts := v.tape.Acts
	if v.probe {
		acts = nil
		if len(v.tape.Acts) > 0 && v.tape.Acts[0].Request == "" {
			acts = v.tape.Acts[:1] // the service speaks first
		}
	}
	rounds := v.pairs
	if len(rounds) == 0 {
		rounds = []pair{{}}
	}
	p.now = time.Duration(1+r.IntN(40)) * time.Millisecond
	for i, c := range rounds {
		round := p.swap
		if c != (pair{}) {
			p.swap = append(p.swap[:len(p.swap):len(p.swap)], swap{"qxuserqx", c.user}, swap{"qxpassqx", c.secret})
		}
		for k := range acts {
			if i > 0 && acts[k].Request == "" && k == 0 {
				continue // greeted already
			}
			if p.seq > 1 {
				p.now += v.pace.gap(r, p.seq)
			}
			p.act(&acts[k])
			p.side(&acts[k])
		}
		p.swap = round
	}
	p.end(v.tape.Reason, v.tape.Transport)
	return p
}

func (v *visit) begin(r *rand.Rand, t *tape.Tape, parent string, put func(time.Time, []byte)) *player {
	boot := v.sensor.at(v.at)
	p := &player{v: v, random: r, id: newID(v.at, r), ops: map[string]int{}}
	p.put = func(at time.Time, line []byte) {
		boot.told(at)
		put(at, line)
	}
	p.dst = netip.AddrPortFrom(v.sensor.addr[t.Persona], t.Port)
	p.enc = event.NewEncoder(event.Envelope{Session: p.id, Boot: boot.id, Sensor: v.sensor.name, Protocol: t.Protocol, Transport: t.Transport,
		Src: netip.AddrPortFrom(v.src, uint16(32768+r.IntN(28000))), Dst: p.dst})
	dst := p.dst.Addr().String()
	p.swap = []swap{{"127.0.0.1", dst}, {"127,0,0,1", strings.ReplaceAll(dst, ".", ",")}, {"192.0.2.10", dst}, {"198.51.100.20", dst}}
	if v.value != "" {
		p.swap = append(p.swap, swap{"qxvalueqx", v.value})
	}
	p.swap = append(p.swap, identifiers(t, r)...)
	p.put(v.at, p.enc.AppendOpen(nil, event.Stamp{Time: v.at}, event.Open{Persona: t.Persona, Device: t.Device, Build: "demo", Listener: t.Service, Parent: parent, Octets: t.Octets}))
	p.seq = 1
	return p
}

func (p *player) stamp() event.Stamp {
	s := event.Stamp{Time: p.v.at.Add(p.now), At: p.now, Seq: p.seq}
	p.seq++
	return s
}

// rawDetail is a detail that is JSON already.
type rawDetail string

// AppendJSON implements event.Detail.
func (d rawDetail) AppendJSON(b []byte) []byte { return append(b, d...) }

func (p *player) act(a *tape.Act) {
	out := event.Act{Op: a.Op, Class: a.Class, Outcome: a.Outcome, Tags: a.Tags, Values: p.texts(a.Values), Previous: a.Previous, Artifact: a.Artifact}
	if a.Target != nil {
		out.Target = event.Target{Kind: a.Target.Kind, Ref: p.text(a.Target.Ref)}
	}
	if a.Cred != nil {
		out.Cred = &event.Cred{User: p.text(a.Cred.User), Secret: p.text(a.Cred.Secret), Method: a.Cred.Method}
	}
	request, response := p.octets(a.Request), p.octets(a.Response)
	if len(a.Detail) > 0 {
		out.Detail = rawDetail(p.detail(a.Detail, len(request)))
	}
	st := p.stamp()
	if a.Class == event.Report && a.Request == "" && st.Seq > 1 {
		p.now += time.Millisecond
	}
	took := time.Duration(a.TookUS)*time.Microsecond + time.Duration(p.random.IntN(900))*time.Microsecond
	p.in, p.out = p.in+int64(len(request)), p.out+int64(len(response))
	p.ops[a.Op]++
	if len(p.order) < 32 && (len(p.order) == 0 || p.order[len(p.order)-1] != a.Op) {
		p.order = append(p.order, a.Op)
	}
	if a.Class != event.Report {
		p.acts = append(p.acts, st.Time)
	}
	p.put(st.Time, p.enc.AppendAct(nil, st, &out, event.Octets{Kept: request, Len: len(request)}, event.Octets{Kept: response, Len: len(response)}, took))
}

// side plays the session that an act opened on a port of its own.
func (p *player) side(a *tape.Act) {
	opens := a.Op == "list" || a.Op == "stor" || a.Op == "read_request"
	if !opens || len(p.v.tape.Sides) == 0 {
		return
	}
	t := &p.v.tape.Sides[0]
	w := *p.v
	w.at = p.v.at.Add(p.now)
	if t.Transport == "tcp" { // the port was opened before it was used
		w.at = w.at.Add(-10 * time.Millisecond)
	}
	w.tape, w.pairs, w.pace = t, nil, machine
	q := w.begin(p.random, t, p.id, p.put)
	p.sides = append(p.sides, q)
	q.now = 12 * time.Millisecond
	for i := range t.Acts {
		q.act(&t.Acts[i])
		q.now += 8 * time.Millisecond
	}
	q.end(t.Reason, t.Transport)
}

func (p *player) end(reason, transport string) {
	wait := time.Duration(5+p.random.IntN(60)) * time.Millisecond
	if transport == "udp" || reason == "idle" {
		reason, wait = "idle", 60*time.Second
	}
	if reason == "shutdown" {
		reason = "visitor"
	}
	if b := p.v.sensor.at(p.v.at); p.v.at.Add(p.now+wait).After(b.to) && b.crash {
		return // the sensor did not live to write it
	}
	p.now += wait
	st := p.stamp()
	p.put(st.Time, p.enc.AppendClose(nil, st, event.Close{Start: p.v.at, End: st.Time, DurationUS: p.now.Microseconds(), Reason: reason,
		OctetsIn: p.in, OctetsOut: p.out, Acts: st.Seq - 1, Ops: p.ops, Sequence: p.order}))
}
