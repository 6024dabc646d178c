package enip

import (
	"encoding/binary"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

// pccc answers Execute PCCC as a controller does that maps no data files: the
// requester's id, then the command's reply with the status "illegal command"; an
// echo comes back.
func pccc(q cip.Request) cip.Reply {
	p := q.Data
	n := 0
	if len(p) > 0 {
		n = int(p[0])
	}
	if n == 0 || len(p) < n+4 {
		return failed(q, cip.NotEnoughData)
	}
	transaction := binary.LittleEndian.Uint16(p[n+2:])
	o := octet.Builder{B: append([]byte{}, p[:n]...)}
	o.U8(p[n] | 0x40)
	if p[n] == 0x06 && len(p) > n+4 && p[n+4] == 0 {
		o.U8(0)
		o.U16LE(transaction)
		o.Bytes(p[n+5:])
		return answered(q, o.B)
	}
	o.U8(0x10)
	o.U16LE(transaction)
	return answered(q, o.B)
}
