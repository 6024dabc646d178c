package report

import "math"

// A Rate is events an hour, with the exact interval that holds the true rate with
// 95 % confidence if they are independent of each other (Garwood 1936).
type Rate struct {
	N     int64   `json:"n"`
	Hours float64 `json:"hours"`
	Rate  float64 `json:"rate"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// RateOf is the rate of n events in so many hours; of none, all is zero.
func RateOf(n int64, hours float64) Rate {
	r := Rate{N: n, Hours: hours}
	if hours <= 0 {
		return r
	}
	r.Rate = float64(n) / hours
	if n > 0 {
		r.Low = gammaQuantile(0.025, float64(n)) / hours
	}
	r.High = gammaQuantile(0.975, float64(n+1)) / hours
	return r
}

// gammaQuantile is x where the regularised incomplete gamma function P(a, x) is
// p: half a chi-squared quantile of 2a degrees of freedom. It begins where Wilson
// and Hilferty (1931) put it, and goes on by Newton's steps, or halves what is left.
func gammaQuantile(p, a float64) float64 {
	low, high := 0.0, a+20*math.Sqrt(a)+20
	z := math.Sqrt2 * math.Erfinv(2*p-1)
	x := a * math.Pow(max(1-1/(9*a)+z/(3*math.Sqrt(a)), 0), 3)
	lg, _ := math.Lgamma(a)
	for range 200 {
		if x <= low || x >= high {
			x = (low + high) / 2
		}
		miss := gammaP(a, x) - p
		if miss < 0 {
			low = x
		} else {
			high = x
		}
		step := miss / math.Exp(-x+(a-1)*math.Log(x)-lg)
		if math.Abs(step) <= x*1e-13 || high-low <= x*1e-13 {
			return x
		}
		x -= step
	}
	return x
}

// gammaP is the regularised lower incomplete gamma function: by its series below
// a+1, by the continued fraction of its complement above (Abramowitz and Stegun
// 6.5.29, 6.5.31).
func gammaP(a, x float64) float64 {
	if x <= 0 {
		return 0
	}
	lg, _ := math.Lgamma(a)
	front := math.Exp(-x + a*math.Log(x) - lg)
	if x < a+1 {
		sum, term := 1/a, 1/a
		for n := a + 1; math.Abs(term) > math.Abs(sum)*1e-15; n++ {
			term *= x / n
			sum += term
		}
		return sum * front
	}
	b := x + 1 - a
	c, d := 1e300, 1/b
	h := d
	for i := 1.0; i < 10_000; i++ {
		an := -i * (i - a)
		b += 2
		d = 1 / nonZero(an*d+b)
		c = nonZero(b + an/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return 1 - front*h
}

func nonZero(x float64) float64 {
	if math.Abs(x) < 1e-300 {
		return 1e-300
	}
	return x
}
