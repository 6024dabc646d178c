package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Errors of an address that a visitor gives for a data connection.
var (
	ErrAddress = errors.New("not an address and port")
	ErrFamily  = errors.New("network protocol not supported") // of EPRT: not 1 or 2
)

// ParsePort reads PORT's h1,h2,h3,h4,p1,p2 (RFC 959 §4.1.2).
func ParsePort(arg string) (netip.AddrPort, error) {
	parts := strings.Split(strings.TrimSpace(arg), ",")
	if len(parts) != 6 {
		return netip.AddrPort{}, ErrAddress
	}
	var b [6]byte
	for i, p := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(p), 10, 8)
		if err != nil {
			return netip.AddrPort{}, ErrAddress
		}
		b[i] = byte(n)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[:4])), uint16(b[4])<<8|uint16(b[5])), nil
}

// FormatPort is the counterpart of ParsePort, also for the reply 227.
func FormatPort(a netip.AddrPort) string {
	b, p := a.Addr().Unmap().As4(), a.Port()
	return fmt.Sprintf("%d,%d,%d,%d,%d,%d", b[0], b[1], b[2], b[3], p>>8, p&0xff)
}

// ParseEPRT reads EPRT's |protocol|address|port| (RFC 2428 §2).
func ParseEPRT(arg string) (netip.AddrPort, error) {
	if arg == "" {
		return netip.AddrPort{}, ErrAddress
	}
	parts := strings.Split(arg, arg[:1])
	if len(parts) != 5 || parts[0] != "" || parts[4] != "" {
		return netip.AddrPort{}, ErrAddress
	}
	if parts[1] != "1" && parts[1] != "2" {
		return netip.AddrPort{}, ErrFamily
	}
	addr, err := netip.ParseAddr(parts[2])
	port, perr := strconv.ParseUint(parts[3], 10, 16)
	if err != nil || perr != nil || addr.Is4() != (parts[1] == "1") || addr.Zone() != "" {
		return netip.AddrPort{}, ErrAddress
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}
