package snmp

import (
	"errors"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// settings is a service's file.
type settings struct {
	Versions    []string            `toml:"versions"` // of "1", "2c" and "3"; default all
	MaxSize     int                 `toml:"max_size"` // octets of the longest message; default 1472
	Latency     []process.Duration  `toml:"latency"`  // least and greatest time to an answer
	Communities []communitySettings `toml:"communities"`
	Engine      string              `toml:"engine"`   // hexadecimal, with ${mac} …
	Boots       int32               `toml:"boots"`    // snmpEngineBoots; default drawn per installation
	Users       []userSettings      `toml:"users"`    // version 3
	Contexts    []string            `toml:"contexts"` // besides the empty one
	MIB         []string            `toml:"mib"`      // files of objects
	Tables      []tableSettings     `toml:"tables"`   // files of tables' rows
	Objects     []objectSettings    `toml:"objects"`  // further objects; each replaces one of a file
	Traffic     []trafficSettings   `toml:"traffic"`
	Polls       pollSettings        `toml:"polls"`
}

type communitySettings struct {
	Name   string   `toml:"name"`
	Access string   `toml:"access"` // "ro" (default) or "rw"
	View   []string `toml:"view"`   // subtrees; default all
}

type userSettings struct {
	Name    string   `toml:"name"`
	Auth    string   `toml:"auth"` // none (default), md5, sha, sha224, sha256, sha384, sha512
	AuthKey string   `toml:"auth_key"`
	Priv    string   `toml:"priv"` // none (default), des, aes, aes192, aes256, aes192c, aes256c
	PrivKey string   `toml:"priv_key"`
	Level   string   `toml:"level"` // least that is served: noauth, auth, priv; default auth where there is a key
	Access  string   `toml:"access"`
	View    []string `toml:"view"`
}

type tableSettings struct {
	Entry string `toml:"entry"` // OID of the row type: ifEntry is 1.3.6.1.2.1.2.2.1
	File  string `toml:"file"`
}

type objectSettings struct {
	OID    string  `toml:"oid"`
	As     string  `toml:"as"`
	Value  *string `toml:"value"`
	From   string  `toml:"from"`
	Tag    string  `toml:"tag"`
	Scale  float64 `toml:"scale"`
	Access string  `toml:"access"`
	Range  []int64 `toml:"range"` // of a written number, or of a written text's octets
}

type trafficSettings struct {
	Name   string   `toml:"name"`
	In     float64  `toml:"in"`     // octets a second
	Out    float64  `toml:"out"`    // octets a second
	Packet float64  `toml:"packet"` // octets of a mean packet; default 250
	Of     []string `toml:"of"`     // other traffic that this is part of
	Share  float64  `toml:"share"`  // of it; default 1
	Served bool     `toml:"served"` // counts this service's own datagrams too
}

// pollSettings is how the plant's own station polls the agent: what the agent's
// counters have counted before a visitor came, and go on counting.
type pollSettings struct {
	Every process.Duration `toml:"every"`
	Gets  int64            `toml:"gets"`  // GetRequests a round
	Nexts int64            `toml:"nexts"` // GetNextRequests a round
	Vars  int64            `toml:"vars"`  // varbinds a round
}

func (s *settings) check() error {
	if len(s.Versions) == 0 {
		s.Versions = []string{"1", "2c", "3"}
	}
	for _, v := range s.Versions {
		if v != "1" && v != "2c" && v != "3" {
			return fmt.Errorf("versions: no version %q; use \"1\", \"2c\" and \"3\"", v)
		}
	}
	if s.MaxSize == 0 {
		s.MaxSize = 1472
	}
	if s.MaxSize < wire.MinMaxSize || s.MaxSize > 65507 {
		return fmt.Errorf("max_size: %d; use %d to 65507", s.MaxSize, wire.MinMaxSize)
	}
	if n := len(s.Latency); n != 0 && n != 2 || n == 2 && s.Latency[1] < s.Latency[0] {
		return errors.New(`latency: write latency = ["2ms", "6ms"]`)
	}
	if s.Polls.Every < 0 || s.Polls.Every > 0 && time.Duration(s.Polls.Every) < time.Second {
		return errors.New("polls: every: use 1s or more")
	}
	return nil
}

func newPrincipal(name, access string, subtrees []string) (*principal, error) {
	p := &principal{name: name}
	var err error
	if p.rw, err = parseAccess(access); err != nil {
		return nil, err
	}
	for _, s := range subtrees {
		o, err := ber.OIDFromText(s)
		if err != nil {
			return nil, fmt.Errorf("view: %q is no OID", s)
		}
		p.view = append(p.view, o)
	}
	return p, nil
}

func parseAccess(s string) (rw bool, err error) {
	switch s {
	case "", "ro":
		return false, nil
	case "rw":
		return true, nil
	}
	return false, fmt.Errorf("access: %q; use \"ro\" or \"rw\"", s)
}
