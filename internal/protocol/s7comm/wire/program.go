package wire

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sundew-ics/sundew/internal/octet"
)

// ErrCount says that a text that should be a number of octets is none.
var ErrCount = errors.New("not a decimal count of octets")

// FileJob is the parameter of the up- and download functions: 0x1a to 0x1f,
// requests and the answer to start upload. Texts are the file name and, in a
// download request, the lengths; in the answer to start upload the length.
type FileJob struct {
	Function uint8
	Status   uint8
	Error    uint16 // also 0x0100 in requests of STEP 7 and answers of the CPU
	ID       uint32 // upload id; 0 in downloads
	Texts    []string
}

// ParseFileJob reads the parameter.
func ParseFileJob(param []byte) (FileJob, error) {
	r := octet.NewReader(param)
	j := FileJob{Function: r.U8(), Status: r.U8(), Error: r.U16(), ID: r.U32()}
	if j.Function < FnDownload || j.Function > FnEndUpload {
		r.Fail(ErrLayout)
	}
	for r.Len() > 0 {
		j.Texts = append(j.Texts, string(r.Bytes(int(r.U8()))))
	}
	if err := r.Done(); err != nil {
		return FileJob{}, err
	}
	if len(j.Texts) > 2 {
		return FileJob{}, ErrLayout
	}
	return j, nil
}

// Append appends the parameter to b.
func (j FileJob) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(j.Function, j.Status)
	w.U16(j.Error)
	w.U32(j.ID)
	for _, s := range j.Texts {
		w.U8(uint8(len(s)))
		w.Text(s)
	}
	return w.B
}

// Filename returns the file name, or "".
func (j FileJob) Filename() string {
	if len(j.Texts) == 0 {
		return ""
	}
	return j.Texts[0]
}

// DownloadLengths returns what a download request says of the block: its length
// in load memory and of its MC7 code, as in "1000324000206".
func (j FileJob) DownloadLengths() (load, code int, err error) {
	if len(j.Texts) != 2 || len(j.Texts[1]) != 13 || j.Texts[1][0] != '1' {
		return 0, 0, ErrCount
	}
	if load, err = strconv.Atoi(j.Texts[1][1:7]); err == nil {
		code, err = strconv.Atoi(j.Texts[1][7:])
	}
	if err != nil || load < 0 || code < 0 {
		return 0, 0, ErrCount
	}
	return load, code, nil
}

// UploadLength returns the text that states a length of n octets to a reader.
func UploadLength(n int) string { return fmt.Sprintf("%07d", n) }

// Transfer statuses.
const (
	StatusDone  = 0
	StatusMore  = 1 // more parts follow
	StatusError = 2
)

// Part is the data of an upload answer and of the answer to download block.
type Part struct{ Data []byte }

// partMark stands between a part's length and its octets.
const partMark = 0x00fb

// ParsePart reads the data part.
func ParsePart(data []byte) (Part, error) {
	r := octet.NewReader(data)
	n := int(r.U16())
	if r.U16() != partMark {
		r.Fail(ErrLayout)
	}
	p := Part{Data: keep(r.Bytes(n))}
	if err := r.Done(); err != nil {
		return Part{}, err
	}
	return p, nil
}

// Append appends the data part to b.
func (p Part) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(uint16(len(p.Data)))
	w.U16(partMark)
	w.Bytes(p.Data)
	return w.B
}

// Program invocation services.
const (
	PIProgram  = "P_PROGRAM" // start: empty for warm, "C " for cold
	PIInsert   = "_INSE"     // link loaded blocks in
	PIDelete   = "_DELE"
	PIGarbage  = "_GARB" // compress the memory
	PIModule   = "_MODU" // "EP": copy RAM to ROM
	PIMemReset = "_RESET"
)

// Invocation is the parameter of function 0x28.
type Invocation struct {
	Head    [7]byte // ends in 0xfd
	Block   []byte  // the service's own argument
	Service string
}

// ParseInvocation reads the parameter of function 0x28.
func ParseInvocation(param []byte) (Invocation, error) {
	r := octet.NewReader(param)
	if r.U8() != FnService {
		r.Fail(ErrLayout)
	}
	var v Invocation
	copy(v.Head[:], r.Bytes(7))
	v.Block = keep(r.Bytes(int(r.U16())))
	v.Service = string(r.Bytes(int(r.U8())))
	if err := r.Done(); err != nil {
		return Invocation{}, err
	}
	return v, nil
}

// Append appends the parameter to b.
func (v Invocation) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(FnService)
	w.Bytes(v.Head[:])
	w.U16(uint16(len(v.Block)))
	w.Bytes(v.Block)
	w.U8(uint8(len(v.Service)))
	w.Text(v.Service)
	return w.B
}

// Blocks returns the blocks that the argument of _INSE or _DELE lists.
func (v Invocation) Blocks() ([]BlockRef, error) {
	r := octet.NewReader(v.Block)
	n := int(r.U8())
	r.Skip(1)
	var out []BlockRef
	for i := 0; i < n && r.Err() == nil; i++ {
		ref, err := ParseBlockRef(string(r.Bytes(8)))
		r.Fail(err)
		out = append(out, ref)
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	return out, nil
}

// Stop is the parameter of function 0x29.
type Stop struct {
	Head    [5]byte
	Service string // P_PROGRAM
}

// ParseStop reads the parameter of function 0x29.
func ParseStop(param []byte) (Stop, error) {
	r := octet.NewReader(param)
	if r.U8() != FnStop {
		r.Fail(ErrLayout)
	}
	var s Stop
	copy(s.Head[:], r.Bytes(5))
	s.Service = string(r.Bytes(int(r.U8())))
	if err := r.Done(); err != nil {
		return Stop{}, err
	}
	return s, nil
}

// Append appends the parameter to b.
func (s Stop) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(FnStop)
	w.Bytes(s.Head[:])
	w.U8(uint8(len(s.Service)))
	w.Text(s.Service)
	return w.B
}
