package modbus

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestManual(t *testing.T) {
	if os.Getenv("MANUAL") == "" {
		t.Skip()
	}
	tags, _ := os.ReadFile("/work/main/personas/pumping-station/process.toml")
	set, _ := os.ReadFile("/work/main/personas/pumping-station/plc/modbus.toml")
	env := prototest.Env(t, nil, set, nil)
	var spec struct{ Tag []process.TagSpec }
	if err := prototest.Decode(tags, &spec); err != nil {
		t.Fatal(err)
	}
	cfg := process.Config{Programs: map[string]string{"plc": "plc.mode"}}
	for _, s := range spec.Tag {
		tag, err := s.Tag()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Tags = append(cfg.Tags, tag)
	}
	p, err := process.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	env.Device.Process = p
	go p.Run(context.Background())
	d, err := newServer(env)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.9:15502")
	if err != nil {
		t.Fatal(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(d, c, discard{})
	}
}
