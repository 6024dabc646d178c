package wire

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/octet"
)

// SpecType is the first octet of every item: a variable specification follows.
const SpecType = 0x12

// Syntax ids of an item: how it addresses.
const (
	SyntaxAny      = 0x10 // area, number, bit address
	SyntaxPBCID    = 0x13 // R_ID of partner communication
	SyntaxAlarmLck = 0x15 // ALARM lock
	SyntaxAlarmInd = 0x16
	SyntaxAlarmAck = 0x19
	SyntaxAlarmReq = 0x1a
	SyntaxNotify   = 0x1c
	SyntaxNCK      = 0x82 // Sinumerik
	SyntaxNCKMeter = 0x83
	SyntaxNCKPLC   = 0x84
	SyntaxDrive    = 0xa2 // drive parameter
	SyntaxDBRead   = 0xb0 // parts of data blocks, by WinCC on an S7-400
	SyntaxSym1200  = 0xb2 // symbolic, by the S7-1200's tools
)

// SyntaxName returns the name of a syntax id, or "".
func SyntaxName(id uint8) string {
	switch id {
	case SyntaxAny:
		return "s7any"
	case SyntaxPBCID:
		return "pbc_r_id"
	case SyntaxAlarmLck:
		return "alarm_lock"
	case SyntaxAlarmInd:
		return "alarm_ind"
	case SyntaxAlarmAck:
		return "alarm_ack"
	case SyntaxAlarmReq:
		return "alarm_query"
	case SyntaxNotify:
		return "notify_ind"
	case SyntaxNCK, SyntaxNCKMeter, SyntaxNCKPLC:
		return "nck"
	case SyntaxDrive:
		return "drive_parameter"
	case SyntaxDBRead:
		return "db_read"
	case SyntaxSym1200:
		return "symbolic_1200"
	}
	return ""
}

// Areas that an S7ANY item addresses.
const (
	AreaSystem200  = 0x03 // S7-200 system information
	AreaFlags200   = 0x05 // S7-200 system flags (SM)
	AreaAnalogIn   = 0x06 // S7-200 analog inputs
	AreaAnalogOut  = 0x07 // S7-200 analog outputs
	AreaCounter    = 0x1c // C
	AreaTimer      = 0x1d // T
	AreaCounter200 = 0x1e // S7-200 counters
	AreaTimer200   = 0x1f // S7-200 timers
	AreaPeripheral = 0x80 // P
	AreaInput      = 0x81 // I
	AreaOutput     = 0x82 // Q
	AreaMerker     = 0x83 // M
	AreaDB         = 0x84 // data block; V memory of an S7-200 is DB 1
	AreaDI         = 0x85 // instance data block
	AreaLocal      = 0x86 // L
	AreaCaller     = 0x87 // V: local data of the calling block
)

// AreaName returns an area's short name, or "".
func AreaName(area uint8) string {
	switch area {
	case AreaSystem200:
		return "SYS"
	case AreaFlags200:
		return "SM"
	case AreaAnalogIn:
		return "AI"
	case AreaAnalogOut:
		return "AQ"
	case AreaCounter, AreaCounter200:
		return "C"
	case AreaTimer, AreaTimer200:
		return "T"
	case AreaPeripheral:
		return "P"
	case AreaInput:
		return "I"
	case AreaOutput:
		return "Q"
	case AreaMerker:
		return "M"
	case AreaDB:
		return "DB"
	case AreaDI:
		return "DI"
	case AreaLocal:
		return "L"
	case AreaCaller:
		return "V"
	}
	return ""
}

// Types of the elements that an S7ANY item asks for.
const (
	TypeBit        = 0x01
	TypeByte       = 0x02
	TypeChar       = 0x03
	TypeWord       = 0x04
	TypeInt        = 0x05
	TypeDWord      = 0x06
	TypeDInt       = 0x07
	TypeReal       = 0x08
	TypeDate       = 0x09
	TypeTOD        = 0x0a
	TypeTime       = 0x0b
	TypeS5Time     = 0x0c
	TypeDateTime   = 0x0f
	TypeCounter    = 0x1c
	TypeTimer      = 0x1d
	TypeCounter200 = 0x1e
	TypeTimer200   = 0x1f
)

// TypeSize returns the octets of one element of a type; 0 for an unknown one.
// A bit is one octet on the wire.
func TypeSize(typ uint8) int {
	switch typ {
	case TypeBit, TypeByte, TypeChar:
		return 1
	case TypeWord, TypeInt, TypeDate, TypeS5Time, TypeCounter, TypeTimer, TypeCounter200, TypeTimer200:
		return 2
	case TypeDWord, TypeDInt, TypeReal, TypeTOD, TypeTime:
		return 4
	case TypeDateTime:
		return 8
	}
	return 0
}

// TypeName returns a type's name, or "".
func TypeName(typ uint8) string {
	names := [...]string{"", "BIT", "BYTE", "CHAR", "WORD", "INT", "DWORD", "DINT", "REAL", "DATE", "TOD", "TIME", "S5TIME", "", "", "DATE_AND_TIME"}
	switch {
	case int(typ) < len(names):
		return names[typ]
	case typ == TypeCounter, typ == TypeCounter200:
		return "COUNTER"
	case typ == TypeTimer, typ == TypeTimer200:
		return "TIMER"
	}
	return ""
}

// An Item says what to read or write. Where Syntax is SyntaxAny the fields
// address it; every other syntax is kept whole in Raw.
type Item struct {
	Syntax uint8
	Type   uint8
	Count  uint16 // elements of Type
	DB     uint16 // block number; 0 outside DB and DI
	Area   uint8
	Addr   uint32 // 24 bits: octet × 8 + bit; a plain number for timers and counters
	Raw    []byte // what follows the syntax id, where it is not SyntaxAny
}

// Size returns how many octets the item covers.
func (i Item) Size() int { return int(i.Count) * TypeSize(i.Type) }

// String returns the item in the notation of STEP 7, as "DB1.DBB 20 WORD 4".
func (i Item) String() string {
	if i.Syntax != SyntaxAny {
		return fmt.Sprintf("syntax %#02x %x", i.Syntax, i.Raw)
	}
	area := AreaName(i.Area)
	switch i.Area {
	case AreaDB, AreaDI:
		area = fmt.Sprintf("%s%d.DBX", area, i.DB)
	case AreaCounter, AreaTimer, AreaCounter200, AreaTimer200:
		return fmt.Sprintf("%s%d %d", area, i.Addr, i.Count)
	case AreaSystem200:
	default:
		if area == "" {
			area = fmt.Sprintf("area%#02x", i.Area)
		}
	}
	typ := TypeName(i.Type)
	if typ == "" {
		typ = fmt.Sprintf("type%#02x", i.Type)
	}
	return fmt.Sprintf("%s%d.%d %s %d", area, i.Addr>>3, i.Addr&7, typ, i.Count)
}

// readItem reads one item with its length octet.
func readItem(r *octet.Reader) Item {
	if r.U8() != SpecType {
		r.Fail(ErrLayout)
	}
	s := r.Sub(int(r.U8()))
	i := Item{Syntax: s.U8()}
	if i.Syntax != SyntaxAny {
		i.Raw = keep(s.Rest())
		r.Fail(s.Err())
		return i
	}
	i.Type, i.Count, i.DB = s.U8(), s.U16(), s.U16()
	i.Area, i.Addr = s.U8(), s.U24()
	r.Fail(s.Done())
	return i
}

// append appends the item with its length octet.
func (i Item) append(w *octet.Builder) {
	if i.Syntax != SyntaxAny {
		w.U8(SpecType, uint8(1+len(i.Raw)), i.Syntax)
		w.Bytes(i.Raw)
		return
	}
	w.U8(SpecType, 10, SyntaxAny, i.Type)
	w.U16(i.Count)
	w.U16(i.DB)
	w.U8(i.Area)
	w.U24(i.Addr)
}
