package export

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/store"
)

// How much of an address anonymised exports keep.
const (
	keptBits4 = 24
	keptBits6 = 48
)

// An Anonymiser takes from an export what names a person or betrays the sensor.
// One Anonymiser serves one export: its salt ends with it, so that hashes of two
// exports cannot be compared.
type Anonymiser struct {
	salt  []byte
	hosts map[netip.Prefix]map[netip.Addr]int // in the order of their appearance
}

// NewAnonymiser returns one with a fresh salt.
func NewAnonymiser() *Anonymiser {
	salt := make([]byte, 16)
	rand.Read(salt)
	return &Anonymiser{salt, map[netip.Prefix]map[netip.Addr]int{}}
}

// Removed says, for people, what an anonymised export has not.
func (a *Anonymiser) Removed() []string {
	return []string{
		"source addresses: truncated to /24 (IPv4) and /48 (IPv6)",
		"source ports, but in packets",
		"destination addresses, TLS server names",
		"secrets: HMAC-SHA-256 with a salt of this export alone, which was not kept",
		"octets of requests and responses, and hashes of cut ones; their lengths are kept",
		"details of acts, values written, errors",
	}
}

// prefix is the network that stands for an address.
func prefix(a netip.Addr) netip.Prefix {
	bits := keptBits4
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = keptBits6
	}
	p, err := a.Prefix(bits)
	if err != nil { // not an address
		return netip.Prefix{}
	}
	return p
}

// Source is how a table calls a source: its address, or the network around it.
func (a *Anonymiser) Source(src netip.Addr) string {
	if a == nil {
		return src.String()
	}
	return prefix(src).String()
}

// Host gives a source an address of its own within its network, for packets:
// sources are told apart, and which they were is not told. An IPv4 network has
// 254; those beyond share the last.
func (a *Anonymiser) Host(src netip.Addr) netip.Addr {
	p := prefix(src)
	known := a.hosts[p]
	if known == nil {
		known = map[netip.Addr]int{}
		a.hosts[p] = known
	}
	n, ok := known[src]
	if !ok {
		n = len(known) + 1
		known[src] = n
	}
	b := p.Addr().AsSlice()
	if p.Addr().Is4() {
		b[3] = byte(min(n, 254))
	} else {
		b[14], b[15] = byte(n>>8), byte(n)
	}
	out, _ := netip.AddrFromSlice(b)
	return out
}

// Secret is what an export says of a secret: equal ones stay equal.
func (a *Anonymiser) Secret(s string) string {
	if a == nil || s == "" {
		return s
	}
	h := hmac.New(sha256.New, a.salt)
	h.Write([]byte(s))
	return "hmac:" + hex.EncodeToString(h.Sum(nil)[:12])
}

// Event takes from an event what Removed lists.
func (a *Anonymiser) Event(e *event.Event) {
	src := netip.Addr{}
	if e.Src != nil {
		src = e.Src.IP
		e.Src = &event.Endpoint{IP: prefix(src).Addr()}
	}
	dst := netip.Addr{}
	if e.Dst != nil {
		dst = e.Dst.IP
		e.Dst = &event.Endpoint{Port: e.Dst.Port}
	}
	if e.TLS != nil {
		e.TLS = &event.TLS{JA4: e.TLS.JA4, Version: e.TLS.Version, Cipher: e.TLS.Cipher}
	}
	e.Request, e.Response, e.RequestSHA256, e.ResponseSHA256 = "", "", "", ""
	e.Detail, e.Error, e.Values, e.Previous = nil, "", nil, nil
	secret := ""
	if e.Cred != nil {
		secret = e.Cred.Secret
		e.Cred = &event.Cred{User: e.Cred.User, Secret: a.Secret(secret), Method: e.Cred.Method}
	}
	if e.Target != nil {
		e.Target = &event.Target{Kind: e.Target.Kind, Ref: a.target(e.Target.Ref, src, dst, secret)}
	}
	if e.Artifact != nil {
		f := *e.Artifact
		f.Name = a.text(f.Name, src, secret)
		e.Artifact = &f
	}
}

// target is what a visitor asked for, without his address and secret, and without
// ours, which a request may name: GET http://192.0.2.5/.
func (a *Anonymiser) target(ref string, src, dst netip.Addr, secret string) string {
	if dst.IsValid() && !dst.IsUnspecified() {
		ref = strings.ReplaceAll(ref, dst.String(), "sensor")
	}
	return a.text(ref, src, secret)
}

// text is a visitor's word without his address and secret.
func (a *Anonymiser) text(s string, src netip.Addr, secret string) string {
	if a == nil {
		return s
	}
	if src.IsValid() {
		s = strings.ReplaceAll(s, src.String(), prefix(src).String())
	}
	if secret != "" {
		s = strings.ReplaceAll(s, secret, a.Secret(secret))
	}
	return s
}

// act takes from a row what Removed lists.
func (a *Anonymiser) act(r *store.Act) {
	if a != nil {
		r.Target, r.Value = a.text(hostless(r.Target), r.Src, ""), ""
	}
}

// hostless is a target without the host of a URL that is in it: a row does not know
// the sensor's address, by which a request may call it.
func hostless(ref string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(ref, "://")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("://host")
		if i := strings.IndexAny(rest, "/?# "); i >= 0 {
			ref = rest[i:]
		} else {
			ref = ""
		}
	}
}

// session takes from a row what Removed lists; its address is left to Source.
func (a *Anonymiser) session(s *store.Session) {
	if a != nil {
		s.SrcPort = 0
	}
}

// finding is one without what a visitor sent, and without hashes of secrets. The
// fingerprint's own hash stays.
func (a *Anonymiser) finding(f *analysis.Finding, src netip.Addr) *analysis.Finding {
	out := *f
	out.Payload, out.CredList, out.Fingerprint, out.UA, out.Evidence = "", "", "", "", nil
	for _, e := range f.Evidence {
		e.Text = a.text(e.Text, src, "")
		out.Evidence = append(out.Evidence, e)
	}
	return &out
}
