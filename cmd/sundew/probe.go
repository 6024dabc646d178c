package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/doctor"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/sensor"
)

// probeQuestion tells a running sensor that its operator is about to ask a
// service something, so that this is not counted as a visit.
type probeQuestion struct {
	Network string         `json:"network"`
	Source  netip.AddrPort `json:"source"`
	Nonce   string         `json:"nonce"`
}

// probeTimeout bounds the question to one service: longer than the slowest
// device takes.
const probeTimeout = 8 * time.Second

// askServices asks each service what a scanner asks first, and checks the answer.
func askServices(ctx context.Context, dir string, s *snapshot) []doctor.Finding {
	var out []doctor.Finding
	for _, v := range s.Stats.Services {
		f := doctor.Finding{Level: doctor.OK, Name: v.Service}
		p := protocolOf(v)
		switch {
		case len(v.Addrs) == 0:
			f.Level, f.What, f.Mend = doctor.Fail, "does not listen", "the sensor's log says why"
		case p == nil || p.Hello == nil:
			f.Level, f.What = doctor.Skip, "this command does not know how to ask it; is it of another version than the sensor?"
		default:
			took, err := askService(ctx, dir, p, near(v.Addrs[0]))
			f.What = fmt.Sprintf("answers on %v/%s as it should, after %d ms", v.Addrs[0], v.Network, took.Milliseconds())
			if err != nil {
				f.Level, f.What = doctor.Fail, fmt.Sprintf("on %v/%s: %v", v.Addrs[0], v.Network, err)
				f.Mend = "is the device in use by others up to its limit (`sundew status`)? Else please report it"
			}
		}
		out = append(out, f)
	}
	return out
}

func protocolOf(v sensor.ServiceStats) *protocol.Protocol {
	for _, p := range catalog.Protocols() {
		if p.Name == v.Protocol && p.Network == v.Network {
			return &p
		}
	}
	return nil
}

// near is an address at which a listener can be reached from its own host.
func near(a netip.AddrPort) netip.AddrPort {
	if a.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	}
	return a
}

// askService asks one service. A device whose places are all taken hangs up at
// once and has one free a moment later, so that it is asked again.
func askService(ctx context.Context, dir string, p *protocol.Protocol, to netip.AddrPort) (time.Duration, error) {
	begin := time.Now()
	var err error
	for range 4 {
		err = askOnce(ctx, dir, p, to, false)
		if err != nil && p.Name == "http" && askOnce(ctx, dir, p, to, true) == nil { // it may be one with TLS
			err = nil
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	return time.Since(begin), err
}

func askOnce(ctx context.Context, dir string, p *protocol.Protocol, to netip.AddrPort, secured bool) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c, err := announced(ctx, dir, p.Network, to)
	if err != nil {
		return err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	if secured {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // a device's own certificate: what is asked is whether it answers
	}
	return p.Hello(ctx, c)
}

// announced connects from a port that the sensor was told of before.
func announced(ctx context.Context, dir, network string, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{ControlContext: func(ctx context.Context, _, _ string, raw syscall.RawConn) error {
		var err error
		errRaw := raw.Control(func(fd uintptr) {
			var from netip.AddrPort
			if from, err = bindNear(int(fd), to.Addr()); err == nil {
				err = control.Ask(ctx, dir, "probe", probeQuestion{network, from, rand.Text()}, nil)
			}
		})
		return errors.Join(errRaw, err)
	}}
	return d.DialContext(ctx, network, to.String())
}

// bindNear binds a socket to a free port of the address that it will ask; to
// one of an address beyond this host it could not.
func bindNear(fd int, a netip.Addr) (netip.AddrPort, error) {
	var sa unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if a.Is4() {
		sa = &unix.SockaddrInet4{Addr: a.As4()}
	} else {
		sa = &unix.SockaddrInet6{Addr: a.As16()}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return netip.AddrPort{}, err
	}
	got, err := unix.Getsockname(fd)
	switch sa := got.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), err
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)), err
	}
	return netip.AddrPort{}, err
}

// scripts of nmap's by protocol.
func scripts() map[string][]string {
	return map[string][]string{
		"modbus": {"modbus-discover"}, "s7comm": {"s7-info"}, "snmp": {"snmp-info", "snmp-sysdescr"}, "bacnet": {"bacnet-info"},
		"enip": {"enip-info"}, "ipmi": {"ipmi-version"}, "ftp": {"ftp-syst"}, "http": {"http-title"}, "iec104": {"iec-identify"}, "tftp": {"tftp-version"},
	}
}

// outside writes the commands for a second host and the links to what search
// engines know.
func (d *diagnosis) outside(s *snapshot, public string) {
	at := public
	if at == "" {
		at = "ADDRESS"
	}
	for _, n := range []struct{ network, scan string }{{"tcp", "nmap -Pn -sT -sV"}, {"udp", "sudo nmap -Pn -sU"}} {
		var ports, with []string
		for _, v := range s.Stats.Services {
			if v.Network != n.network || len(v.Addrs) == 0 || v.Addrs[0].Addr().IsLoopback() {
				continue
			}
			ports = append(ports, strconv.Itoa(int(v.Addrs[0].Port())))
			with = append(with, scripts()[v.Protocol]...)
		}
		if len(ports) == 0 {
			continue
		}
		slices.Sort(with)
		line := n.scan + " -p " + strings.Join(ports, ",")
		if with = slices.Compact(with); len(with) > 0 {
			line += " --script " + strings.Join(with, ",")
		}
		d.Outside = append(d.Outside, line+" "+at)
	}
	if public != "" && len(d.Outside) > 0 {
		d.Links = []string{"https://www.shodan.io/host/" + public, "https://search.censys.io/hosts/" + public}
	}
}
