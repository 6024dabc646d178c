// Package persona reads whom the sensor pretends to be: a folder with
// persona.toml (the site, its devices and their services), process.toml (the
// tags of the plant) and a file for each service. Whatever must differ between
// two installations, serial numbers, addresses, names, the time of the last
// start, is generated from the installation's secret and stays the same over
// restarts.
package persona

import (
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
)

// A Persona is a site as one installation shows it.
type Persona struct {
	Name    string
	Title   string // "Water pumping station"
	Summary string // a sentence for people
	Zone    *time.Location
	Process process.Config // tags, programs, seed of the noise
	Devices []Device
	Files   fs.FS // the persona's folder

	in       Installation
	tagsFile []byte // process.toml
}

// A Device is a nameplate of the site and the services that show it.
type Device struct {
	Key      string // its name in persona.toml: "plc"
	Title    string
	Identity device.Identity
	Clock    device.ClockState // how wrong its clock was when the installation was born
	ModeTag  string            // the tag with run, stop or startup; empty: none
	Services []Service
}

// A Service is one protocol of one device.
type Service struct {
	Name     string        // unique in its device
	Protocol string        // its name in the catalogue
	Network  string        // "tcp", "udp", or empty: all that the catalogue has
	Port     uint16        // 0: the catalogue's
	Alt      uint16        // 0: the catalogue's
	Sides    Ports         // for its side ports; zero: any
	Sessions int           // at once; 0: the sensor's limit
	Idle     time.Duration // 0: the sensor's limit
	File     string        // its settings; empty: none

	// Decode reads File, strictly, into a room's settings; without a File it
	// leaves them as they are.
	Decode func(into any) error
}

// Ports is an inclusive range; the zero value is none.
type Ports struct{ First, Last uint16 }

// NewProcess returns the plant, or a Problem in process.toml.
func (p *Persona) NewProcess() (*process.Process, error) {
	plant, err := process.New(p.Process)
	if err != nil {
		return nil, tagProblem(p.tagsFile, p.Process.Tags, err)
	}
	return plant, nil
}

// Rand returns the numbers that a service of a device may draw from when it is
// built: the same at each start, others on every installation.
func (p *Persona) Rand(device, service string) *rand.Rand {
	return p.in.rand(p.Name, "device", device, "service", service)
}
