//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// modbusRequest is a frame of function 3 or 6 whose transaction id is n.
func modbusRequest(n uint16, function byte, value uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, n)
	b = append(b, 0, 0, 0, 6, 1, function, 0, 0)
	return binary.BigEndian.AppendUint16(b, value)
}

// answered sends a frame and reads the whole answer.
func answered(c net.Conn, frame []byte) bool {
	if _, err := c.Write(frame); err != nil {
		return false
	}
	head := make([]byte, 6)
	if _, err := io.ReadFull(c, head); err != nil {
		return false
	}
	_, err := io.ReadFull(c, make([]byte, binary.BigEndian.Uint16(head[4:])))
	return err == nil
}

// TestCrash kills the sensor under load: every write whose reply a client had
// is in the journal, and so is every read older than 20 ms before the crash.
func TestCrash(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	var wg sync.WaitGroup
	var killed atomic.Int64 // when, in ns
	const clients = 16
	writes := make([][]uint16, clients)
	reads := make([]map[uint16]time.Time, clients)
	for k := range clients {
		wg.Go(func() {
			c, err := net.Dial("tcp", s.at(modbusPort))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			reads[k] = map[uint16]time.Time{}
			for n := uint16(1); n < 60000; n += 2 {
				if !answered(c, modbusRequest(n, 3, 1)) {
					return
				}
				reads[k][n] = time.Now()
				if !answered(c, modbusRequest(n+1, 6, n)) {
					return
				}
				writes[k] = append(writes[k], n+1)
			}
		})
	}
	time.Sleep(2 * time.Second)
	killed.Store(time.Now().UnixNano())
	s.kill()
	wg.Wait()

	got := map[string]bool{} // source port and transaction
	var ports []uint16
	for _, e := range s.events("--protocol", "modbus") {
		if e.Kind == event.KindOpen {
			ports = append(ports, e.Src.Port)
		}
		if e.Kind == event.KindAct && len(e.Request) >= 4 {
			got[e.Session+e.Request[:4]] = true
		}
	}
	inJournal := func(n uint16) int {
		found := 0
		id := fmt.Sprintf("%04x", n)
		for key := range got {
			if key[len(key)-4:] == id {
				found++
			}
		}
		return found
	}
	total := 0
	want := map[uint16]int{}
	for k := range clients {
		total += len(writes[k])
		for _, n := range writes[k] {
			want[n]++
		}
		for n, at := range reads[k] {
			if at.UnixNano() < killed.Load()-20e6 {
				want[n]++
			}
		}
	}
	lost := 0
	for n, k := range want {
		lost += max(0, k-inJournal(n))
	}
	t.Logf("%d sessions, %d writes answered before the crash, %d acts lost that may not be", len(ports), total, lost)
	if lost > 0 || total == 0 {
		t.Errorf("%d of the acts that must survive a crash are not in the journal (%d writes)", lost, total)
	}
}

// TestDiskFull fills the disk under a sensor: visitors are served, losses are
// counted and said, and recording resumes when there is space again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("skipped: mounting a small disk needs root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("skipped: mount: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	s := startAt(t, "127.14.7.3", dir, "default", "--limits", "off", "--latency", "off")
	defer s.stop()
	filler := filepath.Join(dir, "filler")
	exec.Command("dd", "if=/dev/zero", "of="+filler, "bs=64k").Run() // until it is full
	c, err := net.Dial("tcp", s.at(modbusPort))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	burst := func(from, n int) {
		t.Helper()
		for i := range n {
			c.SetDeadline(time.Now().Add(5 * time.Second))
			if !answered(c, modbusRequest(uint16(from+i), 3, 100)) {
				t.Fatalf("request %d is not answered while the disk is full", i)
			}
		}
	}
	burst(0, 40000) // more than the journal's buffers hold
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	burst(50000, 10)
	time.Sleep(12 * time.Second) // drops are told every 10 s
	var last int
	said := false
	for _, e := range s.events() {
		said = said || e.What == "drop"
		if e.Kind == event.KindAct {
			last = e.Seq
			if e.Request[:4] == fmt.Sprintf("%04x", 50009) {
				last = -1
			}
		}
	}
	if last != -1 {
		t.Errorf("recording has not resumed; the last act is %d", last)
	}
	if !said {
		t.Error("no status line tells of what was dropped")
	}
}
