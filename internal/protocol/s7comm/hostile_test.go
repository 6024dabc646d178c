package s7comm

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cotp"
	"github.com/sundew-ics/sundew/internal/layer/tpkt"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// TestHostile sends payloads that are almost right: none may stop a session's
// goroutine, and every octet is claimed.
func TestHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := station(t, 1)
	seeds := [][]byte{}
	for _, s := range []string{
		"320100000002000e00000401120a10020020000184000000", "320700000008000800080001120411440100ff0900040f1c0000",
		"320100000003001200001d00000000000000095f3038303030303141", "320100000004002000001a00010000000000095f30383030303031500d31303030323432303030313632",
		"3203000000010002000700001b00000300fb707070", "320100000010001a000028000000000000fd000a01003038303030303150055f494e5345",
		"3207000000020008003600011204114102 00ff0900320014001a00000000000000000000000000000000000000000004030100000014710100010008120100000040990100000000",
		"32010000000b000e00060501120a10020002000184000c80000400100102", "3207000000030008000e0001120411470200ff09000a00191408201159330400",
		"32070000000a000800140001120411420100ff09001000010101120a10080001000184000020", "72010009310000 04ca0000000172010000", "3201000000010000 0000",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	count := 20000
	if testing.Short() {
		count = 400
	}
	for range count / 50 {
		hostile(t, c, r, seeds)
	}
}

// hostile is one session of connect, setup and 50 payloads with flipped octets.
func hostile(t *testing.T, c protocol.Handler, r *rand.Rand, seeds [][]byte) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		stream, _ := hex.DecodeString("0300001611e00000000100c1020100c2020102c0010a" + "0300001902f08032010000000100080000f0000001000101e0")
		for range 50 {
			p := bytes.Clone(seeds[r.IntN(len(seeds))])
			for range r.IntN(4) {
				p[r.IntN(len(p))] = byte(r.Uint32())
			}
			if r.IntN(8) == 0 {
				p = p[:r.IntN(len(p))]
			}
			stream = append(stream, tpkt.Packet{Data: cotp.TPDU{Code: cotp.DT, EOT: true, Data: p}.Append(nil)}.Append(nil)...)
		}
		vis, srv := net.Pipe()
		journal := &prototest.Journal{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			s := session.Open(session.Config{Conn: srv, Journal: journal, Artifacts: &prototest.Artifacts{}, Idle: time.Minute, Instant: true})
			s.End(c.Serve(t.Context(), s))
		}()
		go func() {
			buf := make([]byte, 4096)
			for {
				if _, err := vis.Read(buf); err != nil {
					return
				}
			}
		}()
		vis.Write(stream)
		vis.Close()
		<-done
		n := 0
		for _, e := range journal.Events(t) {
			n += e.RequestLen
			if e.Op == session.OpUnrecorded {
				t.Errorf("octets that no act claims: %s", e.Request)
			}
			if e.Kind == event.KindClose && e.Error != "" {
				t.Errorf("closed with %s", e.Error)
			}
		}
		if n != len(stream) {
			t.Errorf("%d of %d octets are in the record", n, len(stream))
		}
	})
}

// TestFull: a visitor who finds no connection resource left is refused as the
// CPU does, and the connections of others stay.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newCPU(prototest.Env(t, nil, []byte("connections = 1"), nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.acquire(1); !ok {
			t.Fatal("no resource in an idle CPU")
		}
		vis, srv := net.Pipe()
		journal := &prototest.Journal{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			s := session.Open(session.Config{Conn: srv, Journal: journal, Idle: time.Minute})
			s.End(c.Serve(t.Context(), s))
		}()
		request, _ := hex.DecodeString("0300001611e00000000700c1020100c2020102c0010a")
		go vis.Write(request)
		answer := make([]byte, 64)
		n, _ := vis.Read(answer)
		if got := hex.EncodeToString(answer[:n]); got != "0300000b06800007000081" { // DR, congestion
			t.Errorf("answered %s", got)
		}
		vis.Close()
		<-done
		if pg, _, _ := c.connected(); pg != 1 {
			t.Errorf("%d connections are left, want 1", pg)
		}
	})
}
