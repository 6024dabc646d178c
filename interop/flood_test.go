//go:build interop

package interop

import (
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestFlood asks each UDP service 10,000 times a second, from addresses spread
// over thousands of networks as a forger's would be: what comes back is at most
// 0.3 of what went in, headers counted.
func TestFlood(t *testing.T) {
	s := start(t, "default", "--latency", "off")
	for _, v := range s.services() {
		if v.network() != "udp" {
			continue
		}
		question, known := questions()[v.Protocol]
		if !known {
			t.Errorf("no question for %s", v.Protocol)
			continue
		}
		t.Run(v.Service, func(t *testing.T) {
			in, out := flood(t, v.Addr, question, 12*time.Second)
			ratio := float64(out) / float64(in)
			t.Logf("%d octets in, %d out: %.3f", in, out, ratio)
			if ratio > 0.3 {
				t.Errorf("the service draws out %.2f of what a forger sends", ratio)
			}
			if out == 0 {
				t.Error("nothing came back: the flood did not reach the service")
			}
		})
	}
}

// questions are what draws the longest answer from each UDP protocol.
func questions() map[string][]byte {
	return map[string][]byte{
		"bacnet": []byte("\x81\x0a\x00\x13\x01\x04\x02\x05\x01\x0e\x0c\x02\x3f\xff\xff\x1e\x09\x08\x1f"), // ReadPropertyMultiple of all of the device, segments taken
		"enip":   append([]byte("\x63"), make([]byte, 23)...),                                            // ListIdentity
		"ipmi":   []byte("\x06\x00\xff\x06\x00\x00\x11\xbe\x80\x00\x00\x00"),                             // presence ping
		"tftp":   []byte("\x00\x01startup-config\x00octet\x00"),
		"snmp":   []byte("\x30\x26\x02\x01\x01\x04\x06public\xa5\x19\x02\x04\x01\x02\x03\x04\x02\x01\x00\x02\x01\x7f\x30\x0b\x30\x09\x06\x05\x2b\x06\x01\x02\x01\x05\x00"),
	}
}

const headers = 28 // IPv4 and UDP

func flood(t *testing.T, addr string, question []byte, d time.Duration) (in, out int64) {
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	const sockets = 1000
	var conns []*net.UDPConn
	var got atomic.Int64
	for i := range sockets {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, byte(2+i/250), byte(i%250), 9)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		go func() {
			buf := make([]byte, 64<<10)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				got.Add(int64(n + headers))
			}
		}()
	}
	start, sent := time.Now(), 0
	for time.Since(start) < d {
		due := int(time.Since(start).Seconds() * 10000)
		for ; sent < due; sent++ {
			if _, err := conns[sent%sockets].WriteToUDP(question, to); err != nil && err != syscall.ENOBUFS {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(500 * time.Millisecond)
	return int64(sent * (len(question) + headers)), got.Load()
}
