package enip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// server is one EtherNet/IP service.
type server struct {
	settings
	device  *device.Device
	state   protocol.State
	serial  uint32
	major   uint8
	minor   uint8
	name    string
	project string
	address netip.Addr
	gateway netip.Addr
	host    string
	sums    [3]uint32 // of the project: what the changes object shows

	types   *typeTable
	scopes  map[string]*scope // by program, "" is the controller
	objects map[uint32]*object

	mu   sync.RWMutex // of the tags' octets and of kept
	kept map[string][]byte

	dirty atomic.Bool
	saved atomic.Int64 // when, in Unix nanoseconds
	away  device.Outage

	table sync.Mutex // of all below
	links map[cip.Triad]*link
	tally [8]uint16 // attributes 1 to 8 of the connection manager
	stays map[*session.Session]struct{}
}

// visitor is one session with the server.
type visitor struct {
	*server
	s       *session.Session
	session uint32           // the handle; 0: not registered
	links   map[uint32]*link // by the id that the visitor sends; under server.table
	in      bytes.Buffer
}

func newServer(env protocol.Env) (*server, error) {
	d := &server{
		settings: defaults(), device: env.Device, state: env.State, kept: map[string][]byte{},
		links: map[cip.Triad]*link{}, stays: map[*session.Session]struct{}{},
	}
	if err := env.Decode(&d.settings); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := d.identify(); err != nil {
		return nil, err
	}
	for i := range d.sums {
		d.sums[i] = env.Rand.Uint32()
	}
	var err error
	if d.types, err = newTypes(d.Types); err != nil {
		return nil, err
	}
	if err := d.buildTags(); err != nil {
		return nil, err
	}
	if err := d.buildObjects(); err != nil {
		return nil, err
	}
	if err := d.load(); err != nil {
		return nil, fmt.Errorf("what the device kept: %w", err)
	}
	return d, nil
}

// identify expands the texts by which the device names itself.
func (d *server) identify() error {
	var err error
	expand := func(key, text string) string {
		v, e := d.device.Identity.Expand(text)
		if e != nil && err == nil {
			err = fmt.Errorf("%s: %w", key, e)
		}
		return v
	}
	d.name = expand("identity: name", d.Identity.Name)
	d.project = expand("controller", d.Controller)
	d.host = expand("network: host", d.Network.Host)
	serial := expand("identity: serial", d.Identity.Serial)
	revision := expand("identity: revision", d.Identity.Revision)
	gateway := expand("network: gateway", d.Network.Gateway)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(serial, 16, 32)
	if err != nil {
		return fmt.Errorf("identity: serial = %q: use up to eight hex digits", serial)
	}
	major, minor, _ := strings.Cut(revision, ".")
	hi, err1 := strconv.ParseUint(major, 10, 7)
	lo, err2 := strconv.ParseUint(minor, 10, 8)
	if err1 != nil || err2 != nil || hi == 0 || lo == 0 {
		return fmt.Errorf("identity: revision = %q: write \"30.11\"", revision)
	}
	d.serial, d.major, d.minor = uint32(n), uint8(hi), uint8(lo)
	if d.name == "" || len(d.name) > 32 || len(d.project) > 40 || len(d.host) > 64 {
		return fmt.Errorf("a name of the device (identity, controller, network) is missing or too long")
	}
	d.address = d.device.Identity.Address.Unmap()
	if !d.address.Is4() || !d.address.IsPrivate() {
		return fmt.Errorf("the device's address %v is no private IPv4 address", d.address)
	}
	d.gateway = netip.IPv4Unspecified()
	if gateway != "" {
		if d.gateway, err = netip.ParseAddr(gateway); err != nil || !d.gateway.Is4() {
			return fmt.Errorf("network: gateway = %q is no IPv4 address", gateway)
		}
	}
	return nil
}

// status is attribute 5 of the Identity object. Logix shows the mode in bits 4
// to 7 and the key in bits 12 and 13.
func (d *server) status(v process.View) uint16 {
	status := uint16(0x0060)
	if !d.device.Running(v) {
		status = 0x0070
	}
	switch d.Keyswitch {
	case "run":
		return status | 0x1000
	case "program":
		return status | 0x2000
	}
	return status | 0x3000
}

// nameplate is the device as ListIdentity shows it.
func (d *server) nameplate(v process.View) wire.Identity {
	id := &d.Identity
	return wire.Identity{
		Socket: netip.AddrPortFrom(d.address, wire.Port), Vendor: uint16(id.Vendor), Type: uint16(id.Type), Code: uint16(id.Code),
		Major: d.major, Minor: d.minor, Status: d.status(v), Serial: d.serial, Name: d.name, State: 3,
	}
}

// enter notes a session; it reports false while the device starts.
func (d *server) enter(s *session.Session) bool {
	d.table.Lock()
	defer d.table.Unlock()
	if d.away.Holds(s.Source(), time.Now()) {
		return false
	}
	d.stays[s] = struct{}{}
	return true
}

// leave closes what the visitor opened.
func (d *server) leave(v *visitor) {
	d.table.Lock()
	delete(d.stays, v.s)
	for _, l := range v.links {
		delete(d.links, l.Triad)
	}
	d.table.Unlock()
	d.keep(v.s, true)
}

// restart ends every other session of the visitor; the one that asked ends by itself.
func (d *server) restart(asked *session.Session) {
	d.table.Lock()
	defer d.table.Unlock()
	d.away.Begin(asked.Source(), time.Now().Add(time.Duration(d.Restart)))
	for s := range d.stays {
		if s != asked && s.Source() == asked.Source() {
			s.HangUp("protocol")
		}
	}
}
