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
	"strconv"
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
	boot    time.Time // of the host
	hours   uint32    // with power, at boot
	down    device.Outage

	mu       sync.Mutex
	consoles map[uint32]*console
	handles  uint8
	kept     kept
	dirty    bool
	saved    time.Time
	identify time.Time // until when the identify light is on
	reserve  struct{ sel, sdr uint16 }
	watchdog watchdog

	switching int // power changes under way
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
	if aux, err := hex.DecodeString(b.set.Device.Aux); err != nil || len(aux) != 0 && len(aux) != 4 {
		return fmt.Errorf("device: aux: %q is not four octets in hexadecimal", b.set.Device.Aux)
	}
	if text, err = b.device.Identity.Expand(b.set.Hours); err == nil && text != "" {
		var n uint64
		n, err = strconv.ParseUint(text, 10, 32)
		b.hours = uint32(n)
	}
	if err != nil {
		return fmt.Errorf("hours: %w", err)
	}
	return b.access()
}

// access reads who can log in, and how.
func (b *bmc) access() error {
	b.key = []byte(b.set.Key)
	for i := range b.set.Users {
		u := &b.set.Users[i]
		var err1, err2 error
		u.Name, err1 = b.device.Identity.Expand(u.Name)
		u.Password, err2 = b.device.Identity.Expand(u.Password)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("users: %w", err)
		}
		if len(u.Name) > 16 || len(u.Password) > 20 {
			return fmt.Errorf("users: %q: use a name of up to 16 and a password of up to 20 octets", u.Name)
		}
	}
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
		b.datagram(ctx, s, p, &later)
	}
}

func (b *bmc) datagram(ctx context.Context, s *session.Session, p []byte, later *sync.WaitGroup) {
	v := visit{bmc: b, s: s, ctx: ctx, later: later, raw: p, now: time.Now()}
	v.serve()
	b.keep(s, false)
}
