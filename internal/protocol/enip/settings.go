package enip

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// settings is the service's file, as README.md describes it.
type settings struct {
	Identity nameplate `toml:"identity"`

	Controller string           `toml:"controller"` // the project's name (class 0x64)
	Keyswitch  string           `toml:"keyswitch"`  // "remote", "run" or "program"
	Slot       int              `toml:"slot"`       // of the controller on its backplane
	Restart    process.Duration `toml:"restart"`    // how long a reset takes

	Inactivity process.Duration `toml:"inactivity"`  // of a TCP connection (0xF5, attribute 13)
	Links      int              `toml:"connections"` // CIP connections at once
	SmallSize  int              `toml:"small_size"`  // of a connection, octets
	LargeSize  int              `toml:"large_size"`  // 0: no Large_Forward_Open

	Network  network    `toml:"network"`
	Programs []program  `toml:"programs"`
	Tasks    []string   `toml:"tasks"`
	Types    []typeRow  `toml:"types"`
	Tags     []tagRow   `toml:"tags"`
	Assembly []assembly `toml:"assemblies"`
	Latency  latency    `toml:"latency"`
}

// nameplate is the Identity object (volume 1, 5-2).
type nameplate struct {
	Vendor   int    `toml:"vendor"`
	Type     int    `toml:"type"`
	Code     int    `toml:"code"`
	Revision string `toml:"revision"` // "30.11"
	Serial   string `toml:"serial"`   // eight hex digits
	Name     string `toml:"name"`
}

// network is what the TCP/IP and Ethernet Link objects show.
type network struct {
	Prefix  int    `toml:"prefix"`  // of the device's own address; default 24
	Gateway string `toml:"gateway"` // an address of the device's network
	Domain  string `toml:"domain"`
	Host    string `toml:"host"`
	Ports   int    `toml:"ports"` // of the embedded switch, 1 or 2
}

type program struct {
	Name     string   `toml:"name"`
	Routines []string `toml:"routines"`
}

// typeRow is a user-defined type.
type typeRow struct {
	Name    string      `toml:"name"`
	Members []memberRow `toml:"members"`
}

type memberRow struct {
	Name  string `toml:"name"`
	Type  string `toml:"type"`
	Array int    `toml:"array"`
}

// tagRow is a tag of the controller or of a program.
type tagRow struct {
	Name    string            `toml:"name"`
	Program string            `toml:"program"`
	Type    string            `toml:"type"`
	Array   []int             `toml:"array"`  // one to three dimensions
	Access  string            `toml:"access"` // "rw" (default), "ro", "none"
	Tag     string            `toml:"tag"`
	Tags    []string          `toml:"tags"` // of an array's elements; "" for a free one
	Bits    []string          `toml:"bits"` // of an integer's bits
	Value   any               `toml:"value"`
	Values  []any             `toml:"values"` // of an array's elements
	Bind    map[string]string `toml:"bind"`   // a structure's members, by path, to process tags
	Set     map[string]any    `toml:"set"`    // and to values
	Scale   float64           `toml:"scale"`  // tag = process * scale + offset
	Offset  float64           `toml:"offset"`
}

// assembly is an instance of class 4 whose data is a tag's.
type assembly struct {
	Instance uint32 `toml:"instance"`
	Tag      string `toml:"tag"`
}

// latency is how long the device takes for an answer.
type latency struct {
	Min process.Duration `toml:"min"`
	Max process.Duration `toml:"max"`
}

func defaults() settings {
	return settings{
		Identity:  nameplate{Vendor: 1, Type: 14},
		Keyswitch: "remote", Restart: process.Duration(18 * time.Second),
		Inactivity: process.Duration(120 * time.Second), Links: 32, SmallSize: 504, LargeSize: 4002,
		Network: network{Prefix: 24, Ports: 1},
		Latency: latency{Min: process.Duration(time.Millisecond), Max: process.Duration(3 * time.Millisecond)},
	}
}

func (c *settings) check() error {
	id := &c.Identity
	for _, n := range []struct {
		name   string
		v      int
		lo, hi int
	}{
		{"identity: vendor", id.Vendor, 1, 65535},
		{"identity: type", id.Type, 0, 65535},
		{"identity: code", id.Code, 1, 65535},
		{"slot", c.Slot, 0, 30},
		{"connections", c.Links, 1, 1000},
		{"small_size", c.SmallSize, 32, 511},
		{"network: prefix", c.Network.Prefix, 8, 30},
		{"network: ports", c.Network.Ports, 1, 2},
	} {
		if n.v < n.lo || n.v > n.hi {
			return fmt.Errorf("%s = %d: use %d to %d", n.name, n.v, n.lo, n.hi)
		}
	}
	if c.LargeSize != 0 && (c.LargeSize < 512 || c.LargeSize > 4002) {
		return fmt.Errorf("large_size = %d: use 512 to 4002, or 0 for none", c.LargeSize)
	}
	if !slices.Contains([]string{"remote", "run", "program"}, c.Keyswitch) {
		return fmt.Errorf("keyswitch = %q: use remote, run or program", c.Keyswitch)
	}
	if c.Latency.Min < 0 || c.Latency.Min > c.Latency.Max {
		return errors.New("latency: min is less than 0 or greater than max")
	}
	if c.Restart < 0 || c.Inactivity < 0 || time.Duration(c.Inactivity) > 3600*time.Second {
		return errors.New("restart and inactivity: use 0s or more, and inactivity at most 3600s")
	}
	return nil
}
