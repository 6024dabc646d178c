package sink

import (
	"fmt"
	"time"
)

// Duration is a time span of more than nothing in a sink's settings: "10s".
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is no time span; write 10s or 2m", b)
	}
	*d = Duration(v)
	return nil
}
