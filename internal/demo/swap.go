package demo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/sundew-ics/sundew/internal/demo/tape"
	"github.com/sundew-ics/sundew/internal/event"
)

// identifiers are those that differ from session to session: EtherNet/IP's
// session handle, SNMP's request identifiers.
func identifiers(t *tape.Tape, r *rand.Rand) []swap {
	switch t.Protocol {
	case "enip":
		for i := range t.Acts {
			if a := &t.Acts[i]; a.Op == "register_session" && len(a.Response) >= 16 {
				old, _ := hex.DecodeString(a.Response[8:16])
				anew := binary.LittleEndian.AppendUint32(nil, r.Uint32())
				return []swap{{string(old), string(anew)}, {fmt.Sprint(binary.LittleEndian.Uint32(old)), fmt.Sprint(binary.LittleEndian.Uint32(anew))}}
			}
		}
	case "snmp":
		high := r.Uint32N(0x7F0000) + 0x010000
		out := []swap{{"\x5d\x0e\x7a", string([]byte{byte(high >> 16), byte(high >> 8), byte(high)})}}
		for low := range uint32(8) {
			out = append(out, swap{fmt.Sprint(0x5d0e7a10 + low), fmt.Sprint(high<<8 | (0x10 + low))})
		}
		return out
	}
	return nil
}

// text is a text of the tape as this visit has it, raw.
func (p *player) text(s string) string {
	if raw, err := event.Unescape(s); err == nil {
		s = raw
	}
	return p.swapped(s)
}

func (p *player) swapped(s string) string {
	for _, w := range p.swap {
		s = strings.ReplaceAll(s, w.old, w.new)
	}
	return s
}

func (p *player) texts(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, p.text(s))
	}
	return out
}

func (p *player) octets(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic("demo: a tape that is not hex")
	}
	b = []byte(p.swapped(string(b)))
	if p.v.tape.Protocol == "http" {
		b = p.http(b)
	}
	return b
}

// http gives a head its date and, where the body has changed, its length.
func (p *player) http(b []byte) []byte {
	if i := bytes.Index(b, []byte("\r\nDate: ")); i >= 0 && len(b) >= i+8+len(http.TimeFormat) {
		copy(b[i+8:], p.v.at.Add(p.now).UTC().Format(http.TimeFormat))
	}
	head, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok || len(p.v.pairs) == 0 || !bytes.HasPrefix(b, []byte("POST ")) {
		return b
	}
	i := bytes.Index(head, []byte("Content-Length: "))
	end := i + bytes.IndexByte(append(head[i:len(head):len(head)], '\r'), '\r')
	return fmt.Appendf(nil, "%s%d%s\r\n\r\n%s", head[:i+16], len(body), head[end:], body)
}

func (p *player) detail(raw json.RawMessage, request int) string {
	s := string(raw)
	for _, w := range p.swap {
		if json.Valid([]byte(`"` + w.new + `"`)) {
			s = strings.ReplaceAll(s, w.old, w.new)
		}
	}
	if len(p.v.pairs) > 0 && p.v.tape.Protocol == "http" {
		for _, c := range p.v.pairs {
			if strings.Contains(s, `"user=`+c.user+`"`) && strings.Contains(s, `"pass=`+c.secret+`"`) {
				s = strings.Replace(s, `"body_len":27`, fmt.Sprintf(`"body_len":%d`, len("user=&pass=")+len(c.user)+len(c.secret)), 1)
			}
		}
	}
	return s
}
