package wire

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestFrames(t *testing.T) {
	octettest.Vectors(t, ParseFrame, []octettest.Vector[Frame]{
		{
			Name: "1.5 outside a session: Get Channel Authentication Capabilities, as ipmitool sends it (§13.6)",
			Hex:  "06 00 ff 07  00 00000000 00000000  09  20 18 c8 81 00 38 8e 04 b5",
			Want: Frame{Header: Header{Seq: 0xFF, Class: ClassIPMI}, Data: octettest.Hex(t, "20 18 c8 81 00 38 8e 04 b5"), Trailer: []byte{}},
		},
		{
			Name: "1.5 under MD5, sequence number before session id (table 13-8)",
			Hex:  "06 00 ff 07  02 01000000 78563412  000102030405060708090a0b0c0d0e0f  07  20 18 c8 81 04 01 7a",
			Want: Frame{
				Header: Header{Seq: 0xFF, Class: ClassIPMI}, Auth: AuthMD5, Seq: 1, ID: 0x12345678,
				Code: octettest.Hex(t, "000102030405060708090a0b0c0d0e0f"), Data: octettest.Hex(t, "20 18 c8 81 04 01 7a"), Trailer: []byte{},
			},
		},
		{
			Name: "2.0: RMCP+ Open Session Request, session id before sequence number (table 13-8)",
			Hex:  "06 00 ff 07  06 10 00000000 00000000 2000  00 00 0000 a4a3a2a0 00000008 01000000 01000008 01000000 02000008 01000000",
			Want: Frame{
				Header: Header{Seq: 0xFF, Class: ClassIPMI}, Auth: AuthRMCPPlus, Payload: PayloadOpenRequest,
				Data: octettest.Hex(t, "00 00 0000 a4a3a2a0 00000008 01000000 01000008 01000000 02000008 01000000"), Trailer: []byte{},
			},
		},
		{
			Name: "2.0 OEM payload: enterprise and payload id stand before the session id (table 13-8)",
			Hex:  "06 00 ff 07  06 02 7c2a00000100 01000000 02000000 0100  aa",
			Want: Frame{
				Header: Header{Seq: 0xFF, Class: ClassIPMI}, Auth: AuthRMCPPlus, Payload: PayloadOEM, OEM: [6]byte{0x7c, 0x2a, 0, 0, 1, 0},
				ID: 1, Seq: 2, Data: []byte{0xaa}, Trailer: []byte{},
			},
		},
	})
}

func TestASF(t *testing.T) {
	ping := "06 00 ff 06  000011be 80 17 00 00"
	octettest.Vectors(t, ParseASF, []octettest.Vector[ASF]{{
		Name: "presence ping (ASF §3.2.4.2)", Hex: ping,
		Want: ASF{Header: Header{Seq: 0xFF, Class: ClassASF}, Enterprise: ASFEnterprise, Type: ASFPing, Tag: 0x17, Data: []byte{}, Extra: []byte{}},
	}})
	a, _ := ParseASF(octettest.Hex(t, ping))
	want := octettest.Hex(t, "06 00 ff 06  000011be 40 17 00 10  000011be 00000000 81 00 000000000000")
	if got := Pong(a).Append(nil); !bytes.Equal(got, want) {
		t.Errorf("pong % x, want % x (ASF §3.2.4.3)", got, want)
	}
}

func TestMessages(t *testing.T) {
	octettest.Vectors(t, ParseMessage, []octettest.Vector[Message]{{
		Name: "Get Device ID (§13.8)", Hex: "20 18 c8 81 04 01 7a",
		Want: Message{To: 0x20, NetFn: NetFnApp, From: 0x81, Seq: 1, Cmd: 0x01, Data: []byte{}},
	}})
	m, err := ParseMessage(octettest.Hex(t, "20 18 c8 81 04 01 7a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Response(0xC1, nil).Append(nil); hex.EncodeToString(got) != "811c63200401c11a" {
		t.Errorf("response %x", got)
	}
	if _, err := ParseMessage(octettest.Hex(t, "20 18 c8 81 04 01 7b")); err != ErrChecksum {
		t.Errorf("wrong checksum: %v", err)
	}
}

// ParseOpenRequest and its kin fit octettest only with their reserved octets 0.
func TestPayloads(t *testing.T) {
	octettest.Vectors(t, ParseOpenRequest, []octettest.Vector[OpenRequest]{{
		Name: "suite 3, highest privilege (§13.17)",
		Hex:  "01 00 0000 a4a3a2a0 00000008 01000000 01000008 01000000 02000008 01000000",
		Want: OpenRequest{Tag: 1, Console: 0xa0a2a3a4, Algorithms: Algorithms{Auth: 1, Integrity: 1, Confidentiality: 1}},
	}})
	octettest.Vectors(t, ParseOpenResponse, []octettest.Vector[OpenResponse]{
		{
			Name: "agreed (§13.18)", Hex: "01 00 04 00 a4a3a2a0 04030201 00000008 01000000 01000008 01000000 02000008 01000000",
			Want: OpenResponse{Tag: 1, Privilege: 4, Console: 0xa0a2a3a4, Managed: 0x01020304, Algorithms: Algorithms{Auth: 1, Integrity: 1, Confidentiality: 1}},
		},
		{Name: "no suite matches (table 13-15)", Hex: "01 11 00 00 a4a3a2a0", Want: OpenResponse{Tag: 1, Status: StatusNoSuite, Console: 0xa0a2a3a4}},
	})
	octettest.Vectors(t, ParseRAKP1, []octettest.Vector[RAKP1]{{
		Name: "ADMIN as administrator, by name only (§13.20)", Open: true,
		Hex:  "00 000000 04030201 000102030405060708090a0b0c0d0e0f 14 0000 05 41444d494e",
		Want: RAKP1{Managed: 0x01020304, Random: [16]byte(octettest.Hex(t, "000102030405060708090a0b0c0d0e0f")), Role: 0x14, NameLen: 5, Name: []byte("ADMIN")},
	}})
}

// The digests of RFC 1319 §A.5.
func TestMD2(t *testing.T) {
	for text, want := range map[string]string{
		"":               "8350e5a3e24c153df2275c9f80692773",
		"a":              "32ec01ec4a6dac72c0ab96fb34c0b5d1",
		"abc":            "da853b0d3f88d99b30283a69e6ded6bb",
		"message digest": "ab4f496bfb2a530b219ff33031fe06b0",
	} {
		if got := MD2([]byte(text)); hex.EncodeToString(got[:]) != want {
			t.Errorf("MD2(%q) = %x, want %s", text, got, want)
		}
	}
}

func TestSignAndEncrypt(t *testing.T) {
	for _, s := range Suites() {
		k := NewKeys(s, HMAC(s.Auth, []byte("secret"), []byte("randoms")), []byte("secret"))
		for n := range 40 {
			data := bytes.Repeat([]byte{0x5A}, n)
			f := Frame{Header: Header{Seq: SeqNoAck, Class: ClassIPMI}, Auth: AuthRMCPPlus, ID: 7, Seq: 9, Data: data}
			if s.Confidentiality == ConfidentialityAES {
				f.Payload |= FlagEncrypted
				f.Data = k.Encrypt([16]byte{1, 2, 3}, data)
			}
			k.Sign(&f)
			p := f.Append(nil)
			got, err := ParseFrame(p)
			if err != nil {
				t.Fatal(err)
			}
			if s.Integrity != IntegrityNone {
				if !k.Verify(&got, p) {
					t.Errorf("suite %d, %d octets: own code is refused", s.ID, n)
				}
				if (len(p)-headerLen-codeLen(s.Integrity))%4 != 0 {
					t.Errorf("suite %d: the code covers no multiple of four octets (§13.28.4)", s.ID)
				}
				p[len(p)-1] ^= 1
				if k.Verify(&got, p) {
					t.Errorf("suite %d: a wrong code is taken", s.ID)
				}
			}
			if got.Encrypted() {
				if plain, err := k.Decrypt(got.Data); err != nil || !bytes.Equal(plain, data) {
					t.Errorf("suite %d: % x %v", s.ID, plain, err)
				}
			}
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	k := NewKeys(Suite{3, RAKPSHA1, IntegritySHA1, ConfidentialityAES}, make([]byte, 20), nil)
	good := k.Encrypt([16]byte{}, []byte("abc"))
	for name, p := range map[string][]byte{"nothing": nil, "only a vector": good[:16], "a piece of a block": good[:31], "another key's": bytes.Repeat([]byte{0xA5}, 32)} {
		if _, err := k.Decrypt(p); err != ErrPad {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	octettest.Fuzz(f, ParseFrame,
		"0600ff07000000000000000000092018c88100388e04b5",
		"0600ff0706100000000000000000200000000000a4a3a2a0000000080100000001000008010000000200000801000000",
		"0600ff0702010000007856341200010203040506070809 0a0b0c0d0e0f072018c8810401 7a")
}

func FuzzParseASF(f *testing.F) { octettest.Fuzz(f, ParseASF, "0600ff06000011be80170000") }

func FuzzParseMessage(f *testing.F) { octettest.Fuzz(f, ParseMessage, "2018c88104017a") }

func FuzzParseRAKP1(f *testing.F) {
	octettest.Fuzz(f, ParseRAKP1, "0000000004030201000102030405060708090a0b0c0d0e0f1400000541444d494e")
}

func FuzzParseRAKP2(f *testing.F) {
	octettest.Fuzz(f, ParseRAKP2, "00000000a4a3a2a0"+"00010203040506070809000102030405"+"00010203040506070809000102030405"+"ff")
}

func FuzzParseOpenRequest(f *testing.F) {
	octettest.Fuzz(f, ParseOpenRequest, "01000000a4a3a2a0000000080100000001000008010000000200000801000000")
}

func FuzzDecrypt(f *testing.F) {
	k := NewKeys(Suite{3, RAKPSHA1, IntegritySHA1, ConfidentialityAES}, make([]byte, 20), nil)
	f.Add(k.Encrypt([16]byte{}, []byte("abc")))
	f.Fuzz(func(t *testing.T, p []byte) {
		if plain, err := k.Decrypt(p); err == nil && !bytes.Equal(k.Encrypt([16]byte(p[:16]), plain), p) {
			t.Errorf("% x is not what its plain text encrypts to", p)
		}
	})
}
