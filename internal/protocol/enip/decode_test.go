package enip

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// TestDecoder decodes the recorded octets of a conversation both ways; fields
// lie within their frames, and the acts of the visitor are those of the room.
func TestDecoder(t *testing.T) {
	a, err := txtar.ParseFile("testdata/tcp_multiple.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, f := range a.Files {
		if f.Name == "conversation" {
			text = f.Data
		}
	}
	var ops []string
	dec := decoder{}
	for l := range strings.Lines(string(text)) {
		mark, hex, ok := strings.Cut(strings.TrimSpace(l), " ")
		if !ok || mark != ">" && mark != "<" {
			continue
		}
		b := unhex(t, hex)
		for n := range b {
			if _, used, err := dec.Next(mark == ">", b[:n]); used != 0 || err != nil {
				t.Fatalf("%d of %d octets: %d, %v", n, len(b), used, err)
			}
		}
		f, used, err := dec.Next(mark == ">", b)
		if err != nil || used != len(b) {
			t.Fatalf("%s: %d octets, %v", hex, used, err)
		}
		covered := 0
		for _, field := range f.Fields {
			if field.Off < 0 || field.Off+field.Len > used {
				t.Errorf("field %+v is outside of %d octets", field, used)
			}
			covered += field.Len
		}
		if covered < wire.HeaderLen {
			t.Errorf("fields cover %d octets", covered)
		}
		if mark == ">" {
			ops = append(ops, string(f.Act.Class)+" "+f.Act.Op)
		}
	}
	want := "connect register_session, read multiple_service_packet, write multiple_service_packet, mode multiple_service_packet"
	if got := strings.Join(ops, ", "); !strings.HasPrefix(got, want) {
		t.Errorf("acts %s", got)
	}
	f, used, err := dec.Next(true, []byte("GET /index.html HTTP/1.1\r\n"))
	if err != nil || used != 26 || f.Act.Class != event.Foreign {
		t.Errorf("HTTP decodes to %+v, %d, %v", f.Act, used, err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	var out []byte
	for _, part := range strings.Fields(s) {
		for i := 0; i+1 < len(part); i += 2 {
			n := strings.IndexByte("0123456789abcdef", part[i])<<4 | strings.IndexByte("0123456789abcdef", part[i+1])
			out = append(out, byte(n))
		}
	}
	return out
}

// Each operation of the conversations is in the README's table.
func TestReadmeHasOperations(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile("testdata/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		_, events, _ := bytes.Cut(b, []byte("-- events --\n"))
		for l := range strings.Lines(string(events)) {
			w := strings.Fields(l)
			if len(w) < 3 || w[0] == "close" || w[0] == "foreign" || w[1] == session.OpAfterClose {
				continue
			}
			if !bytes.Contains(readme, []byte("`"+w[1]+"`")) {
				t.Errorf("%s: README.md has no `%s`", f.Name(), w[1])
			}
		}
	}
}
