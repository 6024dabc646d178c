package wire

import "time"

// TimeLen is the length of a CP56Time2a.
const TimeLen = 7

// A Time is a CP56Time2a (101 §7.2.6.18): its octets.
type Time [TimeLen]byte

// TimeOf returns t as a CP56Time2a, by the clock of t's location, in years 2000
// to 2099. Day of the week counts from Monday, 1.
func TimeOf(t time.Time) Time {
	milli := t.Second()*1000 + t.Nanosecond()/1e6
	hour := byte(t.Hour())
	if t.IsDST() {
		hour |= 0x80 // SU: summer time
	}
	weekday := byte(t.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	return Time{byte(milli), byte(milli >> 8), byte(t.Minute()), hour, byte(t.Day()) | weekday<<5, byte(t.Month()), byte(t.Year() % 100)}
}

// Short returns the CP24Time2a (101 §7.2.6.19): milliseconds and minute.
func (c Time) Short() []byte { return c[:3] }

// Invalid says whether the sender marks the time as not valid (IV).
func (c Time) Invalid() bool { return c[2]&0x80 != 0 }

// At returns the moment in UTC, and false where the octets are no time.
func (c Time) At() (time.Time, bool) {
	milli := int(c[0]) | int(c[1])<<8
	minute, hour, day, month, year := int(c[2]&0x3F), int(c[3]&0x1F), int(c[4]&0x1F), int(c[5]&0x0F), int(c[6]&0x7F)
	t := time.Date(2000+year, time.Month(month), day, hour, minute, milli/1000, milli%1000*1e6, time.UTC)
	ok := milli < 60000 && minute < 60 && hour < 24 && year < 100 && month >= 1 && month <= 12 && t.Day() == day && !c.Invalid()
	return t, ok
}
