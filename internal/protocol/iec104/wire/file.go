package wire

import "github.com/sundew-ics/sundew/internal/octet"

// segmentHead is what stands before a segment's octets: name of file, name of
// section, length.
const segmentHead = 4

// MaxSegment is how many octets of a file one ASDU carries.
const MaxSegment = MaxASDU - HeadLen - 3 - segmentHead

// Values of SCQ, the select and call qualifier (101 §7.2.6.30).
const (
	SelectFile    = 1
	RequestFile   = 2
	AbortFile     = 3
	DeleteFile    = 4
	SelectSection = 5
	RequestSect   = 6
	AbortSection  = 7
)

// Values of LSQ, the last section or segment qualifier (101 §7.2.6.31).
const (
	LastOfFile    = 1 // file transfer without deactivation
	LastOfSection = 3 // section transfer without deactivation
)

// Values of AFQ, the acknowledge qualifier (101 §7.2.6.32).
const (
	AckFileOK     = 1
	AckFileBad    = 2
	AckSectionOK  = 3
	AckSectionBad = 4
)

// A FilePart is the element of types 120 to 125; which fields it has depends on
// the type.
type FilePart struct {
	File      uint16 // name of file, NOF
	Section   uint8  // name of section, NOS
	Length    uint32 // of the file or section, 24 bits
	Qualifier uint8  // FRQ, SRQ, SCQ, LSQ or AFQ
	Checksum  uint8  // CHS of 123: sum of all octets modulo 256
	Data      []byte // of 125
}

// ParseFilePart decodes the element of types 120 to 125.
func ParseFilePart(t Type, data []byte) (FilePart, bool) {
	r := octet.NewReader(data)
	p := FilePart{File: r.U16LE()}
	switch t {
	case FileReady:
		p.Length, p.Qualifier = r.U24LE(), r.U8()
	case SectionReady:
		p.Section, p.Length, p.Qualifier = r.U8(), r.U24LE(), r.U8()
	case CallFile, AckFile:
		p.Section, p.Qualifier = r.U8(), r.U8()
	case LastSegment:
		p.Section, p.Qualifier, p.Checksum = r.U8(), r.U8(), r.U8()
	case Segment:
		p.Section = r.U8()
		p.Data = r.Bytes(int(r.U8()))
	default:
		return p, false
	}
	return p, r.Done() == nil
}

// Append appends the element of types 120 to 125.
func (p FilePart) Append(b []byte, t Type) []byte {
	b = append(b, byte(p.File), byte(p.File>>8))
	if t != FileReady {
		b = append(b, p.Section)
	}
	switch t {
	case FileReady, SectionReady:
		b = append(b, byte(p.Length), byte(p.Length>>8), byte(p.Length>>16), p.Qualifier)
	case CallFile, AckFile:
		b = append(b, p.Qualifier)
	case LastSegment:
		b = append(b, p.Qualifier, p.Checksum)
	case Segment:
		b = append(append(b, byte(len(p.Data))), p.Data...)
	}
	return b
}
