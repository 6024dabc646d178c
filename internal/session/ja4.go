package session

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// ja4 is the JA4 fingerprint of a ClientHello over TCP, after FoxIO's public
// description: a_b_c with version, SNI, counts and ALPN; the sorted cipher
// suites; the sorted extensions and the signature algorithms as sent.
func ja4(h *tls.ClientHelloInfo) string {
	ciphers := hexList(withoutGREASE(h.CipherSuites))
	exts := withoutGREASE(h.Extensions)
	named := slices.DeleteFunc(slices.Clone(exts), func(e uint16) bool { return e == 0 || e == 16 })
	var algs []uint16
	for _, a := range h.SignatureSchemes {
		algs = append(algs, uint16(a))
	}
	sni := "i"
	if slices.Contains(exts, 0) {
		sni = "d"
	}
	a := fmt.Sprintf("t%s%s%02d%02d%s", ja4Version(h), sni, min(99, len(ciphers)), min(99, len(exts)), ja4ALPN(h.SupportedProtos))
	slices.Sort(ciphers)
	list := hexList(named)
	slices.Sort(list)
	c := strings.Join(list, ",")
	if len(algs) > 0 {
		c += "_" + strings.Join(hexList(withoutGREASE(algs)), ",")
	}
	return a + "_" + short(strings.Join(ciphers, ",")) + "_" + short(c)
}

func ja4Version(h *tls.ClientHelloInfo) string {
	var best uint16
	for _, v := range withoutGREASE(h.SupportedVersions) {
		best = max(best, v)
	}
	switch best {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	}
	return "00"
}

// ja4ALPN is the first and last character of the first protocol offered.
func ja4ALPN(protos []string) string {
	if len(protos) == 0 || protos[0] == "" {
		return "00"
	}
	p := protos[0]
	first, last := p[0], p[len(p)-1]
	alnum := func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
	if alnum(first) && alnum(last) {
		return string([]byte{first, last})
	}
	x := hex.EncodeToString([]byte(p))
	return x[:1] + x[len(x)-1:]
}

// withoutGREASE leaves out the values that RFC 8701 reserves.
func withoutGREASE(v []uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(v), func(n uint16) bool { return n&0x0f0f == 0x0a0a && n>>8 == n&0xff })
}

func hexList(v []uint16) []string {
	out := make([]string, len(v))
	for i, n := range v {
		out[i] = fmt.Sprintf("%04x", n)
	}
	return out
}

func short(s string) string {
	if s == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
