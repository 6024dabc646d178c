package s7comm

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// TestShippedFiles builds the controllers of the other personas, whose tags it
// makes up: they are numbers and, where a bit is bound, booleans.
func TestShippedFiles(t *testing.T) {
	for _, c := range []struct {
		persona string
		lists   int // records of list 0011
		called  string
	}{{"s7-1200", 3, "\x02\x00"}, {"s7-200", 3, "\x4d\x57"}} {
		t.Run(c.persona, func(t *testing.T) {
			files := os.DirFS("../../../personas/" + c.persona)
			set, err := fs.ReadFile(files, "plc/s7comm.toml")
			if err != nil {
				t.Fatal(err)
			}
			cpu, err := newCPU(prototest.Env(t, tagsOf(set), set, files))
			if err != nil {
				t.Fatal(err)
			}
			if !cpu.tsaps[c.called] || cpu.tsaps["\x01\x02"] {
				t.Errorf("accepts %q", cpu.set.TSAPs)
			}
			if l, ok := cpu.szl(wire.SZLRequest{ID: 0x11}); !ok || int(l.Count) != c.lists {
				t.Errorf("list 0011: %v, %d records", ok, l.Count)
			}
			if _, ok := cpu.szl(wire.SZLRequest{ID: 0x1c}); ok {
				t.Error("has list 001C")
			}
		})
	}
}

// tagsOf returns a process with every tag that settings name.
func tagsOf(set []byte) []byte {
	var b strings.Builder
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`at = "([0-9.]+)", tag = "([a-z0-9.]+)"`).FindAllStringSubmatch(string(set), -1) {
		if seen[m[2]] {
			continue
		}
		seen[m[2]] = true
		typ := "float32"
		if strings.Contains(m[1], ".") {
			typ = "bool"
		}
		fmt.Fprintf(&b, "[[tag]]\nname = %q\ntype = %q\n", m[2], typ)
	}
	return []byte(b.String())
}
