package s7comm

import (
	"encoding/hex"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// read answers a read of variables, all from one view of the plant.
func (v *conn) read(p wire.PDU, act event.Act) {
	q, err := wire.ParseVars(p.Param)
	if err != nil || len(q.Items) == 0 {
		v.bad(p, act, orLayout(err))
		return
	}
	view := v.cpu.device.Process.View()
	var values wire.Values
	failed := 0
	for _, i := range q.Items {
		span, code := v.cpu.memory.find(i)
		if code != wire.RetOK {
			values = append(values, wire.DataItem{Return: code})
			failed++
			continue
		}
		data, touched := v.cpu.memory.read(span, view)
		values = append(values, wire.NewDataItem(answerSize(i.Type), data))
		for _, b := range touched {
			if !slices.Contains(act.Tags, b.name) {
				act.Tags = append(act.Tags, b.name)
			}
		}
	}
	act.Detail = v.itemDetail(p, q.Items, values)
	data := values.Append(nil)
	if 12+2+len(data) > v.pdu {
		act.Tags = nil
		v.refuse(p, act, errSize)
		return
	}
	if failed == len(q.Items) {
		act.Outcome = event.Refused
	}
	v.accept(p, act, []byte{wire.FnRead, uint8(len(values))}, data)
}

// orLayout returns err, or that the parts contradict each other.
func orLayout(err error) error {
	if err == nil {
		return wire.ErrLayout
	}
	return err
}

// answerSize returns the transport size in which a CPU answers a type: words
// counted in bits, reals and times in octets (capture wincc300).
func answerSize(typ uint8) uint8 {
	switch typ {
	case wire.TypeBit:
		return wire.SizeBit
	case wire.TypeByte, wire.TypeWord, wire.TypeDWord:
		return wire.SizeByte
	case wire.TypeInt:
		return wire.SizeInt
	case wire.TypeDInt:
		return wire.SizeDInt
	case wire.TypeReal:
		return wire.SizeReal
	}
	return wire.SizeOctets
}

// target names what the first item aims at.
func target(items []wire.Item) event.Target {
	i := items[0]
	switch {
	case i.Syntax == wire.SyntaxSym1200:
		if s, err := wire.ParseSymbol(i.Raw); err == nil {
			return event.Target{Kind: event.TargetOther, Ref: s.String()}
		}
	case i.Syntax == wire.SyntaxAny && (i.Area == wire.AreaDB || i.Area == wire.AreaDI):
		return event.Target{Kind: event.TargetDB, Ref: i.String()}
	case i.Syntax == wire.SyntaxAny:
		return event.Target{Kind: event.TargetArea, Ref: i.String()}
	}
	ref := wire.SyntaxName(i.Syntax)
	if ref == "" {
		ref = i.String()
	}
	return event.Target{Kind: event.TargetOther, Ref: ref}
}

// itemDetail says of each item what became of it.
func (v *conn) itemDetail(p wire.PDU, items []wire.Item, values wire.Values) fields {
	var names, codes []string
	for k, i := range items {
		names = append(names, i.String())
		if k < len(values) && values[k].Return != wire.RetOK {
			codes = append(codes, i.String()+": "+values[k].Return.String())
		}
	}
	d := fields{num("pdu_ref", p.Ref), texts("items", names)}
	if codes != nil {
		d = append(d, texts("errors", codes))
	}
	return d
}

// write stores variables, item by item: one that fails does not stop the rest.
func (v *conn) write(p wire.PDU, act event.Act) {
	q, err := wire.ParseVars(p.Param)
	if err != nil || len(q.Items) == 0 {
		v.bad(p, act, orLayout(err))
		return
	}
	values, err := wire.ParseValues(p.Data, len(q.Items))
	if err != nil {
		v.bad(p, act, err)
		return
	}
	var codes wire.WriteAnswer
	var raw, old []string
	var changes []change
	results := make(wire.Values, len(q.Items))
	failed := 0
	for k, i := range q.Items {
		code, ch, previous := v.store(i, values[k].Data)
		results[k].Return = code
		codes = append(codes, code)
		changes = append(changes, ch...)
		raw = append(raw, hex.EncodeToString(values[k].Data))
		old = append(old, hex.EncodeToString(previous))
		if code != wire.RetOK {
			failed++
		}
	}
	act.Detail = append(v.itemDetail(p, q.Items, results), texts("data", raw))
	tell(&act, changes, raw, old)
	if failed == len(q.Items) {
		act.Outcome = event.Refused
	}
	v.accept(p, act, []byte{wire.FnWrite, uint8(len(codes))}, codes.Append(nil))
}

// tell gives an act what was written: the tags' values, or without tags the octets.
func tell(act *event.Act, changes []change, raw, old []string) {
	if changes == nil {
		act.Values, act.Previous = raw, old
		return
	}
	for _, c := range changes {
		act.Tags = append(act.Tags, c.tag)
		act.Values = append(act.Values, c.value)
		act.Previous = append(act.Previous, c.previous)
	}
}

// store writes one item.
func (v *conn) store(i wire.Item, data []byte) (wire.Return, []change, []byte) {
	if i.Area == wire.AreaPeripheral {
		i.Area = wire.AreaOutput // a write goes to the modules, whose image the outputs are
	}
	span, code := v.cpu.memory.find(i)
	switch {
	case code != wire.RetOK:
		return code, nil, nil
	case len(data) != span.n:
		return wire.RetInconsistent, nil, nil
	}
	changes, previous := v.cpu.memory.write(span, data, v.s.Source())
	return wire.RetOK, changes, previous
}
