package kamstrup

import (
	"errors"
	"io"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
)

// errAway ends a session that the module hangs up.
var errAway = io.EOF

// maxFirst is how much of foreign octets is looked at to name them.
const maxFirst = 512

// next reads one frame, or what stands before one, and answers it.
func (v *reader) next() error {
	p, err := v.s.R().Peek(1)
	if err != nil {
		return err
	}
	if p[0] != wire.Request {
		return v.stray()
	}
	return v.request()
}

// request reads the frame that begins here and answers it.
func (v *reader) request() error {
	frame, err := v.frame()
	if err != nil {
		return v.broken(frame, err)
	}
	if v.away.Holds(v.s.Source(), time.Now()) {
		v.s.Record(withOutcome(describeOctets(frame), event.Ignored))
		return errAway
	}
	f, err := wire.Parse(frame)
	if err != nil {
		v.s.Record(actMalformed(frame, err))
		return nil
	}
	v.answer(f)
	return nil
}

// errNoEnd says that a frame has no end where it should, or another begins in it.
var errNoEnd = errors.New("no stop octet")

// frame reads from the start octet to the stop octet. errNoEnd: another start
// octet came first, which stays unread, or too much came without a stop.
func (v *reader) frame() (p []byte, err error) {
	for len(p) < wire.MaxFrame {
		next, err := v.s.R().Peek(1)
		if err != nil {
			return p, err
		}
		if next[0] == wire.Request && len(p) > 0 {
			return p, errNoEnd
		}
		c := next[0]
		p = append(p, c)
		v.s.R().Discard(1)
		if c == wire.Stop {
			return p, nil
		}
	}
	return p, errNoEnd
}

// broken records the octets of a frame that never ended.
func (v *reader) broken(p []byte, err error) error {
	v.s.Record(actMalformed(p, wire.ErrFrame))
	if errors.Is(err, errNoEnd) {
		return nil
	}
	return err
}

// stray takes octets up to the next start octet or the end of a line. The meter
// is silent.
func (v *reader) stray() error {
	var first []byte
	for {
		p, err := v.s.R().Peek(1)
		switch {
		case err != nil:
			v.s.Record(actStray(first))
			return err
		case p[0] == wire.Request && len(first) > 0:
			v.s.Record(actStray(first))
			return nil
		}
		c := p[0]
		v.s.R().Discard(1)
		if len(first) < maxFirst {
			first = append(first, c)
		}
		if c == '\n' {
			v.s.Record(actStray(first))
			return nil
		}
	}
}

// stray is the detail of octets of another protocol.
type strayDetail struct {
	Protocol event.Text `json:"protocol"`
}

// actStray is the act of octets in front of a frame.
func actStray(p []byte) event.Act {
	name := foreign.Name(p)
	if len(p) > 1 && p[0] == '/' && p[1] == '?' { // IEC 62056-21 §6.3.1: sign-on
		name = "iec62056-21"
	}
	if name != "" {
		return event.Act{Op: "foreign_protocol", Class: event.Foreign, Outcome: event.Ignored, Detail: strayDetail{event.Text(name)}}
	}
	return event.Act{Op: "no_frame", Class: event.Malformed, Outcome: event.Ignored}
}

// actMalformed is the act of a frame that does not hold.
func actMalformed(p []byte, err error) event.Act {
	if errors.Is(err, wire.ErrCRC) {
		return event.Act{Op: "wrong_crc", Class: event.Malformed, Outcome: event.Ignored}
	}
	if name := foreign.Name(p); name != "" {
		return actStray(p)
	}
	return event.Act{Op: "malformed_frame", Class: event.Malformed, Outcome: event.Ignored}
}

// describeOctets is the act of a frame that may not hold.
func describeOctets(p []byte) event.Act {
	f, err := wire.Parse(p)
	if err != nil {
		return actMalformed(p, err)
	}
	return describe(f)
}

func withOutcome(a event.Act, o event.Outcome) event.Act {
	a.Outcome = o
	return a
}
