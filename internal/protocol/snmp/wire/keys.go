package wire

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// An Auth is an authentication protocol (RFC 3414 §6 and §7, RFC 7860 §4).
type Auth uint8

// The authentication protocols. The zero Auth is none.
const (
	NoAuth Auth = iota
	MD5
	SHA1
	SHA224
	SHA256
	SHA384
	SHA512
)

// String returns the protocol's name in settings.
func (a Auth) String() string {
	switch a {
	case MD5:
		return "md5"
	case SHA1:
		return "sha"
	case SHA224:
		return "sha224"
	case SHA256:
		return "sha256"
	case SHA384:
		return "sha384"
	case SHA512:
		return "sha512"
	}
	return "none"
}

// AuthByName returns the protocol of that name in settings; "" is none.
func AuthByName(s string) (Auth, bool) {
	if s == "" {
		return NoAuth, true
	}
	for a := NoAuth; a <= SHA512; a++ {
		if a.String() == s {
			return a, true
		}
	}
	return NoAuth, false
}

func (a Auth) hash() func() hash.Hash {
	switch a {
	case MD5:
		return md5.New
	case SHA224:
		return sha256.New224
	case SHA256:
		return sha256.New
	case SHA384:
		return sha512.New384
	case SHA512:
		return sha512.New
	}
	return sha1.New
}

// DigestLen returns how many octets of the HMAC a message carries.
func (a Auth) DigestLen() int {
	switch a {
	case MD5, SHA1:
		return 12
	case SHA224:
		return 16
	case SHA256:
		return 24
	case SHA384:
		return 32
	case SHA512:
		return 48
	}
	return 0
}

// Key turns a password into the key of one engine (RFC 3414 §2.6 and A.2): the
// hash of 2^20 octets of the repeated password, localised. It costs milliseconds.
func (a Auth) Key(password string, engine []byte) []byte {
	if password == "" || a == NoAuth {
		return nil
	}
	h := a.hash()()
	var block [64]byte
	for at := 0; at < 1<<20; {
		for i := range block {
			block[i] = password[at%len(password)]
			at++
		}
		h.Write(block[:])
	}
	return a.localize(h.Sum(nil), engine)
}

func (a Auth) localize(ku, engine []byte) []byte {
	h := a.hash()()
	h.Write(ku)
	h.Write(engine)
	h.Write(ku)
	return h.Sum(nil)
}

// PrivKey turns a password into a privacy key of one engine. Where the hash is
// too short for the cipher it is stretched: as draft-blumenthal-aes-usm-04
// §3.1.2.1 has it, or for the ciphers that end in c as draft-reeder-snmpv3-usm-3desede-00
// §2.1 does.
func (p Priv) PrivKey(a Auth, password string, engine []byte) []byte {
	key := a.Key(password, engine)
	if key == nil {
		return nil
	}
	last := key
	for len(key) < p.keyLen() {
		if p.reeder() {
			last = a.Key(string(last), engine)
			key = append(key, last...)
			continue
		}
		h := a.hash()()
		h.Write(key)
		key = h.Sum(key)
	}
	return key[:p.keyLen()]
}
