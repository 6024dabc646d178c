package modbus

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// report answers the functions that ask for nothing in particular: 7, 11, 12, 17.
func (c *call) report() {
	out := append(c.out, byte(c.q.Func))
	switch c.q.Func {
	case wire.ReadExceptionStatus: // §6.7
		var status byte
		for i, ref := range c.status {
			if c.view.Bool(ref) {
				status |= 1 << i
			}
		}
		c.act.Tags = c.Status
		out = append(out, status)
	case wire.GetCommEventCounter: // §6.9: status 0, no command is in progress
		out = append(out, 0, 0)
		out = binary.BigEndian.AppendUint16(out, uint16(c.events.Load()))
	case wire.GetCommEventLog: // §6.10
		size := len(out)
		out = append(out, 0, 0, 0)
		out = binary.BigEndian.AppendUint16(out, uint16(c.events.Load()))
		out = binary.BigEndian.AppendUint16(out, uint16(c.messages.Load()))
		out = c.log.append(out)
		out[size] = byte(len(out) - size - 1)
	case wire.ReportServerID: // §6.13
		run := byte(0)
		if c.device.Running(c.view) {
			run = 0xff
		}
		out = append(out, byte(2+len(c.about)), byte(c.Server.ID), run)
		out = append(out, c.about...)
	}
	c.out = out
}

// diagnose answers function 8 (§6.8).
func (c *call) diagnose() error {
	sub := c.q.Sub
	if sub.Name() == "" || c.Diagnostics != nil && !slices.Contains(c.Diagnostics, int(sub)) {
		return wire.IllegalFunction
	}
	value := binary.BigEndian.Uint16(c.q.Data)
	if sub != wire.ReturnQueryData && len(c.q.Data) != 2 {
		return wire.IllegalValue
	}
	switch sub {
	case wire.ReturnQueryData:
	case wire.ChangeASCIIDelimiter: // the character, then 0; there is no ASCII line here
		if value&0xff != 0 {
			return wire.IllegalValue
		}
	case wire.RestartCommunications: // FF00h clears the event log too
		if value != 0 && value != 0xff00 {
			return wire.IllegalValue
		}
		c.clearCounters()
		if value != 0 {
			c.log.clear()
		}
		c.log.add(eventRestarted)
	default:
		if value != 0 {
			return wire.IllegalValue
		}
		return c.diagnoseCounters(sub)
	}
	c.out = append(c.out, c.frame.PDU...)
	return nil
}

// diagnoseCounters answers the sub-functions whose data field is 0.
func (c *call) diagnoseCounters(sub wire.Diagnostic) error {
	c.out = append(c.out, c.frame.PDU[:3]...)
	if n, ok := c.counter(sub); ok {
		c.out = binary.BigEndian.AppendUint16(c.out, n)
		return nil
	}
	switch sub {
	case wire.ClearCounters:
		c.clearCounters()
	case wire.ForceListenOnly: // takes effect at once: there is no answer
		c.listenOnly, c.mute = true, true
		c.log.add(eventEntered)
	}
	c.out = append(c.out, 0, 0)
	return nil
}

func (c *call) clearCounters() {
	c.counters.set(keptCounters{})
	c.tally.Store(0) // kept at the end of this session
}

// identify answers function 43 (§6.19, §6.21). CANopen and all other MEI types
// are not there.
func (c *call) identify() error {
	if c.q.MEI != wire.MEIIdentification {
		return wire.IllegalFunction
	}
	id, err := wire.Identify(c.objects, uint8(c.Conformity), c.q.Code, c.q.Object)
	if err != nil {
		return err
	}
	c.out = id.Append(c.out)
	return nil
}

// objectID returns the object that a key of [identification] names.
func objectID(key string) (uint8, error) {
	switch key {
	case "vendor":
		return 0x00, nil
	case "product":
		return 0x01, nil
	case "revision":
		return 0x02, nil
	case "url":
		return 0x03, nil
	case "name":
		return 0x04, nil
	case "model":
		return 0x05, nil
	case "application":
		return 0x06, nil
	}
	n, err := strconv.ParseUint(key, 0, 8)
	if err != nil || n > 0x06 && n < 0x80 {
		return 0, fmt.Errorf("identification: %q is none of vendor, product, revision, url, name, model, application, 0x80 to 0xff", key)
	}
	return uint8(n), nil
}
