package wire

// A Command is a DeviceCommunicationControl or ReinitializeDevice request, 16.1, 16.4.
type Command struct {
	State    uint32 // enable, disable … or coldstart, warmstart …
	Minutes  uint32 // of a DeviceCommunicationControl
	Timed    bool
	Password string
	Secret   bool // a password is given
}

// ParseCommunicationControl reads a DeviceCommunicationControl.
func ParseCommunicationControl(p []byte) (Command, error) {
	r := NewReader(p)
	var c Command
	c.Minutes, c.Timed = r.Optional(0)
	c.State = r.Unsigned(1)
	c.password(r, 2)
	return c, r.Done()
}

// ParseReinitialize reads a ReinitializeDevice.
func ParseReinitialize(p []byte) (Command, error) {
	r := NewReader(p)
	c := Command{State: r.Unsigned(0)}
	c.password(r, 1)
	return c, r.Done()
}

func (c *Command) password(r *Reader, n uint8) {
	if c.Secret = r.Is(n); c.Secret {
		c.Password, _ = r.Context(n, CharacterString).Chars()
	}
}

// ParseTime reads the date and time of a TimeSynchronization, 16.7.
func ParseTime(p []byte) (date, time Value, err error) {
	r := NewReader(p)
	date, time = r.Typed(Date), r.Typed(Time)
	return date, time, r.Done()
}

// An IAmRequest is what a device says of itself, 16.10.
type IAmRequest struct {
	Device       ObjectID
	MaxAPDU      uint32
	Segmentation uint32
	Vendor       uint32
}

// ParseIAm reads an I-Am.
func ParseIAm(p []byte) (IAmRequest, error) {
	r := NewReader(p)
	q := IAmRequest{
		Device: ObjectID(r.Typed(ObjectIdentifier).Num), MaxAPDU: uint32(r.Typed(Unsigned).Num),
		Segmentation: uint32(r.Typed(Enumerated).Num), Vendor: uint32(r.Typed(Unsigned).Num),
	}
	return q, r.Done()
}

// Append appends the parameters of an I-Am.
func (q IAmRequest) Append(b []byte) []byte {
	b = ObjectValue(q.Device).Append(b)
	b = UnsignedValue(uint64(q.MaxAPDU)).Append(b)
	b = EnumValue(q.Segmentation).Append(b)
	return UnsignedValue(uint64(q.Vendor)).Append(b)
}

// SecondsOf returns a time of day in hundredths of a second; false where a field
// is unspecified.
func SecondsOf(t Value) (hundredths int64, ok bool) {
	h, m, s, c := t.Num>>24, t.Num>>16&255, t.Num>>8&255, t.Num&255
	return int64(((h*60+m)*60+s)*100 + c), h < 24 && m < 60 && s < 60 && c < 100
}
