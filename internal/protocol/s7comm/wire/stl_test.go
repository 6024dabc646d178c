package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestAssemble(t *testing.T) {
	for _, c := range []struct{ name, listing, want string }{
		{"bit logic with short addresses", "A I 0.0\nAN M 10.3\n= Q 4.0\nS M 2.7\nR Q 1.1", "c000 a30a d884 9702 f181"},
		{"bit logic with long addresses", "A DBX 20.3\nON L 1.0\nFP M 300.0\n= DBX 4.1", "0043 0014 01e0 0001 4930 012c 4141 0004"},
		{"load and transfer", "L MW 4\nT QB 2\nL PIW 288\nT DBD 12\nL IW 2", "1204 4b82 7e02 0120 7e47 000c 5202"},
		{"constants", "L 5\nL -1\nL 0.5\nL W#16#7FFF\nL S5T#30s\nL L#100000", "3003 0005 3003 ffff 3801 3f000000 3007 7fff 300c 1300 3803 000186a0"},
		{"comparison, arithmetic and ends", ">R\n==I\n*R\n+I\nBEC\nBEU\nBE", "3120 2180 6007 7900 0500 6501 6500"},
		{"calls and timers", "UC FC 12\nOPN DB 1\nSD T 4\nA T 4", "3d0c 2001 2404 f804"},
		{"jumps", "A I 0.1\nJCN done // skip\nSET\ndone: NOP 0", "c100 ffb8 0003 681d 0000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Assemble(strings.Split(c.listing, "\n"))
			if err != nil || !bytes.Equal(got, octettest.Hex(t, c.want)) {
				t.Errorf("got %x, %v\nwant %s", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"A I 0.8", "FOO", "JU nowhere", "L W#16#12345", "UC SFC 1", "L", "L S5T#7h", "A X 0.0", "T 5"} {
		if got, err := Assemble([]string{bad}); err == nil {
			t.Errorf("%q assembles to %x", bad, got)
		}
	}
}
