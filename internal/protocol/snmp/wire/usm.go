package wire

import (
	"crypto/hmac"
	"errors"

	"github.com/sundew-ics/sundew/internal/layer/ber"
)

// ErrDigest says that a message is not authenticated by the key given.
var ErrDigest = errors.New("message digest is wrong")

// A USM is a UsmSecurityParameters (RFC 3414 §2.4).
type USM struct {
	Engine []byte
	Boots  int32
	Time   int32 // seconds since the last boot
	User   []byte
	Digest []byte
	Salt   []byte
}

// ParseUSM reads msgSecurityParameters.
func ParseUSM(b []byte) (USM, error) {
	r := ber.NewReader(b)
	in := r.Enter(ber.Sequence)
	u := USM{Engine: in.Contents(ber.OctetString)}
	u.Boots = int32(in.Int(ber.Integer))
	u.Time = int32(in.Int(ber.Integer))
	u.User = in.Contents(ber.OctetString)
	u.Digest = in.Contents(ber.OctetString)
	u.Salt = in.Contents(ber.OctetString)
	if err := r.Err(); err != nil {
		return USM{}, err
	}
	return u, nil
}

// Append appends the parameters to b.
func (u USM) Append(b []byte) []byte {
	start := len(b)
	b = ber.Append(b, ber.OctetString, u.Engine)
	b = ber.AppendInt(b, ber.Integer, int64(u.Boots))
	b = ber.AppendInt(b, ber.Integer, int64(u.Time))
	b = ber.Append(b, ber.OctetString, u.User)
	b = ber.Append(b, ber.OctetString, u.Digest)
	b = ber.Append(b, ber.OctetString, u.Salt)
	return ber.Wrap(b, start, ber.Sequence)
}

// Sign fills in the digest of an encoded message, whose place holds as many
// octets as a's digests have (RFC 3414 §6.3.1).
func Sign(a Auth, key, message []byte) error {
	place, err := digestPlace(message)
	if err != nil {
		return err
	}
	if len(place) != a.DigestLen() {
		return ErrDigest
	}
	clear(place)
	copy(place, a.digest(key, message))
	return nil
}

// Verify checks the digest of a message (RFC 3414 §6.3.2). While it computes,
// the digest in message is zero; it is put back.
func Verify(a Auth, key, message []byte) error {
	place, err := digestPlace(message)
	if err != nil {
		return err
	}
	if len(place) != a.DigestLen() {
		return ErrDigest
	}
	got := append([]byte(nil), place...)
	clear(place)
	want := a.digest(key, message)
	copy(place, got)
	if !hmac.Equal(got, want) {
		return ErrDigest
	}
	return nil
}

// digestPlace returns the part of a message that holds its digest.
func digestPlace(message []byte) ([]byte, error) {
	r := ber.NewReader(message)
	in := r.Enter(ber.Sequence)
	in.Contents(ber.Integer)
	in.Contents(ber.Sequence)
	security := in.Contents(ber.OctetString)
	if err := r.Err(); err != nil {
		return nil, err
	}
	u, err := ParseUSM(security)
	return u.Digest, err
}

func (a Auth) digest(key, message []byte) []byte {
	h := hmac.New(a.hash(), key)
	h.Write(message)
	return h.Sum(nil)[:a.DigestLen()]
}
