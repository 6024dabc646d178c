package process

import "math"

// What noise is for: a tag's walk and what is added to its shown value differ.
const (
	saltWalk = iota + 1
	saltNoise
)

// normal returns a number of the standard normal distribution that depends on
// the installation's seed, the tag, the tick and the salt only: it needs no
// state to persist, and no restart repeats it.
func (t *tick) normal(salt uint64) float64 {
	h := mix(t.key ^ mix(t.number*2+salt<<62))
	u := (float64(h>>11) + 0.5) / (1 << 53)                  // (0, 1)
	v := float64(mix(h^0x9e3779b97f4a7c15)>>11) / (1 << 53)  // [0, 1)
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v) // Box and Muller
}

// mix is the finaliser of SplitMix64: each bit of x changes half of the result.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
