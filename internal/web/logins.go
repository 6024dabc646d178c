package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// How long a login lasts: without a request, and in all.
const (
	loginIdle = time.Hour
	loginLife = 12 * time.Hour
	maxLogins = 64
)

// A login is one browser that has shown the password, or the first start's token.
type login struct {
	csrf  string
	setup bool // by the token: a password must be set first
	ends  time.Time
	seen  time.Time
	end   chan struct{} // closed when it is over
}

// logins are those who are in. Of their cookies only hashes are kept.
type logins struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*login
	set   time.Time // of the password that they go by
}

func newLogins() *logins { return &logins{known: map[[sha256.Size]byte]*login{}} }

func secret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// begin lets somebody in by the password of set, or by a token; cookie is what
// shows him from now on.
func (l *logins) begin(setup bool, set, now time.Time) (cookie string, v *login) {
	cookie = secret()
	v = &login{csrf: secret(), setup: setup, ends: now.Add(loginLife), seen: now, end: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goBy(set)
	l.forget(now)
	for len(l.known) >= maxLogins {
		l.dropOldest()
	}
	l.known[sha256.Sum256([]byte(cookie))] = v
	return cookie, v
}

// find is who shows a cookie; nil: nobody. A change of the password since ends
// all that began before it.
func (l *logins) find(cookie string, set, now time.Time) *login {
	if cookie == "" || len(cookie) > 128 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goBy(set)
	l.forget(now)
	v := l.known[sha256.Sum256([]byte(cookie))]
	if v != nil {
		v.seen = now
	}
	return v
}

// any says whether somebody is in.
func (l *logins) any(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	return len(l.known) > 0
}

// goBy ends all logins if they went by another password.
func (l *logins) goBy(set time.Time) {
	if set.Equal(l.set) {
		return
	}
	for k, v := range l.known {
		l.drop(k, v)
	}
	l.set = set
}

// keep has all logins but one end, the password being that of set from now on.
func (l *logins) keep(one *login, set time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set = set
	for k, v := range l.known {
		if v != one {
			l.drop(k, v)
		}
	}
	if one != nil {
		one.setup = false
	}
}

// touch keeps a login from being idle.
func (l *logins) touch(v *login, now time.Time) {
	l.mu.Lock()
	v.seen = now
	l.mu.Unlock()
}

// isSetup says whether a login must set a password first.
func (l *logins) isSetup(v *login) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return v.setup
}

// finish ends a login.
func (l *logins) finish(one *login) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, v := range l.known {
		if v == one {
			l.drop(k, v)
		}
	}
}

func (l *logins) drop(k [sha256.Size]byte, v *login) {
	delete(l.known, k)
	close(v.end)
}

func (l *logins) forget(now time.Time) {
	for k, v := range l.known {
		if now.After(v.ends) || now.Sub(v.seen) > loginIdle {
			l.drop(k, v)
		}
	}
}

func (l *logins) dropOldest() {
	var key [sha256.Size]byte
	var oldest *login
	for k, v := range l.known {
		if oldest == nil || v.seen.Before(oldest.seen) {
			key, oldest = k, v
		}
	}
	if oldest != nil {
		l.drop(key, oldest)
	}
}
