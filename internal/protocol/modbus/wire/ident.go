package wire

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/octet"
)

// ReadDevId codes (§6.21).
const (
	BasicStream    = 1
	RegularStream  = 2
	ExtendedStream = 3
	Individual     = 4
)

// An Object is one piece of a device's identification: 00h to 02h basic, 03h to
// 7Fh regular, 80h to FFh extended (§6.21).
type Object struct {
	ID    uint8
	Value string
}

// MaxObject is the longest value that fits an answer of its own.
const MaxObject = MaxPDU - identHeader - 2

// identHeader is the length of an answer before its objects.
const identHeader = 7

// An Identification is the answer to MEI 14 (§6.21).
type Identification struct {
	Code       uint8 // as asked
	Conformity uint8 // 01h to 03h, or 81h to 83h with individual access
	More       bool  // objects remain
	Next       uint8 // the id to ask for next
	Objects    []Object
}

// ParseIdentification reads the PDU of an answer.
func ParseIdentification(pdu []byte) (Identification, error) {
	r := octet.NewReader(pdu)
	if r.U8() != byte(Encapsulated) || r.U8() != MEIIdentification {
		r.Fail(IllegalFunction)
	}
	id := Identification{Code: r.U8(), Conformity: r.U8()}
	switch r.U8() {
	case 0:
	case 0xff:
		id.More = true
	default:
		r.Fail(IllegalValue)
	}
	id.Next = r.U8()
	for range r.U8() {
		o := Object{ID: r.U8()}
		o.Value = string(r.Bytes(int(r.U8())))
		if r.Err() != nil {
			break
		}
		id.Objects = append(id.Objects, o)
	}
	return id, r.Done()
}

// Append appends the PDU to b.
func (id Identification) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(byte(Encapsulated), MEIIdentification, id.Code, id.Conformity)
	if id.More {
		w.U8(0xff)
	} else {
		w.U8(0)
	}
	w.U8(id.Next, uint8(len(id.Objects)))
	for _, o := range id.Objects {
		w.U8(o.ID, uint8(len(o.Value)))
		w.Text(o.Value)
	}
	return w.B
}

// Identify answers a request for identification from objects in ascending order
// of id, as §6.21 has it: a stream holds what its level has from the asked
// object on, as many as fit a PDU; one that asks for an object that is not there
// begins anew. The error is an Exception.
func Identify(objects []Object, conformity, code, from uint8) (Identification, error) {
	id := Identification{Code: code, Conformity: conformity}
	if code == Individual {
		i := slices.IndexFunc(objects, func(o Object) bool { return o.ID == from })
		if i < 0 || conformity&0x80 == 0 {
			return id, IllegalAddress
		}
		id.Objects = objects[i : i+1]
		return id, nil
	}
	level := min(code, conformity&0x7f) // a device answers no more than it conforms to
	last := uint8(0x02)
	switch level {
	case RegularStream:
		last = 0x7f
	case ExtendedStream:
		last = 0xff
	}
	stream := objects
	if n := slices.IndexFunc(objects, func(o Object) bool { return o.ID > last }); n >= 0 {
		stream = objects[:n]
	}
	start := slices.IndexFunc(stream, func(o Object) bool { return o.ID == from })
	stream = stream[max(start, 0):]
	room := MaxPDU - identHeader
	for i, o := range stream {
		if room -= 2 + len(o.Value); room < 0 {
			id.More, id.Next = true, o.ID
			id.Objects = stream[:i]
			return id, nil
		}
	}
	id.Objects = stream
	return id, nil
}
