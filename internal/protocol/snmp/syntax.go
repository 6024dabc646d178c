package snmp

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// A syntax says how a value is written in settings and carried on the wire.
type syntax string

// The syntaxes. Those of one wire type differ in how they are written down.
const (
	integer   syntax = "integer"
	truth     syntax = "truth" // TruthValue: true 1, false 2 (RFC 2579 §2)
	counter   syntax = "counter"
	gauge     syntax = "gauge" // and Unsigned32
	ticks     syntax = "ticks"
	counter64 syntax = "counter64"
	text      syntax = "text"
	octets    syntax = "octets" // in hexadecimal; spaces and colons are for the reader
	address   syntax = "ip"
	objectID  syntax = "oid"
)

// tag returns the type on the wire; 0 where there is no such syntax.
func (x syntax) tag() ber.Tag {
	switch x {
	case integer, truth:
		return ber.Integer
	case counter:
		return wire.Counter32
	case gauge:
		return wire.Gauge32
	case ticks:
		return wire.TimeTicks
	case counter64:
		return wire.Counter64
	case text, octets:
		return ber.OctetString
	case address:
		return wire.IPAddress
	case objectID:
		return ber.ObjectID
	}
	return 0
}

// parse reads a value as settings write it.
func (x syntax) parse(s string) (wire.Value, error) {
	v := wire.Value{Type: x.tag()}
	var err error
	switch x {
	case integer:
		v.Int, err = strconv.ParseInt(s, 10, 32)
	case truth:
		var b bool
		b, err = strconv.ParseBool(s)
		return x.number(truthNumber(b)), err
	case counter, gauge, ticks:
		var u uint64
		u, err = strconv.ParseUint(s, 10, 32)
		v.Int = int64(u)
	case counter64:
		var u uint64
		u, err = strconv.ParseUint(s, 10, 64)
		v.Int = int64(u)
	case text:
		v.Octets = []byte(s)
	case octets:
		v.Octets, err = parseHex(s)
	case address:
		var a netip.Addr
		if a, err = netip.ParseAddr(s); err == nil && a.Is4() {
			v.Octets = a.AsSlice()
			break
		}
		err = fmt.Errorf("%q is no IPv4 address", s)
	case objectID:
		v.OID, err = ber.OIDFromText(s)
	default:
		err = fmt.Errorf("no syntax %q; use integer, truth, counter, gauge, ticks, counter64, text, octets, ip or oid", x)
	}
	if err != nil {
		return v, fmt.Errorf("%q is no %s: %w", s, x, err)
	}
	return v, nil
}

func parseHex(s string) ([]byte, error) {
	return hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(s))
}

// truthNumber returns what number makes of a truth value: a number that is not 0 for true.
func truthNumber(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// number returns a live number: counters and ticks wrap, the others end at
// their limits, and a text shows it in decimals.
func (x syntax) number(f float64) wire.Value {
	v := wire.Value{Type: x.tag()}
	switch x {
	case integer:
		v.Int = int64(min(max(math.Round(f), math.MinInt32), math.MaxInt32))
	case truth:
		v.Int = 2
		if f != 0 {
			v.Int = 1
		}
	case gauge:
		v.Int = int64(min(max(math.Round(f), 0), math.MaxUint32))
	case counter, ticks:
		v.Int = int64(uint32(uint64(max(f, 0))))
	case counter64:
		v.Int = int64(uint64(max(f, 0)))
	default:
		v.Octets = strconv.AppendFloat(nil, f, 'f', -1, 64)
	}
	return v
}

// numeric says whether the syntax carries a number.
func (x syntax) numeric() bool {
	t := x.tag()
	return t == ber.Integer || t == wire.Counter32 || t == wire.Gauge32 || t == wire.TimeTicks || t == wire.Counter64
}
