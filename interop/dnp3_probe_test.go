//go:build interop || bench

package interop

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

const dnp3Port = 20000

// dnp3Address asks a hundred addresses for their link status in one segment, as
// the scanners of the Internet do: one of them answers.
func dnp3Address(t testing.TB, s *sundew) uint16 {
	t.Helper()
	var ask []byte
	for dest := range uint16(100) {
		ask = wire.Frame{Control: wire.Dir | wire.Prm | uint8(wire.RequestStatus), Dest: dest}.Append(ask)
	}
	got := exchange(t, s.at(dnp3Port), ask, time.Second)
	if len(got) != wire.HeaderLen || got[3] != uint8(wire.LinkStatus) {
		t.Fatalf("a sweep of a hundred addresses brought % x", got)
	}
	return binary.LittleEndian.Uint16(got[6:])
}

// dnp3Question is a request for the address of whichever installation it meets.
func dnp3Question(fragment string) func(t testing.TB, s *sundew) []byte {
	return func(t testing.TB, s *sundew) []byte {
		var p []byte
		wire.Segments(octettest.Hex(t, fragment), 0, func(segment []byte) {
			p = wire.Frame{Control: wire.Dir | wire.Prm | uint8(wire.UnconfirmedData), Dest: dnp3Address(t, s), Src: 1, UserData: segment}.Append(p)
		})
		return p
	}
}
