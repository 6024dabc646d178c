package sensor

import (
	"net/netip"
	"sync"
	"time"
)

// The reply budget of UDP services: what is answered to sources that have not
// proven that they receive our answers, so that nobody gains by forging them.
const (
	budgetFactor = 3
	budgetFloor  = 4 << 10 // octets per window, whatever came in
	budgetWindow = 10 * time.Second
	budgetAll    = 64 << 10 // octets per second for all unproven sources together
	budgetCalm   = 16 << 10 // of these, kept for sources that ask little
	calmIn       = 4 << 10  // octets per window up to which a source asks little
	budgetMax    = 32 << 10 // prefixes remembered
	headers      = 28       // IPv4 and UDP; IPv6 has 20 more, counted in favour of nobody
)

// budgets has one account per IPv4 /24 or IPv6 /48.
type budgets struct {
	off bool

	mu       sync.Mutex
	accounts map[netip.Prefix]*account
	swept    time.Time // when expired accounts were last looked for
	tokens   float64   // of budgetAll
	filled   time.Time
}

type account struct {
	since   time.Time
	in, out int
	busy    bool // asked much in the window before
}

// calm says whether the source asks as little as a visitor who wants an answer.
// What a flood leaves of budgetAll is for them, so that they are answered
// during one.
func (a *account) calm() bool { return !a.busy && a.in <= calmIn }

func newBudgets(off bool) *budgets {
	return &budgets{off: off, accounts: map[netip.Prefix]*account{}, tokens: budgetAll, filled: time.Now()}
}

func budgetPrefix(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, _ := a.Prefix(bits)
	return p
}

// account returns the prefix's account in the current window; nil where the
// table is full, which means that nothing is answered to newcomers until
// windows end.
func (b *budgets) account(p netip.Prefix, now time.Time) *account {
	a := b.accounts[p]
	if a == nil {
		if len(b.accounts) >= budgetMax && now.Sub(b.swept) >= time.Second { // not for each datagram of a flood
			b.expire(now)
		}
		if len(b.accounts) >= budgetMax {
			return nil
		}
		a = &account{since: now}
		b.accounts[p] = a
	}
	if past := now.Sub(a.since); past >= budgetWindow {
		*a = account{since: now, busy: a.in > calmIn && past < 2*budgetWindow}
	}
	return a
}

func (b *budgets) expire(now time.Time) {
	b.swept = now
	for p, a := range b.accounts {
		if past := now.Sub(a.since); past >= 2*budgetWindow || past >= budgetWindow && a.in <= calmIn {
			delete(b.accounts, p)
		}
	}
}

func (b *budgets) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire(now)
}

func (b *budgets) earn(p netip.Prefix, payload int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.account(p, time.Now()); a != nil {
		a.in += payload + headers
	}
}

// left returns the octets, headers included, that the prefix may still get.
func (b *budgets) left(p netip.Prefix) int {
	now := time.Now()
	b.tokens = min(budgetAll, b.tokens+budgetAll*now.Sub(b.filled).Seconds())
	b.filled = now
	a := b.account(p, now)
	if a == nil {
		return 0
	}
	tokens := int(b.tokens)
	if !a.calm() {
		tokens -= budgetCalm
	}
	return min(max(budgetFactor*a.in, budgetFloor)-a.out, tokens)
}

// reply is the budget of one flow: a session.Budget.
type reply struct {
	budgets *budgets
	prefix  netip.Prefix
	proven  bool
	guessed func() bool // whether the source tries ports; nil: there is nothing to guess
	guesser bool        // it did
}

// Left implements session.Budget.
func (r *reply) Left() int {
	r.budgets.mu.Lock()
	defer r.budgets.mu.Unlock()
	if r.proven || r.budgets.off {
		return 1 << 30
	}
	return max(0, r.budgets.left(r.prefix)-headers)
}

// Spend implements session.Budget.
func (r *reply) Spend(payload int) bool {
	b := r.budgets
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.proven || b.off {
		return true
	}
	cost := payload + headers
	if b.left(r.prefix) < cost {
		return false
	}
	b.accounts[r.prefix].out += cost
	b.tokens -= float64(cost)
	return true
}

// Prove implements session.Budget.
func (r *reply) Prove() bool {
	if !r.isProven() && r.guessed != nil && !r.guesser {
		r.guesser = r.guessed()
	}
	r.budgets.mu.Lock()
	defer r.budgets.mu.Unlock()
	r.proven = r.proven || !r.guesser
	return r.proven
}

func (r *reply) isProven() bool {
	r.budgets.mu.Lock()
	defer r.budgets.mu.Unlock()
	return r.proven
}
