package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A FileStatus is what an outstation says of a file operation (IEEE 1815 table 11-12).
type FileStatus uint8

// File statuses.
const (
	FileSuccess       FileStatus = 0
	FileDenied        FileStatus = 1
	FileInvalidMode   FileStatus = 2
	FileNotFound      FileStatus = 3
	FileLocked        FileStatus = 4
	FileTooMany       FileStatus = 5
	FileInvalidHandle FileStatus = 6
	FileBlockSize     FileStatus = 7
	FileNotOpen       FileStatus = 16
	FileExpired       FileStatus = 17
	FileOverrun       FileStatus = 18
	FileFatal         FileStatus = 19
	FileBlockSequence FileStatus = 20
)

// File modes (group 70 variation 3).
const (
	FileModeDelete = 0
	FileModeRead   = 1
	FileModeWrite  = 2
	FileModeAppend = 3
)

// LastBlock marks a file's last block in a block number.
const LastBlock = 1 << 31

// ErrName says that a name does not lie where its offset says.
var ErrName = errors.New("a name outside its object")

// named returns the text of n octets at off of an object.
func named(p []byte, off, n uint16) (string, error) {
	if n == 0 {
		return "", nil
	}
	if int(off)+int(n) > len(p) {
		return "", ErrName
	}
	return string(p[off:][:n]), nil
}

// A FileAuth is group 70 variation 2.
type FileAuth struct {
	User, Password string
	Key            uint32
}

// ParseFileAuth parses group 70 variation 2.
func ParseFileAuth(p []byte) (a FileAuth, err error) {
	r := octet.NewReader(p)
	at, n, at2, n2 := r.U16LE(), r.U16LE(), r.U16LE(), r.U16LE()
	a.Key = r.U32LE()
	if r.Err() != nil {
		return a, r.Err()
	}
	if a.User, err = named(p, at, n); err != nil {
		return a, err
	}
	a.Password, err = named(p, at2, n2)
	return a, err
}

// Append implements octettest.Appender.
func (a FileAuth) Append(p []byte) []byte {
	const head = 12
	b := octet.Builder{B: p}
	b.U16LE(head)
	b.U16LE(uint16(len(a.User)))
	b.U16LE(uint16(head + len(a.User)))
	b.U16LE(uint16(len(a.Password)))
	b.U32LE(a.Key)
	b.Text(a.User)
	b.Text(a.Password)
	return b.B
}

// A FileCommand is group 70 variation 3: open or delete a file.
type FileCommand struct {
	Name        string
	Created     uint64 // ms since 1970
	Permissions uint16
	Key         uint32
	Size        uint32
	Mode        uint16
	MaxBlock    uint16
	Request     uint16
}

// ParseFileCommand parses group 70 variation 3.
func ParseFileCommand(p []byte) (c FileCommand, err error) {
	r := octet.NewReader(p)
	at, n := r.U16LE(), r.U16LE()
	c.Created = U48(r)
	c.Permissions, c.Key, c.Size = r.U16LE(), r.U32LE(), r.U32LE()
	c.Mode, c.MaxBlock, c.Request = r.U16LE(), r.U16LE(), r.U16LE()
	if r.Err() != nil {
		return c, r.Err()
	}
	c.Name, err = named(p, at, n)
	return c, err
}

// Append implements octettest.Appender.
func (c FileCommand) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U16LE(26)
	b.U16LE(uint16(len(c.Name)))
	AppendU48(&b, c.Created)
	b.U16LE(c.Permissions)
	b.U32LE(c.Key)
	b.U32LE(c.Size)
	b.U16LE(c.Mode)
	b.U16LE(c.MaxBlock)
	b.U16LE(c.Request)
	b.Text(c.Name)
	return b.B
}

// A FileCommandStatus is group 70 variation 4.
type FileCommandStatus struct {
	Handle, Size      uint32
	MaxBlock, Request uint16
	Status            FileStatus
}

// ParseFileCommandStatus parses group 70 variation 4; text behind it is left out.
func ParseFileCommandStatus(p []byte) (FileCommandStatus, error) {
	r := octet.NewReader(p)
	s := FileCommandStatus{Handle: r.U32LE(), Size: r.U32LE(), MaxBlock: r.U16LE(), Request: r.U16LE(), Status: FileStatus(r.U8())}
	return s, r.Err()
}

// Append implements octettest.Appender.
func (s FileCommandStatus) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U32LE(s.Handle)
	b.U32LE(s.Size)
	b.U16LE(s.MaxBlock)
	b.U16LE(s.Request)
	b.U8(uint8(s.Status))
	return b.B
}

// A FileBlock is group 70 variation 5: a block of a file.
type FileBlock struct {
	Handle, Block uint32
	Data          []byte
}

// ParseFileBlock parses group 70 variation 5.
func ParseFileBlock(p []byte) (FileBlock, error) {
	r := octet.NewReader(p)
	f := FileBlock{Handle: r.U32LE(), Block: r.U32LE()}
	if r.Len() > 0 {
		f.Data = r.Rest()
	}
	return f, r.Err()
}

// Append implements octettest.Appender.
func (f FileBlock) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U32LE(f.Handle)
	b.U32LE(f.Block)
	b.Bytes(f.Data)
	return b.B
}

// A FileDescriptor is group 70 variation 7.
type FileDescriptor struct {
	Name        string
	Directory   bool
	Size        uint32 // of a directory: how many entries it has
	Created     uint64 // ms since 1970
	Permissions uint16
	Request     uint16
}

// ParseFileDescriptor parses group 70 variation 7.
func ParseFileDescriptor(p []byte) (d FileDescriptor, err error) {
	r := octet.NewReader(p)
	at, n := r.U16LE(), r.U16LE()
	d.Directory = r.U16LE() == 0
	d.Size, d.Created = r.U32LE(), U48(r)
	d.Permissions, d.Request = r.U16LE(), r.U16LE()
	if r.Err() != nil {
		return d, r.Err()
	}
	d.Name, err = named(p, at, n)
	return d, err
}

// Append implements octettest.Appender.
func (d FileDescriptor) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U16LE(20)
	b.U16LE(uint16(len(d.Name)))
	kind := uint16(1)
	if d.Directory {
		kind = 0
	}
	b.U16LE(kind)
	b.U32LE(d.Size)
	AppendU48(&b, d.Created)
	b.U16LE(d.Permissions)
	b.U16LE(d.Request)
	b.Text(d.Name)
	return b.B
}

// U48 reads a time: milliseconds since 1970 in six octets.
func U48(r *octet.Reader) uint64 { return uint64(r.U32LE()) | uint64(r.U16LE())<<32 }

// AppendU48 appends a time.
func AppendU48(b *octet.Builder, v uint64) {
	b.U32LE(uint32(v))
	b.U16LE(uint16(v >> 32))
}
