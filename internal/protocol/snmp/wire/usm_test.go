package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const engine12 = "000000000000000000000002"

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		auth Auth
		want string
	}{
		{"RFC 3414 A.3.1", MD5, "526f5eed9fcce26f8964c2930787d82b"},
		{"RFC 3414 A.3.2", SHA1, "6695febc9288e36282235fc7151f128497b38f3f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.auth.Key("maplesyrup", octettest.Hex(t, engine12))
			if !bytes.Equal(got, octettest.Hex(t, c.want)) {
				t.Errorf("got %x, want %s", got, c.want)
			}
		})
	}
}

func TestPrivKeys(t *testing.T) {
	engine := octettest.Hex(t, engine12)
	for _, c := range []struct {
		name string
		priv Priv
		want string
	}{
		// RFC 3826 takes the first 128 bits of the localised key of RFC 3414 A.3.2.
		{"RFC 3826 §1.2", AES128, "6695febc9288e36282235fc7151f1284"},
		{"draft-blumenthal-aes-usm-04 A.2", AES256, "6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe"},
		{"the same, cut to 192 bits", AES192, "6695febc9288e36282235fc7151f128497b38f3f505e07eb"},
		{"draft-reeder-snmpv3-usm-3desede-00 B.2, cut to 192 bits", AES192C, "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78"},
		{"the same, cut to 256 bits", AES256C, "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.priv.PrivKey(SHA1, "maplesyrup", engine); !bytes.Equal(got, octettest.Hex(t, c.want)) {
				t.Errorf("got %x, want %s", got, c.want)
			}
		})
	}
}

func TestPrivacyThereAndBack(t *testing.T) {
	engine := octettest.Hex(t, engine12)
	plain := Scoped{Engine: engine, Context: []byte{}, PDU: PDU{Type: GetRequest, RequestID: 7, Varbinds: []Varbind{}}}
	for p := DES; p <= AES256C; p++ {
		t.Run(p.String(), func(t *testing.T) {
			key := p.PrivKey(MD5, "maplesyrup", engine)
			u := USM{Engine: engine, Boots: 3, Time: 77}
			data, salt, err := p.Encrypt(key, u, 9, plain.Append(nil))
			if err != nil || bytes.Contains(data, engine) {
				t.Fatalf("encrypted to % x, %v", data, err)
			}
			u.Salt = salt
			out, err := p.Decrypt(key, u, data)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ParseScoped(out)
			if err != nil || s.PDU.RequestID != 7 {
				t.Errorf("decrypted to %+v, %v", s, err)
			}
			u.Salt = salt[:4]
			if _, err := p.Decrypt(key, u, data); !errors.Is(err, ErrDecrypt) {
				t.Errorf("short salt: %v", err)
			}
		})
	}
	if _, err := DES.Decrypt(DES.PrivKey(MD5, "maplesyrup", engine), USM{Salt: make([]byte, 8)}, make([]byte, 9)); !errors.Is(err, ErrDecrypt) {
		t.Errorf("DES of nine octets: %v", err)
	}
}

func TestDigest(t *testing.T) {
	engine := octettest.Hex(t, engine12)
	for a := MD5; a <= SHA512; a++ {
		t.Run(a.String(), func(t *testing.T) {
			key := a.Key("maplesyrup", engine)
			u := USM{Engine: engine, User: []byte("u"), Digest: make([]byte, a.DigestLen())}
			three := &Three{ID: 1, MaxSize: 1472, Flags: FlagAuth, Model: ModelUSM, Security: u.Append(nil), Scoped: Scoped{PDU: PDU{Type: GetRequest}}}
			b := Message{Version: V3, Three: three}.Append(nil)
			if err := Sign(a, key, b); err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(b)
			if err := Verify(a, key, b); err != nil || !bytes.Equal(b, before) {
				t.Errorf("own digest: %v; octets unchanged: %t", err, bytes.Equal(b, before))
			}
			b[len(b)-1] ^= 1
			if err := Verify(a, key, b); !errors.Is(err, ErrDigest) {
				t.Errorf("changed octet: %v", err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for a := NoAuth; a <= SHA512; a++ {
		if got, ok := AuthByName(a.String()); got != a || !ok {
			t.Errorf("auth %s reads as %v", a, got)
		}
	}
	for p := NoPriv; p <= AES256C; p++ {
		if got, ok := PrivByName(p.String()); got != p || !ok {
			t.Errorf("priv %s reads as %v", p, got)
		}
	}
	if _, ok := PrivByName("rot13"); ok {
		t.Error("rot13 is no cipher")
	}
}
