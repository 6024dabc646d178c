package modbus

import (
	"errors"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// A call is one request on its way to its answer.
type call struct {
	*visitor
	frame  wire.Frame
	q      wire.Request
	view   process.View // one view answers one request
	act    event.Act
	detail *detail
	mute   bool // carried out, but not answered
}

// request answers one well-formed frame.
func (v *visitor) request(f wire.Frame) {
	v.messages.Add(1)
	c := call{visitor: v, frame: f, view: v.device.Process.View()}
	var malformed error
	c.q, malformed = wire.ParseRequest(f.PDU)
	c.detail = v.nextDetail()
	c.act = describe(f, &c.q, c.detail)
	broadcast := v.Broadcast && f.Unit == 0
	switch {
	case !broadcast && !v.units[f.Unit]:
		v.absent(&c)
	case v.listenOnly:
		v.listen(&c, malformed == nil)
	case broadcast:
		v.broadcast(&c, malformed)
	default:
		v.served.Add(1)
		v.log.add(eventReceived)
		v.out = f.Append(v.out[:0])[:wire.HeaderLen]
		v.finish(&c, v.answer(&c, malformed))
	}
}

// finish records the act and sends the answer that v.out holds or, where the
// request failed, its exception.
func (v *visitor) finish(c *call, err error) {
	var e wire.Exception
	switch {
	case err == nil:
		if f := c.q.Func; f != wire.GetCommEventCounter && f != wire.GetCommEventLog {
			v.events.Add(1)
		}
	case !errors.As(err, &e):
		e = wire.DeviceFailure
	}
	if e != 0 {
		v.exceptions.Add(1)
		if e == wire.DeviceBusy {
			v.busy.Add(1)
		}
		v.out = wire.AppendException(v.out[:wire.HeaderLen], c.q.Func, e)
		c.act.Outcome = event.Refused
		c.detail.exception = e
	}
	if c.mute {
		v.silence(c)
		return
	}
	v.log.add(sentEvent(e))
	v.seal()
	v.s.Record(c.act)
	v.respond()
}

// silence records what was carried out but is not answered.
func (v *visitor) silence(c *call) {
	v.unanswered.Add(1)
	c.act.Outcome = event.Ignored
	c.detail.done = true
	v.s.Record(c.act)
}

// seal puts the length of the answer into its header.
func (v *visitor) seal() {
	n := len(v.out) - wire.HeaderLen + 1
	v.out[4], v.out[5] = byte(n>>8), byte(n)
}

// absent treats a request for a unit that is not there as the device or the
// gateway does.
func (v *visitor) absent(c *call) {
	c.act.Outcome = event.Ignored
	v.unanswered.Add(1)
	if v.Absent == silent {
		v.s.Record(c.act)
		return
	}
	c.detail.exception = wire.PathUnavailable
	if v.Absent == "target" {
		c.detail.exception = wire.TargetUnreachable
	}
	c.act.Outcome = event.Refused
	v.out = c.frame.Append(v.out[:0])[:wire.HeaderLen]
	v.out = wire.AppendException(v.out, c.q.Func, c.detail.exception)
	v.seal()
	v.s.Record(c.act)
	if after := time.Duration(v.AbsentAfter); after > 0 {
		v.s.Delay(after + time.Duration(v.s.Rand().Int64N(int64(after)/8+1)))
	}
	v.respond()
}

// listen is listen only mode (§6.8.1): nothing is done nor answered until
// communications are restarted.
func (v *visitor) listen(c *call, sound bool) {
	v.log.add(eventReceived | eventListenOnly)
	v.unanswered.Add(1)
	if sound && c.q.Func == wire.Diagnostics && c.q.Sub == wire.RestartCommunications {
		v.listenOnly = false
		v.log.add(eventRestarted)
	}
	c.act.Outcome = event.Ignored
	v.s.Record(c.act)
}

// broadcast does what is written to unit 0, and answers nothing (Serial Line
// V1.02 §2.1).
func (v *visitor) broadcast(c *call, malformed error) {
	v.served.Add(1)
	v.log.add(eventReceived | eventBroadcast)
	switch c.q.Func {
	case wire.WriteSingleCoil, wire.WriteSingleRegister, wire.WriteMultipleCoils, wire.WriteMultipleRegisters,
		wire.WriteFileRecord, wire.MaskWriteRegister:
		v.out = c.frame.Append(v.out[:0])[:wire.HeaderLen]
		if err := v.answer(c, malformed); err == nil {
			v.silence(c)
			return
		}
	}
	v.unanswered.Add(1)
	c.act.Outcome = event.Ignored
	v.s.Record(c.act)
}

// answer appends the answer's PDU to v.out. The checks come in the order of the
// specification's figures: function, quantity, address, value. A failure is a
// wire.Exception.
func (v *visitor) answer(c *call, malformed error) error {
	if int(c.q.Func) >= len(v.functions) || !v.functions[c.q.Func] {
		return wire.IllegalFunction
	}
	if malformed != nil {
		return wire.IllegalValue
	}
	if err := c.q.Check(); err != nil {
		return err
	}
	switch c.q.Func {
	case wire.ReadCoils:
		return c.readBits(v.areas[coils])
	case wire.ReadDiscreteInputs:
		return c.readBits(v.areas[discrete])
	case wire.ReadHoldingRegisters:
		return c.readRegisters(v.areas[holding])
	case wire.ReadInputRegisters:
		return c.readRegisters(v.areas[input])
	case wire.WriteSingleCoil, wire.WriteSingleRegister:
		return c.writeSingle()
	case wire.WriteMultipleCoils, wire.WriteMultipleRegisters:
		return c.writeMultiple()
	case wire.MaskWriteRegister:
		return c.maskWrite()
	case wire.ReadWriteRegisters:
		return c.readWrite()
	case wire.ReadFIFOQueue:
		return c.readFIFO()
	case wire.ReadFileRecord:
		return c.readFile()
	case wire.WriteFileRecord:
		return c.writeFile()
	case wire.Diagnostics:
		return c.diagnose()
	case wire.Encapsulated:
		return c.identify()
	}
	c.report()
	return nil
}
