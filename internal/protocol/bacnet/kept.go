package bacnet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// kept is what visitors wrote and the device keeps over restarts: properties
// that are no tags, and priority arrays.
type kept struct {
	mu       sync.RWMutex
	state    protocol.State
	values   map[string]string      // "analog-input,1 description": tagged octets in hexadecimal
	commands map[string]*command    // by object
	ack      map[wire.ObjectID]bool // acknowledged alarms; not kept over a restart
	reason   uint32                 // of the last restart, 21 BACnetRestartReason
	dirty    map[string]any         // what is not saved yet, by its key in State
	saved    time.Time
}

const (
	valuesKey   = "bacnet.values"
	commandsKey = "bacnet.commands"
	reasonKey   = "bacnet.restart"
	maxKept     = 2048        // octets of one value
	maxAllKept  = 512 << 10   // octets of all values
	saveEvery   = time.Second // bounds how often writes reach the disk
)

var errTooLong = errors.New("the value is longer than the device keeps")

func newKept(state protocol.State) (*kept, error) {
	k := &kept{state: state, values: map[string]string{}, commands: map[string]*command{}, ack: map[wire.ObjectID]bool{}, reason: 1, dirty: map[string]any{}}
	for key, into := range map[string]any{valuesKey: &k.values, commandsKey: &k.commands, reasonKey: &k.reason} {
		if err := state.Load(key, into); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return k, nil
}

func keyOf(id wire.ObjectID, property uint32) string {
	return id.String() + " " + wire.PropertyName(property)
}

// value returns a kept property.
func (k *kept) value(id wire.ObjectID, property uint32) ([]byte, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if len(k.values) == 0 {
		return nil, false
	}
	s, ok := k.values[keyOf(id, property)]
	if !ok {
		return nil, false
	}
	b, err := hex.DecodeString(s)
	return b, err == nil
}

// put keeps a property; nil forgets it.
func (k *kept) put(id wire.ObjectID, property uint32, v []byte) error {
	if len(v) > maxKept {
		return errTooLong
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, total := keyOf(id, property), len(v)
	for other, s := range k.values {
		if other != key {
			total += len(s) / 2
		}
	}
	switch {
	case v == nil:
		delete(k.values, key)
	case total > maxAllKept:
		return errTooLong
	default:
		k.values[key] = hex.EncodeToString(v)
	}
	k.dirty[valuesKey] = k.values
	return k.save(false)
}

// save keeps what was written, at once where the last time is long enough ago,
// else with a later write or at the end of a flow: each time all of it is written.
func (k *kept) save(end bool) error {
	now := time.Now()
	if len(k.dirty) == 0 || !end && now.Sub(k.saved) < saveEvery {
		return nil
	}
	k.saved = now
	var errs []error
	for key, v := range k.dirty {
		errs = append(errs, k.state.Save(key, v))
	}
	clear(k.dirty)
	return errors.Join(errs...)
}

// sync saves what is left at the end of a flow.
func (k *kept) sync() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.save(true)
}

// command returns an object's priority array; nil where nobody commands it.
func (k *kept) command(id wire.ObjectID) *command {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.commands[id.String()]
}

// setCommand keeps a priority array; nil or an empty one forgets it.
func (k *kept) setCommand(id wire.ObjectID, c *command) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c == nil || len(c.Slots) == 0 {
		delete(k.commands, id.String())
	} else {
		k.commands[id.String()] = c
	}
	k.dirty[commandsKey] = k.commands
	return k.save(false)
}

func (k *kept) acked(id wire.ObjectID) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.ack[id]
}

func (k *kept) acknowledge(id wire.ObjectID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ack[id] = true
}

func (k *kept) restartReason() uint32 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.reason
}

func (k *kept) restarted(reason uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reason = reason
	return k.state.Save(reasonKey, reason)
}
