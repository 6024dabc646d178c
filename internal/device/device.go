// Package device is a nameplate on a process: all that a service knows of the
// machine that it pretends to be part of.
package device

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// An Identity is what a device says of itself. Values that differ between two
// devices of one make (serial number, MAC, names, boot time, drift) come from
// the installation's seed and stay the same over restarts.
type Identity struct {
	Vendor   string // maker, as the device itself spells it
	Product  string // product name
	Order    string // order or catalogue number
	Firmware string // firmware version, as text: "1.10" is not 1.1
	Hardware string // hardware version
	Serial   string
	Name     string // system or station name
	Location string
	Contact  string
	MAC      [6]byte
	Address  netip.Addr        // the private address that the device believes it has
	Boot     time.Time         // when it was last started, long before the sensor was
	Drift    float64           // how fast its clock runs wrong, in parts per million
	Values   map[string]string // further values by name, generated or written in the persona
}

// A Device is an identity on a process. Several devices of one site share one process.
type Device struct {
	Key      string // its name in the persona: "plc"
	Identity Identity
	Process  *process.Process
	Mode     process.Ref // tag with "run", "stop" or "startup"; process.None without one
	Clock    *Clock

	shared shared
}

// shared is what services of one device have in common.
type shared struct {
	mu     sync.Mutex
	values map[string]any
}

// Shared returns what the device's services share under key, a file system say,
// made by the first that asks.
func (d *Device) Shared(key string, first func() (any, error)) (any, error) {
	d.shared.mu.Lock()
	defer d.shared.mu.Unlock()
	if v, ok := d.shared.values[key]; ok {
		return v, nil
	}
	v, err := first()
	if err != nil {
		return nil, err
	}
	if d.shared.values == nil {
		d.shared.values = map[string]any{}
	}
	d.shared.values[key] = v
	return v, nil
}

// Running says whether the device is in run. A device without a mode always is.
func (d *Device) Running(v process.View) bool {
	return d.Mode == process.None || v.Text(d.Mode) == "run"
}

// Lookup returns a value of the identity by its name in personas ("serial",
// "mac", or any name in Values).
func (id *Identity) Lookup(name string) (string, bool) {
	switch name {
	case "vendor":
		return id.Vendor, true
	case "product":
		return id.Product, true
	case "order":
		return id.Order, true
	case "firmware":
		return id.Firmware, true
	case "hardware":
		return id.Hardware, true
	case "serial":
		return id.Serial, true
	case "name":
		return id.Name, true
	case "location":
		return id.Location, true
	case "contact":
		return id.Contact, true
	case "mac":
		return fmt.Sprintf("%02X:%02X:%02X:%02X:%02X:%02X", id.MAC[0], id.MAC[1], id.MAC[2], id.MAC[3], id.MAC[4], id.MAC[5]), true
	case "address":
		return id.Address.String(), true
	}
	v, ok := id.Values[name]
	return v, ok
}

var reference = regexp.MustCompile(`\$\{([a-z0-9_.]+)\}`)

// Expand replaces each ${name} in s by the identity's value of that name; an
// unknown name is an error.
func (id *Identity) Expand(s string) (string, error) {
	var missing []string
	out := reference.ReplaceAllStringFunc(s, func(m string) string {
		v, ok := id.Lookup(m[2 : len(m)-1])
		if !ok {
			missing = append(missing, m)
		}
		return v
	})
	if missing != nil {
		return "", fmt.Errorf("the device's identity has no %s; give it a value in persona.toml", strings.Join(missing, ", "))
	}
	return out, nil
}
