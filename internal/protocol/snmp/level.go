package snmp

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// A level is a security level (RFC 3411 §3.4.3).
type level uint8

const (
	noAuth level = iota
	authNoPriv
	authPriv
)

// String returns the level's name.
func (l level) String() string {
	return [...]string{"noAuthNoPriv", "authNoPriv", "authPriv"}[l]
}

// levelOf returns the level that a message's flags ask for. Privacy without
// authentication, which is not allowed, counts as none.
func levelOf(flags uint8) level {
	switch flags & (wire.FlagAuth | wire.FlagPriv) {
	case wire.FlagAuth | wire.FlagPriv:
		return authPriv
	case wire.FlagAuth:
		return authNoPriv
	}
	return noAuth
}

// A user is one that version 3 knows, with his keys for this engine.
type user struct {
	principal
	auth    wire.Auth
	priv    wire.Priv
	authKey []byte
	privKey []byte
	least   level // what a request needs to be served
}

// newUser localises a user's keys; that takes milliseconds for each.
func newUser(s userSettings, engine []byte) (*user, error) {
	p, err := newPrincipal(s.Name, s.Access, s.View)
	if err != nil {
		return nil, err
	}
	u := &user{principal: *p}
	var ok bool
	if u.auth, ok = wire.AuthByName(s.Auth); !ok {
		return nil, fmt.Errorf("auth: no protocol %q; use none, md5, sha, sha224, sha256, sha384 or sha512", s.Auth)
	}
	if u.priv, ok = wire.PrivByName(s.Priv); !ok {
		return nil, fmt.Errorf("priv: no protocol %q; use none, des, aes, aes192, aes256, aes192c or aes256c", s.Priv)
	}
	if u.priv != wire.NoPriv && u.auth == wire.NoAuth {
		return nil, fmt.Errorf("priv: needs auth (RFC 3414 §1.4.2)")
	}
	// RFC 3414 §11.2: a password has eight octets or more, and tools insist on it.
	if u.auth != wire.NoAuth && len(s.AuthKey) < 8 || u.priv != wire.NoPriv && len(s.PrivKey) < 8 {
		return nil, fmt.Errorf("auth_key and priv_key need eight octets or more")
	}
	u.authKey = u.auth.Key(s.AuthKey, engine)
	u.privKey = u.priv.PrivKey(u.auth, s.PrivKey, engine)
	switch {
	case s.Level == "auth", s.Level == "" && u.auth != wire.NoAuth:
		u.least = authNoPriv
	case s.Level == "priv":
		u.least = authPriv
	case s.Level != "" && s.Level != "noauth":
		return nil, fmt.Errorf("level: %q; use noauth, auth or priv", s.Level)
	}
	if u.least > u.most() {
		return nil, fmt.Errorf("level: %q needs a key that the user has not", s.Level)
	}
	return u, nil
}

// most returns the highest level that the user has keys for.
func (u *user) most() level {
	switch {
	case u.priv != wire.NoPriv:
		return authPriv
	case u.auth != wire.NoAuth:
		return authNoPriv
	}
	return noAuth
}
