// Package firewall writes firewall rules for a sensor, to be read and applied by
// its operator: visitors reach the devices, nobody reaches anything else, and the
// sensor reaches nobody.
package firewall

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// An Opening is a port, or a range of ports, that visitors may reach.
type Opening struct {
	Name      string     // for the comment
	Network   string     // "tcp" or "udp"
	Addr      netip.Addr // invalid or unspecified: every address of the host
	First     uint16
	Last      uint16 // inclusive
	Published uint16 // where a container engine shows a single port; 0: as First
}

// A User is whose new connections outward are refused.
type User struct {
	Name string // "" if it has none
	UID  int    // 0: nobody's
}

// A Plan is what the rules say.
type Plan struct {
	SSH    []uint16  // where the operator logs in: opened first
	Open   []Opening // the services
	Sides  []Opening // data ports; the sensor sends the first datagram from those of UDP
	User   User
	Dials  bool     // the sinks make connections
	Sinks  []uint16 // to these ports; none with Dials: any
	Bridge string   // Docker's, that has nobody but the sensor
	Notes  []string // for the head of the text
}

// Meters: new flows per source, IPv6 by /64, that are still let in. The sensor
// admits half of it by itself and keeps a record of what it refuses.
const (
	perSecond   = 200
	burst       = 2000
	maxSources  = 65535
	forgetAfter = burst / perSecond // seconds: the burst is whole again
)

// Form names one of the texts that a plan can be written as.
type Form string

// The forms: a script for ufw, a ruleset for nft(8), scripts for iptables(8), of
// the host and of what Docker forwards.
const (
	UFW      Form = "ufw"
	NFT      Form = "nft"
	IPTables Form = "iptables"
	Docker   Form = "docker"
)

// Text writes the plan. It is an error if the plan has no port for SSH, but for
// Docker, which does not touch the host's own.
func (p Plan) Text(f Form) (string, error) {
	if len(p.SSH) == 0 && f != Docker {
		return "", fmt.Errorf("firewall: no port for SSH: these rules would lock the operator out")
	}
	if hidden := onLoopback(p.Open); len(hidden) > 0 {
		p.Notes = append(slices.Clone(p.Notes), "NOT OPEN, since they listen for this host alone: "+strings.Join(hidden, ", ")+".")
	}
	p.Open, p.Sides = openings(p.Open), openings(p.Sides)
	p.SSH = slices.Compact(slices.Sorted(slices.Values(p.SSH)))
	p.Sinks = slices.Compact(slices.Sorted(slices.Values(p.Sinks)))
	var w text
	switch f {
	case UFW:
		p.ufw(&w)
	case NFT:
		p.nft(&w)
	case IPTables:
		p.iptables(&w)
	case Docker:
		p.docker(&w)
	default:
		return "", fmt.Errorf("firewall: no form %q", f)
	}
	return w.String(), nil
}

// openings sorts, drops what only loopback reaches, and joins the names of those
// that are the same to a firewall.
func openings(list []Opening) []Opening {
	var out []Opening
	for _, o := range list {
		o.Addr = o.Addr.Unmap()
		if o.Addr.IsUnspecified() {
			o.Addr = netip.Addr{}
		}
		if o.Addr.IsLoopback() {
			continue
		}
		o.Name = plain(o.Name)
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Opening) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Network, b.Network), a.Addr.Compare(b.Addr), cmp.Compare(a.Published, b.Published))
	})
	same := func(a, b Opening) bool {
		a.Name, b.Name = "", ""
		return a == b
	}
	var joined []Opening
	for _, o := range out {
		if n := len(joined); n > 0 && same(joined[n-1], o) {
			if !strings.Contains(joined[n-1].Name, o.Name) {
				joined[n-1].Name = plain(joined[n-1].Name + ", " + o.Name)
			}
			continue
		}
		joined = append(joined, o)
	}
	return joined
}

// onLoopback names what nobody reaches from elsewhere.
func onLoopback(list []Opening) []string {
	var out []string
	for _, o := range list {
		if o.Addr.Unmap().IsLoopback() {
			out = append(out, plain(o.Name))
		}
	}
	return out
}

// plain leaves of a name what no shell and no firewall takes for anything else:
// personas have names that others made.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" .,-_/", r) {
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 80)]
}

// ports writes a range with a separator of the form's.
func (o Opening) ports(separator string) string {
	if o.First == o.Last {
		return fmt.Sprint(o.First)
	}
	return fmt.Sprintf("%d%s%d", o.First, separator, o.Last)
}

// of says whether the opening is one of the address family.
func (o Opening) of(six bool) bool { return !o.Addr.IsValid() || o.Addr.Is6() == six }

// starts are the openings from which the sensor sends first: to a firewall each
// TFTP transfer is a new flow outward.
func (p Plan) starts() []Opening {
	return slices.DeleteFunc(slices.Clone(p.Sides), func(o Opening) bool { return o.Network != "udp" })
}

// answering are the openings from which the sensor never sends first. Their sockets
// are root's, to a firewall, where it was started as root.
func (p Plan) answering() []Opening {
	return slices.DeleteFunc(slices.Clone(p.Open), func(o Opening) bool { return o.Network != "udp" })
}

// visitors are all openings.
func (p Plan) visitors() []Opening { return slices.Concat(p.Open, p.Sides) }

func (u User) String() string {
	if u.Name == "" {
		return fmt.Sprintf("uid %d", u.UID)
	}
	return fmt.Sprintf("%s (uid %d)", plain(u.Name), u.UID)
}

// text is lines as they grow.
type text struct{ strings.Builder }

func (w *text) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// head writes the comment at the top.
func (p Plan) head(w *text, lines ...string) {
	for _, l := range append(lines, p.Notes...) {
		w.line("%s", strings.TrimRight("# "+strings.Map(printable, l), " "))
	}
	w.line("")
}

// printable keeps a note on its line.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '_'
	}
	return r
}
