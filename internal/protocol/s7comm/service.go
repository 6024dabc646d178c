package s7comm

import (
	"errors"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// service handles program invocation: start, insert, delete, compress, copy.
func (v *conn) service(p wire.PDU, act event.Act) {
	q, err := wire.ParseInvocation(p.Param)
	if err != nil {
		v.bad(p, act, err)
		return
	}
	act.Detail = fields{num("pdu_ref", p.Ref), text("service", q.Service), text("argument", string(q.Block))}
	switch q.Service {
	case wire.PIProgram:
		v.start(p, q, act)
	case wire.PIInsert:
		act.Op, act.Class = "insert_block", event.ProgramDownload
		v.eachBlock(p, q, act, v.insert)
	case wire.PIDelete:
		act.Op, act.Class = "delete_block", event.ProgramDownload
		v.eachBlock(p, q, act, v.remove)
	case wire.PIGarbage:
		act.Op, act.Class = "compress_memory", event.Config
		v.work(p, act, 7*time.Millisecond)
	case wire.PIModule:
		act.Op, act.Class = "copy_ram_to_rom", event.Config
		v.work(p, act, 100*time.Millisecond)
	case wire.PIMemReset:
		act.Op, act.Class = "memory_reset", event.Restart
		v.refuse(p, act, errCoordinate) // a CPU 315 resets at its switch only
	default:
		v.refuse(p, act, errFunction)
	}
}

// done acknowledges a service.
func (v *conn) done(p wire.PDU, act event.Act) { v.accept(p, act, []byte{wire.FnService}, nil) }

// work acknowledges a service that takes its time (personas.md §1.11).
func (v *conn) work(p wire.PDU, act event.Act, d time.Duration) {
	if v.protected(2) {
		v.refuse(p, act, errProtected)
		return
	}
	if v.cpu.set.Latency.Max > 0 {
		v.s.Delay(d)
	}
	v.done(p, act)
}

// eachBlock applies a service to every block of its argument.
func (v *conn) eachBlock(p wire.PDU, q wire.Invocation, act event.Act, apply func(wire.BlockRef) uint16) {
	refs, err := q.Blocks()
	if err != nil || len(refs) == 0 {
		v.refuse(p, act, errName)
		return
	}
	var names []string
	for _, ref := range refs {
		names = append(names, ref.String())
	}
	act.Target = event.Target{Kind: event.TargetBlock, Ref: strings.Join(names, " ")}
	if v.protected(2) {
		v.refuse(p, act, errProtected)
		return
	}
	for _, ref := range refs {
		if code := apply(ref); code != 0 {
			v.refuse(p, act, code)
			return
		}
	}
	v.done(p, act)
}

// insert links a loaded block in. A data block takes its new values.
func (v *conn) insert(ref wire.BlockRef) uint16 {
	b, err := v.cpu.program.insert(blockKey{ref.Type, ref.Number})
	switch {
	case errors.Is(err, errNotLoaded):
		return errNoBlock
	case err != nil:
		v.s.Log.Warn("block not linked in", "block", ref.String(), "err", err)
		return errMemory
	}
	if k, err := wire.ParseBlock(b); err == nil && ref.Type == wire.DB {
		v.cpu.memory.load(ref.Number, k.Code)
	}
	return 0
}

// remove deletes a block.
func (v *conn) remove(ref wire.BlockRef) uint16 {
	key := blockKey{ref.Type, ref.Number}
	if v.cpu.program.isSystem(key) || !v.cpu.program.remove(key) {
		return errNoBlock
	}
	if ref.Type == wire.DB {
		v.cpu.memory.remove(ref.Number)
	}
	return 0
}

// start puts the CPU into run: warm, or cold with the first values.
func (v *conn) start(p wire.PDU, q wire.Invocation, act event.Act) {
	act.Op, act.Class = "plc_start", event.Mode
	kind, request := "warm", uint16(eventManualWarm)
	switch arg := strings.TrimSpace(string(q.Block)); arg {
	case "":
	case "C":
		kind, request = "cold", eventManualCold
	default:
		v.refuse(p, act, errCoordinate)
		return
	}
	act.Detail = append(act.Detail.(fields), text("start", kind))
	act.Previous = []string{v.cpu.mode()}
	act.Values = []string{process.ModeRun}
	switch {
	case v.protected(2):
		v.refuse(p, act, errProtected)
		return
	case v.cpu.mode() != process.ModeStop:
		v.already(p, act, wire.FnService, alreadyStarted)
		return
	}
	if err := v.cpu.setMode(process.ModeRun, request, v.s.Source()); err != nil {
		v.modeFailed(p, act, err)
		return
	}
	if kind == "cold" {
		for db, values := range v.cpu.program.dataBlocks() {
			v.cpu.memory.load(db, values)
		}
	}
	if v.cpu.set.Latency.Max > 0 {
		v.s.Delay(8 * time.Millisecond)
	}
	v.done(p, act)
}

// stop puts the CPU into stop: the plant's program stands.
func (v *conn) stop(p wire.PDU, act event.Act) {
	q, err := wire.ParseStop(p.Param)
	if err != nil {
		v.bad(p, act, err)
		return
	}
	act.Detail = fields{num("pdu_ref", p.Ref), text("service", q.Service)}
	act.Previous = []string{v.cpu.mode()}
	act.Values = []string{process.ModeStop}
	switch {
	case v.protected(2):
		v.refuse(p, act, errProtected)
		return
	case v.cpu.mode() == process.ModeStop:
		v.already(p, act, wire.FnStop, alreadyStopped)
		return
	}
	if err := v.cpu.setMode(process.ModeStop, 0, v.s.Source()); err != nil {
		v.modeFailed(p, act, err)
		return
	}
	v.accept(p, act, []byte{wire.FnStop}, nil)
}

// What a CPU puts behind the function when it is already in the mode asked
// for, by which snap7 knows it.
const (
	alreadyStarted = 0x02
	alreadyStopped = 0x07
)

// already refuses a change into the mode that the CPU is in.
func (v *conn) already(p wire.PDU, act event.Act, fn, why uint8) {
	act.Outcome = event.Refused
	act.Detail = append(act.Detail.(fields), num("result", why))
	v.accept(p, act, []byte{fn, why}, nil)
}

// modeFailed refuses a change of mode that the plant does not take.
func (v *conn) modeFailed(p wire.PDU, act event.Act, err error) {
	if !errors.Is(err, process.ErrRate) {
		v.s.Log.Warn("mode not changed", "err", err)
	}
	v.refuse(p, act, errCoordinate)
}
