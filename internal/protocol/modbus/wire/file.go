package wire

import (
	"github.com/sundew-ics/sundew/internal/octet"
)

const (
	// FileReference is the only reference type (§6.14).
	FileReference = 6
	// MaxRecord is the last record number of a file: 0 to 270Fh (§6.14).
	MaxRecord = 9999
)

// A FileRecord is one sub-request of functions 20 and 21, or one of 21's answer.
type FileRecord struct {
	Reference uint8 // FileReference
	File      uint16
	Record    uint16 // the first
	Count     uint16 // registers
	Data      []byte // of function 21: Count registers
}

// ParseFileRead reads the sub-requests of function 20 (§6.14).
func ParseFileRead(p []byte) ([]FileRecord, error) {
	r := octet.NewReader(p)
	var out []FileRecord
	for r.Len() > 0 {
		out = append(out, FileRecord{Reference: r.U8(), File: r.U16(), Record: r.U16(), Count: r.U16()})
	}
	return out, r.Done()
}

// ParseFileWrite reads the sub-requests of function 21 (§6.15).
func ParseFileWrite(p []byte) ([]FileRecord, error) {
	r := octet.NewReader(p)
	var out []FileRecord
	for r.Len() > 0 {
		f := FileRecord{Reference: r.U8(), File: r.U16(), Record: r.U16(), Count: r.U16()}
		f.Data = r.Bytes(2 * int(f.Count))
		out = append(out, f)
	}
	return out, r.Done()
}

// Append appends the sub-request to b: with Data that of function 21, without
// that of 20.
func (f FileRecord) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(f.Reference)
	w.U16(f.File)
	w.U16(f.Record)
	w.U16(f.Count)
	w.Bytes(f.Data)
	return w.B
}
