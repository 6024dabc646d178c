package modbus

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// settings is the service's file, as README.md describes it.
type settings struct {
	Units       []int            `toml:"units"`        // answered unit ids; none: all
	Absent      string           `toml:"absent"`       // other units: "silent", "path" (0Ah), "target" (0Bh)
	AbsentAfter process.Duration `toml:"absent_after"` // how long a gateway waits before it says so
	Broadcast   bool             `toml:"broadcast"`    // unit 0 is written without an answer

	ProtocolID string `toml:"protocol_id"` // other than 0: "silent", "answer", "close"
	Garbage    string `toml:"garbage"`     // no MBAP header: "answer", "silent", "close"

	Functions   []int  `toml:"functions"`   // function codes; none: all
	Diagnostics []int  `toml:"diagnostics"` // sub-functions of 8; none: all
	Words       string `toml:"words"`       // of 32-bit values: "big", "little"
	ReadOnly    string `toml:"read_only"`   // a write to what cannot be written: "address" (02), "failure" (04), "overwrite"

	Coils    []point       `toml:"coils"`
	Discrete []point       `toml:"discrete"`
	Holding  []point       `toml:"holding"`
	Input    []point       `toml:"input"`
	Memory   []memoryRange `toml:"memory"`
	FIFO     []int         `toml:"fifo"`   // holding registers that hold a count, the queue behind them
	Files    []fileRange   `toml:"files"`  // files of function 20 and 21
	Status   []string      `toml:"status"` // tags of function 7, least significant first

	Identification map[string]string `toml:"identification"`
	Conformity     int               `toml:"conformity"` // 1 to 3, or 0x81 to 0x83
	Server         serverID          `toml:"server"`

	Latency latency `toml:"latency"`
}

// point is a tag at an address.
type point struct {
	At     int      `toml:"at"`
	Tag    string   `toml:"tag"`
	As     string   `toml:"as"`
	Scale  float64  `toml:"scale"`  // register = value * scale + offset
	Offset float64  `toml:"offset"` //
	Words  string   `toml:"words"`  // instead of the service's
	Bits   []string `toml:"bits"`   // instead of a tag: bools, least significant first, "" for none
}

// memoryRange is a range of plain registers or coils that keep what was written.
type memoryRange struct {
	Area   string   `toml:"area"` // "coils", "discrete", "holding", "input"
	At     int      `toml:"at"`
	Count  int      `toml:"count"`
	Values []uint16 `toml:"values"` // of the first ones at the first start
}

// fileRange is one file.
type fileRange struct {
	Number  int      `toml:"number"`
	Records int      `toml:"records"` // registers, from record 0
	Values  []uint16 `toml:"values"`
}

// serverID is the answer to function 17.
type serverID struct {
	ID    int    `toml:"id"`
	About string `toml:"about"` // what follows the run indicator
}

// latency is how long the device takes to answer.
type latency struct {
	Min process.Duration `toml:"min"`
	Max process.Duration `toml:"max"`
}

func defaults() settings {
	return settings{Absent: silent, ProtocolID: silent, Garbage: answer, Words: "big", ReadOnly: "address", Conformity: 0x83}
}

// What is done with a frame that a device of this kind would not take.
const (
	answer   = "answer"
	silent   = "silent"
	closeNow = "close"
)

// check says what is wrong with the settings by themselves.
func (c *settings) check() error {
	for _, o := range []struct {
		key, value string
		allowed    []string
	}{
		{"absent", c.Absent, []string{silent, "path", "target"}},
		{"protocol_id", c.ProtocolID, []string{answer, silent, closeNow}},
		{"garbage", c.Garbage, []string{answer, silent, closeNow}},
		{"words", c.Words, []string{"big", "little"}},
		{"read_only", c.ReadOnly, []string{"address", "failure", "overwrite"}},
	} {
		if !slices.Contains(o.allowed, o.value) {
			return fmt.Errorf("%s = %q: use one of %q", o.key, o.value, o.allowed)
		}
	}
	for _, n := range c.Units {
		if n < 0 || n > 255 {
			return fmt.Errorf("units: %d is no unit id (0 to 255)", n)
		}
	}
	for _, n := range c.Functions {
		if n < 1 || n > 127 || wire.Function(n).Name() == "" {
			return fmt.Errorf("functions: %d is none that this server has", n)
		}
	}
	for _, n := range c.Diagnostics {
		if n < 0 || n > math.MaxUint16 || wire.Diagnostic(n).Name() == "" {
			return fmt.Errorf("diagnostics: %d is no sub-function", n)
		}
	}
	if level := c.Conformity &^ 0x80; level < 1 || level > 3 {
		return fmt.Errorf("conformity = %#x: use 1 to 3, or 0x81 to 0x83 with individual access", c.Conformity)
	}
	if c.Server.ID < 0 || c.Server.ID > 255 {
		return fmt.Errorf("server: id = %d: use 0 to 255", c.Server.ID)
	}
	if c.Latency.Max != 0 && c.Latency.Max < c.Latency.Min || c.Latency.Min < 0 || time.Duration(c.Latency.Max) > 10*time.Second {
		return errors.New("latency: write min and max, min not above max, at most 10s")
	}
	if c.AbsentAfter < 0 || time.Duration(c.AbsentAfter) > 10*time.Second {
		return errors.New("absent_after: use at most 10s")
	}
	return c.checkFiles()
}

func (c *settings) checkFiles() error {
	for i, f := range c.Files {
		switch {
		case f.Number < 1 || f.Number > math.MaxUint16:
			return fmt.Errorf("files: number = %d: use 1 to 65535", f.Number)
		case f.Records < 1 || f.Records > wire.MaxRecord+1:
			return fmt.Errorf("files: %d: records = %d: use 1 to %d", f.Number, f.Records, wire.MaxRecord+1)
		case len(f.Values) > f.Records:
			return fmt.Errorf("files: %d: more values than records", f.Number)
		case slices.ContainsFunc(c.Files[:i], func(g fileRange) bool { return g.Number == f.Number }):
			return fmt.Errorf("files: %d is there twice", f.Number)
		}
	}
	return nil
}
