// Package zipcrypto makes ZIP archives with the traditional encryption of PKWARE's
// APPNOTE §6.1, which every unzip opens. It keeps no secret: it keeps mail
// gateways, virus scanners and a careless double click away from what is inside.
package zipcrypto

import (
	"archive/zip"
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

const (
	headerLen = 12
	encrypted = 0x1
)

// keys are the cipher's state, §6.1.5.
type keys [3]uint32

func newKeys(password string) *keys {
	k := &keys{0x12345678, 0x23456789, 0x34567890}
	for _, c := range []byte(password) {
		k.update(c)
	}
	return k
}

func step(crc uint32, c byte) uint32 { return crc>>8 ^ crc32.IEEETable[byte(crc)^c] }

func (k *keys) update(c byte) {
	k[0] = step(k[0], c)
	k[1] = (k[1]+k[0]&0xff)*134775813 + 1
	k[2] = step(k[2], byte(k[1]>>24))
}

// encrypt encrypts p in place.
func (k *keys) encrypt(p []byte) {
	for i, c := range p {
		t := uint16(k[2]) | 2
		p[i] = c ^ byte(t*(t^1)>>8)
		k.update(c)
	}
}

// writer encrypts what goes through it.
type writer struct {
	out io.Writer
	k   *keys
	buf []byte
}

func (w *writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf[:0], p...)
	w.k.encrypt(w.buf)
	return w.out.Write(w.buf)
}

// Write writes an archive of one file, stored, under name. It reads r twice.
func Write(w io.Writer, name, password string, at time.Time, r io.ReadSeeker) error {
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, r)
	if err != nil {
		return fmt.Errorf("zipcrypto: %w", err)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("zipcrypto: %w", err)
	}
	z := zip.NewWriter(w)
	date, clock := dosTime(at.UTC())
	out, err := z.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Store, Flags: encrypted, CreatorVersion: 20, ReaderVersion: 20,
		//lint:ignore SA1019 CreateRaw writes these and does not look at Modified
		ModifiedDate: date, ModifiedTime: clock,
		CRC32: sum.Sum32(), UncompressedSize64: uint64(n), CompressedSize64: uint64(n + headerLen),
	})
	if err != nil {
		return fmt.Errorf("zipcrypto: %w", err)
	}
	c := &writer{out: out, k: newKeys(password)}
	head := make([]byte, headerLen)
	rand.Read(head)
	head[headerLen-1] = byte(sum.Sum32() >> 24) // by which a reader knows a wrong password
	if _, err := c.Write(head); err != nil {
		return fmt.Errorf("zipcrypto: %w", err)
	}
	m, err := io.Copy(c, r)
	if err == nil && m != n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("zipcrypto: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("zipcrypto: %w", err)
	}
	return nil
}

// dosTime is a time as §4.4.6 has it, in steps of two seconds.
func dosTime(t time.Time) (date, clock uint16) {
	date = uint16(t.Year()-1980)<<9 | uint16(t.Month())<<5 | uint16(t.Day())
	clock = uint16(t.Hour())<<11 | uint16(t.Minute())<<5 | uint16(t.Second()/2)
	return date, clock
}
