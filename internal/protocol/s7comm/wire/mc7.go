package wire

import (
	"errors"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
)

// ErrBlock says that the octets are not a program block.
var ErrBlock = errors.New("not a program block")

const (
	blockMark = 0x7070 // "pp", the first two octets
	// HeaderLen and FooterLen are the fixed parts of a block in octets; code,
	// interface and extra data lie between (goOnline: OB1 has 36+206+28+18+36 = 324).
	HeaderLen = 36
	FooterLen = 36
)

// Languages a block was written in.
const (
	LangNone  = 0x00
	LangSTL   = 0x01 // AWL
	LangLAD   = 0x02 // KOP
	LangFBD   = 0x03 // FUP
	LangSCL   = 0x04
	LangDB    = 0x05
	LangGRAPH = 0x06
	LangSDB   = 0x07
	LangCPUDB = 0x08 // data block made by the CPU
	LangSDB11 = 0x11 // system data of the hardware configuration
)

// LanguageName returns the name of a language, or "".
func LanguageName(lang uint8) string {
	switch lang {
	case LangSTL:
		return "STL"
	case LangLAD:
		return "LAD"
	case LangFBD:
		return "FBD"
	case LangSCL:
		return "SCL"
	case LangDB:
		return "DB"
	case LangGRAPH:
		return "GRAPH"
	case LangSDB, LangSDB11:
		return "SDB"
	case LangCPUDB:
		return "CPU-DB"
	}
	return ""
}

// A Stamp is a block's date: milliseconds of the day and days since 1984-01-01.
type Stamp struct {
	Millis uint32
	Day    uint16
}

// epoch returns day 0 of a Stamp.
func epoch() time.Time { return time.Date(1984, 1, 1, 0, 0, 0, 0, time.UTC) }

// StampOf returns the stamp of t, which it takes as the CPU's clock shows it.
func StampOf(t time.Time) Stamp {
	t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	d := t.Sub(epoch())
	day := d / (24 * time.Hour)
	return Stamp{Millis: uint32((d - day*24*time.Hour) / time.Millisecond), Day: uint16(day)}
}

// Time returns the time that the stamp shows, in UTC.
func (s Stamp) Time() time.Time {
	return epoch().AddDate(0, 0, int(s.Day)).Add(time.Duration(s.Millis) * time.Millisecond)
}

// Security of a block.
const (
	SecurityNone    = 0
	SecurityKnowHow = 3 // KNOW_HOW_PROTECT: code is not shown
)

// A Header is the first 36 octets of a block.
type Header struct {
	Format    uint8 // 1
	Flags     uint8 // attributes: bit 0 linked in, bit 3 system function
	Language  uint8
	Type      BlockType
	Number    uint16
	Length    uint32 // of the whole block in octets
	Security  uint32
	Code      Stamp  // last change of the code
	Interface Stamp  // last change of the interface
	InterfLen uint16 // octets of interface, behind the code
	ExtraLen  uint16 // octets of additional data, behind the interface
	LocalLen  uint16 // octets of local data that the block needs
	CodeLen   uint16 // octets of MC7 code, or of a data block's values
}

// readHeader reads a header.
func readHeader(r *octet.Reader) Header {
	if r.U16() != blockMark {
		r.Fail(ErrBlock)
	}
	return Header{
		Format: r.U8(), Flags: r.U8(), Language: r.U8(), Type: BlockType(r.U8()), Number: r.U16(),
		Length: r.U32(), Security: r.U32(),
		Code:      Stamp{Millis: r.U32(), Day: r.U16()},
		Interface: Stamp{Millis: r.U32(), Day: r.U16()},
		InterfLen: r.U16(), ExtraLen: r.U16(), LocalLen: r.U16(), CodeLen: r.U16(),
	}
}

// append appends the header.
func (h Header) append(w *octet.Builder) {
	w.U16(blockMark)
	w.U8(h.Format, h.Flags, h.Language, uint8(h.Type))
	w.U16(h.Number)
	w.U32(h.Length)
	w.U32(h.Security)
	for _, s := range []Stamp{h.Code, h.Interface} {
		w.U32(s.Millis)
		w.U16(s.Day)
	}
	w.U16(h.InterfLen)
	w.U16(h.ExtraLen)
	w.U16(h.LocalLen)
	w.U16(h.CodeLen)
}

// A Footer is the last 36 octets of a block.
type Footer struct {
	Author, Family, Name string // up to eight characters each
	Version              uint8  // 0x10 is 1.0
	Fill                 uint8
	Checksum             uint16
	Rest                 [8]byte
}

// readFooter reads a footer.
func readFooter(r *octet.Reader) Footer {
	f := Footer{Author: text8(r), Family: text8(r), Name: text8(r)}
	f.Version, f.Fill, f.Checksum = r.U8(), r.U8(), r.U16()
	copy(f.Rest[:], r.Bytes(8))
	return f
}

// text8 reads a text of eight octets without the NULs that fill it.
func text8(r *octet.Reader) string { return strings.TrimRight(string(r.Bytes(8)), "\x00") }

// append appends the footer.
func (f Footer) append(w *octet.Builder) {
	for _, s := range []string{f.Author, f.Family, f.Name} {
		w.Pad(s, 8, 0)
	}
	w.U8(f.Version, f.Fill)
	w.U16(f.Checksum)
	w.Bytes(f.Rest[:])
}

// A Block is a program block as it is loaded and read back.
type Block struct {
	Header    Header
	Code      []byte // MC7 code; values of a data block
	Interface []byte
	Extra     []byte
	Footer    Footer
}

// ParseBlock reads a whole block. Its lengths must add up.
func ParseBlock(b []byte) (Block, error) {
	r := octet.NewReader(b)
	var k Block
	k.Header = readHeader(r)
	k.Code = keep(r.Bytes(int(k.Header.CodeLen)))
	k.Interface = keep(r.Bytes(int(k.Header.InterfLen)))
	k.Extra = keep(r.Bytes(int(k.Header.ExtraLen)))
	k.Footer = readFooter(r)
	if err := r.Done(); err != nil {
		return Block{}, err
	}
	if int(k.Header.Length) != len(b) {
		return Block{}, ErrBlock
	}
	return k, nil
}

// ParseHeader reads the header of a block that may be cut or odd behind it.
func ParseHeader(b []byte) (Header, error) {
	r := octet.NewReader(b)
	h := readHeader(r)
	if err := r.Err(); err != nil {
		return Header{}, err
	}
	return h, nil
}

// Append appends the block to b.
func (k Block) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	k.Header.append(&w)
	w.Bytes(k.Code)
	w.Bytes(k.Interface)
	w.Bytes(k.Extra)
	k.Footer.append(&w)
	return w.B
}

// Seal sets the lengths and the checksum from the block's parts. How STEP 7
// computes the checksum is not published: ours is the ones' complement sum of
// the code and interface, which no CPU and no tool verifies.
func (k Block) Seal() Block {
	k.Header.CodeLen, k.Header.InterfLen, k.Header.ExtraLen = uint16(len(k.Code)), uint16(len(k.Interface)), uint16(len(k.Extra))
	k.Header.Length = uint32(HeaderLen + len(k.Code) + len(k.Interface) + len(k.Extra) + FooterLen)
	sum := uint32(k.Header.Type)<<8 | uint32(k.Header.Language)
	for i, c := range append(append([]byte(nil), k.Code...), k.Interface...) {
		sum += uint32(c) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	k.Footer.Checksum = ^uint16(sum)
	return k
}
