package enip

import (
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

// clockAttributes are those of the wall clock that tools use: UTC in µs since
// 1970, which can be set; whether daylight saving is on; and the local time, of
// which the controller's zone makes no difference.
func clockAttributes() []attribute {
	now := func(c *call) []byte {
		o := octet.Builder{}
		o.U64LE(uint64(c.device.Clock.Now().UnixMicro()))
		return o.B
	}
	set := func(c *call, p []byte) cip.Status {
		t := time.UnixMicro(int64(octet.NewReader(p).U64LE()))
		if y := t.UTC().Year(); y < 1970 || y > 2106 {
			return cip.InvalidValue
		}
		if err := c.device.Clock.Set(t); err != nil {
			return cip.ResourceUnavailable
		}
		return cip.Success
	}
	parts := func(c *call) []byte { // as the programmer's DateTime
		t := c.device.Clock.Now()
		o := octet.Builder{}
		for _, n := range []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000} {
			o.U32LE(uint32(n))
		}
		return o.B
	}
	saving := attribute{id: 10, get: func(c *call) []byte { return c.preserved(clockObject, 1, 10, []byte{0}) }, length: fixed(1), single: true}
	saving.set = func(c *call, p []byte) cip.Status { return c.preserve(clockObject, 1, 10, p) }
	return []attribute{
		{id: 5, get: parts, single: true},
		{id: 6, get: now, set: set, length: fixed(8)},
		saving,
		{id: 11, get: now, set: set, length: fixed(8), single: true},
	}
}
