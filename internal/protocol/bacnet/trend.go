package bacnet

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// A trend is a trend log's buffer, 12.25. Records lie on multiples of the
// interval, which number them. What happened before anybody looked follows the
// persona's daily curve and bends into what the plant shows.
type trend struct {
	mu     sync.Mutex
	every  time.Duration
	size   int
	first  int64     // number of the oldest record
	values []float64 // oldest first
	begun  int64     // number of the record with sequence number 1
	filled bool
	dirty  bool // not kept yet
}

// keptLog is what State holds of a log.
type keptLog struct {
	First  int64     `json:"first"`
	Values []float64 `json:"values"`
}

const (
	logsKey   = "bacnet.logs"
	maxBuffer = 2000
	bend      = 2 * time.Hour // in which the past bends into the present
)

func (c *controller) buildLog(o *object) error {
	t := &trend{every: time.Duration(o.set.Every), size: o.set.Buffer}
	switch {
	case len(o.refs) != 1:
		return errors.New("log: name the object, as in log = \"analog-input,1\"")
	case t.every < time.Minute || t.every > 24*time.Hour:
		return errors.New("every: use 1m to 24h")
	case t.size < 1 || t.size > maxBuffer:
		return fmt.Errorf("buffer: use 1 to %d records", maxBuffer)
	}
	t.begun = t.number(c.device.Identity.Boot)
	o.log = t
	return nil
}

func (t *trend) number(at time.Time) int64     { return at.UnixNano() / int64(t.every) }
func (t *trend) at(n int64) time.Time          { return time.Unix(0, n*int64(t.every)) }
func (t *trend) last() int64                   { return t.first + int64(len(t.values)) - 1 }
func (t *trend) sequence(n int64) uint32       { return uint32(max(1, n-t.begun+1)) }
func (c *controller) logged(o *object) *object { return c.byID[o.refs[0]] }

func (c *controller) loadLogs(state protocol.State) error {
	stored := map[string]keptLog{}
	if err := state.Load(logsKey, &stored); err != nil {
		return fmt.Errorf("%s: %w", logsKey, err)
	}
	for _, o := range c.objects {
		if k, ok := stored[o.id.String()]; ok && o.log != nil {
			o.log.first, o.log.values, o.log.filled = k.First, k.Values, true
		}
	}
	return nil
}

// keepLogs saves the logs if records have come since.
func (c *controller) keepLogs() error {
	dirty := false
	stored := map[string]keptLog{}
	for _, o := range c.objects {
		if o.log == nil {
			continue
		}
		o.log.mu.Lock()
		if o.log.filled {
			dirty = dirty || o.log.dirty
			o.log.dirty = false
			stored[o.id.String()] = keptLog{o.log.first, append([]float64(nil), o.log.values...)}
		}
		o.log.mu.Unlock()
	}
	if !dirty {
		return nil
	}
	return c.kept.state.Save(logsKey, stored)
}

// past is what the daily curve says of record n, with its noise.
func (c *controller) past(o *object, n int64) float64 {
	curve := o.set.Curve
	if len(curve) == 0 {
		return o.set.Default
	}
	local := c.stamp(o.log, n)
	place := (float64(local.Hour()) + float64(local.Minute())/60) / 24 * float64(len(curve))
	i := int(place)
	part := place - float64(i)
	x := curve[i%len(curve)]*(1-part) + curve[(i+1)%len(curve)]*part
	h := fnv.New64a()
	fmt.Fprint(h, c.seed, uint32(o.id), n)
	sum := h.Sum64()
	swing := float64(sum&0xFFFF)/0xFFFF + float64(sum>>16&0xFFFF)/0xFFFF + float64(sum>>32&0xFFFF)/0xFFFF - 1.5
	return x + o.set.Noise*swing
}

// sample takes what is due: at first the whole buffer, later the records since
// the last visit, between which the curve is bent.
func (c *controller) sample(o *object, m *moment) {
	t, source := o.log, c.logged(o)
	now := t.number(m.view.Time())
	if t.filled && now <= t.last() {
		return
	}
	live := c.present(source, m).Float()
	gap := live - c.past(o, now)
	from, before := now-int64(t.size)+1, 0.0
	fresh := !t.filled
	switch {
	case fresh:
		t.first = from
	case len(t.values) > 0:
		before = t.values[len(t.values)-1] - c.past(o, t.last())
		fallthrough
	default:
		from = max(from, t.last()+1)
	}
	for n := from; n <= now; n++ {
		share := float64(n-from+1) / float64(now-from+1)
		if fresh {
			share = math.Exp(-float64(now-n) * t.every.Seconds() / bend.Seconds())
		}
		x := c.past(o, n) + before*(1-share) + gap*share
		t.values = append(t.values, c.rounded(source, x))
	}
	if over := len(t.values) - t.size; over > 0 {
		t.values = append(t.values[:0], t.values[over:]...)
	}
	t.first = now - int64(len(t.values)) + 1
	t.filled, t.dirty = true, true
}

// purge empties the buffer: that is what writing 0 to record-count does, 12.25.15.
func (t *trend) purge(count uint64) *refusal {
	if count != 0 {
		return propertyError(codeValueOutOfRange)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first, t.values, t.dirty = t.last()+1, nil, true
	return nil
}

// rounded brings a value into the range and steps of the object's tag.
func (c *controller) rounded(o *object, x float64) float64 {
	if o.kind() != analog {
		return math.Round(x)
	}
	if o.tag < 0 {
		return float64(float32(x))
	}
	tag := c.device.Process.Tag(o.tag)
	if tag.Min < tag.Max {
		x = min(max(x, tag.Min), tag.Max)
	}
	if tag.Resolution > 0 {
		x = math.Round(x/tag.Resolution) * tag.Resolution
	}
	return float64(float32(x))
}

// logProperty returns a property of a trend log.
func (c *controller) logProperty(o *object, id uint32, m *moment) property {
	t := o.log
	t.mu.Lock()
	defer t.mu.Unlock()
	c.sample(o, m)
	switch id {
	case propEnable:
		return one(wire.BoolValue(true))
	case propStopWhenFull:
		return one(wire.BoolValue(false))
	case propBufferSize:
		return number(t.size)
	case propRecordCount:
		return number(len(t.values))
	case propTotalRecordCount:
		return number(int(t.sequence(t.last())))
	case propLoggingType:
		return one(wire.EnumValue(0)) // polled
	case propLogReference:
		return raw(reference(c.logged(o).id))
	case propLogInterval: // hundredths of a second
		return number(int(t.every / (10 * time.Millisecond)))
	}
	return property{shape: list}
}

// stamp is a record's time by the device's clock, on which the interval is aligned.
func (c *controller) stamp(t *trend, n int64) time.Time {
	return c.device.Clock.At(t.at(n)).Truncate(t.every).In(c.zone)
}

// logRecord encodes a BACnetLogRecord, 21.
func (c *controller) logRecord(o *object, n int64, x float64) []byte {
	source := c.logged(o)
	b := appendDateTime(wire.AppendOpen(nil, 0), c.stamp(o.log, n))
	b = wire.AppendOpen(wire.AppendClose(b, 0), 1)
	switch v := c.value(source, x); v.Type {
	case wire.Enumerated:
		b = wire.AppendContext(b, 3, v)
	case wire.Unsigned:
		b = wire.AppendContext(b, 4, v)
	default:
		b = wire.AppendContext(b, 2, v)
	}
	return wire.AppendContext(wire.AppendClose(b, 1), 2, wire.BitsValue(false, false, false, false))
}
