package bacnet

import (
	"sync"
	"time"
)

// quiet keeps for whom the device is silent. It is kept by visitor's address: on
// a device it would hold for everybody, and one visitor could blind the sensor.
type quiet struct {
	mu      sync.Mutex
	sources map[string]stillness
}

// A stillness is what a DeviceCommunicationControl or a restart made of the device.
type stillness struct {
	disabled time.Time // until then only control and restart are served, 16.1
	mute     time.Time // until then nothing is initiated
	restart  time.Time // until then nothing at all is served
}

const (
	maxQuiet = 1024
	forEver  = 24 * time.Hour // a duration that is not given
)

func newQuiet() *quiet { return &quiet{sources: map[string]stillness{}} }

// A hush is a stillness at one moment.
type hush struct{ silent, mute, restarting bool }

func (u *quiet) until(source string, now time.Time) hush {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.sources[source]
	h := hush{now.Before(s.disabled), now.Before(s.mute), now.Before(s.restart)}
	if h == (hush{}) {
		delete(u.sources, source)
	}
	return h
}

// change sets a source's stillness. Where too many have one, those that are over go.
func (u *quiet) change(source string, now time.Time, set func(*stillness)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.sources) >= maxQuiet {
		for k, s := range u.sources {
			if now.After(s.disabled) && now.After(s.mute) && now.After(s.restart) {
				delete(u.sources, k)
			}
		}
	}
	s, known := u.sources[source]
	if !known && len(u.sources) >= maxQuiet {
		return
	}
	set(&s)
	u.sources[source] = s
}
