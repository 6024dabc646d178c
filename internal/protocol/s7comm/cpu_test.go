package s7comm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cotp"
	"github.com/sundew-ics/sundew/internal/layer/tpkt"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
	"github.com/sundew-ics/sundew/internal/session"
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

// A block of the greatest length comes in some hundred parts: every octet of
// them is in the record, and the block whole among the artefacts.
func TestLargeDownload(t *testing.T) {
	code := bytes.Repeat([]byte{0x12, 0x34, 0x56, 0x78}, 15000)
	block := wire.Block{Header: wire.Header{Format: 1, Type: wire.DB, Number: 77, Language: wire.LangDB}, Code: code}.Seal().Append(nil)
	stream, err := hex.DecodeString("0300001611e00000000100c1020100c2020102c0010a" + "0300001902f08032010000000100080000f0000001000101e0")
	if err != nil {
		t.Fatal(err)
	}
	say := func(p wire.PDU) {
		stream = append(stream, tpkt.Packet{Data: cotp.TPDU{Code: cotp.DT, EOT: true, Data: p.Append(nil)}.Append(nil)}.Append(nil)...)
	}
	lengths := fmt.Sprintf("1%06d%06d", len(block), len(code))
	say(wire.PDU{ROSCTR: wire.Job, Ref: 2, Param: wire.FileJob{Function: wire.FnDownload, Error: 0x0100, Texts: []string{"_0A00077P", lengths}}.Append(nil)})
	const most = 240 - 18
	ref := uint16(1) // the CPU's jobs count from 1
	for rest := block; len(rest) > 0; ref++ {
		n, status := min(most, len(rest)), uint8(wire.StatusMore)
		if n == len(rest) {
			status = wire.StatusDone
		}
		say(wire.PDU{ROSCTR: wire.AckData, Ref: ref, Param: []byte{wire.FnDownloadBlock, status}, Data: wire.Part{Data: rest[:n]}.Append(nil)})
		rest = rest[n:]
	}
	say(wire.PDU{ROSCTR: wire.AckData, Ref: ref, Param: []byte{wire.FnDownloadEnded}})

	c := station(t, 1)
	journal, kept := &prototest.Journal{}, &prototest.Artifacts{}
	synctest.Test(t, func(t *testing.T) {
		vis, srv := net.Pipe()
		go io.Copy(io.Discard, vis)
		go func() {
			vis.Write(stream)
			vis.Close()
		}()
		s := session.Open(session.Config{Conn: srv, Journal: journal, Artifacts: kept, Idle: time.Minute, Instant: true})
		s.End(c.Serve(t.Context(), s))
	})
	octets, parts, sum := 0, 0, ""
	for _, e := range journal.Events(t) {
		octets += e.RequestLen
		if e.Op == "download_block" {
			parts++
		}
		if e.Artifact != nil {
			sum = e.Artifact.SHA256
		}
	}
	if octets != len(stream) || parts != int(ref)-1 {
		t.Errorf("%d of %d octets in the record, %d of %d parts", octets, len(stream), parts, ref-1)
	}
	if !bytes.Equal(kept.Content[sum], block) {
		t.Errorf("%d octets kept of a block of %d", len(kept.Content[sum]), len(block))
	}
	if b, _ := c.program.block(blockKey{wire.DB, 77}, 'P'); !bytes.Equal(b, block) {
		t.Errorf("%d octets loaded", len(b))
	}
}

// countingState counts what is saved.
type countingState struct {
	protocol.State
	saves int
}

func (s *countingState) Save(key string, v any) error {
	s.saves++
	return s.State.Save(key, v)
}

// Many small writes are saved together: each would cost the whole data block.
func TestWritesAreSavedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := station(t, 1)
		state := &countingState{State: prototest.NewState()}
		c.memory.state = state
		at := place{Area: wire.AreaMerker}
		for i := range byte(100) {
			c.memory.write(span{where: at, at: 5, n: 1, bit: -1}, []byte{i}, "visitor")
			c.memory.keep(false)
		}
		if state.saves > 1 {
			t.Errorf("%d saves of 100 writes", state.saves)
		}
		c.memory.keep(true)
		var kept []byte
		if err := state.Load(at.key(), &kept); err != nil || len(kept) < 6 || kept[5] != 99 {
			t.Errorf("kept %x, %v", kept, err)
		}
	})
}
