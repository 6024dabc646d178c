package iec104

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// settings is the service's file, as README.md describes it.
type settings struct {
	Common    []any  `toml:"common"`    // common addresses of this device's stations: numbers, or texts with ${name}
	Base      any    `toml:"base"`      // added to every object address
	Broadcast string `toml:"broadcast"` // common address 65535: "answer", "refuse", "silent"
	Masters   string `toml:"masters"`   // started connections: "each", "newest", "oldest"
	Stopped   string `toml:"stopped"`   // an I frame before STARTDT: "close", "ignore"

	K  int              `toml:"k"`  // I frames sent without an acknowledgement
	W  int              `toml:"w"`  // I frames taken before one is sent
	T1 process.Duration `toml:"t1"` // acknowledgement, test and stop
	T2 process.Duration `toml:"t2"` // own acknowledgement
	T3 process.Duration `toml:"t3"` // silence before a test frame

	Sequence  bool             `toml:"sequence"`   // SQ = 1 where addresses follow each other
	Without   []int            `toml:"without"`    // types that this device does not know
	Select    process.Duration `toml:"select"`     // how long a selection holds
	Execution process.Duration `toml:"execution"`  // how long the return information is waited for
	MaxAge    process.Duration `toml:"max_age"`    // of commands with a time; 0: any
	Restart   process.Duration `toml:"restart"`    // how long the device is away after a reset
	MaxUpload int              `toml:"max_upload"` // octets of a file that it takes; 0: none

	Points   []pointRow   `toml:"points"`
	Commands []commandRow `toml:"commands"`
	Files    []fileRow    `toml:"files"`
	Latency  latency      `toml:"latency"`
}

// pointRow is a monitored information object.
type pointRow struct {
	Station    int              `toml:"station"` // which of common, from 1; default the first
	Address    int              `toml:"ioa"`
	As         string           `toml:"as"` // single double step bits normalized scaled float counter
	Tag        string           `toml:"tag"`
	Scale      float64          `toml:"scale"`  // value = tag * scale + offset
	Offset     float64          `toml:"offset"` //
	Span       float64          `toml:"span"`   // normalized: the tag's value that is 1
	Invert     bool             `toml:"invert"` // of single and double
	Groups     []int            `toml:"groups"` // interrogation groups 1 to 16, of counters 1 to 4
	Time       string           `toml:"time"`   // of spontaneous reports: "long" (CP56, default), "short" (CP24), "none"
	Deadband   float64          `toml:"deadband"`
	Silent     bool             `toml:"silent"`     // not reported spontaneously
	Cyclic     process.Duration `toml:"cyclic"`     // reported periodically, cause 1
	Background process.Duration `toml:"background"` // background scan, cause 2
	Parameter  int              `toml:"parameter"`  // address of the deadband as a parameter (110 to 112)
}

// commandRow is a command's information object.
type commandRow struct {
	Station  int              `toml:"station"`
	Address  int              `toml:"ioa"`
	As       string           `toml:"as"` // single double step normalized scaled float bits
	Tag      string           `toml:"tag"`
	Scale    float64          `toml:"scale"` // value = tag * scale + offset, as of points
	Offset   float64          `toml:"offset"`
	Span     float64          `toml:"span"`
	Invert   bool             `toml:"invert"`
	Select   bool             `toml:"select"`   // must be selected before
	Permit   string           `toml:"permit"`   // tag that must be true
	On       string           `toml:"on"`       // tag that must be true to switch on
	Feedback int              `toml:"feedback"` // address of the return information
	Wait     process.Duration `toml:"wait"`     // instead of execution
}

// fileRow is a file of the device's directory.
type fileRow struct {
	Station int    `toml:"station"`
	Address int    `toml:"ioa"`
	Name    int    `toml:"name"` // NOF
	File    string `toml:"file"` // in the persona's folder; ${name} in it is the device's
	Age     string `toml:"age"`  // how long before the installation's start it was made: "312h"
}

// latency is how long the device takes to answer.
type latency struct {
	Min process.Duration `toml:"min"`
	Max process.Duration `toml:"max"`
}

// What is done with what the settings name.
const (
	answer   = "answer"
	refuse   = "refuse"
	silent   = "silent"
	closeNow = "close"
	ignore   = "ignore"
	each     = "each"
	newest   = "newest"
	oldest   = "oldest"
)

func seconds(n int) process.Duration { return process.Duration(time.Duration(n) * time.Second) }

func defaults() settings {
	return settings{
		Common: []any{1}, Base: 0, Broadcast: answer, Masters: each, Stopped: closeNow,
		K: 12, W: 8, T1: seconds(15), T2: seconds(10), T3: seconds(20), // table 9 of §9.6
		Select: seconds(30), Execution: seconds(10), Restart: seconds(20),
	}
}

// check says what is wrong with the settings by themselves.
func (c *settings) check() error {
	for _, o := range []struct {
		key, value string
		allowed    []string
	}{
		{"broadcast", c.Broadcast, []string{answer, refuse, silent}},
		{"masters", c.Masters, []string{each, newest, oldest}},
		{"stopped", c.Stopped, []string{closeNow, ignore}},
	} {
		if !slices.Contains(o.allowed, o.value) {
			return fmt.Errorf("%s = %q: use one of %q", o.key, o.value, o.allowed)
		}
	}
	if c.K < 1 || c.K > wire.Modulo-1 || c.W < 1 || c.W > wire.Modulo-1 {
		return fmt.Errorf("k = %d, w = %d: use 1 to 32767; w at most two thirds of the other side's k", c.K, c.W)
	}
	for key, d := range map[string]process.Duration{"t1": c.T1, "t2": c.T2, "t3": c.T3, "select": c.Select, "execution": c.Execution} {
		if time.Duration(d) < time.Second || time.Duration(d) > 48*time.Hour {
			return fmt.Errorf("%s = %v: use 1s to 48h", key, time.Duration(d))
		}
	}
	if c.T2 >= c.T1 {
		return fmt.Errorf("t2 = %v must be below t1 = %v", time.Duration(c.T2), time.Duration(c.T1))
	}
	for _, n := range c.Without {
		if !wire.Type(n).Known() || n > 127 {
			return fmt.Errorf("without: %d is no type that this room has", n)
		}
	}
	if c.MaxUpload < 0 || c.MaxUpload > 1<<20 {
		return fmt.Errorf("max_upload = %d: use at most 1048576", c.MaxUpload)
	}
	if c.Latency.Max != 0 && c.Latency.Max < c.Latency.Min || c.Latency.Min < 0 || time.Duration(c.Latency.Max) > 10*time.Second {
		return errors.New("latency: write min and max, min not above max, at most 10s")
	}
	return nil
}
