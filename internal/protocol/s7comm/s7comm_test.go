package s7comm

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }

// station returns the shipped controller with other seeds.
func station(t *testing.T, seed byte) *cpu {
	t.Helper()
	files := os.DirFS("../../../personas/pumping-station")
	tags, err := fs.ReadFile(files, "process.toml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := fs.ReadFile(files, "plc/s7comm.toml")
	if err != nil {
		t.Fatal(err)
	}
	// prototest's process has no programs: the tags move by themselves.
	tags = regexp.MustCompile(`(?m)^(program|stop) = .*$`).ReplaceAll(tags, nil)
	env := prototest.Env(t, tags, set, files)
	env.Device.Identity.Values = map[string]string{"mmc": "MMC 1A2B3C4D", "module": "PLC_1"}
	env.Device.Identity.Boot = time.Date(2024, 4, 3, 7, 12, 5, 0, time.UTC)
	env.Rand = rand.New(rand.NewChaCha8([32]byte{seed}))
	c, err := newCPU(env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStation(t *testing.T) {
	c := station(t, 1)
	counts := map[wire.BlockType]uint16{}
	for _, row := range c.program.counts() {
		counts[row.Type] = row.Count
	}
	// SFC and SFB as a CPU 315-2EH14 has them (goOnline).
	if counts[wire.SFC] != 77 || counts[wire.SFB] != 15 || counts[wire.OB] != 6 || counts[wire.FC] != 4 || counts[wire.DB] != 5 || counts[wire.SDB] != 8 {
		t.Errorf("blocks %v", counts)
	}
	boot := c.device.Identity.Boot
	for _, typ := range wire.BlockTypes() {
		for _, row := range c.program.list(typ) {
			info, ok := c.program.info(blockKey{typ, row.Number}, 'A')
			if !ok {
				t.Errorf("%v%d is listed but not there", typ, row.Number)
			}
			if d := boot.Sub(info.Header.Code.Time()); d < 0 || d > 20*365*24*time.Hour && row.Flags == wire.FlagUser {
				t.Errorf("%v%d was changed %v before boot", typ, row.Number, d)
			}
		}
	}
	for _, id := range []uint16{0x0000, 0x0f00, 0x0011, 0x001c, 0x0012, 0x0013, 0x0014, 0x0015, 0x0019, 0x0074, 0x00a0, 0x0424, 0x0124, 0x0591, 0x0037} {
		if l, ok := c.szl(wire.SZLRequest{ID: id}); !ok || l.Count == 0 {
			t.Errorf("list %04x: %v, %d records", id, ok, l.Count)
		}
	}
	if l, _ := c.szl(wire.SZLRequest{}); l.Count != 112 {
		t.Errorf("the directory has %d lists, want 112 (personas.md §1.6)", l.Count)
	}
}

// TestInstallationsDiffer: two installations share no date, checksum or history.
func TestInstallationsDiffer(t *testing.T) {
	a, b := station(t, 1), station(t, 2)
	ha, ua := a.program.checksums()
	hb, ub := b.program.checksums()
	if ha == hb || ua == ub {
		t.Error("two installations have the same checksums")
	}
	ia, _ := a.program.info(blockKey{wire.OB, 1}, 'A')
	ib, _ := b.program.info(blockKey{wire.OB, 1}, 'A')
	if ia.Header.Code == ib.Header.Code {
		t.Error("two installations have OB 1 of the same moment")
	}
	if again := station(t, 1); !bytes.Equal(again.diag.last(1)[0], a.diag.last(1)[0]) {
		t.Error("an installation is not the same after a restart")
	}
	if bytes.Equal(a.diag.last(5)[4], b.diag.last(5)[4]) {
		t.Error("two installations have the same history")
	}
}

// TestStateOutlivesRestart: what visitors changed is there in the next process.
func TestStateOutlivesRestart(t *testing.T) {
	set := []byte(`db = [{ n = 3, at = "4", tag = "raw.level" }]`)
	tags := []byte("[[tag]]\nname = \"raw.level\"\ntype = \"float32\"")
	state := prototest.NewState()
	build := func() *cpu {
		env := prototest.Env(t, tags, set, nil)
		env.State = state
		c, err := newCPU(env)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := build()
	block := wire.Block{Header: wire.Header{Format: 1, Type: wire.DB, Number: 9, Language: wire.LangDB}, Code: []byte{1, 2, 3, 4}}.Seal().Append(nil)
	if err := c.program.load(blockKey{wire.DB, 9}, block); err != nil {
		t.Fatal(err)
	}
	if _, err := c.program.insert(blockKey{wire.DB, 9}); err != nil {
		t.Fatal(err)
	}
	c.memory.load(9, []byte{1, 2, 3, 4})
	c.memory.write(span{where: place{wire.AreaDB, 9}, at: 1, n: 2, bit: -1}, []byte{0xaa, 0xbb}, "visitor")
	c.memory.write(span{where: place{Area: wire.AreaMerker}, at: 5, n: 1, bit: -1}, []byte{0x77}, "visitor")
	c.memory.keep(true)
	if err := c.setMode(process.ModeStop, 0, "visitor"); err != nil {
		t.Fatal(err)
	}
	if rows := c.program.list(wire.DB); len(rows) != 2 || rows[0].Number != 3 {
		t.Errorf("data blocks %v, want DB 3, which has a tag, and DB 9", rows)
	}
	c.program.remove(blockKey{wire.DB, 3})
	c.memory.remove(3)
	last := c.diag.last(1)[0]
	c = build()
	if _, code := c.memory.find(wire.Item{Syntax: wire.SyntaxAny, Type: wire.TypeByte, Count: 1, Area: wire.AreaDB, DB: 3}); code != wire.RetMissing {
		t.Errorf("the deleted DB 3 is back: %v", code)
	}
	if got, _ := c.memory.read(span{where: place{wire.AreaDB, 9}, n: 4, bit: -1}, c.device.Process.View()); !bytes.Equal(got, []byte{1, 0xaa, 0xbb, 4}) {
		t.Errorf("DB 9 holds %x", got)
	}
	if got, _ := c.memory.read(span{where: place{Area: wire.AreaMerker}, at: 5, n: 1, bit: -1}, c.device.Process.View()); got[0] != 0x77 {
		t.Errorf("MB 5 holds %x", got)
	}
	if b, ok := c.program.block(blockKey{wire.DB, 9}, 'A'); !ok || !bytes.Equal(b, block) {
		t.Error("DB 9 is not the block that was loaded")
	}
	if !bytes.Equal(c.diag.last(1)[0], last) {
		t.Error("the diagnostic buffer has forgotten the STOP")
	}
}

func TestConnectionsReserved(t *testing.T) {
	c := &cpu{set: defaults(), conns: map[int]uint8{}}
	n := 0
	for ; n < 100; n++ {
		if _, ok := c.acquire(3); !ok {
			break
		}
	}
	if n != 14 {
		t.Errorf("%d other connections of 16, with one each reserved", n)
	}
	if _, ok := c.acquire(1); !ok {
		t.Error("no connection is left for a programming device")
	}
	if _, ok := c.acquire(2); !ok {
		t.Error("no connection is left for a panel")
	}
	if _, ok := c.acquire(1); ok {
		t.Error("a seventeenth connection")
	}
	c.release(4)
	if ref, ok := c.acquire(3); !ok || ref != 4 {
		t.Errorf("the freed resource is not given again: %d, %v", ref, ok)
	}
}

func TestSettingsRefused(t *testing.T) {
	for name, set := range map[string]string{
		"family":     `family = "s5"`,
		"refuse":     `refuse = "rst"`,
		"protection": `protection = 4`,
		"pdu":        `pdu = 20`,
		"latency":    `latency = { min = "5ms", max = "1ms" }`,
		"offers":     `offers = ["everything"]`,
		"sizes":      `sizes = { merker = 100000 }`,
		"unknown":    `slots = 2`,
		"tag":        `merker = [{ at = "0", tag = "no.such" }]`,
		"blocks":     `blocks = "nowhere"`,
		"szl":        `szl = "nowhere.txt"`,
		"name":       `module = "${nothing}"`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newCPU(prototest.Env(t, nil, []byte(set), os.DirFS(t.TempDir()))); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestLatency(t *testing.T) {
	l := latency{Min: process.Duration(3 * time.Millisecond), Max: process.Duration(6 * time.Millisecond), Scan: process.Duration(2 * time.Millisecond)}
	for _, c := range []struct {
		r    float64
		want time.Duration
	}{{0, 4 * time.Millisecond}, {0.5, 6 * time.Millisecond}, {1, 6 * time.Millisecond}} {
		if got := l.pause(c.r); got != c.want {
			t.Errorf("at %v: %v, want %v", c.r, got, c.want)
		}
	}
}
