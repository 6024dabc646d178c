package session

import (
	"crypto/tls"
	"testing"
)

// The first vector is the worked example of FoxIO's technical description of
// JA4 (Chrome over TCP): t13d1516h2_8daaf6152771_e5627efa2ab1. Ciphers and
// extensions are given here in another order and with GREASE (RFC 8701), which
// the fingerprint ignores.
func TestJA4(t *testing.T) {
	chrome := tls.ClientHelloInfo{
		CipherSuites: []uint16{0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		Extensions: []uint16{0x1a1a, 0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0023, 0x0010, 0x0005, 0x000d, 0x0012,
			0x0033, 0x002d, 0x002b, 0x001b, 0x4469, 0x0015, 0xdada},
		SignatureSchemes:  []tls.SignatureScheme{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601},
		SupportedProtos:   []string{"h2", "http/1.1"},
		SupportedVersions: []uint16{0x6a6a, 0x0304, 0x0303},
		ServerName:        "example.com",
	}
	without := func(change func(*tls.ClientHelloInfo)) *tls.ClientHelloInfo {
		h := chrome
		change(&h)
		return &h
	}
	for name, c := range map[string]struct {
		hello *tls.ClientHelloInfo
		want  string
	}{
		"FoxIO's example": {&chrome, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		"no ALPN":         {without(func(h *tls.ClientHelloInfo) { h.SupportedProtos = nil }), "t13d151600_8daaf6152771_e5627efa2ab1"},
		"odd ALPN":        {without(func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"\xab\xcd"} }), "t13d1516ad_8daaf6152771_e5627efa2ab1"},
		"TLS 1.2":         {without(func(h *tls.ClientHelloInfo) { h.SupportedVersions = []uint16{0x0303, 0x0301} }), "t12d1516h2_8daaf6152771_e5627efa2ab1"},
		"no ciphers":      {without(func(h *tls.ClientHelloInfo) { h.CipherSuites = nil }), "t13d0016h2_000000000000_e5627efa2ab1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ja4(c.hello); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
