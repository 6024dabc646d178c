package snmp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// set answers Set (RFC 3416 §4.2.5): every varbind is checked, then all are
// written or none.
func (r *request) set() wire.PDU {
	objects := make([]*object, len(r.pdu.Varbinds))
	size := 0
	for i, vb := range r.pdu.Varbinds {
		size += sizeOf(vb)
		objects[i] = r.agent.mib.find(vb.Name)
		if status := r.check(objects[i], vb); status != wire.NoError {
			return r.fail(status, i+1)
		}
	}
	if size > r.room {
		return r.fail(wire.TooBig, 0)
	}
	r.listTags(objects)
	if status := r.commit(objects); status != wire.NoError {
		return r.fail(status, 1)
	}
	r.agent.counters.add("snmpInTotalSetVars", len(objects))
	return r.respond(r.pdu.Varbinds)
}

// check says why a varbind cannot be written, in the order of RFC 3416 §4.2.5.
func (r *request) check(o *object, vb wire.Varbind) int32 {
	switch {
	case !r.who.rw || !r.who.view.shows(vb.Name):
		return wire.NoAccess
	case o == nil && r.agent.mib.hasType(vb.Name):
		return wire.NoCreation
	case o == nil || !o.writable:
		return wire.NotWritable
	case vb.Value.Type != o.syntax.tag():
		return wire.WrongType
	}
	n := int64(len(vb.Value.Octets))
	switch o.syntax {
	case text, octets:
		if n < o.least || n > o.most {
			return wire.WrongLength
		}
	case truth:
		if vb.Value.Int != 1 && vb.Value.Int != 2 {
			return wire.WrongValue
		}
	case address, objectID:
	default:
		if !within(vb.Value.Int, o.least, o.most) {
			return wire.WrongValue
		}
	}
	return wire.NoError
}

// commit writes all values: first what is kept, which can be undone, then the
// tags, which the process takes as a whole or refuses.
func (r *request) commit(objects []*object) int32 {
	own := map[string]wire.Value{}
	shared := map[string]string{}
	var writes []process.Write
	for i, o := range objects {
		v := r.pdu.Varbinds[i].Value
		switch {
		case o.tag >= 0:
			writes = append(writes, process.Write{Tag: o.tag, Value: o.tagValue(v)})
		case o.keep != "":
			shared[o.keep] = string(v.Octets)
		default:
			own[o.oid.String()] = v
		}
	}
	undo, err := r.agent.keepAll(own, shared)
	if err == nil {
		err = r.agent.device.Process.Write(r.by, writes...)
	}
	if err == nil {
		return wire.NoError
	}
	if undo() != nil {
		return wire.UndoFailed
	}
	switch {
	case errors.Is(err, process.ErrReadOnly):
		return wire.NotWritable
	case errors.Is(err, process.ErrRate):
		return wire.ResourceUnavailable
	case errors.Is(err, process.ErrType):
		return wire.WrongValue
	}
	return wire.CommitFailed
}

// tagValue returns what the tag of o becomes for a value on the wire.
func (o *object) tagValue(v wire.Value) process.Value {
	switch {
	case v.Type == ber.OctetString:
		return process.TextValue(string(v.Octets))
	case o.syntax == truth:
		return process.BoolValue(v.Int == 1)
	}
	return process.FloatValue(float64(v.Int) / o.scale)
}

// keepAll keeps written values that belong to no tag. Undo puts back what was
// there before.
func (a *agent) keepAll(own map[string]wire.Value, shared map[string]string) (undo func() error, err error) {
	var undos []func() error
	undo = func() error {
		var errs []error
		for _, u := range undos {
			errs = append(errs, u())
		}
		return errors.Join(errs...)
	}
	if len(own) > 0 {
		before, err := a.kept.put(own)
		if err != nil {
			return undo, err
		}
		undos = append(undos, func() error { return a.kept.restore(before) })
	}
	for key, v := range shared {
		first, ok := a.device.Identity.Lookup(key[len("device."):])
		before := event.Escape(first)
		if err := a.state.Load(key, &before); err != nil || !ok {
			return undo, fmt.Errorf("%s cannot be kept: %w", key, err)
		}
		if err := a.state.Save(key, event.Escape(v)); err != nil { // JSON would lose octets that are no UTF-8
			return undo, err
		}
		undos = append(undos, func() error { return a.state.Save(key, before) })
	}
	return undo, nil
}

// A kept is what visitors wrote to objects that are neither tags nor shared.
type kept struct {
	mu     sync.RWMutex
	values map[string]wire.Value // by OID
	state  protocol.State
}

// keptKey is where State holds the values: OID to the value's octets in hexadecimal.
const keptKey = "snmp.values"

func newKept(state protocol.State) (*kept, error) {
	k := &kept{values: map[string]wire.Value{}, state: state}
	stored := map[string]string{}
	if err := state.Load(keptKey, &stored); err != nil {
		return nil, fmt.Errorf("kept values: %w", err)
	}
	for oid, s := range stored {
		b, err := hex.DecodeString(s)
		if err != nil {
			return nil, fmt.Errorf("kept value of %s: %w", oid, err)
		}
		if k.values[oid], err = wire.ParseValue(b); err != nil {
			return nil, fmt.Errorf("kept value of %s: %w", oid, err)
		}
	}
	return k, nil
}

func (k *kept) value(oid string, otherwise wire.Value) wire.Value {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if v, ok := k.values[oid]; ok {
		return v
	}
	return otherwise
}

// put keeps more values and returns all that were kept before.
func (k *kept) put(more map[string]wire.Value) (before map[string]wire.Value, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	after := maps.Clone(k.values)
	for oid, v := range more {
		v.Octets = append([]byte(nil), v.Octets...)
		after[oid] = v
	}
	before = k.values
	return before, k.save(after)
}

func (k *kept) restore(before map[string]wire.Value) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.save(before)
}

func (k *kept) save(values map[string]wire.Value) error {
	stored := make(map[string]string, len(values))
	for oid, v := range values {
		stored[oid] = hex.EncodeToString(v.Append(nil))
	}
	if err := k.state.Save(keptKey, stored); err != nil {
		return err
	}
	k.values = values
	return nil
}
