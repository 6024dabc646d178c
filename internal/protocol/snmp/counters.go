package snmp

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
)

// saveEvery is how often the counters are kept while they move: what a crash
// may set them back by.
const saveEvery = 10 * time.Second

// counters are what the agent counts of itself, by their names in the SNMPv2,
// the MPD and the USM MIB (RFC 3418, 3412, 3414).
type counters struct {
	values   map[string]*atomic.Uint64
	exchange exchange
	polls    pollSettings
	boot     time.Time

	mu    sync.Mutex
	saved time.Time
	state protocol.State
}

// countersKept is what State holds of the counters.
type countersKept struct {
	Values map[string]uint64 `json:"values"`
}

func newCounters(state protocol.State, polls pollSettings, boot time.Time) (*counters, error) {
	c := &counters{values: map[string]*atomic.Uint64{}, polls: polls, boot: boot, state: state}
	for _, name := range counterNames() {
		c.values[name] = &atomic.Uint64{}
	}
	for name, v := range c.octets() {
		c.values[name] = v
	}
	var kept countersKept
	if err := state.Load("snmp.counters", &kept); err != nil {
		return nil, fmt.Errorf("kept counters: %w", err)
	}
	for name, n := range kept.Values {
		if v := c.values[name]; v != nil {
			v.Store(n)
		}
	}
	return c, nil
}

// octets are the exchange's counters, kept under names that no MIB has.
func (c *counters) octets() map[string]*atomic.Uint64 {
	return map[string]*atomic.Uint64{
		"in_octets": &c.exchange.inOctets, "out_octets": &c.exchange.outOctets,
		"in_packets": &c.exchange.inPackets, "out_packets": &c.exchange.outPackets,
	}
}

func counterNames() []string {
	return []string{
		"snmpInPkts", "snmpOutPkts", "snmpInBadVersions", "snmpInBadCommunityNames", "snmpInBadCommunityUses",
		"snmpInASNParseErrs", "snmpInTooBigs", "snmpInNoSuchNames", "snmpInBadValues", "snmpInReadOnlys", "snmpInGenErrs",
		"snmpInTotalReqVars", "snmpInTotalSetVars", "snmpInGetRequests", "snmpInGetNexts", "snmpInSetRequests",
		"snmpInGetResponses", "snmpInTraps", "snmpOutTooBigs", "snmpOutNoSuchNames", "snmpOutBadValues", "snmpOutGenErrs",
		"snmpOutGetRequests", "snmpOutGetNexts", "snmpOutSetRequests", "snmpOutGetResponses", "snmpOutTraps",
		"snmpSilentDrops", "snmpProxyDrops",
		"snmpUnknownSecurityModels", "snmpInvalidMsgs", "snmpUnknownPDUHandlers", "snmpUnavailableContexts", "snmpUnknownContexts",
		"usmStatsUnsupportedSecLevels", "usmStatsNotInTimeWindows", "usmStatsUnknownUserNames", "usmStatsUnknownEngineIDs",
		"usmStatsWrongDigests", "usmStatsDecryptionErrors",
	}
}

// add counts n more and returns the new value.
func (c *counters) add(name string, n int) uint64 {
	return c.values[name].Add(uint64(n))
}

// source binds a counter, with what the plant's own station has polled.
func (c *counters) source(name string) (func(*moment) float64, error) {
	v := c.values[name]
	if v == nil || c.octets()[name] != nil {
		return nil, fmt.Errorf("no counter %q; use the names of SNMPv2-MIB, SNMP-MPD-MIB and SNMP-USER-BASED-SM-MIB", name)
	}
	each := c.polls.each(name)
	return func(m *moment) float64 {
		rounds := int64(0)
		if every := time.Duration(c.polls.Every); every > 0 {
			rounds = int64(max(m.now.Sub(c.boot), 0) / every)
		}
		return float64(v.Load()) + float64(rounds*each)
	}, nil
}

// each returns by how much one round of polls moves a counter.
func (p pollSettings) each(name string) int64 {
	switch name {
	case "snmpInPkts", "snmpOutPkts", "snmpOutGetResponses":
		return p.Gets + p.Nexts
	case "snmpInGetRequests":
		return p.Gets
	case "snmpInGetNexts":
		return p.Nexts
	case "snmpInTotalReqVars":
		return p.Vars
	}
	return 0
}

// keep saves the counters unless that was done a moment ago. Losing them is
// harmless, and a device over its quota must not be heard of for it.
func (c *counters) keep(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.saved) < saveEvery {
		return nil
	}
	c.saved = now
	kept := countersKept{Values: map[string]uint64{}}
	for name, v := range c.values {
		if n := v.Load(); n != 0 {
			kept.Values[name] = n
		}
	}
	return c.state.Save("snmp.counters", kept)
}
