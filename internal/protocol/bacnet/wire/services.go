package wire

// Confirmed services, 21 BACnetConfirmedServiceChoice.
const (
	AcknowledgeAlarm           = 0
	ConfirmedCOV               = 1
	ConfirmedEvent             = 2
	GetAlarmSummary            = 3
	GetEnrollmentSummary       = 4
	SubscribeCOV               = 5
	AtomicReadFile             = 6
	AtomicWriteFile            = 7
	AddListElement             = 8
	RemoveListElement          = 9
	CreateObject               = 10
	DeleteObject               = 11
	ReadProperty               = 12
	ReadPropertyConditional    = 13
	ReadPropertyMultiple       = 14
	WriteProperty              = 15
	WritePropertyMultiple      = 16
	DeviceCommunicationControl = 17
	ConfirmedPrivateTransfer   = 18
	ConfirmedTextMessage       = 19
	ReinitializeDevice         = 20
	VTOpen                     = 21
	VTClose                    = 22
	VTData                     = 23
	Authenticate               = 24
	RequestKey                 = 25
	ReadRange                  = 26
	LifeSafetyOperation        = 27
	SubscribeCOVProperty       = 28
	GetEventInformation        = 29
)

// Unconfirmed services, 21 BACnetUnconfirmedServiceChoice.
const (
	IAm                        = 0
	IHave                      = 1
	UnconfirmedCOV             = 2
	UnconfirmedEvent           = 3
	UnconfirmedPrivateTransfer = 4
	UnconfirmedTextMessage     = 5
	TimeSynchronization        = 6
	WhoHas                     = 7
	WhoIs                      = 8
	UTCTimeSynchronization     = 9
	WriteGroup                 = 10
)

// A Range is the limits of a Who-Is or Who-Has, 16.10.
type Range struct {
	Low, High uint32
	Given     bool
}

// Holds says whether the limits take in a device's instance.
func (g Range) Holds(instance uint32) bool {
	return !g.Given || g.Low <= instance && instance <= g.High
}

func (r *Reader) limits() Range {
	if !r.Is(0) {
		return Range{}
	}
	g := Range{Low: r.Unsigned(0), High: r.Unsigned(1), Given: true}
	if g.Low > MaxInstance || g.High > MaxInstance {
		r.Fail(ErrValue)
	}
	return g
}

// ParseWhoIs reads a Who-Is.
func ParseWhoIs(p []byte) (Range, error) {
	r := NewReader(p)
	g := r.limits()
	return g, r.Done()
}

// A WhoHasRequest asks who has an object, by identifier or by name, 16.9.
type WhoHasRequest struct {
	Range  Range
	Object ObjectID
	Name   string
	ByName bool
}

// ParseWhoHas reads a Who-Has.
func ParseWhoHas(p []byte) (WhoHasRequest, error) {
	r := NewReader(p)
	q := WhoHasRequest{Range: r.limits()}
	if q.ByName = r.Is(3); q.ByName {
		q.Name, _ = r.Context(3, CharacterString).Chars()
	} else {
		q.Object = r.ObjectID(2)
	}
	return q, r.Done()
}

// A PropertyRef names a property of an object, or one element of it.
type PropertyRef struct {
	Object   ObjectID
	Property uint32
	Index    uint32
	Indexed  bool
}

// ParseReadProperty reads a ReadProperty request, 15.5.
func ParseReadProperty(p []byte) (PropertyRef, error) {
	r := NewReader(p)
	q := r.propertyRef(0, 1, 2)
	return q, r.Done()
}

func (r *Reader) propertyRef(object, property, index uint8) PropertyRef {
	q := PropertyRef{Object: r.ObjectID(object), Property: r.Unsigned(property)}
	q.Index, q.Indexed = r.Optional(index)
	return q
}

// ParseReadPropertyMultiple reads the list of a ReadPropertyMultiple, 15.7.
func ParseReadPropertyMultiple(p []byte) ([]PropertyRef, error) {
	r := NewReader(p)
	var list []PropertyRef
	for first := true; first || r.Len() > 0; first = false {
		id := r.ObjectID(0)
		r.Open(1)
		for r.Err() == nil && !r.IsClose(1) {
			q := PropertyRef{Object: id, Property: r.Unsigned(0)}
			q.Index, q.Indexed = r.Optional(1)
			list = append(list, q)
		}
		r.Close(1)
		if r.Err() != nil {
			return nil, r.Err()
		}
	}
	return list, r.Done()
}

// A PropertyWrite is a value for a property, 15.9.
type PropertyWrite struct {
	PropertyRef
	Value    []byte // tagged values
	Priority uint8  // 0: not given
}

// ParseWriteProperty reads a WriteProperty request.
func ParseWriteProperty(p []byte) (PropertyWrite, error) {
	r := NewReader(p)
	w := PropertyWrite{PropertyRef: r.propertyRef(0, 1, 2)}
	w.Value = r.Enclosed(3)
	w.Priority = r.priority(4)
	return w, r.Done()
}

func (r *Reader) priority(n uint8) uint8 {
	v, given := r.Optional(n)
	if given && (v < 1 || v > 16) {
		r.Fail(ErrValue)
		return 0
	}
	return uint8(v)
}

// ParseWritePropertyMultiple reads a WritePropertyMultiple request, 15.10.
func ParseWritePropertyMultiple(p []byte) ([]PropertyWrite, error) {
	r := NewReader(p)
	var list []PropertyWrite
	for first := true; first || r.Len() > 0; first = false {
		id := r.ObjectID(0)
		r.Open(1)
		for r.Err() == nil && !r.IsClose(1) {
			w := PropertyWrite{PropertyRef: PropertyRef{Object: id, Property: r.Unsigned(0)}}
			w.Index, w.Indexed = r.Optional(1)
			w.Value = r.Enclosed(2)
			w.Priority = r.priority(3)
			list = append(list, w)
		}
		r.Close(1)
		if r.Err() != nil {
			return nil, r.Err()
		}
	}
	return list, r.Done()
}

// A Subscription is a SubscribeCOV or SubscribeCOVProperty request, 13.14, 13.15.
type Subscription struct {
	Process   uint32
	Object    ObjectID
	Cancel    bool // neither confirmed nor lifetime is given
	Confirmed bool
	Lifetime  uint32 // seconds; 0: for ever
	Property  *PropertyRef
	Increment Value // Null: the object's own
}

// ParseSubscription reads a SubscribeCOV, or with property a SubscribeCOVProperty.
func ParseSubscription(p []byte, property bool) (Subscription, error) {
	r := NewReader(p)
	s := Subscription{Process: r.Unsigned(0), Object: r.ObjectID(1), Cancel: true}
	if r.Is(2) {
		s.Cancel, s.Confirmed = false, r.Context(2, Boolean).Num != 0
	}
	if v, given := r.Optional(3); given {
		s.Cancel, s.Lifetime = false, v
	}
	if property {
		r.Open(4)
		s.Property = &PropertyRef{Object: s.Object, Property: r.Unsigned(0)}
		s.Property.Index, s.Property.Indexed = r.Optional(1)
		r.Close(4)
		if r.Is(5) {
			s.Increment = r.Context(5, Real)
		}
	}
	return s, r.Done()
}

// How a ReadRange names its items, 15.8.
const (
	RangeAll        = 0
	RangeByPosition = 3
	RangeBySequence = 6
	RangeByTime     = 7
)

// A RangeRequest is a ReadRange request.
type RangeRequest struct {
	PropertyRef
	By         uint8
	Start      uint32 // position or sequence number
	Date, Time Value
	Count      int32
}

// ParseReadRange reads a ReadRange request.
func ParseReadRange(p []byte) (RangeRequest, error) {
	r := NewReader(p)
	q := RangeRequest{PropertyRef: r.propertyRef(0, 1, 2)}
	if t, more := r.Peek(); more {
		q.By = t.Number
		r.Open(q.By)
		switch q.By {
		case RangeByPosition, RangeBySequence:
			q.Start = uint32(r.Typed(Unsigned).Num)
		case RangeByTime:
			q.Date, q.Time = r.Typed(Date), r.Typed(Time)
		default:
			r.Fail(ErrTag)
		}
		q.Count = int32(r.Typed(Signed).Num)
		r.Close(q.By)
	}
	return q, r.Done()
}

// A FileRequest is an AtomicReadFile or AtomicWriteFile request, 14.1, 14.2.
type FileRequest struct {
	Object  ObjectID
	Records bool  // record access
	Start   int32 // octet or record; of a write -1 appends
	Count   uint32
	Data    [][]byte
}

// ParseFile reads an AtomicReadFile, or with write an AtomicWriteFile.
func ParseFile(p []byte, write bool) (FileRequest, error) {
	r := NewReader(p)
	q := FileRequest{Object: ObjectID(r.Typed(ObjectIdentifier).Num)}
	access := uint8(0)
	if r.IsOpen(1) {
		access, q.Records = 1, true
	}
	r.Open(access)
	q.Start = int32(r.Typed(Signed).Num)
	switch {
	case !write:
		q.Count = uint32(r.Typed(Unsigned).Num)
	case q.Records:
		q.Count = uint32(r.Typed(Unsigned).Num)
		for r.Err() == nil && !r.IsClose(1) {
			q.Data = append(q.Data, r.Typed(OctetString).Octets)
		}
	default:
		q.Data = [][]byte{r.Typed(OctetString).Octets}
	}
	r.Close(access)
	return q, r.Done()
}
