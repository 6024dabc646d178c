package sink

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// Reach is what a sink needs of the system once the sensor is confined.
type Reach struct {
	Dirs  []string // in which it makes files
	Dial  bool     // it makes connections
	Ports []uint16 // TCP ports that it connects to; none with Dial: not known
}

// A Reacher is a sink that needs something of the system. Others need nothing.
type Reacher interface{ Reach() Reach }

// DialsAddress is the reach of a sink that connects to host:port.
func DialsAddress(address string) Reach {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return Reach{Dial: true}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil { // a service's name
		return Reach{Dial: true}
	}
	return Reach{Dial: true, Ports: []uint16{uint16(n)}}
}

// DialsURL is the reach of a sink that sends requests to a URL, by the proxy of
// the environment if there is one.
func DialsURL(to string) Reach {
	u, err := url.Parse(to)
	if err != nil {
		return Reach{Dial: true}
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxy != nil {
		u = proxy
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return DialsAddress(net.JoinHostPort(u.Hostname(), port))
}
