package atg

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
)

// settings is the service's file, as README.md describes it.
type settings struct {
	Zone     string           `toml:"zone"`     // of the console's clock
	Stamp    string           `toml:"stamp"`    // S50F: 00 to 05
	Units    string           `toml:"units"`    // "us" (gal, inch, °F) or "metric" (l, mm, °C)
	Ullage   string           `toml:"ullage"`   // per cent of the capacity: "90", "95" or "100"
	Header   []string         `toml:"header"`   // four lines of up to 20 characters
	Security string           `toml:"security"` // six characters; "" for none
	Software software         `toml:"software"`
	Tanks    []tankSpec       `toml:"tanks"`
	Sensors  []sensorSpec     `toml:"sensors"`
	Rate     int              `toml:"rate"`   // of the serial line, octets a second
	First    process.Duration `toml:"first"`  // until the first octet of an answer
	Revert   process.Duration `toml:"revert"` // until the station's people set back what a visitor set; 0: never
}

// software is what function 902 says.
type software struct {
	Version  string   `toml:"version"`
	Number   string   `toml:"number"`
	Created  string   `toml:"created"`
	Module   string   `toml:"module"`
	Features []string `toml:"features"`
}

// tankSpec is one tank as the console was set up.
type tankSpec struct {
	Label       string  `toml:"label"`       // up to 20 characters
	Code        string  `toml:"code"`        // product code, one character
	Tags        string  `toml:"tags"`        // "tank1": tank1.volume, tank1.capacity …
	Coefficient float64 `toml:"coefficient"` // thermal expansion per degree
	Tilt        float64 `toml:"tilt"`
	Probe       string  `toml:"probe"` // serial number
}

// sensorSpec is one liquid sensor.
type sensorSpec struct {
	Label string `toml:"label"`
	Tag   string `toml:"tag"` // bool: liquid
}

func defaults() settings {
	return settings{Zone: "UTC", Stamp: "00", Units: "us", Ullage: "90", Rate: 960}
}

// labelLen is the length of labels and header lines.
const labelLen = 20

// expand fills in the identity and says what is wrong with the settings.
func (c *settings) expand(id *device.Identity) error {
	texts := []*string{&c.Stamp, &c.Ullage, &c.Security, &c.Software.Version, &c.Software.Number, &c.Software.Created, &c.Software.Module}
	for i := range c.Header {
		texts = append(texts, &c.Header[i])
	}
	for i := range c.Tanks {
		texts = append(texts, &c.Tanks[i].Label, &c.Tanks[i].Code, &c.Tanks[i].Probe)
	}
	for i := range c.Sensors {
		texts = append(texts, &c.Sensors[i].Label)
	}
	for _, t := range texts {
		s, err := id.Expand(*t)
		if err != nil {
			return err
		}
		*t = s
	}
	for i, h := range c.Header {
		c.Header[i] = h[:min(len(h), labelLen)]
	}
	return c.check()
}

func (c *settings) check() error {
	if style, err := strconv.Atoi(c.Stamp); err != nil || style < 0 || style >= styles {
		return fmt.Errorf("stamp = %q: use 00 to %02d", c.Stamp, styles-1)
	}
	if c.Units != "us" && c.Units != "metric" {
		return fmt.Errorf("units = %q: use us or metric", c.Units)
	}
	if !slices.Contains([]string{"90", "95", "100"}, c.Ullage) {
		return fmt.Errorf("ullage = %q: use 90, 95 or 100 (per cent)", c.Ullage)
	}
	if len(c.Header) > 4 {
		return fmt.Errorf("header: %d lines; the console prints four", len(c.Header))
	}
	if len(c.Security) != 0 && len(c.Security) != 6 {
		return fmt.Errorf("security = %q: six characters, or none", c.Security)
	}
	if len(c.Tanks) > 16 || len(c.Sensors) > 32 {
		return fmt.Errorf("%d tanks and %d sensors: a console has at most 16 and 32", len(c.Tanks), len(c.Sensors))
	}
	if c.Rate < 1 || c.First < 0 || c.Revert < 0 {
		return fmt.Errorf("rate, first, revert: no number below zero; rate at least 1 octet a second")
	}
	for i, t := range c.Tanks {
		if len(t.Label) > labelLen || len(t.Code) != 1 {
			return fmt.Errorf("tanks: row %d: a label has up to %d characters, a product code one", i+1, labelLen)
		}
		if t.Coefficient < 0 || t.Coefficient > 0.01 {
			return fmt.Errorf("tanks: row %d: coefficient = %v: use 0 to 0.01 per degree", i+1, t.Coefficient)
		}
	}
	return nil
}
