package ipmi

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// A lanSession is the visitor's side of a session of IPMI 1.5.
type lanSession struct {
	*visitor
	auth     uint8
	id, seq  uint32
	password string
	n        uint8
}

// send sends a command under the session's code and returns the answer's frame and message.
func (c *lanSession) send(netfn, cmd uint8, data ...byte) (wire.Frame, wire.Message) {
	c.t.Helper()
	c.n++
	m := wire.Message{To: wire.BMCAddress, NetFn: netfn, From: 0x81, Seq: c.n, Cmd: cmd, Data: data}
	f := wire.Frame{Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI}, Auth: c.auth, ID: c.id, Seq: c.seq, Data: m.Append(nil)}
	if c.auth != wire.AuthNone {
		f.Code = wire.Code15(c.auth, []byte(c.password), &f)
	}
	f.Trailer = []byte{0} // the legacy pad, which is let pass
	p := c.ask(f.Append(nil))
	if p == nil {
		return wire.Frame{}, wire.Message{}
	}
	f, err := wire.ParseFrame(p)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.auth != wire.AuthNone && !bytes.Equal(f.Code, wire.Code15(c.auth, []byte(c.password), &f)) {
		c.t.Error("the answer's authentication code is wrong")
	}
	if m, err = wire.ParseMessage(f.Data); err != nil {
		c.t.Fatal(err)
	}
	return f, m
}

// lanLogin opens a session of IPMI 1.5; the code is that of what was refused.
func (v *visitor) lanLogin(auth uint8, name, password string, level privilege) (*lanSession, uint8) {
	v.t.Helper()
	c := &lanSession{visitor: v, password: password}
	field := make([]byte, 17)
	field[0] = auth
	copy(field[1:], name)
	_, m := c.send(wire.NetFnApp, 0x39, field...)
	if m.Data[0] != codeOK {
		return nil, m.Data[0]
	}
	c.auth, c.id = auth, binary.LittleEndian.Uint32(m.Data[1:])
	data := append([]byte{auth, uint8(level)}, m.Data[5:21]...)
	f, m := c.send(wire.NetFnApp, 0x3A, binary.LittleEndian.AppendUint32(data, 0x1000)...)
	if len(m.Data) == 0 || m.Data[0] != codeOK {
		return nil, append(m.Data, 0xFF)[0]
	}
	if f.ID != c.id || f.Seq != 0x1000 {
		v.t.Errorf("Activate Session is answered with id %08x, sequence number %x", f.ID, f.Seq)
	}
	c.id, c.seq = binary.LittleEndian.Uint32(m.Data[2:]), binary.LittleEndian.Uint32(m.Data[6:])
	return c, codeOK
}

func TestLANSessions(t *testing.T) {
	with(t, "", func(r *rig) {
		for _, auth := range []uint8{wire.AuthNone, wire.AuthMD2, wire.AuthMD5, wire.AuthPassword} {
			v := r.visit("198.51.100.7")
			c, code := v.lanLogin(auth, "ADMIN", "ADMIN", admin)
			if code != codeOK {
				t.Errorf("%s: %02x", authName(auth), code)
				continue
			}
			for want := uint32(0x1001); want < 0x1010; want++ {
				f, m := c.send(wire.NetFnApp, 0x01)
				if len(m.Data) != 16 || f.Seq != want {
					t.Errorf("%s: device id %+v, sequence number %x", authName(auth), m, f.Seq)
				}
				c.seq++
			}
			if _, m := c.send(wire.NetFnApp, 0x01); m.Data == nil {
				t.Error("the next sequence number is not answered")
			}
			if _, m := c.send(wire.NetFnApp, 0x01); m.Data != nil {
				t.Error("a sequence number is answered twice")
			}
			c.seq += 9
			if _, m := c.send(wire.NetFnApp, 0x01); m.Data != nil {
				t.Error("a sequence number beyond the window is answered")
			}
			if auth == wire.AuthNone {
				continue
			}
			c.seq, c.password = c.seq-8, "guess"
			if _, m := c.send(wire.NetFnApp, 0x01); m.Data != nil {
				t.Error("a wrong code is answered")
			}
		}
	})
}

func TestLANRefusals(t *testing.T) {
	with(t, "", func(r *rig) {
		v := r.visit("198.51.100.7")
		for _, c := range []struct {
			name           string
			auth           uint8
			user, password string
			level          privilege
			want           uint8
		}{
			{"unknown user", wire.AuthMD5, "nobody", "x", admin, 0x81},
			{"null user", wire.AuthMD5, "", "x", admin, 0x82},
			{"OEM authentication", wire.AuthOEM, "ADMIN", "ADMIN", admin, codeField},
			{"level above the user's", wire.AuthMD5, "operator", "op-3-secret", admin, 0x86},
			{"wrong password: silence", wire.AuthMD5, "ADMIN", "changeme", admin, 0xFF},
			{"wrong password in the clear", wire.AuthPassword, "ADMIN", "zebra9", admin, 0xFF},
		} {
			if _, code := v.lanLogin(c.auth, c.user, c.password, c.level); code != c.want {
				t.Errorf("%s: %02x, want %02x", c.name, code, c.want)
			}
		}
		v.leave()
		var secrets []string
		for _, e := range r.acts("activate_session") {
			if e.Outcome == event.Ignored {
				secrets = append(secrets, e.Cred.User+"/"+e.Cred.Secret+"/"+e.Cred.Method)
			}
		}
		if len(secrets) != 2 || secrets[0] != "ADMIN/changeme/ipmi-md5" || secrets[1] != "ADMIN/zebra9/ipmi-password" {
			t.Errorf("guesses recorded as %q", secrets)
		}
	})
}

// Two visitors at once do not disturb each other, and neither can use the other's session.
func TestSessionsAreTheirOwn(t *testing.T) {
	with(t, "", func(r *rig) {
		a, _ := r.visit("198.51.100.7").lanLogin(wire.AuthMD5, "ADMIN", "ADMIN", admin)
		b := r.visit("203.0.113.9").as("operator", "op-3-secret", operator)
		for range 5 {
			if _, m := a.send(wire.NetFnChassis, 0x01); m.Data == nil || m.Data[0] != codeOK {
				t.Errorf("first visitor: %+v", m)
			}
			a.seq++
			b.must(wire.NetFnChassis, 0x01)
		}
		stolen := &lanSession{visitor: b.visitor, auth: a.auth, id: a.id, seq: a.seq, password: "ADMIN"}
		if _, m := stolen.send(wire.NetFnChassis, 0x01); m.Data != nil {
			t.Error("another address uses the session")
		}
	})
}
