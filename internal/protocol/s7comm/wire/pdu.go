// Package wire codes S7 communication, the protocol that SIMATIC S7 controllers
// speak above COTP: jobs with their acknowledgements, user data, and the
// program blocks that travel in them.
//
// Siemens has not published the protocol. Layouts here are facts seen in
// captures of real CPUs; the tests name them: blocklist (CPU IM151-8),
// goOnline (CPU 315-2EH14), time, libnodave, wincc300, wincc400.
package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Protocol ids, the first octet of a PDU.
const (
	ProtocolID     = 0x32 // S7 communication
	ProtocolIDPlus = 0x72 // S7comm-plus, of the S7-1200 and S7-1500
)

// ErrPDU says that the octets are not an S7 PDU.
var ErrPDU = errors.New("not an S7 PDU")

// ErrLayout says that a parameter or data part is not laid out as its function demands.
var ErrLayout = errors.New("parts of the PDU contradict each other")

// A ROSCTR is the kind of a PDU (remote operating service control).
type ROSCTR uint8

// The kinds of PDU.
const (
	Job      ROSCTR = 1 // a request
	Ack      ROSCTR = 2 // acknowledgement without parameters
	AckData  ROSCTR = 3 // acknowledgement of a job, with parameters and data
	Userdata ROSCTR = 7 // the services that are not jobs
)

// Functions of jobs, the first octet of their parameters.
const (
	FnCPUServices   = 0x00
	FnRead          = 0x04
	FnWrite         = 0x05
	FnDownload      = 0x1a // request download
	FnDownloadBlock = 0x1b
	FnDownloadEnded = 0x1c
	FnStartUpload   = 0x1d
	FnUpload        = 0x1e
	FnEndUpload     = 0x1f
	FnService       = 0x28 // program invocation
	FnStop          = 0x29
	FnSetup         = 0xf0
)

// FunctionName returns the name of a job's function, or "".
func FunctionName(fn uint8) string {
	switch fn {
	case FnCPUServices:
		return "cpu_services"
	case FnRead:
		return "read_var"
	case FnWrite:
		return "write_var"
	case FnDownload:
		return "request_download"
	case FnDownloadBlock:
		return "download_block"
	case FnDownloadEnded:
		return "download_ended"
	case FnStartUpload:
		return "start_upload"
	case FnUpload:
		return "upload"
	case FnEndUpload:
		return "end_upload"
	case FnService:
		return "pi_service"
	case FnStop:
		return "plc_stop"
	case FnSetup:
		return "setup_communication"
	}
	return ""
}

// A PDU is one protocol data unit.
type PDU struct {
	ROSCTR     ROSCTR
	Redundancy uint16 // identification, always 0
	Ref        uint16 // chosen by the requester, echoed
	Class      uint8  // error class: Ack and AckData only
	Code       uint8  // error code: Ack and AckData only
	Param      []byte
	Data       []byte
}

// Parse reads one PDU, which is all of b; Param and Data are parts of b.
func Parse(b []byte) (PDU, error) {
	r := octet.NewReader(b)
	if r.U8() != ProtocolID {
		r.Fail(ErrPDU)
	}
	p := PDU{ROSCTR: ROSCTR(r.U8()), Redundancy: r.U16(), Ref: r.U16()}
	plen, dlen := int(r.U16()), int(r.U16())
	switch p.ROSCTR {
	case Job, Userdata:
	case Ack, AckData:
		p.Class, p.Code = r.U8(), r.U8()
	default:
		r.Fail(ErrPDU)
	}
	p.Param, p.Data = keep(r.Bytes(plen)), keep(r.Bytes(dlen))
	if err := r.Done(); err != nil {
		return PDU{}, err
	}
	return p, nil
}

// Append appends the PDU to b.
func (p PDU) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(ProtocolID, uint8(p.ROSCTR))
	w.U16(p.Redundancy)
	w.U16(p.Ref)
	w.U16(uint16(len(p.Param)))
	w.U16(uint16(len(p.Data)))
	if p.ROSCTR == Ack || p.ROSCTR == AckData {
		w.U8(p.Class, p.Code)
	}
	w.Bytes(p.Param)
	w.Bytes(p.Data)
	return w.B
}

// Function returns the first octet of the parameters; 0 where there are none.
func (p PDU) Function() uint8 {
	if len(p.Param) == 0 {
		return 0
	}
	return p.Param[0]
}

// Setup is the parameter of setup communication, asked and answered alike.
type Setup struct {
	Calling uint16 // jobs that the caller may have outstanding
	Called  uint16 // jobs that the called may have outstanding
	PDU     uint16 // longest PDU in octets
}

// ParseSetup reads the parameter of function 0xf0.
func ParseSetup(param []byte) (Setup, error) {
	r := octet.NewReader(param)
	if r.U8() != FnSetup {
		r.Fail(ErrLayout)
	}
	r.Skip(1) // reserved
	s := Setup{Calling: r.U16(), Called: r.U16(), PDU: r.U16()}
	if err := r.Done(); err != nil {
		return Setup{}, err
	}
	return s, nil
}

// Append appends the parameter to b.
func (s Setup) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(FnSetup, 0)
	w.U16(s.Calling)
	w.U16(s.Called)
	w.U16(s.PDU)
	return w.B
}

// keep returns b, or nil where it is empty, so that equal messages are equal.
func keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
