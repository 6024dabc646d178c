//go:build interop

package interop

import (
	"fmt"
	"testing"
)

const (
	hmiPort = 8800
	plcPort = 8080
)

func TestHTTP(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	for name, port := range map[string]int{"hmi": hmiPort, "plc": plcPort} {
		oracle(t, s, dissection{network: "tcp", port: port, protocol: "http", decodeAs: fmt.Sprintf("tcp.port==%d,http", port)}, func() {
			t.Run(name+"/curl", func(t *testing.T) {
				contains(t, run(t, "curl", "-sS", "-i", "-L", "--max-time", "10", "http://"+s.at(port)+"/"), "HTTP/1.", " 200", "<html")
				contains(t, run(t, "curl", "-sS", "-I", "--max-time", "10", "http://"+s.at(port)+"/"), "HTTP/1.")
				contains(t, run(t, "curl", "-sS", "-i", "--max-time", "10", "http://"+s.at(port)+"/no/such/page"), " 404")
			})
			t.Run(name+"/nmap", func(t *testing.T) {
				out := s.nmap(t, port, "--script", "+http-title,+http-headers,+http-methods")
				contains(t, out, "http-title", "http-headers")
			})
		})
	}
	if ops := s.ops("http"); len(ops) < 2 {
		t.Errorf("too few kinds of request in the journal: %v", ops)
	}
}
