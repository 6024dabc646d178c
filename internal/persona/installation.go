package persona

import (
	"crypto/hmac"
	"crypto/sha256"
	"math/rand/v2"
	"time"
)

// seedOctets is the shortest secret that makes an installation its own.
const seedOctets = 16

// An Installation is what makes the same persona another plant elsewhere.
type Installation struct {
	Seed     []byte    // secret, at least 16 octets, kept over restarts
	Instance string    // tells two of one persona in one installation apart; mostly empty
	Born     time.Time // first start of the installation, kept over restarts
}

// key returns the secret of one thing in one persona: 32 octets that tell
// nothing of the seed or of each other.
func (in Installation) key(words ...string) (key [32]byte) {
	h := hmac.New(sha256.New, in.Seed)
	for _, w := range append([]string{in.Instance}, words...) {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	h.Sum(key[:0])
	return key
}

// rand returns the numbers of one thing in one persona, the same at each start.
func (in Installation) rand(words ...string) *rand.Rand {
	return rand.New(rand.NewChaCha8(in.key(words...)))
}
