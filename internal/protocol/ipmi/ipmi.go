// Package ipmi is the management controller (BMC) of a server: RMCP, ASF
// presence, sessions of IPMI 1.5 and 2.0, and behind them the chassis, its
// sensors, its logs and its users.
//
// Clauses are those of the IPMI Specification Second Generation v2.0, rev. 1.1.
package ipmi

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol returns IPMI's entry of the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "ipmi", Title: "IPMI over LAN", Network: "udp", Port: 623, Alt: 6230,
		New: newService, Decode: newDecoder, Hello: hello,
	}
}

// A bmc serves one device. All visitors share its sessions, users and logs.
type bmc struct {
	device  *device.Device
	state   protocol.State
	set     settings
	guid    [16]byte
	key     []byte // K_G; empty: the user's password stands in for it (§13.33)
	suites  []wire.Suite
	auth    uint8 // bits of the authentication types of IPMI 1.5 (table 22-15)
	power   process.Ref
	sensors []*sensor
	sdr     [][]byte
	fru     []byte
	boot    time.Time // of the host, for the power-on counter

	mu       sync.Mutex
	consoles map[uint32]*console
	handles  uint8
	kept     kept
	dirty    bool
	saved    time.Time
	down     time.Time // until when a restart lasts
	identify time.Time // until when the identify light is on
	reserve  struct{ sel, sdr uint16 }
	watchdog watchdog
}

func newService(env protocol.Env) (protocol.Handler, error) {
	b := &bmc{device: env.Device, state: env.State, power: process.None, consoles: map[uint32]*console{}}
	if err := env.Decode(&b.set); err != nil {
		return nil, err
	}
	if err := b.set.check(); err != nil {
		return nil, err
	}
	if err := b.identity(); err != nil {
		return nil, err
	}
	if name := b.set.Power; name != "" {
		var ok bool
		if b.power, ok = env.Device.Process.Ref(name); !ok {
			return nil, fmt.Errorf("power: no tag %q", name)
		}
	}
	if err := b.addSensors(); err != nil {
		return nil, err
	}
	if err := b.buildFRU(); err != nil {
		return nil, err
	}
	b.buildSDR()
	b.reserve.sel, b.reserve.sdr = uint16(env.Rand.Uint32()), uint16(env.Rand.Uint32())
	b.handles = uint8(env.Rand.Uint32())
	return b, b.load()
}

// identity reads what the controller says and demands before any session.
func (b *bmc) identity() error {
	b.boot = b.device.Identity.Boot
	text, err := b.device.Identity.Expand(b.set.GUID)
	if err != nil {
		return fmt.Errorf("guid: %w", err)
	}
	guid, err := hex.DecodeString(strings.NewReplacer("-", "", ":", "").Replace(text))
	if err != nil || len(guid) != len(b.guid) {
		return fmt.Errorf("guid: %q is not 32 hexadecimal digits", text)
	}
	copy(b.guid[:], guid)
	if b.set.Device.Firmware, err = b.device.Identity.Expand(b.set.Device.Firmware); err != nil {
		return fmt.Errorf("device: firmware: %w", err)
	}
	if _, _, err := b.firmware(); err != nil {
		return err
	}
	b.key = []byte(b.set.Key)
	for _, id := range b.set.Suites {
		s, ok := wire.SuiteByID(id)
		if !ok {
			return fmt.Errorf("suites: no cipher suite %d; use 0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17", id)
		}
		b.suites = append(b.suites, s)
	}
	for _, name := range b.set.Auth {
		bit, ok := map[string]uint8{"none": wire.AuthNone, "md2": wire.AuthMD2, "md5": wire.AuthMD5, "password": wire.AuthPassword}[name]
		if !ok {
			return fmt.Errorf(`auth: %q; use "none", "md2", "md5" and "password"`, name)
		}
		b.auth |= 1 << bit
	}
	if len(b.suites) == 0 && b.auth == 0 {
		return errors.New("suites: without one, and without auth, nobody can log in")
	}
	return nil
}

// on says whether the host has power.
func (b *bmc) on() bool {
	return b.power == process.None || b.device.Process.View().Bool(b.power)
}

// Serve answers the datagrams of one visitor's flow.
func (b *bmc) Serve(ctx context.Context, s *session.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	var later sync.WaitGroup
	defer func() {
		cancel() // what is left of a power cycle is done at once
		later.Wait()
		b.keep(s, true)
	}()
	for {
		p, err := s.Datagram()
		if err != nil {
			return err
		}
		v := visit{bmc: b, s: s, ctx: ctx, later: &later, raw: p, now: time.Now()}
		v.serve()
		b.keep(s, false)
	}
}
