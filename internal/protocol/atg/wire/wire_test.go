package wire

import (
	"math"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestCommands(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Command]{
		{Name: "inventory of all tanks (576013-635 function 201)", Hex: "01 49 32 30 31 30 30", Want: Command{SOH: true, Function: "201", Device: "00"}},
		{Name: "without SOH, computer format", Hex: "69 32 30 31 30 32", Want: Command{Computer: true, Function: "201", Device: "02"}},
		{Name: "security code (§5)", Hex: "01 31 32 33 34 35 36 49 39 30 32 30 30", Want: Command{SOH: true, Security: "123456", Function: "902", Device: "00"}},
		{Name: "TCP/IP card's 200 (577013-895)", Hex: "01 32 30 30", Want: Command{SOH: true, Function: "201", Device: "00", short: true}},
		{Name: "label of tank 1 (function 602)", Hex: "01 53 36 30 32 30 31 41", Want: Command{SOH: true, Set: true, Function: "602", Device: "01", Data: "A"}, Open: true},
		{Name: "letters in a code", Hex: "73 35 30 46 30 30 30 31", Want: Command{Set: true, Computer: true, Function: "50F", Device: "00", Data: "01"}, Open: true},
	})
}

func TestNoCommands(t *testing.T) {
	for _, s := range []string{"", "\x01", "I2010", "I201x0", "X20100", "GET / HTTP/1.1", "\x0112345I20100", "\x01i20a00", "200"} {
		if c, err := Parse([]byte(s)); err == nil {
			t.Errorf("Parse(%q) = %+v", s, c)
		}
	}
}

func TestAnswers(t *testing.T) {
	octettest.Vectors(t, ParseAnswer, []octettest.Vector[Answer]{
		// personas.md §5.1: ten octets and no line end.
		{Name: "unknown function", Hex: "01 39393939 46463142 03", Want: Answer{Code: "9999"}},
		// 576013-635 §6.1: the octets 01 to the second & add up to 03AC.
		{Name: "computer format", Hex: "01 693530313030 39363031323231353036 2626 46433534 03", Want: Answer{Code: "i50100", Computer: true, Data: "9601221506"}},
		{Name: "display format", Hex: "01 0d0a 493530333031 0d0a 41 0d0a 03", Want: Answer{Code: "I50301", Lines: []string{"A"}}},
	})
}

func TestChecksum(t *testing.T) {
	if got := Checksum([]byte("\x019999")); got != 0xff1b { // the answer itself shows it
		t.Errorf("checksum of SOH 9999 = %04X, want FF1B", got)
	}
}

func TestFloats(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want string
	}{{0, "00000000"}, {1, "3F800000"}, {-118.625, "C2ED4000"}, {9728, "46180000"}} { // IEEE 754
		if got := Float(c.x); got != c.want {
			t.Errorf("Float(%v) = %s, want %s", c.x, got, c.want)
		}
		if x, err := ParseFloat(c.want); err != nil || math.Abs(x-c.x) > 0 {
			t.Errorf("ParseFloat(%s) = %v, %v", c.want, x, err)
		}
	}
	for _, s := range []string{"", "7F800000", "7FC00000", "3F8000", "3G800000", "+F800000"} {
		if x, err := ParseFloat(s); err == nil {
			t.Errorf("ParseFloat(%q) = %v", s, x)
		}
	}
}

func FuzzParse(f *testing.F) {
	octettest.Fuzz(f, Parse, "01 49323031 3030", "69 3230313032", "01 313233343536 493930323030", "01 323030")
}

func FuzzParseAnswer(f *testing.F) {
	octettest.Fuzz(f, ParseAnswer, "01 39393939 46463142 03", "01 0d0a 493530333031 0d0a 41 0d0a 03",
		"01 693530313030 39363031323231353036 2626 46433534 03")
}
