package octet

import (
	"bytes"
	"errors"
	"testing"
)

func TestReaderFields(t *testing.T) {
	b := Builder{}
	b.U8(1)
	b.U16(0x0203)
	b.U24(0x040506)
	b.U32(0x0708090a)
	b.U64(0x0102030405060708)
	b.F32(1.5)
	b.U16LE(0x0203)
	b.U24LE(0x040506)
	b.U32LE(0x0708090a)
	b.U64LE(0x0102030405060708)
	b.F32LE(-2.25)
	b.Pad("abc", 5, ' ')
	r := NewReader(b.B)
	if r.U8() != 1 || r.U16() != 0x0203 || r.U24() != 0x040506 || r.U32() != 0x0708090a || r.U64() != 0x0102030405060708 || r.F32() != 1.5 {
		t.Error("big-endian fields differ")
	}
	if r.U16LE() != 0x0203 || r.U24LE() != 0x040506 || r.U32LE() != 0x0708090a || r.U64LE() != 0x0102030405060708 || r.F32LE() != -2.25 {
		t.Error("little-endian fields differ")
	}
	if got := r.Bytes(5); !bytes.Equal(got, []byte("abc  ")) {
		t.Errorf("padded text %q", got)
	}
	if err := r.Done(); err != nil {
		t.Errorf("Done: %v", err)
	}
}

func TestReaderErrorSticks(t *testing.T) {
	r := NewReader([]byte{1, 2, 3})
	r.U16()
	if r.U32() != 0 || !errors.Is(r.Err(), ErrShort) {
		t.Error("reading past the end should yield 0 and ErrShort")
	}
	if r.U8() != 0 || r.Len() != 0 || r.Rest() != nil {
		t.Error("nothing may be read after a failure")
	}
	if s := r.Sub(0); s.Err() == nil {
		t.Error("a child of a failed reader fails")
	}
}

func TestReaderTrailing(t *testing.T) {
	r := NewReader([]byte{1, 2})
	r.U8()
	if !errors.Is(r.Done(), ErrTrailing) {
		t.Errorf("Done = %v, want ErrTrailing", r.Done())
	}
	if r.Bytes(-1) != nil || !errors.Is(r.Err(), ErrShort) {
		t.Error("a negative length fails")
	}
}
