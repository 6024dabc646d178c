package kamstrup

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// keyRegisters is what visitors put into registers, in State.
const keyRegisters = "kamstrup.registers"

// meterSettings is the meter's file, as README.md describes it.
type meterSettings struct {
	Type      int              `toml:"type"`      // of function 01
	Revision  int              `toml:"revision"`  // of its software
	Serial    string           `toml:"serial"`    // decimal, of function 02
	Installed string           `toml:"installed"` // date from which the hours count: "2016-03-14"
	Offset    process.Duration `toml:"offset"`    // of the meter's clock from UTC; it knows no summer time
	Latency   latency          `toml:"latency"`
	Registers []registerSpec   `toml:"registers"`
	Zero      []zeroSpec       `toml:"zero"`
}

// latency is how long an answer takes.
type latency struct {
	Min process.Duration `toml:"min"`
	Max process.Duration `toml:"max"`
}

func (l latency) check() error {
	if l.Min < 0 || l.Max < l.Min || time.Duration(l.Max) > 10*time.Second {
		return errors.New("latency: write min and max, min not above max, at most 10s")
	}
	return nil
}

// draw returns a latency.
func (l latency) draw(r *rand.Rand) time.Duration {
	d := time.Duration(l.Min)
	if l.Max > l.Min {
		d += time.Duration(r.Int64N(int64(l.Max - l.Min)))
	}
	return d
}

// meter is one meter.
type meter struct {
	meterSettings
	device    *device.Device
	state     protocol.State
	away      *device.Outage
	serial    uint32
	installed time.Time
	registers map[uint16]*register

	mu  sync.Mutex
	put map[string][]byte // by number: values that visitors put
}

func newMeter(env protocol.Env) (*meter, error) {
	m := &meter{device: env.Device, state: env.State, registers: map[uint16]*register{}, put: map[string][]byte{}}
	if err := env.Decode(&m.meterSettings); err != nil {
		return nil, err
	}
	if err := m.identify(&env.Device.Identity); err != nil {
		return nil, err
	}
	if err := m.Latency.check(); err != nil {
		return nil, err
	}
	for i, s := range m.Registers {
		if err := m.add(s); err != nil {
			return nil, fmt.Errorf("registers: row %d: %w", i+1, err)
		}
	}
	for i, z := range m.Zero {
		for _, id := range z.IDs {
			if err := m.add(registerSpec{ID: id, Unit: z.Unit, Size: z.Size, Exponent: z.Exponent}); err != nil {
				return nil, fmt.Errorf("zero: row %d: %w", i+1, err)
			}
		}
	}
	var err error
	if m.away, err = sharedAway(env.Device); err != nil {
		return nil, err
	}
	return m, m.state.Load(keyRegisters, &m.put)
}

// identify reads what the identity fills in.
func (m *meter) identify(id *device.Identity) error {
	serial, err := id.Expand(m.Serial)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(serial, 10, 32)
	if err != nil {
		return fmt.Errorf("serial = %q: write up to ten digits", serial)
	}
	m.serial = uint32(n)
	installed, err := id.Expand(m.Installed)
	if err != nil {
		return err
	}
	if m.installed, err = time.Parse(time.DateOnly, installed); err != nil {
		return fmt.Errorf("installed = %q: write a date, as in \"2016-03-14\"", installed)
	}
	if m.Type < 0 || m.Type > 0xffff || m.Revision < 0 || m.Revision > 0xffff {
		return errors.New("type, revision: two octets each: use 0 to 65535")
	}
	return nil
}

// local returns the meter's own time: without summer time.
func (m *meter) local() time.Time {
	return m.device.Clock.Now().Add(time.Duration(m.Offset))
}

// Serve answers one visitor until he leaves or the module restarts.
func (m *meter) Serve(_ context.Context, s *session.Session) error {
	v := &reader{meter: m, s: s}
	for {
		if err := v.next(); err != nil {
			return err
		}
	}
}

// reader is one session with the meter.
type reader struct {
	*meter
	s *session.Session
}

// answer carries out a frame. On any error a meter is silent.
func (v *reader) answer(f wire.Frame) {
	a := describe(f)
	out := []byte(nil)
	if f.Start == wire.Request && f.Address == wire.Meter {
		out = v.carryOut(f, &a)
	}
	if out == nil {
		a.Outcome = event.Ignored
		v.s.Record(a)
		return
	}
	v.s.Record(a)
	v.s.Delay(v.Latency.draw(v.s.Rand()))
	v.s.Write(out)
}

// carryOut returns the octets of the answer, nil for none.
func (v *reader) carryOut(f wire.Frame, a *event.Act) []byte {
	reply := wire.Frame{Start: wire.Reply, Address: wire.Meter, Command: f.Command}
	switch f.Command {
	case wire.GetType:
		if len(f.Body) != 0 {
			return nil
		}
		reply.Body = binary.BigEndian.AppendUint16(reply.Body, uint16(v.Type))
		reply.Body = binary.BigEndian.AppendUint16(reply.Body, uint16(v.Revision))
	case wire.GetSerial:
		if len(f.Body) != 0 {
			return nil
		}
		reply.Body = binary.BigEndian.AppendUint32(reply.Body, v.meter.serial)
	case wire.GetRegister:
		numbers, err := wire.Numbers(f.Body)
		if err != nil {
			return nil
		}
		reply.Body = v.read(numbers, a)
	case wire.SetClock:
		if !v.setClock(f.Body, a) {
			return nil
		}
		return []byte{wire.Ack}
	case wire.PutRegister:
		if !v.putRegister(f.Body, a) {
			return nil
		}
		return []byte{wire.Ack}
	default:
		return nil
	}
	return reply.Append(nil)
}

// read returns the records of those registers that the meter has; the others
// are left out. One view of the process fills them all.
func (v *reader) read(numbers []uint16, a *event.Act) (body []byte) {
	view, now := v.device.Process.View(), v.local()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, n := range numbers {
		r, ok := v.registers[n]
		if !ok {
			continue
		}
		if r.tag != process.None && !slices.Contains(a.Tags, r.tagName) {
			a.Tags = append(a.Tags, r.tagName)
		}
		rec := v.record(r, view, now)
		if p, ok := v.put[strconv.Itoa(int(n))]; ok && len(p) == r.size {
			rec.Value = p
		}
		body = rec.Append(body)
	}
	return body
}

// setClock takes a date (yymmdd) and a time (hhmmss), four octets each.
func (v *reader) setClock(body []byte, a *event.Act) bool {
	if len(body) != 8 {
		return false
	}
	return v.setTime(int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:])), a)
}

// setTime sets the meter's clock to a date and a time in decimal digits.
func (v *reader) setTime(date, clock int, a *event.Act) bool {
	if date > 991231 || clock > 235959 {
		return false
	}
	text := fmt.Sprintf("%06d%06d", date, clock)
	t, err := time.Parse("060102150405", text)
	if err != nil {
		return false
	}
	a.Values, a.Previous = []string{text}, []string{v.local().Format("060102150405")}
	if err := v.device.Clock.Set(t.Add(-time.Duration(v.Offset))); err != nil {
		v.s.Log.Warn("the meter's clock is not kept over a restart", "err", err)
	}
	return true
}

// putRegister takes one record for a register that can be written. Clock and
// date set the clock; any other keeps the value.
func (v *reader) putRegister(body []byte, a *event.Act) bool {
	rec, rest, err := wire.ParseRecord(body)
	if err != nil || len(rest) > 0 {
		return false
	}
	r, ok := v.registers[rec.Number]
	if !ok || !r.writable || rec.Unit != r.unit || len(rec.Value) != r.size {
		a.Values = []string{fmt.Sprintf("%x", rec.Value)}
		return false
	}
	now := v.local()
	date, _ := strconv.Atoi(now.Format("060102"))
	clock, _ := strconv.Atoi(now.Format("150405"))
	switch r.from {
	case "clock":
		return v.setTime(date, int(rec.Decode()), a)
	case "date":
		return v.setTime(int(rec.Decode()), clock, a)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	key := strconv.Itoa(int(rec.Number))
	old, was := v.put[key]
	if !was {
		old = v.record(r, v.device.Process.View(), now).Value
	}
	a.Values, a.Previous = []string{fmt.Sprintf("%x", rec.Value)}, []string{fmt.Sprintf("%x", old)}
	v.put[key] = rec.Value
	if err := v.state.Save(keyRegisters, v.put); err != nil {
		v.s.Log.Warn("what visitors put into registers is not kept over a restart", "err", err)
	}
	return true
}
