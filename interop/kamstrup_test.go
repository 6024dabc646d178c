//go:build interop

package interop

import (
	"bufio"
	"encoding/binary"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
)

const (
	kmpPort        = 1025
	managementPort = 50100
)

// No client of Kamstrup's Ethernet modules is known to install: these probes ask
// what meter readers ask, and check what meters keep to.
func TestKamstrup(t *testing.T) {
	s := start(t, "kamstrup-382", "--limits", "off", "--latency", "off")
	t.Run("registers", func(t *testing.T) { kmpRegisters(t, s) })
	t.Run("readings", func(t *testing.T) { kmpReadings(t, s) })
	t.Run("management", func(t *testing.T) { kmpManagement(t, s) })
	if ops := s.ops("kamstrup"); ops["get_register"] == 0 || ops["get_serial_no"] == 0 {
		t.Errorf("journal: %v", ops)
	}
	if ops := s.ops("kamstrup_management"); ops["get_config"] == 0 || ops["set_server_hostname"] == 0 {
		t.Errorf("journal: %v", ops)
	}
}

// kmp exchanges one frame.
func kmp(t testing.TB, s *sundew, c wire.Command, body ...byte) wire.Frame {
	t.Helper()
	conn, err := net.Dial("tcp", s.at(kmpPort))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	conn.Write(wire.Frame{Start: wire.Request, Address: wire.Meter, Command: c, Body: body}.Append(nil))
	answer, err := bufio.NewReader(conn).ReadBytes(wire.Stop)
	if err != nil {
		t.Fatal(err)
	}
	f, err := wire.Parse(answer)
	if err != nil || f.Start != wire.Reply || f.Command != c {
		t.Fatalf("answer % x: %+v, %v", answer, f, err)
	}
	return f
}

// kmpRead returns the values of up to eight registers.
func kmpRead(t testing.TB, s *sundew, ids ...int) map[int]wire.Record {
	t.Helper()
	body := []byte{byte(len(ids))}
	for _, id := range ids {
		body = binary.BigEndian.AppendUint16(body, uint16(id))
	}
	out := map[int]wire.Record{}
	for p := kmp(t, s, wire.GetRegister, body...).Body; len(p) > 0; {
		r, rest, err := wire.ParseRecord(p)
		if err != nil {
			t.Fatal(err)
		}
		out[int(r.Number)], p = r, rest
	}
	return out
}

// kmpRegisters reads all 124 registers that Conpot's meter has
// (reference/conpot-behaviour.md §3.5), eight at a time.
func kmpRegisters(t *testing.T, s *sundew) {
	var ids []int
	for _, span := range [][2]int{{1, 6}, {13, 46}, {50, 58}, {1001, 1005}, {1010, 1010}, {1021, 1021}, {1023, 1031}, {1033, 1039}, {1047, 1047}, {1049, 1051},
		{1054, 1056}, {1058, 1084}, {1086, 1086}, {1092, 1092}, {1112, 1115}, {1121, 1121}, {1126, 1126}, {1181, 1181}, {1189, 1189}, {1202, 1209}} {
		for id := span[0]; id <= span[1]; id++ {
			ids = append(ids, id)
		}
	}
	if len(ids) != 124 {
		t.Fatalf("the list has %d registers, want 124", len(ids))
	}
	for n := 0; n < len(ids); n += 8 {
		part := ids[n:min(n+8, len(ids))]
		if got := kmpRead(t, s, part...); len(got) != len(part) {
			t.Errorf("of %v the meter has %d", part, len(got))
		}
	}
}

// kmpReadings checks one coherent set of readings, and that energy only rises.
func kmpReadings(t *testing.T, s *sundew) {
	last := 0.0
	for range 3 {
		r := kmpRead(t, s, 13, 1023, 1054, 1055, 1056, 1080, 1081, 1082)
		if x := r[13].Decode(); x < last || x < 1000 {
			t.Errorf("%v kWh after %v", x, last)
		} else {
			last = x
		}
		for _, id := range []int{1054, 1055, 1056} {
			if u := r[id].Decode(); u < 216 || u > 244 {
				t.Errorf("register %d: %v V", id, u)
			}
		}
		if sum := r[1080].Decode() + r[1081].Decode() + r[1082].Decode(); math.Abs(sum-r[1023].Decode()) > 0.05+0.2*sum {
			t.Errorf("the phases take %v kW, the meter shows %v", sum, r[1023].Decode())
		}
		time.Sleep(700 * time.Millisecond)
	}
	serial := binary.BigEndian.Uint32(kmp(t, s, wire.GetSerial).Body)
	if shown := kmpRead(t, s, 1001)[1001].Decode(); shown != float64(serial) {
		t.Errorf("serial number %d, register 1001 %v", serial, shown)
	}
}

// kmpManagement changes what a visitor would and finds it again.
func kmpManagement(t *testing.T, s *sundew) {
	say := func(lines string) string {
		return string(exchange(t, s.at(managementPort), []byte(lines), time.Second))
	}
	contains(t, say("!GC\r\n"), "Connected to [00:13:EA:", "Device Name         : EM-", "MAC addr. (HEX)     : 00:13:EA:")
	contains(t, say("H\r\nH !SC\r\n!nothing\r\n"), "Service Menu", "Kamstrup (R)", "? Command not found.")
	contains(t, say("!SH reader.example\r\n"), "OK\r\nService server hostname.: reader.example")
	contains(t, say("\xff\xfd\x01!GC\r\n"), "\xff\xfc\x01", "Service server hostname.: reader.example")
	if out := say("Q\r\n"); strings.Contains(out, "?") {
		t.Errorf("Q: %q", out)
	}
}
