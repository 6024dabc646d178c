//go:build interop

package interop

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readings is what one service shows of the plant.
type readings struct{ level, position float64 } // m, %

// TestOnePlant asks three services for the same values at the same time, opens
// the inlet valve by Modbus, watches the level rise everywhere, and finds the
// plant where it was after a restart.
func TestOnePlant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startAt(t, "127.15.8.1", dir, "default", "--latency", "off")
	agree(t, s)
	before := overModbus(t, s)
	writeCoil(t, s, 0, false) // out of automatic
	writeFloat(t, s, 40, 100) // the valve wide open
	var after readings
	for begun := time.Now(); time.Since(begun) < 40*time.Second; time.Sleep(time.Second) {
		if after = overModbus(t, s); after.position > before.position+30 && after.level > before.level+0.001 {
			break
		}
	}
	if after.position <= before.position+30 || after.level <= before.level {
		t.Errorf("the valve was opened at %+v and now the plant is at %+v", before, after)
	}
	agree(t, s)
	writeFloat(t, s, 40, 1e9) // beyond its range
	if p := overModbus(t, s).position; p > 100 {
		t.Errorf("the valve is open by %v %%", p)
	}
	s.stop()
	s = startAt(t, "127.15.8.1", dir, "default", "--latency", "off")
	if again := overModbus(t, s); math.Abs(again.level-after.level) > 0.1 || math.Abs(again.position-after.position) > 60 || again.position < before.position+20 {
		t.Errorf("before the restart %+v, after it %+v", after, again)
	}
}

// agree asserts that Modbus, the plant's page and SNMP show the same, within
// their resolutions and the tick that may lie between two questions.
func agree(t *testing.T, s *sundew) {
	t.Helper()
	m, h, n := overModbus(t, s), overHTTP(t, s), overSNMP(t, s)
	for name, r := range map[string]readings{"http": h, "snmp": n} {
		if math.Abs(r.level-m.level) > 0.011 || math.Abs(r.position-m.position) > 3.5 {
			t.Errorf("modbus shows %+v, %s %+v", m, name, r)
		}
	}
}

func overModbus(t *testing.T, s *sundew) readings {
	t.Helper()
	b := modbus(t, s, []byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 8})
	if len(b) < 9+16 {
		t.Fatalf("modbus answers % x", b)
	}
	v := b[9:]
	return readings{float64(math.Float32frombits(binary.BigEndian.Uint32(v))), float64(int16(binary.BigEndian.Uint16(v[14:]))) / 10}
}

func modbus(t *testing.T, s *sundew, frame []byte) []byte {
	t.Helper()
	c, err := net.Dial("tcp", s.at(modbusPort))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Write(frame)
	head := make([]byte, 6)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, binary.BigEndian.Uint16(head[4:]))
	if _, err := io.ReadFull(c, rest); err != nil {
		t.Fatal(err)
	}
	if rest[1]&0x80 != 0 {
		t.Fatalf("modbus refuses % x with exception %d", frame, rest[2])
	}
	return append(head, rest...)
}

func writeCoil(t *testing.T, s *sundew, at uint16, on bool) {
	t.Helper()
	f := binary.BigEndian.AppendUint16([]byte{0, 2, 0, 0, 0, 6, 1, 5}, at)
	value := []byte{0, 0}
	if on {
		value[0] = 0xff
	}
	modbus(t, s, append(f, value...))
}

func writeFloat(t *testing.T, s *sundew, at uint16, v float32) {
	t.Helper()
	f := binary.BigEndian.AppendUint16([]byte{0, 3, 0, 0, 0, 11, 1, 16}, at)
	f = append(f, 0, 2, 4)
	modbus(t, s, binary.BigEndian.AppendUint32(f, math.Float32bits(v)))
}

func overHTTP(t *testing.T, s *sundew) readings {
	t.Helper()
	resp, err := http.Get("http://" + s.at(hmiPort) + "/values.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var v struct {
		Level    float64 `json:"raw.level"`
		Position float64 `json:"inlet.position"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return readings{v.Level, v.Position}
}

func overSNMP(t *testing.T, s *sundew) readings {
	t.Helper()
	const plant = "1.3.6.1.4.1.4329.20.1.1.1.1.110.1."
	lines := strings.Fields(run(t, "snmpget", "-v2c", "-c", "public", "-Oqv", s.at(snmpPort), plant+"1.0", plant+"5.0"))
	if len(lines) != 2 {
		t.Fatalf("snmp answers %q", lines)
	}
	level, err1 := strconv.ParseFloat(lines[0], 64)
	position, err2 := strconv.ParseFloat(lines[1], 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("snmp answers %q", lines)
	}
	return readings{level / 1000, position / 10}
}

// TestInstallationsDiffer asks two installations who they are: no serial number,
// MAC address, name or boot time is the same.
func TestInstallationsDiffer(t *testing.T) {
	a, b := identify(t), identify(t)
	for i := range a {
		if a[i] == b[i] {
			t.Errorf("two installations both say %q", a[i])
		}
	}
}

func identify(t *testing.T) []string {
	s := start(t, "default", "--latency", "off")
	defer s.stop()
	walk := run(t, "snmpget", "-v2c", "-c", "public", "-Oqv", s.at(snmpPort), "1.3.6.1.2.1.2.2.1.6.1", "1.3.6.1.2.1.1.3.0")
	out := strings.Split(strings.TrimSpace(walk), "\n")
	seed, err := os.ReadFile(s.dir + "/seed")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, string(seed))
}
