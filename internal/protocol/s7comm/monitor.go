package s7comm

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// programmerService handles what a programming device does for tests and
// commissioning.
func (v *conn) programmerService(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	g, err := wire.ParseProgrammer(d.Data)
	if err != nil {
		act.Class = event.Malformed
		act.Detail = fields{num("pdu_ref", p.Ref), text("problem", err.Error())}
		v.refuseUD(p, u, act, errCoordinate)
		return
	}
	switch u.Sub {
	case wire.ProgVarTab:
		v.variableTable(p, u, g, act)
	case wire.ProgForce:
		v.force(p, u, g, act)
	case wire.ProgFlash:
		act.Class = event.Control
		v.s.Record(act)
		v.replyUD(p, wire.UD{Group: u.Group, Sub: u.Sub, Sequence: v.sequence(u)}, wire.NoData())
	default:
		act.Detail = fields{num("pdu_ref", p.Ref), hexed("head", g.Head), hexed("body", g.Body)}
		v.refuseUD(p, u, act, errFunction)
	}
}

// variableTable answers a variable table with its values once, or modifies
// them where the request has values of its own.
func (v *conn) variableTable(p wire.PDU, u wire.UD, g wire.Programmer, act event.Act) {
	rows, rest, err := wire.ParseTabRows(g.Body)
	if err != nil || len(rows) == 0 {
		act.Class = event.Malformed
		v.refuseUD(p, u, act, errCoordinate)
		return
	}
	var items []wire.Item
	var names []string
	for _, row := range rows {
		i, _ := row.Item() // one of an unknown area has no place and fails as such
		items = append(items, i)
		names = append(names, row.String())
	}
	act.Target = target(items)
	act.Detail = fields{num("pdu_ref", p.Ref), texts("items", names), hexed("trigger", g.Head)}
	var values wire.Values
	if rest != nil {
		values = v.modify(&act, items, rest)
	} else {
		values = v.values(items, &act)
	}
	body := wire.AppendCounted(nil, values)
	answer := wire.Programmer{Head: []byte{1, 0, 0, 1}, Body: body}
	v.answer(p, u, act, answer.Append(nil), v.pdu-26)
}

// modify writes the values of a variable table and returns what became of each.
func (v *conn) modify(act *event.Act, items []wire.Item, rest []byte) wire.Values {
	act.Op, act.Class = "modify_variables", event.Write
	given, err := wire.ParseValues(rest, len(items))
	if err != nil {
		act.Outcome = event.Refused
		given = make(wire.Values, len(items))
	}
	out := make(wire.Values, len(items))
	var raw, old []string
	var changes []change
	for k, i := range items {
		code, ch, previous := v.store(i, given[k].Data)
		out[k].Return = code
		changes = append(changes, ch...)
		raw = append(raw, hex.EncodeToString(given[k].Data))
		old = append(old, hex.EncodeToString(previous))
	}
	tell(act, changes, raw, old)
	return out
}

// values reads items for a table or a subscription.
func (v *conn) values(items []wire.Item, act *event.Act) wire.Values {
	view := v.cpu.device.Process.View()
	var out wire.Values
	seen := map[string]bool{}
	for _, i := range items {
		span, code := v.cpu.memory.find(i)
		if code != wire.RetOK {
			out = append(out, wire.DataItem{Return: code})
			continue
		}
		data, touched := v.cpu.memory.read(span, view)
		out = append(out, wire.NewDataItem(wire.SizeOctets, data))
		for _, b := range touched {
			if !seen[b.name] {
				seen[b.name] = true
				act.Tags = append(act.Tags, b.name)
			}
		}
	}
	return out
}

// force answers the question for forced variables: none are. To force is
// refused, as by a CPU whose program holds the outputs.
func (v *conn) force(p wire.PDU, u wire.UD, g wire.Programmer, act event.Act) {
	rows, _, err := wire.ParseTabRows(g.Body)
	if err == nil && len(rows) == 0 {
		answer := wire.Programmer{Head: []byte{1, 0, 0, 1}, Body: []byte{0x10, 3, 0, 0}} // goOnline
		v.answer(p, u, act, answer.Append(nil), v.pdu-26)
		return
	}
	act.Class = event.Control
	var names []string
	for _, row := range rows {
		names = append(names, row.String())
	}
	act.Detail = fields{num("pdu_ref", p.Ref), texts("items", names), hexed("body", g.Body)}
	v.refuseUD(p, u, act, errCoordinate)
}

const (
	maxJobs    = 4           // subscriptions of one connection
	maxReports = 600         // reports of one subscription; then it ends
	leastCycle = time.Second // between two reports: a record of each is kept
)

// cyclicService begins and ends subscriptions to values.
func (v *conn) cyclicService(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	switch u.Sub {
	case wire.CyclicMemory:
		v.subscribe(p, u, d, act)
	case wire.CyclicStop:
		if len(d.Data) != 2 || v.jobs[d.Data[1]] == nil {
			v.refuseUD(p, u, act, errCoordinate)
			return
		}
		v.jobs[d.Data[1]]()
		delete(v.jobs, d.Data[1])
		v.s.Record(act)
		v.replyUD(p, wire.UD{Group: u.Group, Sub: u.Sub, Sequence: d.Data[1]}, wire.NoData())
	default: // change-driven transfer is an S7-400's
		v.refuseUD(p, u, act, errFunction)
	}
}

// subscribe answers with the values and reports them from then on.
func (v *conn) subscribe(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	q, err := wire.ParseCyclic(d.Data)
	job := uint8(1)
	for v.jobs[job] != nil {
		job++
	}
	if err != nil || len(q.Items) == 0 || job > maxJobs || q.Base > 2 {
		v.refuseUD(p, u, act, errCoordinate)
		return
	}
	cycle := [3]time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second}[q.Base] * time.Duration(max(q.Factor, 1))
	values := v.values(q.Items, &act)
	payload := wire.AppendCounted(nil, values)
	if len(payload) > v.pdu-26 {
		act.Tags = nil
		v.refuseUD(p, u, act, errSize)
		return
	}
	var names []string
	for _, i := range q.Items {
		names = append(names, i.String())
	}
	act.Target = target(q.Items)
	act.Detail = fields{num("pdu_ref", p.Ref), num("job", job), text("cycle", cycle.String()), texts("items", names)}
	v.s.Record(act)
	v.replyUD(p, wire.UD{Group: u.Group, Sub: u.Sub, Sequence: job}, wire.NewDataItem(wire.SizeOctets, payload))
	ctx, cancel := context.WithCancel(v.ctx)
	v.jobs[job] = cancel
	v.wg.Go(v.s.Guarded(func() { v.report(ctx, job, max(cycle, leastCycle), q.Items) }))
}

// report sends the values of a subscription until it ends.
func (v *conn) report(ctx context.Context, job uint8, cycle time.Duration, items []wire.Item) {
	tick := time.NewTicker(cycle)
	defer tick.Stop()
	for range maxReports {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		act := event.Act{Op: "cyclic_data", Class: event.Report, Detail: fields{num("job", job)}}
		values := v.values(items, &act)
		u := wire.UD{Method: wire.MethodResponse, Kind: wire.KindPush, Group: wire.GroupCyclic, Sub: wire.CyclicMemory, Sequence: job}
		p := wire.PDU{
			ROSCTR: wire.Userdata, Param: u.Append(nil),
			Data: wire.NewDataItem(wire.SizeOctets, wire.AppendCounted(nil, values)).Append(nil),
		}
		if v.s.Send(act, v.frame(p.Append(nil))) != nil {
			return
		}
	}
}
