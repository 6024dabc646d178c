package bacnet

import (
	"errors"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// settings is a service's file.
type settings struct {
	Instance     string             `toml:"instance"` // of the device object, with ${…}
	Name         string             `toml:"name"`     // and the device object's other texts, with ${…}
	Description  string             `toml:"description"`
	Location     string             `toml:"location"`
	Vendor       uint32             `toml:"vendor"` // ASHRAE's number of the maker
	VendorName   string             `toml:"vendor_name"`
	Model        string             `toml:"model"`
	Firmware     string             `toml:"firmware"`
	Software     string             `toml:"software"`
	Revision     uint32             `toml:"revision"`     // of the protocol; default 10
	Charset      string             `toml:"charset"`      // of our texts: "utf-8" (default) or "ucs-2"
	MaxAPDU      int                `toml:"max_apdu"`     // octets; default 1476
	Segmentation string             `toml:"segmentation"` // "both" (default), "transmit", "receive" or "none"
	Window       uint8              `toml:"window"`       // segments before an acknowledgement; default 4
	MaxSegments  int                `toml:"max_segments"` // of a request; default 16
	Services     []string           `toml:"services"`     // confirmed ones by name; default all of this room
	Wildcard     string             `toml:"wildcard"`     // how device 4194303 is named in the answer: "own" (default) or "echo"
	Zone         string             `toml:"zone"`         // of local-time; default UTC
	Password     string             `toml:"password"`     // of control and restart; empty: none is asked
	Restart      []process.Duration `toml:"restart"`      // warm and cold start take; default 8s and 25s
	Latency      []process.Duration `toml:"latency"`      // least and greatest time to an answer
	BBMD         bool               `toml:"bbmd"`         // has the broadcast and foreign device tables
	BDT          []string           `toml:"bdt"`          // rows at first: address:port/mask
	Network      uint16             `toml:"network"`      // the number of its own network; 0: not known
	Routes       []uint16           `toml:"routes"`       // networks behind it, which makes it a router
	Objects      []objectSettings   `toml:"objects"`
}

// objectSettings is one object besides the device. Which members count depends
// on its type.
type objectSettings struct {
	Object      string            `toml:"object"` // "analog-input,1"
	Name        string            `toml:"name"`
	Description string            `toml:"description"`
	Tag         string            `toml:"tag"`
	Writable    bool              `toml:"writable"`    // present-value without priorities
	Commandable bool              `toml:"commandable"` // present-value with priorities; outputs always
	Default     float64           `toml:"default"`     // relinquish-default
	Program     int               `toml:"program"`     // priority at which the device's own program commands; 0: it does not
	Units       string            `toml:"units"`
	COV         float64           `toml:"cov_increment"`
	Range       []float64         `toml:"range"`  // min- and max-pres-value
	Limits      []float64         `toml:"limits"` // low- and high-limit: alarms
	Alarm       *bool             `toml:"alarm"`  // the binary value that is an alarm
	Class       uint32            `toml:"class"`  // notification-class
	DeviceType  string            `toml:"device_type"`
	Texts       []string          `toml:"texts"`      // inactive and active, or one for each state
	Reverse     bool              `toml:"reverse"`    // polarity
	Week        []string          `toml:"week"`       // schedule: "06:00 1, 20:00 0" from Monday on
	Kind        string            `toml:"kind"`       // schedule: "real", "binary" (default) or "state"
	Refs        []string          `toml:"refs"`       // schedule: the objects it commands; loop: controlled, manipulated
	Dates       []string          `toml:"dates"`      // calendar
	Priorities  []uint32          `toml:"priorities"` // notification class: to-offnormal, -fault, -normal
	Log         string            `toml:"log"`        // trend log: the object
	Every       process.Duration  `toml:"every"`      // trend log: between records
	Buffer      int               `toml:"buffer"`     // trend log: records
	Curve       []float64         `toml:"curve"`      // trend log: a day's course before the sensor was there, evenly spaced
	Noise       float64           `toml:"noise"`      // trend log: about the curve
	File        string            `toml:"file"`       // file: in the persona's folder
	FileType    string            `toml:"file_type"`  // file
	Setpoint    float64           `toml:"setpoint"`   // loop
	Gains       []float64         `toml:"gains"`      // loop: proportional, integral (s)
	Properties  map[string]string `toml:"properties"` // further texts by property name
}

func (s *settings) check() error {
	if s.Revision == 0 {
		s.Revision = 10
	}
	if s.MaxAPDU == 0 {
		s.MaxAPDU = 1476
	}
	if s.Window == 0 {
		s.Window = 4
	}
	if s.MaxSegments == 0 {
		s.MaxSegments = 16
	}
	if s.Segmentation == "" {
		s.Segmentation = "both"
	}
	switch {
	case s.MaxAPDU < 50 || s.MaxAPDU > 1476:
		return fmt.Errorf("max_apdu: %d; use 50 to 1476", s.MaxAPDU)
	case s.Window > 127:
		return fmt.Errorf("window: %d; use 1 to 127", s.Window)
	case s.MaxSegments < 1 || s.MaxSegments > 64:
		return fmt.Errorf("max_segments: %d; use 1 to 64", s.MaxSegments)
	case s.Charset != "" && s.Charset != "utf-8" && s.Charset != "ucs-2":
		return fmt.Errorf("charset: %q; use \"utf-8\" or \"ucs-2\"", s.Charset)
	case s.Wildcard != "" && s.Wildcard != "own" && s.Wildcard != "echo":
		return fmt.Errorf("wildcard: %q; use \"own\" or \"echo\"", s.Wildcard)
	case len(s.Password) > 20: // 16.4.1.1.2
		return errors.New("password: at most 20 characters")
	}
	if _, ok := segmentation(s.Segmentation); !ok {
		return fmt.Errorf("segmentation: %q; use \"both\", \"transmit\", \"receive\" or \"none\"", s.Segmentation)
	}
	if s.Restart == nil {
		s.Restart = []process.Duration{process.Duration(8 * time.Second), process.Duration(25 * time.Second)}
	}
	if len(s.Restart) != 2 {
		return errors.New(`restart: write restart = ["8s", "25s"], for a warm and a cold start`)
	}
	if n := len(s.Latency); n != 0 && n != 2 || n == 2 && s.Latency[1] < s.Latency[0] {
		return errors.New(`latency: write latency = ["30ms", "60ms"]`)
	}
	return nil
}

// segmentation returns the value of segmentation-supported, 21 BACnetSegmentation.
func segmentation(s string) (uint32, bool) {
	switch s {
	case "both":
		return 0, true
	case "transmit":
		return 1, true
	case "receive":
		return 2, true
	case "none":
		return 3, true
	}
	return 0, false
}

func (s *settings) transmits() bool { return s.Segmentation == "both" || s.Segmentation == "transmit" }
func (s *settings) receives() bool  { return s.Segmentation == "both" || s.Segmentation == "receive" }

// charset is the character set of our texts.
func (s *settings) charset() uint8 {
	if s.Charset == "ucs-2" {
		return wire.UCS2
	}
	return wire.UTF8
}

// serves says which confirmed services there are. Others are rejected.
func (s *settings) serves() (services [64]bool, err error) {
	all := []uint8{wire.AcknowledgeAlarm, wire.GetAlarmSummary, wire.SubscribeCOV, wire.AtomicReadFile, wire.AtomicWriteFile,
		wire.ReadProperty, wire.ReadPropertyMultiple, wire.WriteProperty, wire.WritePropertyMultiple,
		wire.DeviceCommunicationControl, wire.ReinitializeDevice, wire.ReadRange, wire.SubscribeCOVProperty, wire.GetEventInformation}
	known := map[string]uint8{}
	for _, n := range all {
		known[wire.ConfirmedName(n)] = n
		services[n] = s.Services == nil
	}
	for _, name := range s.Services {
		n, ok := known[name]
		if !ok {
			return services, fmt.Errorf("services: no service %q of this room", name)
		}
		services[n] = true
	}
	return services, nil
}
