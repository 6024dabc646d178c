package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrSource says that a text is not a source of program blocks.
var ErrSource = errors.New("not a block source")

// ParseSource reads program blocks from their source as STEP 7 writes it (AWL
// with English mnemonics):
//
//	FUNCTION FC 4 : VOID
//	AUTHOR : KLEIN
//	FAMILY : PUMP
//	NAME : LEVEL
//	VERSION : 1.2
//	LANGUAGE : FBD                 what it was edited in; ours
//	DATE : 2016-03-08 14:02:11     last change of the code; ours
//	VAR_TEMP
//	  raw : INT;
//	END_VAR
//	BEGIN
//	  L PIW 288
//	END_FUNCTION
//
// A DATA_BLOCK has its variables between STRUCT and END_STRUCT, with first
// values behind ":="; a SYSTEM_DATA_BLOCK (ours) has lines of hex behind BEGIN.
func ParseSource(text string) ([]Block, error) {
	var out []Block
	var p *sourceBlock
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var err error
		switch {
		case p == nil:
			p, err = startBlock(line)
		case strings.HasPrefix(line, "END_") && p.ends(line):
			var b Block
			if b, err = p.block(); err == nil {
				out = append(out, b)
			}
			p = nil
		default:
			err = p.line(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	if p != nil {
		return nil, fmt.Errorf("%w: %v has no end", ErrSource, p.ref)
	}
	return out, nil
}

// sourceBlock is a block that is being read.
type sourceBlock struct {
	Block
	ref     BlockRef
	end     string
	inVars  byte // kind of the variables that are being read; 0: none
	inCode  bool
	listing []string
	layout  layout
	params  []byte // type and kind of each variable
}

// startBlock reads a block's first line.
func startBlock(line string) (*sourceBlock, error) {
	f := strings.Fields(line)
	typ, ok := map[string]BlockType{
		"ORGANIZATION_BLOCK": OB, "FUNCTION_BLOCK": FB, "FUNCTION": FC, "DATA_BLOCK": DB, "SYSTEM_DATA_BLOCK": SDB,
	}[f[0]]
	if !ok || len(f) < 3 || f[1] != typ.String() {
		return nil, fmt.Errorf("%w: %q does not begin a block", ErrSource, line)
	}
	n, err := strconv.ParseUint(f[2], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%w: block number %q", ErrSource, f[2])
	}
	b := &sourceBlock{ref: BlockRef{Type: typ, Number: uint16(n)}, end: "END_" + f[0]}
	b.Header = Header{Format: 1, Flags: 1, Language: LangSTL, Type: typ, Number: uint16(n)}
	switch typ {
	case DB:
		b.Header.Language = LangDB
	case SDB:
		b.Header.Language = LangSDB
	}
	b.Footer.Version = 0x10
	return b, nil
}

// ends says whether a line is the block's last.
func (b *sourceBlock) ends(line string) bool { return line == b.end }

// line reads one line inside the block.
func (b *sourceBlock) line(line string) error {
	if b.inCode {
		b.listing = append(b.listing, line)
		return nil
	}
	if b.inVars != 0 {
		if line == "END_VAR" || strings.HasPrefix(line, "END_STRUCT") {
			b.inVars = 0
			return nil
		}
		return b.variable(line)
	}
	switch line {
	case "BEGIN":
		b.inCode = true
	case "VAR_INPUT":
		b.inVars = 1
	case "VAR_OUTPUT":
		b.inVars = 2
	case "VAR_IN_OUT":
		b.inVars = 3
	case "VAR", "STRUCT":
		b.inVars = 4
	case "VAR_TEMP":
		b.inVars = 5
	case "KNOW_HOW_PROTECT":
		b.Header.Security = SecurityKnowHow
	default:
		return b.attribute(line)
	}
	return nil
}

// attribute reads "KEY : VALUE" and "TITLE = …", which the block does not keep.
func (b *sourceBlock) attribute(line string) error {
	if strings.HasPrefix(line, "TITLE") {
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok {
		return fmt.Errorf("%w: %q", ErrSource, line)
	}
	var err error
	switch key {
	case "AUTHOR":
		b.Footer.Author, err = name8(value)
	case "FAMILY":
		b.Footer.Family, err = name8(value)
	case "NAME":
		b.Footer.Name, err = name8(value)
	case "VERSION":
		var major, minor uint8
		if _, err = fmt.Sscanf(value, "%d.%d", &major, &minor); err == nil {
			b.Footer.Version = major<<4 | minor&0x0f
		}
	case "LANGUAGE":
		b.Header.Language, err = languageOf(value)
	case "DATE":
		var t time.Time
		t, err = time.Parse(time.DateTime, value)
		b.Header.Code, b.Header.Interface = StampOf(t), StampOf(t)
	default:
		err = fmt.Errorf("unknown attribute")
	}
	if err != nil {
		return fmt.Errorf("%w: %q: %w", ErrSource, line, err)
	}
	return nil
}

func name8(s string) (string, error) {
	if len(s) > 8 {
		return "", errors.New("more than eight characters")
	}
	return s, nil
}

// languageOf returns the code of a language's name.
func languageOf(name string) (uint8, error) {
	for _, lang := range []uint8{LangSTL, LangLAD, LangFBD, LangSCL, LangDB, LangGRAPH, LangSDB, LangCPUDB, LangSDB11} {
		if LanguageName(lang) == name {
			return lang, nil
		}
	}
	return 0, errors.New("unknown language")
}

// variable reads "name : TYPE := value;" or "name : ARRAY [1..8] OF TYPE;".
func (b *sourceBlock) variable(line string) error {
	_, decl, ok := strings.Cut(strings.TrimSuffix(line, ";"), ":")
	if !ok {
		return fmt.Errorf("%w: %q is not a variable", ErrSource, line)
	}
	typ, value, _ := strings.Cut(decl, ":=")
	typ, value = strings.TrimSpace(typ), strings.TrimSpace(value)
	count := 1
	if rest, ok := strings.CutPrefix(typ, "ARRAY"); ok {
		var first, last int
		if _, err := fmt.Sscanf(strings.TrimSpace(rest), "[%d..%d] OF %s", &first, &last, &typ); err != nil || last < first || last-first > 0xfff {
			return fmt.Errorf("%w: %q is not an array", ErrSource, line)
		}
		count = last - first + 1
	}
	code, ok := map[string]uint8{
		"BOOL": 1, "BYTE": 2, "CHAR": 3, "WORD": 4, "INT": 5, "DWORD": 6, "DINT": 7, "REAL": 8, "TIME": 11, "S5TIME": 12, "DATE_AND_TIME": 14,
	}[typ]
	if !ok {
		return fmt.Errorf("%w: type %q", ErrSource, typ)
	}
	b.params = append(b.params, code, b.inVars)
	for range count {
		if err := b.layout.add(typ, value); err != nil {
			return fmt.Errorf("%w: %q: %w", ErrSource, line, err)
		}
	}
	return nil
}

// block ends the block: code or values, interface, lengths.
func (b *sourceBlock) block() (Block, error) {
	var err error
	switch b.ref.Type {
	case DB:
		b.Code = b.layout.octets()
	case SDB:
		b.Code, err = hex.DecodeString(strings.Join(strings.Fields(strings.Join(b.listing, "")), ""))
	default:
		b.Code, err = Assemble(b.listing)
		b.Header.LocalLen = uint16(len(b.layout.octets()))
	}
	if err != nil {
		return Block{}, fmt.Errorf("%v: %w", b.ref, err)
	}
	if len(b.Code) > 0xffff {
		return Block{}, fmt.Errorf("%w: %v is longer than 64 KiB", ErrSource, b.ref)
	}
	if b.ref.Type != SDB {
		b.Interface = b.declaration()
	}
	return b.Block.Seal(), nil
}

// declaration returns the interface: eight octets, then two for each variable,
// which is how long those of the captured blocks are. What the eight say is not
// known; ours hold the counts.
func (b *sourceBlock) declaration() []byte {
	n := len(b.params)
	return append([]byte{uint8(b.ref.Type), 0, byte(n >> 8), byte(n), byte(b.Header.LocalLen >> 8), byte(b.Header.LocalLen), 0, 0}, b.params...)
}
