package redact

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// A matcher finds addresses of a network in lines and texts, in any form that text
// has for them: dotted, with commas as FTP has them, IPv6 however it is written,
// and all of these within octets that are given in hex.
type matcher struct {
	prefix netip.Prefix
	forms  [][]byte // of a single address
}

func newMatcher(p netip.Prefix) *matcher {
	p = p.Masked()
	m := &matcher{prefix: p}
	if p.IsSingleIP() {
		a := p.Addr()
		m.forms = append(m.forms, []byte(a.String()))
		if a.Is4() {
			m.forms = append(m.forms, []byte(strings.ReplaceAll(a.String(), ".", ",")))
		} else {
			m.forms = append(m.forms, []byte(a.StringExpanded()))
		}
	}
	return m
}

// line says whether a journal's line is to be erased: the source is its visitor,
// or it names the source otherwise. The sensor's own address is none of that.
func (m *matcher) line(l []byte) bool {
	if !m.text(l, true) {
		return false
	}
	e, err := event.Parse(l)
	if err != nil {
		return true
	}
	if e.Kind == event.KindStatus {
		switch e.What {
		case "start", "stop", "listener", "heartbeat", "clock", "retention", "redact":
			return false // these name where we listen
		}
		return true
	}
	switch {
	case e.Src != nil && m.prefix.Contains(e.Src.IP.Unmap()):
		return true
	case e.Dst != nil && m.prefix.Contains(e.Dst.IP.Unmap()):
		return false // of another visitor, at this very address
	}
	return true
}

// sighting says whether a line of the artefact index is to be erased.
func (m *matcher) sighting(l []byte) bool { return m.text(l, true) }

// text says whether b has an address of the network. escaped: b is JSON with
// visitors' text escaped in it.
func (m *matcher) text(b []byte, escaped bool) bool {
	for _, f := range m.forms {
		if standsAlone(b, f) {
			return true
		}
	}
	for i := 0; i < len(b); {
		if escaped && b[i] == '\\' {
			i += escape(b[i:])
			continue
		}
		if !partOfAddress(b[i]) {
			i++
			continue
		}
		n := i
		for n < len(b) && partOfAddress(b[n]) {
			n++
		}
		if m.run(b[i:n]) || m.network(b[i:n], b[n:]) {
			return true
		}
		i = n
	}
	return false
}

// network says whether a run and what follows it are a network that a source is
// counted by, such as an IPv6 /64, with one of ours in it.
func (m *matcher) network(run, rest []byte) bool {
	if len(rest) < 3 || rest[0] != '/' || len(run) > 64 {
		return false
	}
	end := 1
	for end < min(4, len(rest)) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	p, err := netip.ParsePrefix(string(run) + string(rest[:end]))
	return err == nil && (p.Addr().Is4() && p.Bits() >= 24 || p.Bits() >= 48) && p.Overlaps(m.prefix)
}

// standsAlone finds an address's text with no digit around it.
func standsAlone(b, form []byte) bool {
	for at := 0; ; {
		i := bytes.Index(b[at:], form)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(form)
		digit := func(k int) bool { return k >= 0 && k < len(b) && b[k] >= '0' && b[k] <= '9' }
		joined := end+1 < len(b) && b[end] == '.' && digit(end+1) || i > 1 && b[i-1] == '.' && digit(i-2)
		escaped := i >= 4 && b[i-4] == '\\' && b[i-3] == 'x' // \x0a198…
		if (!digit(i-1) || escaped) && !digit(end) && !joined {
			return true
		}
		at = i + 1
	}
}

// escape is how long the escape is that b begins with: JSON's, or JSON's of ours.
func escape(b []byte) int {
	switch {
	case len(b) < 2:
		return 1
	case b[1] == 'u':
		return min(6, len(b))
	case b[1] == '\\' && len(b) > 4 && b[2] == 'x':
		return 5
	}
	return 2
}

func partOfAddress(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.' || c == ','
}

// run looks at a run of characters that addresses are made of.
func (m *matcher) run(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	if !bytes.ContainsAny(b, ".:,") {
		return m.hex(b)
	}
	if len(b) > 4096 {
		return false
	}
	parts := strings.Split(string(b), ",")
	if (len(parts) == 4 || len(parts) == 6) && m.octets(parts[:4]) {
		return true
	}
	for _, p := range parts {
		p = strings.Trim(p, ".")
		for _, text := range []string{p, strings.TrimSuffix(p, ":"), beforePort(p)} {
			if a, err := netip.ParseAddr(text); err == nil && m.prefix.Contains(a.Unmap()) {
				return true
			}
		}
	}
	return false
}

func beforePort(s string) string {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return s[:i]
	}
	return s
}

// octets says whether four numbers are an address, as in PORT 198,51,100,23,…
func (m *matcher) octets(parts []string) bool {
	var a [4]byte
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return false
		}
		a[i] = byte(v)
	}
	return m.prefix.Contains(netip.AddrFrom4(a))
}

// hex looks into octets that are given in hex.
func (m *matcher) hex(b []byte) bool {
	if len(b) < 2*len("1.1.1.1") || len(b)%2 != 0 {
		return false
	}
	octets := make([]byte, len(b)/2)
	if _, err := hex.Decode(octets, b); err != nil {
		return false
	}
	return m.raw(octets)
}

// raw is text for octets, which have no hex within.
func (m *matcher) raw(b []byte) bool {
	for _, f := range m.forms {
		if standsAlone(b, f) {
			return true
		}
	}
	for i := 0; i < len(b); i++ {
		n := i
		for n < len(b) && partOfAddress(b[n]) {
			n++
		}
		if n > i+1 && bytes.ContainsAny(b[i:n], ".:,") && m.run(b[i:n]) {
			return true
		}
		i = n
	}
	return false
}

// Parse reads an address or a network.
func Parse(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address nor a network such as 198.51.100.0/24", s)
	}
	if p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 19 {
		return p, fmt.Errorf("%s is more than any one party has", p)
	}
	return p.Masked(), nil
}
