package wire

import (
	"fmt"
	"strconv"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Subfunctions of group block.
const (
	BlockList     = 0x01 // how many of each type
	BlockListType = 0x02 // the blocks of one type
	BlockInfo     = 0x03
)

// A BlockType is a kind of program block: the octet in a block's header, and
// as one hexadecimal digit behind '0' in names.
type BlockType uint8

// The block types. An S7-300 states SFC and SFB, which are part of its firmware.
const (
	OB  BlockType = 0x08
	DB  BlockType = 0x0a
	SDB BlockType = 0x0b
	FC  BlockType = 0x0c
	SFC BlockType = 0x0d
	FB  BlockType = 0x0e
	SFB BlockType = 0x0f
)

// String returns the type's name in STEP 7.
func (t BlockType) String() string {
	switch t {
	case OB:
		return "OB"
	case DB:
		return "DB"
	case SDB:
		return "SDB"
	case FC:
		return "FC"
	case SFC:
		return "SFC"
	case FB:
		return "FB"
	case SFB:
		return "SFB"
	}
	return fmt.Sprintf("TYPE%02X", uint8(t))
}

// BlockTypes returns the types in the order in which a CPU lists them (goOnline).
func BlockTypes() []BlockType { return []BlockType{OB, FB, FC, DB, SDB, SFC, SFB} }

// A BlockRef names a block and the file system that it is in.
type BlockRef struct {
	Type   BlockType
	Number uint16
	Place  byte // 'P' passive (loaded, not linked in), 'A' active, 'B' either
}

// String returns the block's name in STEP 7, as "DB12".
func (b BlockRef) String() string { return fmt.Sprintf("%s%d", b.Type, b.Number) }

// ParseBlockRef reads the eight characters of a block's name, as "0A00012P".
func ParseBlockRef(s string) (BlockRef, error) {
	if len(s) != 8 {
		return BlockRef{}, ErrLayout
	}
	typ, err := strconv.ParseUint(s[:2], 16, 8)
	if err != nil {
		return BlockRef{}, ErrLayout
	}
	num, err := strconv.ParseUint(s[2:7], 10, 16)
	if err != nil {
		return BlockRef{}, ErrLayout
	}
	return BlockRef{Type: BlockType(typ), Number: uint16(num), Place: s[7]}, nil
}

// Name returns the eight characters of the block's name.
func (b BlockRef) Name() string {
	return fmt.Sprintf("%02X%05d%c", uint8(b.Type), b.Number, rune(b.Place&0x7f))
}

// ParseFilename reads a block's name behind its file mark, as "_0A00012P".
func ParseFilename(s string) (BlockRef, error) {
	if len(s) != 9 {
		return BlockRef{}, ErrLayout
	}
	return ParseBlockRef(s[1:])
}

// ParseTypeName reads the two characters of a request for one type, as "0A".
func ParseTypeName(p []byte) (BlockType, error) {
	if len(p) != 2 {
		return 0, ErrLayout
	}
	n, err := strconv.ParseUint(string(p), 16, 8)
	if err != nil {
		return 0, ErrLayout
	}
	return BlockType(n), nil
}

// BlockCount is one row of the answer to BlockList.
type BlockCount struct {
	Type  BlockType
	Count uint16
}

// BlockCounts is the payload of the answer to BlockList.
type BlockCounts []BlockCount

// Append appends the rows to b: '0', the type's digit, the count.
func (c BlockCounts) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	for _, row := range c {
		w.Text(fmt.Sprintf("%02X", uint8(row.Type)))
		w.U16(row.Count)
	}
	return w.B
}

// ParseBlockCounts reads the payload of the answer to BlockList.
func ParseBlockCounts(p []byte) (BlockCounts, error) {
	r := octet.NewReader(p)
	var out BlockCounts
	for r.Len() > 0 {
		typ, err := ParseTypeName(r.Bytes(2))
		r.Fail(err)
		out = append(out, BlockCount{Type: typ, Count: r.U16()})
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// Places of a block in the answer to BlockListType.
const (
	FlagUser   = 0x22 // in the user program
	FlagSystem = 0x42 // part of the firmware
)

// BlockEntry is one row of the answer to BlockListType.
type BlockEntry struct {
	Number   uint16
	Flags    uint8
	Language uint8
}

// BlockEntries is the payload of the answer to BlockListType.
type BlockEntries []BlockEntry

// Append appends the rows to b.
func (e BlockEntries) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	for _, row := range e {
		w.U16(row.Number)
		w.U8(row.Flags, row.Language)
	}
	return w.B
}

// ParseBlockEntries reads the payload of the answer to BlockListType.
func ParseBlockEntries(p []byte) (BlockEntries, error) {
	r := octet.NewReader(p)
	var out BlockEntries
	for r.Len() > 0 {
		out = append(out, BlockEntry{Number: r.U16(), Flags: r.U8(), Language: r.U8()})
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// Info is the payload of the answer to BlockInfo: a block's header and footer.
type Info struct {
	Flags  uint8 // FlagUser or FlagSystem
	Fill   uint8 // 0x00 of user blocks, 0x30 of system functions
	Header Header
	Footer Footer
}

// infoLen is what the answer counts behind its own length (blocklist: 0x4a).
const infoLen = 74

// ParseInfo reads the payload of the answer to BlockInfo.
func ParseInfo(p []byte) (Info, error) {
	r := octet.NewReader(p)
	if r.U16() != 0x0100 || r.U16() != infoLen {
		r.Fail(ErrLayout)
	}
	i := Info{Flags: r.U8(), Fill: r.U8(), Header: readHeader(r), Footer: readFooter(r)}
	if err := r.Done(); err != nil {
		return Info{}, err
	}
	return i, nil
}

// Append appends the payload to b.
func (i Info) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(0x0100)
	w.U16(infoLen)
	w.U8(i.Flags, i.Fill)
	i.Header.append(&w)
	i.Footer.append(&w)
	return w.B
}
