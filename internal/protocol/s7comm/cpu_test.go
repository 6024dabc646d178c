package s7comm

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// TestShownDiagnostics: the list that the CPU's web pages show is what list
// 00A0 says, before and after a visitor's stop.
func TestShownDiagnostics(t *testing.T) {
	c := station(t, 1)
	check := func(newest string) {
		t.Helper()
		var shown []shownEvent
		if err := c.diag.state.Load(stateShown, &shown); err != nil {
			t.Fatal(err)
		}
		l, _ := c.szl(wire.SZLRequest{ID: 0xa0})
		if len(shown) < int(l.Count) || shown[0].Text != newest {
			t.Fatalf("shown %v, want %d entries at least and %q first", shown, l.Count, newest)
		}
		for i := range int(l.Count) {
			e := l.Records[i*diagLen:][:diagLen]
			if id := fmt.Sprintf("%X", e[:2]); shown[i].ID != id || !bytes.Equal(wire.AppendTime(nil, shown[i].At), e[12:]) {
				t.Errorf("entry %d: shown %+v, list 00A0 has %x", i, shown[i], e)
			}
		}
	}
	check("Mode transition from STARTUP to RUN")
	if err := c.setMode(process.ModeStop, 0, "visitor"); err != nil {
		t.Fatal(err)
	}
	check(`STOP caused by PG stop operation or by SFB 20 "STOP"`)
}

func TestLoadIsBounded(t *testing.T) {
	c := station(t, 1)
	block := make([]byte, maxBlock)
	var err error
	for n := uint16(0); n < 20 && err == nil; n++ {
		err = c.program.load(blockKey{wire.FC, 100 + n}, block)
	}
	if err != errNoRoom {
		t.Errorf("loading without end: %v", err)
	}
}

// fullState takes nothing.
type fullState struct{ protocol.State }

func (fullState) Save(string, any) error { return errors.New("full") }

// What the device's state has no room for is not linked in.
func TestInsertIsBounded(t *testing.T) {
	c := station(t, 1)
	key := blockKey{wire.FC, 1}
	before, ok := c.program.block(key, 'A')
	if !ok {
		t.Fatal("no FC 1")
	}
	if err := c.program.load(key, bytes.Clone(before[:40])); err != nil {
		t.Fatal(err)
	}
	c.program.state = fullState{c.program.state}
	if _, err := c.program.insert(key); !errors.Is(err, errNoRoom) {
		t.Errorf("linking in: %v", err)
	}
	if after, _ := c.program.block(key, 'A'); !bytes.Equal(after, before) {
		t.Error("the block has changed")
	}
	if _, err := c.program.insert(blockKey{wire.FC, 999}); !errors.Is(err, errNotLoaded) {
		t.Errorf("linking in what is not loaded: %v", err)
	}
}
