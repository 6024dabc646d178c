package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
)

// ErrPad says that an encrypted payload has no sound length or padding.
var ErrPad = errors.New("encrypted payload of no sound length or padding")

// Authentication algorithms of RAKP (table 13-17).
const (
	RAKPNone   uint8 = 0
	RAKPSHA1   uint8 = 1
	RAKPMD5    uint8 = 2
	RAKPSHA256 uint8 = 3
)

// Integrity algorithms (table 13-18).
const (
	IntegrityNone   uint8 = 0
	IntegritySHA1   uint8 = 1 // HMAC-SHA1-96
	IntegrityHMD5   uint8 = 2 // HMAC-MD5-128
	IntegrityMD5    uint8 = 3 // MD5-128
	IntegritySHA256 uint8 = 4 // HMAC-SHA256-128
)

// Confidentiality algorithms (table 13-19).
const (
	ConfidentialityNone uint8 = 0
	ConfidentialityAES  uint8 = 1 // AES-CBC-128
)

// A Suite is a cipher suite (table 22-20).
type Suite struct {
	ID, Auth, Integrity, Confidentiality uint8
}

// SuiteByID returns a standard cipher suite without xRC4.
func SuiteByID(id uint8) (Suite, bool) {
	for _, s := range Suites() {
		if s.ID == id {
			return s, true
		}
	}
	return Suite{}, false
}

// Suites returns the standard cipher suites but those with xRC4.
func Suites() []Suite {
	return []Suite{
		{0, RAKPNone, IntegrityNone, ConfidentialityNone},
		{1, RAKPSHA1, IntegrityNone, ConfidentialityNone},
		{2, RAKPSHA1, IntegritySHA1, ConfidentialityNone},
		{3, RAKPSHA1, IntegritySHA1, ConfidentialityAES},
		{6, RAKPMD5, IntegrityNone, ConfidentialityNone},
		{7, RAKPMD5, IntegrityHMD5, ConfidentialityNone},
		{8, RAKPMD5, IntegrityHMD5, ConfidentialityAES},
		{11, RAKPMD5, IntegrityMD5, ConfidentialityNone},
		{12, RAKPMD5, IntegrityMD5, ConfidentialityAES},
		{15, RAKPSHA256, IntegrityNone, ConfidentialityNone},
		{16, RAKPSHA256, IntegritySHA256, ConfidentialityNone},
		{17, RAKPSHA256, IntegritySHA256, ConfidentialityAES},
	}
}

// AuthName returns the name of a RAKP authentication algorithm.
func AuthName(alg uint8) string {
	switch alg {
	case RAKPNone:
		return "rakp-none"
	case RAKPSHA1:
		return "rakp-hmac-sha1"
	case RAKPMD5:
		return "rakp-hmac-md5"
	case RAKPSHA256:
		return "rakp-hmac-sha256"
	}
	return "rakp-unknown"
}

// HMAC returns the keyed hash of a RAKP algorithm over the parts; nil for RAKPNone.
func HMAC(alg uint8, key []byte, parts ...[]byte) []byte {
	var h hash.Hash
	switch alg {
	case RAKPSHA1:
		h = hmac.New(sha1.New, key)
	case RAKPMD5:
		h = hmac.New(md5.New, key)
	case RAKPSHA256:
		h = hmac.New(sha256.New, key)
	default:
		return nil
	}
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// A Handshake is what both sides of a RAKP exchange know (§13.31).
type Handshake struct {
	Auth          uint8
	Console       uint32 // SIDM
	Managed       uint32 // SIDC
	ConsoleRandom [16]byte
	ManagedRandom [16]byte
	GUID          [16]byte
	Role          uint8 // the whole octet of RAKP message 1
	Name          []byte
}

// who is the role and the name as they are hashed.
func (h *Handshake) who() []byte {
	return append([]byte{h.Role, uint8(len(h.Name))}, h.Name...)
}

// Salt returns what the code of RAKP message 2 is the hash of: what a cracker
// of passwords needs besides the code.
func (h *Handshake) Salt() []byte {
	b := binary.LittleEndian.AppendUint32(nil, h.Console)
	b = binary.LittleEndian.AppendUint32(b, h.Managed)
	b = append(b, h.ConsoleRandom[:]...)
	b = append(b, h.ManagedRandom[:]...)
	b = append(b, h.GUID[:]...)
	return append(b, h.who()...)
}

// Code2 returns the key exchange authentication code of RAKP message 2.
func (h *Handshake) Code2(password []byte) []byte { return HMAC(h.Auth, password, h.Salt()) }

// Salt3 returns what the code of RAKP message 3 is the hash of.
func (h *Handshake) Salt3() []byte {
	b := binary.LittleEndian.AppendUint32(h.ManagedRandom[:len(h.ManagedRandom):len(h.ManagedRandom)], h.Console)
	return append(b, h.who()...)
}

// Code3 returns that of RAKP message 3.
func (h *Handshake) Code3(password []byte) []byte { return HMAC(h.Auth, password, h.Salt3()) }

// SIK returns the session integrity key. Key is the BMC's, or where it has
// none the user's password.
func (h *Handshake) SIK(key []byte) []byte {
	return HMAC(h.Auth, key, h.ConsoleRandom[:], h.ManagedRandom[:], h.who())
}

// Code4 returns the integrity check value of RAKP message 4.
func (h *Handshake) Code4(sik []byte) []byte {
	id := binary.LittleEndian.AppendUint32(nil, h.Managed)
	code := HMAC(h.Auth, sik, h.ConsoleRandom[:], id, h.GUID[:])
	switch h.Auth {
	case RAKPSHA1:
		return code[:12]
	case RAKPSHA256:
		return code[:16]
	}
	return code
}

// Keys of a session (§13.32).
type Keys struct {
	Suite    Suite
	K1       []byte   // integrity
	K2       [16]byte // confidentiality
	Password [20]byte // MD5-128 takes the password itself
}

// NewKeys derives the keys of a session.
func NewKeys(s Suite, sik, password []byte) Keys {
	k := Keys{Suite: s, K1: HMAC(s.Auth, sik, bytes.Repeat([]byte{1}, 20))}
	copy(k.K2[:], HMAC(s.Auth, sik, bytes.Repeat([]byte{2}, 20)))
	copy(k.Password[:], password)
	return k
}

// codeLen is the length of an integrity algorithm's code.
func codeLen(integrity uint8) int {
	switch integrity {
	case IntegritySHA1:
		return 12
	case IntegrityHMD5, IntegrityMD5, IntegritySHA256:
		return 16
	}
	return 0
}

// code returns the integrity code of what stands from the session header on.
func (k *Keys) code(p []byte) []byte {
	switch k.Suite.Integrity {
	case IntegritySHA1:
		return HMAC(RAKPSHA1, k.K1, p)[:12]
	case IntegrityHMD5:
		return HMAC(RAKPMD5, k.K1, p)
	case IntegrityMD5:
		sum := md5.Sum(append(append(bytes.Clone(k.Password[:]), p...), k.Password[:]...))
		return sum[:]
	case IntegritySHA256:
		return HMAC(RAKPSHA256, k.K1, p)[:16]
	}
	return nil
}

// nextHeader is the octet between pad and code (table 13-8).
const nextHeader = 0x07

// Sign gives f its trailer: a pad to a multiple of four octets, and the code.
func (k *Keys) Sign(f *Frame) {
	f.Trailer = nil
	if k.Suite.Integrity == IntegrityNone {
		return
	}
	f.Payload |= FlagAuthenticated
	n := len(f.Append(nil)) - headerLen + 2
	pad := (4 - n%4) % 4
	f.Trailer = append(bytes.Repeat([]byte{0xFF}, pad), uint8(pad), nextHeader)
	f.Trailer = append(f.Trailer, k.code(f.Append(nil)[headerLen:])...)
}

// Verify says whether the trailer of the datagram p, which f was read from, is right.
func (k *Keys) Verify(f *Frame, p []byte) bool {
	n := codeLen(k.Suite.Integrity)
	if n == 0 || len(f.Trailer) < n+2 {
		return false
	}
	signed := p[headerLen : len(p)-n]
	return hmac.Equal(k.code(signed), p[len(p)-n:])
}

// Encrypt returns data under AES-CBC-128 behind its initialization vector (§13.29).
func (k *Keys) Encrypt(iv [16]byte, data []byte) []byte {
	pad := (aes.BlockSize - (len(data)+1)%aes.BlockSize) % aes.BlockSize
	plain := bytes.Clone(data)
	for i := range pad {
		plain = append(plain, byte(i+1))
	}
	plain = append(plain, byte(pad))
	block, err := aes.NewCipher(k.K2[:])
	if err != nil { // 16 octets are always a key
		return nil
	}
	out := append(iv[:], plain...)
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(out[aes.BlockSize:], plain)
	return out
}

// Decrypt undoes Encrypt.
func (k *Keys) Decrypt(p []byte) ([]byte, error) {
	if len(p) < 2*aes.BlockSize || len(p)%aes.BlockSize != 0 {
		return nil, ErrPad
	}
	block, err := aes.NewCipher(k.K2[:])
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(p)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, p[:aes.BlockSize]).CryptBlocks(plain, p[aes.BlockSize:])
	pad := int(plain[len(plain)-1])
	if pad >= aes.BlockSize {
		return nil, ErrPad
	}
	plain = plain[:len(plain)-1]
	for i := range pad {
		if plain[len(plain)-pad+i] != byte(i+1) {
			return nil, ErrPad
		}
	}
	return plain[:len(plain)-pad], nil
}

// Code15 returns the authentication code of an IPMI 1.5 datagram (§22.17.1).
// The password counts as 16 octets; nil for a type that there is not.
func Code15(auth uint8, password []byte, f *Frame) []byte {
	var key [16]byte
	copy(key[:], password)
	all := bytes.Clone(key[:])
	all = binary.LittleEndian.AppendUint32(all, f.ID)
	all = append(all, f.Data...)
	all = binary.LittleEndian.AppendUint32(all, f.Seq)
	all = append(all, key[:]...)
	switch auth {
	case AuthPassword:
		return key[:]
	case AuthMD5:
		sum := md5.Sum(all)
		return sum[:]
	case AuthMD2:
		sum := MD2(all)
		return sum[:]
	}
	return nil
}
