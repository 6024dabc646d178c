package persona

import "github.com/sundew-ics/sundew/internal/process"

// siteFile is persona.toml. Where a field is `any` it takes a text or a
// generator: { generate = "siemens-s" }.
type siteFile struct {
	Site    siteSpec       `toml:"site"`
	Process processSpec    `toml:"process"`
	Values  map[string]any `toml:"values"` // for ${name} in every device
	Start   map[string]any `toml:"start"`  // start values of tags that differ between installations
	Devices []deviceSpec   `toml:"device"`
}

type siteSpec struct {
	Title        string `toml:"title"`
	Summary      string `toml:"summary"`
	Zone         string `toml:"zone"`         // of the plant's and the devices' clocks: "Europe/Berlin"
	Commissioned []int  `toml:"commissioned"` // first and last year in which the plant may have been built
}

type processSpec struct {
	Tick  process.Duration `toml:"tick"`
	Drift process.Duration `toml:"drift"` // how long a visitor's write lasts
	Rate  float64          `toml:"rate"`  // writes a second of one source
	Burst int              `toml:"burst"`
}

type tagFile struct {
	Tags []process.TagSpec `toml:"tag"`
}

type deviceSpec struct {
	Name     string         `toml:"name"`
	Title    string         `toml:"title"`
	Mode     string         `toml:"mode"`  // tag with run, stop or startup
	Clock    string         `toml:"clock"` // "free" (default) or "ntp"
	Vendor   any            `toml:"vendor"`
	Product  any            `toml:"product"`
	Order    any            `toml:"order"`
	Firmware any            `toml:"firmware"`
	Hardware any            `toml:"hardware"`
	Serial   any            `toml:"serial"`
	Station  any            `toml:"station"` // what the device calls itself: ${name}
	Location any            `toml:"location"`
	Contact  any            `toml:"contact"`
	MAC      any            `toml:"mac"`
	Address  any            `toml:"address"`
	Values   map[string]any `toml:"values"`
	Services []serviceSpec  `toml:"service"`
}

type serviceSpec struct {
	Protocol string `toml:"protocol"`
	Name     string `toml:"name"` // default: the protocol
	Network  string `toml:"network"`
	Port     int    `toml:"port"`
	Alt      int    `toml:"alt"`
	Sides    string `toml:"sides"`    // "50100-50149": ports for FTP data, TFTP transfers
	Sessions int    `toml:"sessions"` // at once, as few as the device has; default: the sensor's
	Idle     string `toml:"idle"`     // "90s": how long it keeps a silent visitor; default: the sensor's
	File     string `toml:"file"`
}
