package s7comm

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// TestHello asks the handler what the doctor asks.
func TestHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := prototest.Env(t, nil, nil, nil)
		h, err := Protocol().New(env)
		if err != nil {
			t.Fatal(err)
		}
		visitor, service := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s := session.Open(session.Config{Conn: service, Journal: &prototest.Journal{}, Idle: time.Minute})
			s.End(h.Serve(t.Context(), s))
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := Protocol().Hello(ctx, visitor); err != nil {
			t.Error(err)
		}
		visitor.Close()
		<-done
	})
}

func TestDecoder(t *testing.T) {
	const (
		connect = "0300001611e00000000100c1020100c2020102c0010a"
		setup   = "0300001902f08032010000000100080000f0000001000101e0"
		list    = "0300002102f080320700000008000800080001120411440100ff0900040f1c0000"
		read    = "0300001f02f080320100000002000e00000401120a10020020000184000000"
		start   = "0300002302f080320100000003001200001d00000000000000095f3038303030303141"
	)
	stream, err := hex.DecodeString(connect + setup + list + read + start)
	if err != nil {
		t.Fatal(err)
	}
	d := Protocol().Decode()
	var got []string
	for len(stream) > 0 {
		if _, n, err := d.Next(true, stream[:3]); n != 0 || err != nil {
			t.Fatalf("three octets: %d, %v", n, err)
		}
		f, n, err := d.Next(true, stream)
		if err != nil || n == 0 {
			t.Fatalf("%d, %v", n, err)
		}
		got = append(got, fmt.Sprintf("%s %s %s", f.Act.Class, f.Act.Op, f.Act.Target.Ref))
		for _, field := range f.Fields {
			if field.Off+field.Len > n {
				t.Errorf("field %s lies outside the frame", field.Name)
			}
		}
		stream = stream[n:]
	}
	want := "connect cotp_CR |connect setup_communication |identify read_szl 0F1C/0000|read read_var DB1.DBX0.0 BYTE 32|program_upload start_upload OB1"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if _, _, err := d.Next(true, []byte("GET / HTTP/1.0")); err == nil {
		t.Error("HTTP is taken for S7")
	}
}

func TestRefuse(t *testing.T) {
	for _, c := range []struct{ name, request, want string }{
		{"a job", "0300001f02f080320100000002000e00000401120a10020020000184000000", "0300001302f08032020000000200000000" + "8104"},
		{"user data", "0300001d02f0803207000000020008000400011204114701000a000000", "0300002102f080320700000002000c00040001120812870100000081040a000000"},
		{"a connect request", "0300001611e00000000100c1020100c2020102c0010a", ""},
	} {
		b, _ := hex.DecodeString(c.request)
		if got := hex.EncodeToString(Protocol().Refuse(b)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
