package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/binary"
	"errors"
)

// ErrDecrypt says that octets cannot have been encrypted as claimed.
var ErrDecrypt = errors.New("cannot be decrypted")

// A Priv is a privacy protocol (RFC 3414 §8, RFC 3826).
type Priv uint8

// The privacy protocols. The zero Priv is none. AES192 and AES256 stretch keys
// as net-snmp does, AES192C and AES256C as Cisco does.
const (
	NoPriv Priv = iota
	DES
	AES128
	AES192
	AES256
	AES192C
	AES256C
)

// String returns the protocol's name in settings.
func (p Priv) String() string {
	switch p {
	case DES:
		return "des"
	case AES128:
		return "aes"
	case AES192:
		return "aes192"
	case AES256:
		return "aes256"
	case AES192C:
		return "aes192c"
	case AES256C:
		return "aes256c"
	}
	return "none"
}

// PrivByName returns the protocol of that name in settings; "" is none.
func PrivByName(s string) (Priv, bool) {
	if s == "" {
		return NoPriv, true
	}
	for p := NoPriv; p <= AES256C; p++ {
		if p.String() == s {
			return p, true
		}
	}
	return NoPriv, false
}

func (p Priv) reeder() bool { return p == AES192C || p == AES256C }

// keyLen is the length of a localised key; of DES eight octets are its pre-IV.
func (p Priv) keyLen() int {
	switch p {
	case AES192, AES192C:
		return 24
	case AES256, AES256C:
		return 32
	}
	return 16
}

// Encrypt encrypts a scoped PDU with a number that is never used twice, and
// returns it with the message's privacy parameters.
func (p Priv) Encrypt(key []byte, u USM, unique uint64, plain []byte) (data, salt []byte, err error) {
	if p == DES { // RFC 3414 §8.1.1.1: boots, then a local counter
		unique = uint64(uint32(u.Boots))<<32 | unique&0xffffffff
	}
	u.Salt = binary.BigEndian.AppendUint64(nil, unique)
	block, iv, err := p.start(key, u)
	if err != nil {
		return nil, nil, err
	}
	if p != DES {
		return cfb(block, iv, plain, false), u.Salt, nil
	}
	size := block.BlockSize()
	padded := make([]byte, (len(plain)+size-1)/size*size)
	copy(padded, plain)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return padded, u.Salt, nil
}

// Decrypt returns the scoped PDU of encrypted octets, perhaps with padding.
func (p Priv) Decrypt(key []byte, u USM, data []byte) ([]byte, error) {
	block, iv, err := p.start(key, u)
	if err != nil {
		return nil, err
	}
	if p != DES {
		return cfb(block, iv, data, true), nil
	}
	if len(data) == 0 || len(data)%block.BlockSize() != 0 {
		return nil, ErrDecrypt
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	return plain, nil
}

// start returns the cipher and its initial vector.
func (p Priv) start(key []byte, u USM) (cipher.Block, []byte, error) {
	if len(key) != p.keyLen() || len(u.Salt) != 8 || p == NoPriv {
		return nil, nil, ErrDecrypt
	}
	if p == DES {
		iv := make([]byte, 8)
		for i := range iv {
			iv[i] = key[8+i] ^ u.Salt[i]
		}
		block, err := des.NewCipher(key[:8])
		return block, iv, err
	}
	iv := binary.BigEndian.AppendUint32(nil, uint32(u.Boots)) // RFC 3826 §3.1.2.1
	iv = binary.BigEndian.AppendUint32(iv, uint32(u.Time))
	block, err := aes.NewCipher(key)
	return block, append(iv, u.Salt...), err
}

// cfb runs a block cipher in 128-bit cipher feedback mode (RFC 3826 §3.1.1).
// The standard library deprecates its own.
func cfb(block cipher.Block, feedback, in []byte, decrypt bool) []byte {
	out := make([]byte, len(in))
	stream := make([]byte, block.BlockSize())
	for at := 0; at < len(in); at += len(stream) {
		block.Encrypt(stream, feedback)
		end := min(at+len(stream), len(in))
		for i := at; i < end; i++ {
			out[i] = in[i] ^ stream[i-at]
		}
		if decrypt {
			feedback = in[at:end]
		} else {
			feedback = out[at:end]
		}
	}
	return out
}
