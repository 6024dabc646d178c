package ipmi

import (
	"time"

	"github.com/sundew-ics/sundew/internal/session"
)

// keyKept is what the controller keeps over restarts, in State.
const keyKept = "ipmi.settings"

// saveEvery bounds how often a visitor's changes reach the disk.
const saveEvery = time.Second

// kept is what visitors can change.
type kept struct {
	Users      []account            `json:"users"`
	Channel    [2]byte              `json:"channel"` // access mode and greatest level
	Restore    string               `json:"restore"`
	Cause      uint8                `json:"cause"`    // of the last restart
	Interval   uint8                `json:"interval"` // s, of a power cycle
	Boot       map[uint8][]byte     `json:"boot"`
	LAN        map[uint8][]byte     `json:"lan"`
	SOL        map[uint8][]byte     `json:"sol"`
	Thresholds map[uint8]thresholds `json:"thresholds"`
	Hysteresis map[uint8][2]byte    `json:"hysteresis"`
	Log        []record             `json:"log"`
	Added      int64                `json:"added"` // time of the log's last addition, by the controller's clock
	Erased     int64                `json:"erased"`
	UTC        int16                `json:"utc"` // offset of the log's time, minutes
}

// load takes up what was kept, or begins with the settings.
func (b *bmc) load() error {
	b.kept = kept{
		Users: b.set.accounts(), Channel: [2]byte{0x02, 0x04}, Restore: b.set.Restore, Interval: cycleDefault,
		Boot: map[uint8][]byte{}, LAN: map[uint8][]byte{}, SOL: map[uint8][]byte{}, Thresholds: map[uint8]thresholds{}, Hysteresis: map[uint8][2]byte{},
	}
	if b.kept.Restore == "" {
		b.kept.Restore = "off"
	}
	if err := b.firstLog(); err != nil {
		return err
	}
	return b.state.Load(keyKept, &b.kept)
}

// keep saves what changed: at once where the last time is long enough ago,
// otherwise with a later datagram or at the end of a flow.
func (b *bmc) keep(s *session.Session, end bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.dirty || !end && now.Sub(b.saved) < saveEvery {
		return
	}
	b.dirty, b.saved = false, now
	if err := b.state.Save(keyKept, &b.kept); err != nil {
		s.Log.Warn("ipmi settings are not kept over a restart", "err", err)
	}
}
