package atg

import (
	"fmt"
	"regexp"
	"testing"
)

// Whatever a visitor sets a tank up with, no report has a number that no console
// prints.
func TestOddSetupsPrintNumbers(t *testing.T) {
	odd := regexp.MustCompile(`Inf|NaN|922337|%!|7F800000|FF800000|7FC00000|FFC00000`)
	for _, set := range [][]string{
		{"S604010"}, {"S607010"}, {"S604010", "S607010"}, {"S604019999999"}, {"S607010.01"}, {"S609019.999999"}, {"S50E009999"}, {"S604010", "S609019.9"}, {"S607010.01", "S604019999999"},
	} {
		c := newTestConsole(t, testSettings)
		for _, s := range set {
			ask(t, c, s)
		}
		for f := 0x101; f < 0x300; f++ {
			for _, n := range []string{"00", "01"} {
				for _, letter := range "Ii" {
					a := ask(t, c, fmt.Sprintf("%c%03X%s", letter, f, n))
					if m := odd.FindString(a.Data + fmt.Sprint(a.Lines)); m != "" {
						t.Errorf("%v: %c%03X%s has %s: %q %q", set, letter, f, n, m, a.Data, a.Lines)
					}
				}
			}
		}
	}
}
