package s7comm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// settings is the service's file.
type settings struct {
	TSAPs       []string         `toml:"tsaps"`       // called TSAPs that are accepted: hex, or a name
	Refuse      string           `toml:"refuse"`      // "disconnect" or "close" on any other
	SourceRef   uint16           `toml:"source_ref"`  // our reference; 0: the next free one
	Connections int              `toml:"connections"` // all of them; one each is reserved for PG and OP
	PDU         uint16           `toml:"pdu"`         // longest PDU
	Jobs        uint16           `toml:"jobs"`        // jobs outstanding at once
	Offers      []string         `toml:"offers"`      // groups of functions; default: all
	Family      string           `toml:"family"`      // "s7-300", "s7-1200" or "s7-200"
	Protection  int              `toml:"protection"`  // level 1, 2 or 3
	Password    string           `toml:"password"`
	Default     bool             `toml:"password_default"` // the password is one that a maker or integrator ships
	Latency     latency          `toml:"latency"`
	SZL         string           `toml:"szl"`    // file of lists
	Blocks      string           `toml:"blocks"` // folder of .awl sources
	System      string           `toml:"system"` // file of system functions
	Module      string           `toml:"module"` // module name, SZL 001C index 2; default: the product
	Plant       string           `toml:"plant"`  // plant identification
	MMC         string           `toml:"mmc"`    // serial number of the memory card
	Boot        string           `toml:"boot_loader"`
	SystemInfo  string           `toml:"system_info"` // what an S7-200 says of itself in area SYS
	Sizes       sizes            `toml:"sizes"`
	DB          []bindingSetting `toml:"db"`
	Inputs      []bindingSetting `toml:"inputs"`
	Outputs     []bindingSetting `toml:"outputs"`
	Merker      []bindingSetting `toml:"merker"`
	AnalogIn    []bindingSetting `toml:"analog_in"`  // S7-200
	AnalogOut   []bindingSetting `toml:"analog_out"` // S7-200
}

// latency is how long the CPU takes: at random between Min and Max, in whole
// scans of its cycle.
type latency struct {
	Min  process.Duration `toml:"min"`
	Max  process.Duration `toml:"max"`
	Scan process.Duration `toml:"scan"`
}

// sizes is how many octets, timers and counters the CPU has.
type sizes struct {
	Inputs   int `toml:"inputs"`
	Outputs  int `toml:"outputs"`
	Merker   int `toml:"merker"`
	Timers   int `toml:"timers"`
	Counters int `toml:"counters"`
	Blocks   int `toml:"blocks"` // octets of program that visitors may load
	Work     int `toml:"work"`   // octets of work memory
	Load     int `toml:"load"`   // octets of load memory
}

// A bindingSetting puts a tag into an area: { n = 1, at = "20.3", tag = "pump1.run" }.
type bindingSetting struct {
	N     uint16  `toml:"n"`     // number of the data block
	At    string  `toml:"at"`    // octet, or octet and bit
	Tag   string  `toml:"tag"`   // what is there
	As    string  `toml:"as"`    // bool, byte, int, word, dint, dword or real; default: as the tag
	Scale float64 `toml:"scale"` // what the value is multiplied by; default 1
}

// Groups of functions, as Offers lists them.
const (
	offerRead       = "read"
	offerWrite      = "write"
	offerUpload     = "upload"
	offerDownload   = "download"
	offerControl    = "control"
	offerSZL        = "szl"
	offerBlocks     = "blocks"
	offerClock      = "clock"
	offerPassword   = "password"
	offerCyclic     = "cyclic"
	offerProgrammer = "programmer"
	offerMessages   = "messages"
	offerPlus       = "plus" // S7comm-plus as far as its identification
)

// Families of controllers: they differ in what they say of themselves.
const (
	family300  = "s7-300"
	family1200 = "s7-1200"
	family200  = "s7-200"
)

// defaults returns the settings of a CPU 315-2 PN/DP in rack 0, slot 2.
func defaults() settings {
	return settings{
		TSAPs: []string{"0102", "0202", "0302"}, Refuse: "disconnect", SourceRef: 3, Connections: 16, PDU: 240, Jobs: 2,
		Offers: []string{
			offerRead, offerWrite, offerUpload, offerDownload, offerControl, offerSZL, offerBlocks,
			offerClock, offerPassword, offerCyclic, offerProgrammer, offerMessages,
		},
		Family: family300, Protection: 1,
		Sizes: sizes{Inputs: 128, Outputs: 128, Merker: 2048, Timers: 256, Counters: 256, Blocks: 512 << 10, Work: 384 << 10, Load: 2 << 20},
	}
}

// readSettings reads the service's file over the defaults.
func readSettings(env protocol.Env) (settings, error) {
	s := defaults()
	if err := env.Decode(&s); err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, err
	}
	for _, text := range []*string{&s.Module, &s.Plant, &s.MMC, &s.Boot, &s.SystemInfo, &s.Password} {
		expanded, err := env.Device.Identity.Expand(*text)
		if err != nil {
			return s, err
		}
		*text = expanded
	}
	return s, nil
}

// check says what is wrong with the settings, tags and files aside.
func (s *settings) check() error {
	switch s.Family {
	case family300, family1200, family200:
	default:
		return fmt.Errorf("family = %q: use s7-300, s7-1200 or s7-200", s.Family)
	}
	switch s.Refuse {
	case "disconnect", "close":
	default:
		return fmt.Errorf("refuse = %q: use disconnect or close", s.Refuse)
	}
	if s.Protection < 1 || s.Protection > 3 {
		return fmt.Errorf("protection = %d: use 1 (none), 2 (write) or 3 (read and write)", s.Protection)
	}
	if s.PDU < 112 || s.PDU > 960 {
		return fmt.Errorf("pdu = %d: give 112 to 960 octets", s.PDU)
	}
	if s.Connections < 1 || s.Jobs < 1 {
		return errors.New("connections and jobs: give at least 1")
	}
	if s.Latency.Max < s.Latency.Min || s.Latency.Min < 0 || s.Latency.Scan < 0 {
		return errors.New("latency: give 0 ≤ min ≤ max")
	}
	z := s.Sizes
	for _, n := range []int{z.Inputs, z.Outputs, z.Merker, z.Timers, z.Counters} {
		if n < 0 || n > 0xffff {
			return fmt.Errorf("sizes: %d is not between 0 and 65535", n)
		}
	}
	for _, name := range s.Offers {
		switch name {
		case offerRead, offerWrite, offerUpload, offerDownload, offerControl, offerSZL, offerBlocks, offerClock,
			offerPassword, offerCyclic, offerProgrammer, offerMessages, offerPlus:
		default:
			return fmt.Errorf("offers: no functions named %q", name)
		}
	}
	return nil
}

// tsaps returns the called TSAPs that are accepted, as they are on the wire.
func (s *settings) tsaps() map[string]bool {
	out := map[string]bool{}
	for _, t := range s.TSAPs {
		if b, err := hex.DecodeString(t); err == nil && len(t) == 4 {
			t = string(b)
		}
		out[t] = true
	}
	return out
}

// pause returns how long an answer takes that needs work octets of time r in [0,1).
func (l latency) pause(r float64) time.Duration {
	d := time.Duration(l.Min) + time.Duration(r*float64(l.Max-l.Min))
	if scan := time.Duration(l.Scan); scan > 0 {
		d = (d + scan - 1) / scan * scan
	}
	return d
}
