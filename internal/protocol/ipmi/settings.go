package ipmi

import (
	"errors"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// settings is a service's file.
type settings struct {
	Device   deviceSettings     `toml:"device"`
	GUID     string             `toml:"guid"`     // of the system, 32 hexadecimal digits as on the wire; may have ${mac} …
	Auth     []string           `toml:"auth"`     // IPMI 1.5 authentication types; none: no sessions of 1.5
	Suites   []uint8            `toml:"suites"`   // IPMI 2.0 cipher suites; none: no sessions of 2.0
	Key      string             `toml:"key"`      // K_G, up to 20 octets
	Sessions int                `toml:"sessions"` // at once
	Idle     process.Duration   `toml:"idle"`     // after which a session is over
	Restart  process.Duration   `toml:"restart"`  // how long a cold reset takes
	Latency  []process.Duration `toml:"latency"`  // least and greatest time to an answer
	Slots    int                `toml:"user_slots"`
	Users    []userSettings     `toml:"users"`
	Power    string             `toml:"power"`   // writable bool tag: the host has power
	Restore  string             `toml:"restore"` // power restore policy: off, previous, on
	Hours    string             `toml:"hours"`   // power-on hours when the device was last started; may have ${…}
	LAN      lanSettings        `toml:"lan"`
	SOL      bool               `toml:"sol"` // whether the payload is there (but not enabled)
	Sensors  []sensorSettings   `toml:"sensors"`
	Events   []eventSettings    `toml:"events"` // what the log holds at the first start
	FRU      fruSettings        `toml:"fru"`
	DCMI     string             `toml:"dcmi"` // tag of the power reading in W; empty: no DCMI
}

type deviceSettings struct {
	ID           uint8  `toml:"id"`
	Revision     uint8  `toml:"revision"`
	Firmware     string `toml:"firmware"` // "3.88"; may have ${firmware}
	Aux          string `toml:"aux"`      // four octets in hexadecimal
	Support      uint8  `toml:"support"`  // bits of table 20-2
	Manufacturer uint32 `toml:"manufacturer"`
	Product      uint16 `toml:"product"`
	Name         string `toml:"name"` // in the controller's own SDR
}

type userSettings struct {
	ID        int    `toml:"id"`
	Name      string `toml:"name"`
	Password  string `toml:"password"`
	Privilege string `toml:"privilege"` // callback, user, operator, administrator, none
	Disabled  bool   `toml:"disabled"`
	Default   bool   `toml:"default"` // these are the maker's credentials
}

type lanSettings struct {
	Mask       string `toml:"mask"`
	Gateway    string `toml:"gateway"`
	GatewayMAC string `toml:"gateway_mac"`
	Source     string `toml:"source"` // of the address: static, dhcp
	Community  string `toml:"community"`
}

type sensorSettings struct {
	Number  uint8     `toml:"number"`
	Name    string    `toml:"name"`
	Kind    string    `toml:"kind"`   // temperature, voltage, fan, current, power; or intrusion, supply for discrete ones
	Entity  []uint8   `toml:"entity"` // id and instance
	Tag     string    `toml:"tag"`
	M       int       `toml:"m"` // reading = (m x + b 10^b_exp) 10^r_exp (§36.3)
	B       int       `toml:"b"`
	RExp    int       `toml:"r_exp"`
	BExp    int       `toml:"b_exp"`
	Lower   []float64 `toml:"lower"`   // non-recoverable, critical, non-critical
	Upper   []float64 `toml:"upper"`   // non-critical, critical, non-recoverable
	Standby bool      `toml:"standby"` // reads also while the host is off
}

type eventSettings struct {
	Before process.Duration `toml:"before"` // the device's last start
	After  process.Duration `toml:"after"`
	Sensor uint8            `toml:"sensor"`
	Type   uint8            `toml:"type"`
	Event  string           `toml:"event"` // event type and three data octets in hexadecimal: "6f00ffff"
}

type fruSettings struct {
	Chassis fruArea `toml:"chassis"`
	Board   fruArea `toml:"board"`
	Product fruArea `toml:"product"`
}

// A fruArea is an area of the FRU inventory; each knows some of these fields.
type fruArea struct {
	Type    uint8  `toml:"type"` // of the chassis
	Date    string `toml:"date"` // of the board, as in 2016-03-24
	Maker   string `toml:"maker"`
	Name    string `toml:"name"`
	Part    string `toml:"part"`
	Version string `toml:"version"`
	Serial  string `toml:"serial"`
}

func (s *settings) check() error {
	if s.Sessions == 0 {
		s.Sessions = 32
	}
	if s.Idle == 0 {
		s.Idle = process.Duration(time.Minute) // §6.12.15
	}
	if s.Slots == 0 {
		s.Slots = 10
	}
	if s.Slots > 63 || s.Sessions > 63 || s.Sessions < 1 {
		return errors.New("user_slots, sessions: use 1 to 63")
	}
	if n := len(s.Latency); n != 0 && n != 2 || n == 2 && s.Latency[1] < s.Latency[0] {
		return errors.New(`latency: write latency = ["2ms", "9ms"]`)
	}
	if len(s.Key) > 20 {
		return errors.New("key: use up to 20 octets")
	}
	for _, u := range s.Users {
		if _, ok := parsePrivilege(u.Privilege); !ok {
			return fmt.Errorf("users: privilege %q; use callback, user, operator, administrator or none", u.Privilege)
		}
		if u.ID < 1 || u.ID > s.Slots {
			return fmt.Errorf("users: %q: use an id of 1 to %d", u.Name, s.Slots)
		}
	}
	if _, ok := parseRestore(s.Restore); !ok {
		return fmt.Errorf("restore: %q; use off, previous or on", s.Restore)
	}
	return nil
}

// A privilege is a level of what a session may do (§6.8).
type privilege uint8

const (
	anybody       privilege = 0 // outside a session too
	callback      privilege = 1
	user          privilege = 2
	operator      privilege = 3
	administrator privilege = 4
	oem           privilege = 5
	noAccess      privilege = 15
)

func (p privilege) String() string {
	switch p {
	case callback:
		return "callback"
	case user:
		return "user"
	case operator:
		return "operator"
	case administrator:
		return "administrator"
	case oem:
		return "oem"
	case noAccess:
		return "none"
	}
	return "unspecified"
}

func parsePrivilege(s string) (privilege, bool) {
	for _, p := range []privilege{callback, user, operator, administrator, oem, noAccess} {
		if p.String() == s {
			return p, true
		}
	}
	return 0, false
}
