package sensor

import (
	"net/netip"
	"testing"
	"time"
)

func TestProbes(t *testing.T) {
	var p probes
	now := time.Now()
	a, mapped, other := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("[::ffff:127.0.0.1]:40000"), netip.MustParseAddrPort("127.0.0.1:40001")
	if got := p.take("tcp", a, now); got != "" {
		t.Errorf("unexpected, yet %q", got)
	}
	p.expect(probeKey{"tcp", a}, "n", now)
	for _, c := range []struct {
		what, network string
		src           netip.AddrPort
		at            time.Duration
		want          string
	}{
		{"another port", "tcp", other, 0, ""},
		{"another network", "udp", a, 0, ""},
		{"the probe, by a wildcard socket", "tcp", mapped, 0, "n"},
		{"the same source again", "tcp", a, 0, ""},
	} {
		if got := p.take(c.network, c.src, now.Add(c.at)); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	p.expect(probeKey{"tcp", a}, "n", now)
	if got := p.take("tcp", a, now.Add(probeWaits+1)); got != "" {
		t.Errorf("too late, yet %q", got)
	}
	for i := range maxProbes {
		if !p.expect(probeKey{"udp", netip.AddrPortFrom(a.Addr(), uint16(i))}, "n", now) {
			t.Fatalf("no room for probe %d", i)
		}
	}
	if p.expect(probeKey{"tcp", a}, "n", now) {
		t.Error("room without end")
	}
	if !p.expect(probeKey{"tcp", a}, "n", now.Add(probeWaits+1)) {
		t.Error("what is over still takes room")
	}
}
