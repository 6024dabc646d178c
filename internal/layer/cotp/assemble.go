package cotp

import "errors"

// ErrTooLong says that a data unit in parts exceeds the receiver's bound.
var ErrTooLong = errors.New("data unit longer than the receiver takes")

// An Assembler joins DT TPDUs into the data unit that they carry, up to Max
// octets. Its zero value joins nothing: set Max first.
type Assembler struct {
	Max  int
	unit []byte
}

// Add takes the next DT. It returns the whole data unit at the TPDU with the
// end mark and nil before that; on ErrTooLong it forgets what it has.
func (a *Assembler) Add(t TPDU) ([]byte, error) {
	if len(a.unit)+len(t.Data) > a.Max {
		a.unit = nil
		return nil, ErrTooLong
	}
	if t.EOT && a.unit == nil {
		if t.Data == nil {
			return []byte{}, nil
		}
		return t.Data, nil
	}
	a.unit = append(a.unit, t.Data...)
	if a.unit == nil {
		a.unit = []byte{}
	}
	if !t.EOT {
		return nil, nil
	}
	unit := a.unit
	a.unit = nil
	return unit, nil
}

// Pending returns how many octets wait for the end mark.
func (a *Assembler) Pending() int { return len(a.unit) }

// Split returns the DT TPDUs that carry unit where one TPDU may have size
// octets, header included; the last one has the end mark.
func Split(unit []byte, size int) []TPDU {
	part := max(size-3, 1) // three octets of header in class 0
	var out []TPDU
	for len(unit) > part {
		out = append(out, TPDU{Code: DT, Data: unit[:part]})
		unit = unit[part:]
	}
	return append(out, TPDU{Code: DT, EOT: true, Data: unit})
}
