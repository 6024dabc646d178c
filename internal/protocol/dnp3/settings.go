package dnp3

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// settings is the service's file, as README.md describes it.
type settings struct {
	Address string `toml:"address"` // own link address; ${…} is expanded
	Master  uint16 `toml:"master"`  // link address that announcements go to

	Fragment  int   `toml:"fragment"`  // the longest response fragment
	Functions []int `toml:"functions"` // function codes; none: all of this room
	Events    int   `toml:"events"`    // what the event buffer holds

	Select   process.Duration `toml:"select"`   // how long a selection holds
	Confirm  process.Duration `toml:"confirm"`  // how long a confirmation is waited for
	Retries  int              `toml:"retries"`  // of an unsolicited response
	Announce bool             `toml:"announce"` // say at connection that the device has restarted
	Unsol    bool             `toml:"unsolicited"`
	Cold     process.Duration `toml:"cold"`      // how long a cold restart takes
	Warm     process.Duration `toml:"warm"`      // and a warm one
	Restart  bool             `toml:"restarted"` // no master has cleared the restart indication
	NeedTime bool             `toml:"need_time"` // no master has set the clock

	Remote  string `toml:"remote"`  // tag: false means that controls are local
	Trouble string `toml:"trouble"` // tag: the device is in trouble

	Binary       []point `toml:"binary"`
	Double       []point `toml:"double"`
	Output       []point `toml:"output"`
	Counter      []point `toml:"counter"`
	Analog       []point `toml:"analog"`
	AnalogOutput []point `toml:"analog_output"`
	Text         []point `toml:"text"`

	Attributes map[string]string `toml:"attributes"` // of group 0, by variation
	Files      []fileSetting     `toml:"files"`
	Users      []user            `toml:"users"` // of file authentication; none: no key is asked for
	Latency    latency           `toml:"latency"`
}

// fileSetting is a file that the device has.
type fileSetting struct {
	Name     string `toml:"name"`
	File     string `toml:"file"` // in the persona's folder
	ReadOnly bool   `toml:"read_only"`
	Expand   bool   `toml:"expand"` // ${…} in it is the identity's
}

// user may open files.
type user struct {
	Name     string `toml:"name"`
	Password string `toml:"password"`
}

// latency is how long the device takes to answer.
type latency struct {
	Min process.Duration `toml:"min"`
	Max process.Duration `toml:"max"`
}

func defaults() settings {
	return settings{
		Fragment: wire.MaxFragment, Events: 200, Retries: 3, Unsol: true,
		Select: seconds(10), Confirm: seconds(5), Cold: seconds(20), Warm: seconds(4),
	}
}

func seconds(n int) process.Duration { return process.Duration(time.Duration(n) * time.Second) }

// check says what is wrong with the settings by themselves.
func (c *settings) check() error {
	for _, d := range []struct {
		key         string
		v           process.Duration
		least, most time.Duration
	}{
		{"select", c.Select, time.Second, time.Hour},
		{"confirm", c.Confirm, time.Second, time.Minute},
		{"cold", c.Cold, time.Second, time.Minute},
		{"warm", c.Warm, time.Second, time.Minute},
		{"latency: max", c.Latency.Max, 0, 10 * time.Second},
	} {
		if v := time.Duration(d.v); v < d.least || v > d.most {
			return fmt.Errorf("%s = %v: use %v to %v", d.key, v, d.least, d.most)
		}
	}
	if c.Latency.Min < 0 || c.Latency.Max < c.Latency.Min {
		return errors.New("latency: write min and max, min not above max")
	}
	if c.Fragment < wire.MaxSegment || c.Fragment > wire.MaxFragment {
		return fmt.Errorf("fragment = %d: use %d to %d octets", c.Fragment, wire.MaxSegment, wire.MaxFragment)
	}
	if c.Events < 1 || c.Events > 10000 || c.Retries < 0 || c.Retries > 100 {
		return errors.New("events: 1 to 10000; retries: 0 to 100")
	}
	for _, n := range c.Functions {
		if n < 0 || n > 127 || wire.Function(n).Name() == "" {
			return fmt.Errorf("functions: %d is none", n)
		}
	}
	return nil
}

// ownAddress parses the link address.
func ownAddress(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n >= wire.FirstReservedAddr {
		return 0, fmt.Errorf("address = %q: write a link address from 0 to %d, as text", s, wire.LargestDeviceNumber)
	}
	return uint16(n), nil
}

// supports says whether the device has a function.
func (c *settings) supports(f wire.Function) bool {
	if c.Functions != nil {
		return slices.Contains(c.Functions, int(f))
	}
	switch f {
	case wire.InitializeData, wire.InitializeApp, wire.StartApp, wire.StopApp, wire.SaveConfig, wire.ActivateConfig, wire.Authenticate, wire.AuthenticateNoAck:
		return false
	}
	return f <= wire.AbortFile
}

// checkVariation says whether a point can be reported so.
func checkVariation(group, variation uint8) error {
	if _, ok := wire.AppendValue(nil, group, variation, wire.Value{}); ok {
		return nil
	}
	if bits, ok := wire.Bits(group, variation); ok && bits < 8 && bits > 0 {
		return nil
	}
	return fmt.Errorf("group %d has no variation %d here", group, variation)
}

// finite is x, or 0 where it is no number.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
