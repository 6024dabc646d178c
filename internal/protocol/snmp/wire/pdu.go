package wire

import (
	"github.com/sundew-ics/sundew/internal/layer/ber"
)

// PDU types (RFC 1157 §4.1, RFC 3416 §3).
const (
	GetRequest     ber.Tag = 0xa0
	GetNextRequest ber.Tag = 0xa1
	Response       ber.Tag = 0xa2
	SetRequest     ber.Tag = 0xa3
	TrapV1         ber.Tag = 0xa4
	GetBulkRequest ber.Tag = 0xa5
	InformRequest  ber.Tag = 0xa6
	TrapV2         ber.Tag = 0xa7
	Report         ber.Tag = 0xa8
)

// Error statuses (RFC 3416 §3; those up to GenErr are all that version 1 has).
const (
	NoError             = 0
	TooBig              = 1
	NoSuchName          = 2
	BadValue            = 3
	ReadOnly            = 4
	GenErr              = 5
	NoAccess            = 6
	WrongType           = 7
	WrongLength         = 8
	WrongEncoding       = 9
	WrongValue          = 10
	NoCreation          = 11
	InconsistentValue   = 12
	ResourceUnavailable = 13
	CommitFailed        = 14
	UndoFailed          = 15
	AuthorizationError  = 16
	NotWritable         = 17
	InconsistentName    = 18
)

// A PDU is a protocol data unit.
type PDU struct {
	Type      ber.Tag
	RequestID int32
	Status    int32 // GetBulk: non-repeaters
	Index     int32 // GetBulk: max-repetitions
	Varbinds  []Varbind
	Trap      *Trap // of a TrapV1 instead of the three numbers
}

// A Trap is the head of a version 1 trap (RFC 1157 §4.1.6).
type Trap struct {
	Enterprise ber.OID
	Agent      []byte
	Generic    int32
	Specific   int32
	Time       uint32 // hundredths of a second
}

// A Varbind is a name with its value.
type Varbind struct {
	Name  ber.OID
	Value Value
}

// A varbind of this many octets is the shortest; it bounds how many there can be.
const minVarbind = 6

func readPDU(r *ber.Reader) PDU {
	p := PDU{Type: r.Peek()}
	if p.Type < GetRequest || p.Type > Report {
		r.Fail(ErrPDU)
		return PDU{}
	}
	in := r.Enter(p.Type)
	if p.Type == TrapV1 {
		p.Trap = readTrap(in)
	} else {
		p.RequestID = int32(in.Int(ber.Integer))
		p.Status = int32(in.Int(ber.Integer))
		p.Index = int32(in.Int(ber.Integer))
	}
	list := in.Enter(ber.Sequence)
	p.Varbinds = make([]Varbind, 0, min(list.Len()/minVarbind, 64))
	for list.Len() > 0 {
		pair := list.Enter(ber.Sequence)
		vb := Varbind{Name: pair.OID(ber.ObjectID)}
		vb.Value = readValue(pair)
		p.Varbinds = append(p.Varbinds, vb)
	}
	return p
}

func readTrap(in *ber.Reader) *Trap {
	t := &Trap{Enterprise: in.OID(ber.ObjectID), Agent: in.Contents(IPAddress)}
	t.Generic = int32(in.Int(ber.Integer))
	t.Specific = int32(in.Int(ber.Integer))
	ticks := in.Contents(TimeTicks)
	if in.Err() == nil {
		v, err := ber.ParseUint(ticks)
		if err != nil {
			in.Fail(err)
		}
		t.Time = uint32(v)
	}
	return t
}

// Append appends the PDU to b.
func (p PDU) Append(b []byte) []byte {
	start := len(b)
	if p.Trap != nil {
		b = ber.AppendOID(b, ber.ObjectID, p.Trap.Enterprise)
		b = ber.Append(b, IPAddress, p.Trap.Agent)
		b = ber.AppendInt(b, ber.Integer, int64(p.Trap.Generic))
		b = ber.AppendInt(b, ber.Integer, int64(p.Trap.Specific))
		b = ber.AppendUint(b, TimeTicks, uint64(p.Trap.Time))
	} else {
		b = ber.AppendInt(b, ber.Integer, int64(p.RequestID))
		b = ber.AppendInt(b, ber.Integer, int64(p.Status))
		b = ber.AppendInt(b, ber.Integer, int64(p.Index))
	}
	list := len(b)
	for _, vb := range p.Varbinds {
		b = vb.Append(b)
	}
	b = ber.Wrap(b, list, ber.Sequence)
	return ber.Wrap(b, start, p.Type)
}

// Append appends the name and its value to b.
func (vb Varbind) Append(b []byte) []byte {
	start := len(b)
	b = ber.AppendOID(b, ber.ObjectID, vb.Name)
	b = vb.Value.Append(b)
	return ber.Wrap(b, start, ber.Sequence)
}

// OpName returns the PDU type's name as an event's op has it.
func OpName(t ber.Tag) string {
	switch t {
	case GetRequest:
		return "get_request"
	case GetNextRequest:
		return "get_next_request"
	case Response:
		return "response"
	case SetRequest:
		return "set_request"
	case TrapV1:
		return "trap"
	case GetBulkRequest:
		return "get_bulk_request"
	case InformRequest:
		return "inform_request"
	case TrapV2:
		return "snmpv2_trap"
	case Report:
		return "report"
	}
	return "other"
}

// StatusName returns an error status's name (RFC 3416 §3).
func StatusName(status int32) string {
	names := [...]string{"noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength",
		"wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed", "undoFailed",
		"authorizationError", "notWritable", "inconsistentName"}
	if status < 0 || int(status) >= len(names) {
		return "unknown"
	}
	return names[status]
}
