package kamstrup

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
)

// registerSpec is one register: a tag, a constant, or what the meter knows.
type registerSpec struct {
	ID       int     `toml:"id"`
	Unit     int     `toml:"unit"` // KMP's code: 2 kWh, 22 kW, 33 V …
	Size     int     `toml:"size"` // octets of the value
	Exponent int     `toml:"exponent"`
	Tag      string  `toml:"tag"`   // a number of the process
	Scale    float64 `toml:"scale"` // tag to unit; default 1
	From     string  `toml:"from"`  // "serial", "clock", "date", "hours", "rtc", "installed"
	Value    string  `toml:"value"` // constant, in the register's unit times its exponent; ${…} of the identity
	Text     string  `toml:"text"`  // ASCII
	Hex      string  `toml:"hex"`   // octets
	Writable bool    `toml:"writable"`
}

// zeroSpec is several registers that are 0.
type zeroSpec struct {
	Unit     int   `toml:"unit"`
	Size     int   `toml:"size"`
	Exponent int   `toml:"exponent"`
	IDs      []int `toml:"ids"`
}

// register is one register as it is answered.
type register struct {
	number   uint16
	unit     uint8
	size     int
	exponent int
	tag      process.Ref
	tagName  string
	scale    float64
	from     string
	fixed    []byte
	writable bool
}

// add makes a register of its settings.
func (m *meter) add(s registerSpec) error {
	if s.ID < 1 || s.ID > math.MaxUint16 || s.Unit < 0 || s.Unit > 255 || s.Exponent < -9 || s.Exponent > 9 {
		return fmt.Errorf("id %d: use 1 to 65535, a unit of one octet and an exponent from -9 to 9", s.ID)
	}
	if s.Size < 1 || s.Size > 16 {
		return fmt.Errorf("id %d: size = %d: use 1 to 16 octets", s.ID, s.Size)
	}
	if _, taken := m.registers[uint16(s.ID)]; taken {
		return fmt.Errorf("id %d is there twice", s.ID)
	}
	r := &register{
		number: uint16(s.ID), unit: uint8(s.Unit), size: s.Size, exponent: s.Exponent,
		tag: process.None, tagName: s.Tag, scale: s.Scale, from: s.From, writable: s.Writable,
	}
	if r.scale == 0 {
		r.scale = 1
	}
	if s.Tag != "" {
		ref, ok := m.device.Process.Ref(s.Tag)
		if t := m.device.Process.Tag(ref); !ok || t.Type == process.Text || t.Type == process.Bool {
			return fmt.Errorf("id %d: no number %q in the process", s.ID, s.Tag)
		}
		r.tag = ref
	}
	if !slices.Contains([]string{"", "serial", "clock", "date", "hours", "rtc", "installed"}, s.From) {
		return fmt.Errorf("id %d: from = %q: use serial, clock, date, hours, rtc or installed", s.ID, s.From)
	}
	if (s.From == "rtc" || s.From == "installed") && s.Size != 8 {
		return fmt.Errorf("id %d: date and time have 8 octets", s.ID)
	}
	var err error
	if r.fixed, err = m.constant(s); err != nil {
		return fmt.Errorf("id %d: %w", s.ID, err)
	}
	m.registers[r.number] = r
	return nil
}

// constant returns the octets of a register that does not move; zeros where the
// settings give nothing.
func (m *meter) constant(s registerSpec) ([]byte, error) {
	id := &m.device.Identity
	out := make([]byte, s.Size)
	switch {
	case s.Value != "":
		text, err := id.Expand(s.Value)
		if err != nil {
			return nil, err
		}
		x, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("value = %q: write a whole number", text)
		}
		n := binary.BigEndian.AppendUint64(nil, x)
		copy(out[max(0, s.Size-8):], n[max(0, 8-s.Size):])
	case s.Text != "":
		text, err := id.Expand(s.Text)
		if err != nil {
			return nil, err
		}
		if len(text) > s.Size {
			return nil, fmt.Errorf("text = %q is longer than %d octets", text, s.Size)
		}
		copy(out[s.Size-len(text):], text)
	case s.Hex != "":
		p, err := hex.DecodeString(s.Hex)
		if err != nil || len(p) != s.Size {
			return nil, fmt.Errorf("hex = %q: write %d octets", s.Hex, s.Size)
		}
		copy(out, p)
	}
	return out, nil
}

// record returns a register's present value.
func (m *meter) record(r *register, v process.View, now time.Time) wire.Record {
	rec := wire.Record{Number: r.number, Unit: r.unit, Scale: wire.Scale(r.exponent), Value: r.fixed}
	whole := func(x float64) { rec.Value, rec.Scale = wire.Encode(x, r.exponent, r.size) }
	switch {
	case r.tag != process.None:
		// A hair above keeps what is whole in decimal whole in binary.
		whole(math.Floor(v.Float(r.tag)*r.scale*math.Pow10(-r.exponent) + 1e-6))
	case r.from == "serial":
		whole(float64(m.serial))
	case r.from == "clock":
		whole(float64(now.Hour()*10000 + now.Minute()*100 + now.Second()))
	case r.from == "date":
		whole(float64(now.Year()%100*10000 + int(now.Month())*100 + now.Day()))
	case r.from == "hours":
		whole(math.Floor(max(0, m.device.Clock.Now().Sub(m.installed).Hours())))
	case r.from == "rtc":
		rec.Value = rtc(now)
	case r.from == "installed":
		rec.Value = rtc(m.installed.Add(workday))
	}
	return rec
}

// workday is the hour at which a fitter starts a meter.
const workday = 9*time.Hour + 40*time.Minute

// rtc is the meter's date and time in eight octets: flags, weekday (Monday is
// 1), second, minute, hour, day, month, year of the century.
func rtc(t time.Time) []byte {
	weekday := (int(t.Weekday())+6)%7 + 1
	return []byte{0x83, byte(weekday), byte(t.Second()), byte(t.Minute()), byte(t.Hour()), byte(t.Day()), byte(t.Month()), byte(t.Year() % 100)}
}
