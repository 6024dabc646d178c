//go:build interop

package interop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// soak is a sensor under load, and what was seen of it.
type soak struct {
	t        *testing.T
	s        *sundew
	services []port
	metrics  string

	asked, late int
	slowest     int64 // milliseconds
	slowestBy   string
	most        int // octets resident

	connections, datagrams atomic.Int64
}

// visitor is a source address of the loads'.
func visitor() net.IP { return net.IPv4(127, 1, byte(rand.IntN(256)), byte(1+rand.IntN(254))) }

// some returns a service of a network.
func (k *soak) some(network string) port {
	for {
		if v := k.services[rand.IntN(len(k.services))]; v.network() == network {
			return v
		}
	}
}

// connect is a connection from anywhere to some service.
func (k *soak) connect(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: visitor()}, Timeout: 5 * time.Second}
	c, err := d.DialContext(ctx, "tcp", k.some("tcp").Addr)
	if err == nil {
		k.connections.Add(1)
	}
	return c, err
}

// sweeps has nmap go over every port and service, again and again.
func (k *soak) sweeps(ctx context.Context) {
	hosts, ports := map[string]bool{}, map[string][]string{}
	for _, v := range k.services {
		host, p, _ := net.SplitHostPort(v.Addr)
		hosts[host] = true
		ports[v.network()] = append(ports[v.network()], p)
	}
	var list []string
	for h := range hosts {
		list = append(list, h)
	}
	for ctx.Err() == nil {
		for _, args := range [][]string{
			{"-sT", "-A", "-p-", "-T4", "--host-timeout", "5m"},
			{"-sT", "-sV", "--version-all", "-p", strings.Join(ports["tcp"], ",")},
			{"-sU", "-sV", "-p", strings.Join(ports["udp"], ","), "--host-timeout", "3m"},
		} {
			exec.CommandContext(ctx, "nmap", append(append([]string{"-Pn", "-n"}, args...), list...)...).Run() // cut off at the end
		}
	}
}

// idle holds connections that say nothing, and replaces those that are evicted.
func (k *soak) idle(ctx context.Context) {
	var held sync.WaitGroup
	defer held.Wait()
	slots := make(chan struct{}, soakIdle)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		time.Sleep(500 * time.Microsecond)
		held.Go(func() {
			defer func() { <-slots }()
			c, err := k.connect(ctx)
			if err != nil {
				return
			}
			defer c.Close()
			defer context.AfterFunc(ctx, func() { c.Close() })()
			buf := make([]byte, 256)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
			}
		})
	}
}

// garbage sends random octets to every service.
func (k *soak) garbage(ctx context.Context) {
	for ctx.Err() == nil {
		p := make([]byte, rand.IntN(2000))
		for i := range p {
			p[i] = byte(rand.Uint32())
		}
		v := k.services[rand.IntN(len(k.services))]
		local := net.Addr(&net.TCPAddr{IP: visitor()})
		if v.network() == "udp" {
			local = &net.UDPAddr{IP: visitor()}
			k.datagrams.Add(1)
		} else {
			k.connections.Add(1)
		}
		d := net.Dialer{LocalAddr: local, Timeout: time.Second}
		c, err := d.DialContext(ctx, v.network(), v.Addr)
		if err != nil {
			continue
		}
		c.Write(p) // the device may have hung up
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		c.Read(p[:min(1, len(p))])
		c.Close()
	}
}

// slowReaders ask for pages and take them an octet at a time.
func (k *soak) slowReaders(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for range 50 {
		all.Go(func() {
			for ctx.Err() == nil {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: visitor()}}
				c, err := d.DialContext(ctx, "tcp", k.at("pumping-station", 8800)+":8800")
				if err != nil {
					time.Sleep(time.Second)
					continue
				}
				c.(*net.TCPConn).SetReadBuffer(1024)
				fmt.Fprint(c, strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 50))
				one := make([]byte, 1)
				for i := 0; i < 60 && ctx.Err() == nil; i++ {
					if _, err := c.Read(one); err != nil {
						break
					}
					time.Sleep(500 * time.Millisecond)
				}
				c.Close()
			}
		})
	}
}

// floodDatagrams asks the UDP services 4,000 times a second from everywhere.
func (k *soak) floodDatagrams(ctx context.Context) {
	var socks []*net.UDPConn
	for range 500 {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: visitor()})
		if err != nil {
			continue
		}
		defer c.Close()
		socks = append(socks, c)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		for range 40 {
			v := k.some("udp")
			to, err := net.ResolveUDPAddr("udp", v.Addr)
			question, known := questions()[v.Protocol]
			if err != nil || !known {
				continue
			}
			socks[rand.IntN(len(socks))].WriteToUDP(question, to) // the kernel may have no room
			k.datagrams.Add(1)
		}
	}
}

// floodConnections opens and closes connections, a hundred a second.
func (k *soak) floodConnections(ctx context.Context) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		if c, err := k.connect(ctx); err == nil {
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}
}
