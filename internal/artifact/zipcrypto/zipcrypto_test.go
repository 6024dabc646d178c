package zipcrypto

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func archive(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, "content", "infected", noon, strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decrypt undoes encrypt.
func decrypt(k *keys, p []byte) {
	for i, c := range p {
		t := uint16(k[2]) | 2
		p[i] = c ^ byte(t*(t^1)>>8)
		k.update(p[i])
	}
}

func TestWrite(t *testing.T) {
	for _, content := range []string{"", "x", strings.Repeat("a visitor's file\n", 5000)} {
		b := archive(t, content)
		if len(content) > 1 && bytes.Contains(b, []byte("visitor")) {
			t.Error("the content can be read")
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		f := z.File[0]
		if f.Flags&encrypted == 0 || f.UncompressedSize64 != uint64(len(content)) || !f.Modified.Equal(noon) {
			t.Errorf("%+v", f.FileHeader)
		}
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		p, err := io.ReadAll(raw)
		if err != nil {
			t.Fatal(err)
		}
		decrypt(newKeys("infected"), p)
		if got := p[headerLen:]; string(got) != content || p[headerLen-1] != byte(crc32.ChecksumIEEE(got)>>24) {
			t.Errorf("%d octets come back as %d", len(content), len(got))
		}
	}
}

// Programs that others wrote open it, with the password alone.
func TestOthersOpenIt(t *testing.T) {
	content := strings.Repeat("a visitor's file\n", 5000)
	file := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(file, archive(t, content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		program string
		args    func(password string) []string
	}{
		{"unzip", func(p string) []string { return []string{"-p", "-P", p, file} }},
		{"python3", func(p string) []string {
			return []string{"-c", "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read('content', pwd=sys.argv[2].encode()))", file, p}
		}},
		{"7z", func(p string) []string { return []string{"x", "-so", "-p" + p, file} }},
	} {
		t.Run(c.program, func(t *testing.T) {
			if _, err := exec.LookPath(c.program); err != nil {
				t.Skipf("skipped: %s is not installed", c.program)
			}
			out, err := exec.Command(c.program, c.args("infected")...).Output()
			if err != nil || string(out) != content {
				t.Errorf("%d octets, %v", len(out), err)
			}
			if out, err := exec.Command(c.program, c.args("wrong")...).Output(); err == nil && string(out) == content {
				t.Error("it opens with a wrong password")
			}
		})
	}
}

// A file that shrinks between the two readings is no archive.
func TestShrinks(t *testing.T) {
	r := &shrinking{strings.NewReader("longer")}
	if err := Write(io.Discard, "content", "infected", noon, r); err == nil {
		t.Error("no error")
	}
}

type shrinking struct{ *strings.Reader }

func (s *shrinking) Seek(o int64, whence int) (int64, error) { return s.Reader.Seek(3, io.SeekStart) }

func (s *shrinking) WriteTo(w io.Writer) (int64, error) { return s.Reader.WriteTo(w) }
