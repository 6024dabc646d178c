package wire

import (
	"errors"
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Subfunctions of group time.
const (
	TimeRead  = 0x01
	TimeSet   = 0x02
	TimeReadF = 0x03 // read, following
	TimeSet2  = 0x04
)

// ErrClock says that a time is not one: a digit beyond 9 or a month beyond 12.
var ErrClock = errors.New("not a time in BCD")

// AppendTime appends the eight octets of DATE_AND_TIME: BCD from the year to
// the milliseconds, then the day of the week with Sunday as 1.
func AppendTime(b []byte, t time.Time) []byte {
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(b, bcd(t.Year()%100), bcd(int(t.Month())), bcd(t.Day()), bcd(t.Hour()), bcd(t.Minute()), bcd(t.Second()),
		bcd(ms/10), uint8(ms%10)<<4|uint8(t.Weekday())+1)
}

// bcd returns n, from 0 to 99, as two digits.
func bcd(n int) uint8 { return uint8(n/10)<<4 | uint8(n%10) }

// readTime reads DATE_AND_TIME; years from 90 are in the last century. The day
// of the week is not looked at: STEP 7 sends 0.
func readTime(r *octet.Reader) time.Time {
	var n [7]int
	for i := range n {
		c := r.U8()
		if c>>4 > 9 || c&0x0f > 9 {
			r.Fail(ErrClock)
		}
		n[i] = int(c>>4)*10 + int(c&0x0f)
	}
	last := int(r.U8() >> 4)
	if last > 9 {
		r.Fail(ErrClock)
	}
	year := 2000 + n[0]
	if n[0] >= 90 {
		year = 1900 + n[0]
	}
	ms := n[6]*10 + last
	t := time.Date(year, time.Month(n[1]), n[2], n[3], n[4], n[5], ms*int(time.Millisecond), time.UTC)
	if int(t.Month()) != n[1] || t.Day() != n[2] || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		r.Fail(ErrClock)
	}
	return t
}

// ParseTime reads the eight octets of DATE_AND_TIME.
func ParseTime(p []byte) (time.Time, error) {
	r := octet.NewReader(p)
	t := readTime(r)
	return t, r.Done()
}

// A Clock is the payload of reading and setting the clock.
type Clock struct {
	Fill    uint8     // 0
	Century uint8     // 0x19 whatever the year (goOnline, 2016)
	Time    time.Time // as the CPU's clock shows it, in UTC
}

// ParseClock reads the ten octets.
func ParseClock(p []byte) (Clock, error) {
	r := octet.NewReader(p)
	c := Clock{Fill: r.U8(), Century: r.U8(), Time: readTime(r)}
	if err := r.Done(); err != nil {
		return Clock{}, err
	}
	return c, nil
}

// Append appends the ten octets to b.
func (c Clock) Append(b []byte) []byte { return AppendTime(append(b, c.Fill, c.Century), c.Time) }

// Subfunctions of group security.
const (
	SecurityPassword = 0x01 // open a protected CPU
	SecurityClear    = 0x02 // close it again
)

// DecodePassword returns the text of the eight octets that a password travels
// in, as typed: the blanks or NULs that fill it are cut.
func DecodePassword(p []byte) string {
	out := make([]byte, len(p))
	for i, c := range p {
		out[i] = c ^ 0x55
		if i >= 2 {
			out[i] ^= p[i-2]
		}
	}
	for len(out) > 0 && (out[len(out)-1] == ' ' || out[len(out)-1] == 0) {
		out = out[:len(out)-1]
	}
	return string(out)
}

// EncodePassword returns the eight octets that carry a password.
func EncodePassword(s string) []byte {
	w := octet.Builder{}
	w.Pad(s, 8, ' ')
	for i := range w.B {
		w.B[i] ^= 0x55
		if i >= 2 {
			w.B[i] ^= w.B[i-2]
		}
	}
	return w.B
}
