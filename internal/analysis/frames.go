package analysis

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis/tool"
	"github.com/sundew-ics/sundew/internal/event"
)

// hashing is a hash that grows.
type hashing struct {
	n   int
	sum [32]byte
}

func (h *hashing) add(b []byte) {
	h.sum = sha256.Sum256(append(h.sum[:], b...))
	h.n++
}

func (h *hashing) String() string {
	if h.n == 0 {
		return ""
	}
	return hex.EncodeToString(h.sum[:8])
}

// decode is the beginning of what was sent; nil if the record has none.
func decode(e *event.Event) []byte {
	b, err := hex.DecodeString(e.Request[:min(len(e.Request), 2*maxOctets)])
	if err != nil {
		return nil
	}
	return b
}

// frame keeps the beginning for the fingerprint, and a hash of what changes the device.
func (s *Session) frame(e *event.Event, octets []byte) {
	if octets == nil || e.RequestLen == 0 {
		return
	}
	if len(s.frames) < tool.Frames && !s.side { // what a file begins with names no program
		s.frames = append(s.frames, tool.Frame{Request: bytes.Clone(octets[:min(len(octets), tool.MaxFrame)]), Len: e.RequestLen})
	}
	if changing(classOf(e)) && s.grave.n < 256 {
		s.grave.add(tool.Steady(s.protocol, octets[:min(len(octets), tool.MaxFrame)]))
	}
	if s.protocol == "http" && s.agent == "" {
		s.agent = userAgent(octets)
	}
}

// strike compares a request with known attacks, where text is spoken, and says
// whether it is one.
func (s *Session) strike(e *event.Event, octets []byte) bool {
	if s.ics() && e.Class != event.Foreign && e.Class != event.Malformed {
		return false
	}
	x := s.rules.data.exploit(s.protocol, octets)
	if x == nil {
		return false
	}
	s.exploits = s.exploits.add(e.Seq)
	if !changing(classOf(e)) && s.grave.n < 256 {
		s.grave.add(tool.Steady(s.protocol, octets[:min(len(octets), tool.MaxFrame)]))
	}
	if s.exploit == nil || s.exploit.cve == "" && x.cve != "" {
		s.exploit = x
	}
	return true
}

func userAgent(head []byte) string {
	for l := range strings.Lines(string(head)) {
		if name, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(name, "User-Agent") {
			v = strings.TrimSpace(v)
			return event.Escape(v[:min(len(v), 256)])
		}
	}
	return ""
}
