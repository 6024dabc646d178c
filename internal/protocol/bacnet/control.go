package bacnet

import (
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// allowed checks a password; without one in the settings every password will do.
func (q *request) allowed(w wire.Command) bool {
	if w.Secret {
		q.act.Cred = &event.Cred{Secret: w.Password, Method: "password"}
	}
	return q.set.Password == "" || w.Secret && w.Password == q.set.Password
}

// communicationControl serves a DeviceCommunicationControl, 16.1.
func (q *request) communicationControl(body []byte) {
	w, err := wire.ParseCommunicationControl(body)
	if err != nil {
		q.reject(err)
		return
	}
	names := []string{"enable", "disable", "disable_initiation"}
	q.note.Minutes = w.Minutes
	if int(w.State) >= len(names) {
		q.rejectFor(wire.RejectUndefinedEnum)
		return
	}
	q.note.State = names[w.State]
	if !q.allowed(w) {
		q.fail(&refusal{classSecurity, codePassword})
		return
	}
	until := q.now.Add(forEver)
	if w.Timed && w.Minutes > 0 {
		until = q.now.Add(min(time.Duration(w.Minutes)*time.Minute, forEver))
	}
	q.simple()
	q.quiet.change(q.s.Source(), q.now, func(s *stillness) {
		s.disabled, s.mute = time.Time{}, time.Time{}
		switch w.State {
		case 1:
			s.disabled = until
		case 2:
			s.mute = until
		}
	})
}

// reinitialize serves a ReinitializeDevice, 16.4. After a start the device is
// silent for some seconds and has forgotten subscriptions and transfers.
func (q *request) reinitialize(body []byte) {
	w, err := wire.ParseReinitialize(body)
	if err != nil {
		q.reject(err)
		return
	}
	names := []string{"coldstart", "warmstart", "start_backup", "end_backup", "start_restore", "end_restore", "abort_restore", "activate_changes"}
	if int(w.State) >= len(names) {
		q.rejectFor(wire.RejectUndefinedEnum)
		return
	}
	q.note.State = names[w.State]
	switch {
	case !q.allowed(w):
		q.fail(&refusal{classSecurity, codePassword})
		return
	case w.State > 1:
		q.act.Class = event.Config
		q.fail(&refusal{classServices, codeOptional})
		return
	}
	q.simple()
	takes, reason := time.Duration(q.set.Restart[1]), uint32(2)
	if w.State == 1 {
		takes, reason = time.Duration(q.set.Restart[0]), 3
	}
	q.quiet.change(q.s.Source(), q.now, func(s *stillness) { *s = stillness{restart: q.now.Add(takes)} })
	q.mu.Lock()
	q.subs = nil
	q.mu.Unlock()
	clear(q.in)
	clear(q.out)
	if err := q.kept.restarted(reason); err != nil {
		q.s.Log.Debug("BACnet restart not kept", "err", err)
	}
}

// timeSynchronization sets the device's clock, 16.7, 16.8. A field that is not
// specified, or is none, leaves the clock alone.
func (q *request) timeSynchronization() {
	date, clock, err := wire.ParseTime(q.apdu.Body)
	if err != nil {
		q.malformed(err)
		return
	}
	q.act.Values = []string{date.Text() + " " + clock.Text()}
	q.act.Previous = []string{q.local().Format("2006-01-02 15:04:05")}
	zone := q.zone
	if q.apdu.Service == wire.UTCTimeSynchronization {
		zone = time.UTC
	}
	t, ok := timeOf(wire.RangeRequest{Date: date, Time: clock}, zone)
	if !ok {
		q.ignore("no such time")
		return
	}
	if err := q.device.Clock.Set(t); err != nil {
		q.ignore("the clock is not set")
		return
	}
	q.record() // an unconfirmed request: it is done without a word
}
