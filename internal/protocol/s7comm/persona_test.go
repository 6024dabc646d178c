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

// TestRackIsThatOfTheWebPage: list 0D91 has the slots and addresses of the
// modules that Portal3000.htm lists. The power supply is not on the bus.
func TestRackIsThatOfTheWebPage(t *testing.T) {
	page, err := os.ReadFile("../../../personas/pumping-station/plc/www/modules.html")
	if err != nil {
		t.Fatal(err)
	}
	cell := `<td class="table_cell">`
	row := regexp.MustCompile(`<tr>` + cell + `(\d+)</td>` + cell + `.*6ES7 3[23].*` + cell + `(\d+|&nbsp;)</td>` + cell + `(\d+|&nbsp;)</td></tr>`)
	var want []string
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		at, area := m[2], "b4"
		if at == "&nbsp;" {
			at, area = m[3], "b5"
		}
		want = append(want, fmt.Sprintf("slot %s at %s %s", m[1], at, area))
	}
	l, ok := station(t, 1).szl(wire.SZLRequest{ID: 0x0d91})
	if !ok || len(want) == 0 || int(l.Count) != len(want)+1 {
		t.Fatalf("list 0D91: %v, %d records; the page has %q besides the CPU", ok, l.Count, want)
	}
	for i, w := range want {
		r := l.Records[(i+1)*int(l.RecordLen):]
		if got := fmt.Sprintf("slot %d at %d %x", r[2], int(r[4])<<8|int(r[5]), r[12]); got != w {
			t.Errorf("list 0D91 has %q, the page %q", got, w)
		}
	}
}
