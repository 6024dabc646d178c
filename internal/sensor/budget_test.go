package sensor

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// spoofed is a source that a flood pretends to be: one of n /24s.
func spoofed(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 16), byte(n >> 8), byte(n), byte(rand.Uint32())})
}

// 60 s of 10,000 forged requests a second, each of which would be answered with
// 1,400 octets, draw out at most 0.3 of what they sent.
func TestFloodIsNotAmplified(t *testing.T) {
	for name, prefixes := range map[string]int{"one victim": 1, "many victims": 20_000, "more than are remembered": 1 << 22} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const request, answer = 40, 1400
				b := newBudgets(false)
				in, out := 0, 0
				for i := range 60 * 1000 {
					for j := range 10 {
						r := reply{budgets: b, prefix: budgetPrefix(spoofed((i*10 + j) * 7 % prefixes << 4))}
						b.earn(r.prefix, request)
						in += request + headers
						if r.Spend(answer) {
							out += answer + headers
						}
					}
					time.Sleep(time.Millisecond)
				}
				if limit := in * 3 / 10; out > limit || out == 0 {
					t.Errorf("in %d, out %d, want at most %d", in, out, limit)
				}
				if len(b.accounts) > budgetMax {
					t.Errorf("%d prefixes remembered", len(b.accounts))
				}
			})
		})
	}
}

// A flood from a few hundred networks takes all that there is for those who ask
// much; a visitor who asks little is answered all the while.
func TestCalmSourcesAreAnsweredDuringAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudgets(false)
		visitor := reply{budgets: b, prefix: budgetPrefix(netip.MustParseAddr("198.51.100.7"))}
		asked, answered := 0, 0
		for i := range 60 * 400 {
			for j := range 10 { // 4,000 a second
				r := reply{budgets: b, prefix: budgetPrefix(spoofed((i*10 + j) % 256 << 8))}
				b.earn(r.prefix, 40)
				r.Spend(300)
			}
			if i%800 == 799 && i > 10*400 { // every two seconds, once the flood has been known for what it is
				b.earn(visitor.prefix, 45)
				if asked++; visitor.Spend(200) {
					answered++
				}
			}
			time.Sleep(2500 * time.Microsecond)
		}
		if answered != asked || asked < 20 {
			t.Errorf("%d of %d questions were answered", answered, asked)
		}
	})
}

func TestBudgetOfOneSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudgets(false)
		r := reply{budgets: b, prefix: budgetPrefix(netip.MustParseAddr("198.51.100.7"))}
		b.earn(r.prefix, 20)
		if got := r.Left(); got != budgetFloor-headers {
			t.Errorf("left %d, want the floor of 4 KiB less a header", got)
		}
		if !r.Spend(r.Left()) || r.Left() != 0 || r.Spend(0) {
			t.Error("the floor is spent, and more is allowed")
		}
		other := reply{budgets: b, prefix: budgetPrefix(netip.MustParseAddr("198.51.100.200"))}
		if other.Spend(1) {
			t.Error("a neighbour in the /24 has a budget of its own")
		}
		b.earn(r.prefix, 2000-headers)
		if got := r.Left(); got != 3*(2000+20+headers)-budgetFloor-headers {
			t.Errorf("left %d after 2,000 octets more came in", got)
		}
		time.Sleep(budgetWindow)
		if got := r.Left(); got != budgetFloor-headers {
			t.Errorf("left %d in the next window", got)
		}
		r.Prove()
		if !r.isProven() || !r.Spend(1<<20) || r.Left() < 1<<20 {
			t.Error("a proven source is bounded")
		}
		if other.isProven() || other.Left() != budgetFloor-headers {
			t.Errorf("one flow's proof changes another: left %d", other.Left())
		}
	})
}

func TestBudgetPrefix(t *testing.T) {
	for addr, want := range map[string]string{
		"198.51.100.7": "198.51.100.0/24", "::ffff:198.51.100.7": "198.51.100.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%lo": "fe80::/48",
	} {
		if got := budgetPrefix(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is of %s, want %s", addr, got, want)
		}
	}
}

// While the table is full newcomers are answered nothing, and looking for room
// is not done for each of their datagrams.
func TestFullTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudgets(false)
		for i := range budgetMax {
			b.earn(budgetPrefix(spoofed(i)), 20)
		}
		late := reply{budgets: b, prefix: budgetPrefix(netip.MustParseAddr("203.0.113.9"))}
		if b.earn(late.prefix, 20); late.Left() != 0 || late.Spend(1) {
			t.Error("a newcomer has a budget in a full table")
		}
		swept := b.swept
		time.Sleep(500 * time.Millisecond)
		if b.earn(late.prefix, 20); b.swept != swept {
			t.Error("the table is swept twice within a second")
		}
		time.Sleep(budgetWindow)
		if b.earn(late.prefix, 20); late.Left() == 0 || len(b.accounts) != 1 {
			t.Errorf("left %d, %d accounts after the window", late.Left(), len(b.accounts))
		}
	})
}

func TestBudgetOff(t *testing.T) {
	r := reply{budgets: newBudgets(true)}
	if !r.Spend(1<<20) || r.Left() < 1<<20 {
		t.Error("--limits off still limits")
	}
}
