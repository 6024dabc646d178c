package wire

import "github.com/sundew-ics/sundew/internal/octet"

// Subfunctions of group CPU.
const (
	CPUReadSZL    = 0x01 // read system status list
	CPUMessage    = 0x02 // register for messages: mode, diagnostic, alarms
	CPUDiag       = 0x03 // diagnostic message (pushed)
	CPUAlarm8     = 0x05
	CPUNotify     = 0x06
	CPUAlarmLock  = 0x07
	CPUAlarmUnl   = 0x08
	CPUAlarmAck   = 0x0b
	CPUAlarmQuery = 0x13
)

// CPUSubName returns the name of a subfunction of group CPU, or "".
func CPUSubName(sub uint8) string {
	switch sub {
	case CPUReadSZL:
		return "read_szl"
	case CPUMessage:
		return "message_service"
	case CPUDiag:
		return "diagnostic_message"
	case CPUAlarm8:
		return "alarm_8"
	case CPUNotify:
		return "notify"
	case CPUAlarmLock:
		return "alarm_lock"
	case CPUAlarmUnl:
		return "alarm_unlock"
	case CPUAlarmAck:
		return "alarm_ack"
	case CPUAlarmQuery:
		return "alarm_query"
	}
	return ""
}

// SZLRequest names a part of the system status list.
type SZLRequest struct {
	ID    uint16 // class of module, partial list extract, list number
	Index uint16 // which records, for extracts that take one
}

// ParseSZLRequest reads the payload of a request.
func ParseSZLRequest(p []byte) (SZLRequest, error) {
	r := octet.NewReader(p)
	q := SZLRequest{ID: r.U16(), Index: r.U16()}
	if err := r.Done(); err != nil {
		return SZLRequest{}, err
	}
	return q, nil
}

// Append appends the payload to b.
func (q SZLRequest) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(q.ID)
	w.U16(q.Index)
	return w.B
}

// A SZL is a part of the system status list: Count records of RecordLen octets.
// Header-only extracts (0x0Fxx) state both without any Records.
type SZL struct {
	ID, Index uint16
	RecordLen uint16
	Count     uint16
	Records   []byte
}

// ParseSZL reads a whole list, its fragments joined.
func ParseSZL(p []byte) (SZL, error) {
	r := octet.NewReader(p)
	s := SZL{ID: r.U16(), Index: r.U16(), RecordLen: r.U16(), Count: r.U16()}
	s.Records = keep(r.Rest())
	if err := r.Err(); err != nil {
		return SZL{}, err
	}
	if n := len(s.Records); n != 0 && n != int(s.RecordLen)*int(s.Count) {
		return SZL{}, ErrLayout
	}
	return s, nil
}

// Append appends the list to b.
func (s SZL) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(s.ID)
	w.U16(s.Index)
	w.U16(s.RecordLen)
	w.U16(s.Count)
	w.Bytes(s.Records)
	return w.B
}
