package ipmi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestConversations(t *testing.T) { prototest.Run(t, Protocol()) }

const admin = administrator

func TestEverySuite(t *testing.T) {
	with(t, "", func(r *rig) {
		for _, s := range wire.Suites() {
			c, err := r.visit("198.51.100.7").login(s.ID, "ADMIN", "ADMIN", admin)
			if err != nil {
				t.Errorf("suite %d: %v", s.ID, err)
				continue
			}
			for range 20 {
				if id := c.must(wire.NetFnApp, 0x01); !bytes.Equal(id, []byte{32, 1, 3, 0x88, 2, 0xBF, 0x7C, 0x2A, 0, 3, 8, 1, 2, 3, 4}) {
					t.Errorf("suite %d: device id % x", s.ID, id)
				}
			}
			if code, _ := c.do(wire.NetFnApp, 0x3C, binary.LittleEndian.AppendUint32(nil, c.shake.Managed)...); code != codeOK {
				t.Errorf("suite %d: close session: %02x", s.ID, code)
			}
			if c.ask(c.frame(wire.NetFnApp, 0x01)) != nil {
				t.Errorf("suite %d: answered after Close Session", s.ID)
			}
		}
	})
}

// Every status by which table 13-15 lets a controller refuse.
func TestHandshakeErrors(t *testing.T) {
	with(t, "", func(r *rig) {
		for _, c := range []struct {
			name           string
			user, password string
			role           privilege
			want           uint8
		}{
			{"unknown name", "nobody", "x", admin, wire.StatusWrongName},
			{"disabled user", "gone", "x", admin, wire.StatusWrongName},
			{"no null user", "", "x", admin, wire.StatusWrongName},
			{"name too long", "ADMINADMINADMINADMIN", "x", admin, wire.StatusNameLength},
			{"level above the user's", "operator", "op-3-secret", admin, wire.StatusUnauthorized},
			{"wrong password", "ADMIN", "calvin", admin, wire.StatusCheckValue},
		} {
			if _, err := r.visit("198.51.100.7").login(3, c.user, c.password, c.role); err != statusError(c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, statusError(c.want))
			}
		}
		for _, c := range []struct {
			name string
			req  wire.OpenRequest
			want uint8
		}{
			{"xRC4", wire.OpenRequest{Algorithms: wire.Algorithms{Auth: 1, Integrity: 1, Confidentiality: 2}}, wire.StatusConfidential},
			{"no such authentication", wire.OpenRequest{Algorithms: wire.Algorithms{Auth: 9}}, wire.StatusAuthentication},
			{"no such integrity", wire.OpenRequest{Algorithms: wire.Algorithms{Auth: 1, Integrity: 9}}, wire.StatusIntegrity},
			{"parts of two suites", wire.OpenRequest{Algorithms: wire.Algorithms{Auth: 1, Integrity: 4, Confidentiality: 1}}, wire.StatusNoSuite},
			{"no such role", wire.OpenRequest{Privilege: 7, Algorithms: wire.Algorithms{Auth: 1, Integrity: 1, Confidentiality: 1}}, wire.StatusRole},
		} {
			if _, err := r.visit("198.51.100.7").open20(c.req); err != statusError(c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, statusError(c.want))
			}
		}
		v := r.visit("198.51.100.7")
		stranger := &remote{visitor: v, shake: wire.Handshake{Managed: 77, Role: 0x14, Name: []byte("ADMIN")}}
		if _, err := stranger.rakp1(); err != statusError(wire.StatusSessionID) {
			t.Errorf("RAKP 1 of no session: %v", err)
		}
		m4, _ := wire.ParseRAKP3(v.payload(wire.PayloadRAKP3, wire.RAKP3{ID: 77}.Append(nil)))
		if m4.Status != wire.StatusSessionID {
			t.Errorf("RAKP 3 of no session: %02x", m4.Status)
		}
		o, err := v.open20(wire.OpenRequest{Console: consoleID, Algorithms: wire.Algorithms{Auth: 1, Integrity: 1, Confidentiality: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if m4, _ = wire.ParseRAKP3(v.payload(wire.PayloadRAKP3, wire.RAKP3{ID: o.Managed}.Append(nil))); m4.Status != wire.StatusInactive {
			t.Errorf("RAKP 3 before RAKP 1: %02x", m4.Status)
		}
		stranger.visitor, stranger.shake.Managed = r.visit("203.0.113.9"), o.Managed
		if _, err := stranger.rakp1(); err != statusError(wire.StatusSessionID) {
			t.Errorf("RAKP 1 from another address: %v", err)
		}
		stranger.visitor, stranger.shake.Role = v, 0x19
		if _, err := stranger.rakp1(); err != statusError(wire.StatusRole) {
			t.Errorf("RAKP 1 with role 9: %v", err)
		}
	})
}

// What a hash dump and a guess leave in the record.
func TestCredentialsAreRecorded(t *testing.T) {
	with(t, "", func(r *rig) {
		v := r.visit("198.51.100.7")
		v.login(3, "ADMIN", "", admin)        // takes the hash and goes
		v.login(3, "ADMIN", "calvin", admin)  // a maker's password, not this one's
		v.login(17, "ADMIN", "zebra9", admin) // one that nobody knows
		v.login(3, "ADMIN", "ADMIN", admin)
		synced := r.acts("rakp_message_1")
		var d struct {
			Salt, Hash string
			Known      bool `json:"known_user"`
			Login      bool
			Default    bool
		}
		if err := json.Unmarshal(synced[0].Detail, &d); err != nil || len(d.Hash) != 40 || !d.Known {
			t.Errorf("the dump's detail is %s", synced[0].Detail)
		}
		if c := synced[0].Cred; c == nil || c.User != "ADMIN" || c.Method != "rakp-hmac-sha1" || synced[0].Class != event.Auth {
			t.Errorf("the dump's credential is %+v", c)
		}
		want := []event.Cred{{User: "ADMIN", Secret: "calvin", Method: "rakp-hmac-sha1"}, {User: "ADMIN", Method: "rakp-hmac-sha256"}}
		tried := r.acts("rakp_message_3")
		for i, w := range want {
			if c := tried[i].Cred; c == nil || *c != w || tried[i].Outcome != event.Refused {
				t.Errorf("guess %d: %+v %s, want %+v refused", i, c, tried[i].Outcome, w)
			}
		}
		v.leave()
		tried = r.acts("rakp_message_3")
		last := tried[len(tried)-1]
		if err := json.Unmarshal(last.Detail, &d); err != nil || !d.Login || !d.Default || last.Cred.Secret != "ADMIN" {
			t.Errorf("the login is recorded as %+v %s", last.Cred, last.Detail)
		}
	})
}

func TestCipherZeroAsksForNoPassword(t *testing.T) {
	with(t, "", func(r *rig) {
		c, err := r.visit("198.51.100.7").login(0, "ADMIN", "whatever", admin)
		if err != nil {
			t.Fatal(err)
		}
		c.must(wire.NetFnApp, 0x3B, uint8(admin))
		c.must(wire.NetFnChassis, 0x02, controlOff)
	})
}

func TestPrivilegesAreEnforced(t *testing.T) {
	with(t, "", func(r *rig) {
		v := r.visit("198.51.100.7")
		c, err := v.login(3, "ADMIN", "ADMIN", operator)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			name       string
			netfn, cmd uint8
			data       []byte
			want       uint8
		}{
			{"a session begins as user", wire.NetFnChassis, 0x02, []byte{controlOff}, codePrivilege},
			{"beyond what the session was opened for", wire.NetFnApp, 0x3B, []byte{uint8(admin)}, 0x81},
			{"as operator", wire.NetFnApp, 0x3B, []byte{uint8(operator)}, codeOK},
			{"an operator's command", wire.NetFnChassis, 0x02, []byte{controlDiag}, codeOK},
			{"an administrator's command", wire.NetFnApp, 0x02, nil, codePrivilege},
			{"unknown command", wire.NetFnApp, 0x7E, nil, codeCommand},
			{"OEM", 0x30, 0x70, []byte{1}, codeCommand},
			{"too short", wire.NetFnApp, 0x3B, nil, codeLength},
			{"PICMG", wire.NetFnGroup, 0x00, []byte{0}, codeCommand},
			{"DCMI", wire.NetFnGroup, 0x02, []byte{0xDC, 1, 0, 0}, codeCommand},
		} {
			if code, _ := c.do(step.netfn, step.cmd, step.data...); code != step.want {
				t.Errorf("%s: %02x, want %02x", step.name, code, step.want)
			}
		}
	})
}

// §6.12.13: each number once, in any order within the window.
func TestSequenceWindow(t *testing.T) {
	with(t, "", func(r *rig) {
		c, err := r.visit("198.51.100.7").login(3, "ADMIN", "ADMIN", user)
		if err != nil {
			t.Fatal(err)
		}
		first, second := c.frame(wire.NetFnApp, 0x01), c.frame(wire.NetFnApp, 0x01)
		if c.ask(second) == nil || c.ask(first) == nil {
			t.Error("two datagrams in the wrong order are not both answered")
		}
		if c.ask(first) != nil || c.ask(second) != nil {
			t.Error("a datagram is answered twice")
		}
		for range 14 {
			c.frame(wire.NetFnApp, 0x01)
		}
		if c.ask(c.frame(wire.NetFnApp, 0x01)) == nil {
			t.Error("15 ahead is not answered")
		}
		c.seq += 20
		if c.ask(c.frame(wire.NetFnApp, 0x01)) != nil {
			t.Error("21 ahead is answered")
		}
		c.seq = 18
		forged := c.frame(wire.NetFnApp, 0x01)
		forged[len(forged)-1] ^= 1
		if c.ask(forged) != nil {
			t.Error("a wrong integrity code is answered")
		}
	})
}

// The power is the plant's: sensors that hang on it fall silent with it.
func TestPower(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("operator", "op-3-secret", operator)
		power, _ := r.env.Device.Process.Ref("server.power")
		on := func() bool { return r.env.Device.Process.View().Bool(power) }
		status := func() bool { return c.must(wire.NetFnChassis, 0x01)[0]&1 == 1 }
		if got := c.must(wire.NetFnSensor, 0x2D, 1); !bytes.Equal(got, []byte{36, 0xC0, 0xC0}) {
			t.Errorf("reading % x of 36.4 °C", got)
		}
		c.must(wire.NetFnChassis, 0x02, controlOff)
		if on() || status() {
			t.Error("on after Power Down")
		}
		if got := c.must(wire.NetFnSensor, 0x2D, 1); got[1]&0x20 == 0 {
			t.Errorf("reading % x without power", got)
		}
		if got := c.must(wire.NetFnSensor, 0x2D, 0x38); !bytes.Equal(got, []byte{192, 0xC0, 0xC0}) {
			t.Errorf("standby voltage % x of 5.0 V", got)
		}
		for _, action := range []uint8{controlCycle, controlReset, controlDiag} {
			if code, _ := c.do(wire.NetFnChassis, 0x02, action); code != codeState {
				t.Errorf("action %d without power: %02x", action, code)
			}
		}
		c.must(wire.NetFnChassis, 0x02, controlOn)
		if !on() || !status() {
			t.Error("off after Power Up")
		}
		c.must(wire.NetFnChassis, 0x02, controlCycle)
		time.Sleep(time.Second)
		if on() {
			t.Error("on one second into a power cycle")
		}
		time.Sleep(cycleDefault * time.Second)
		if !on() {
			t.Error("off after a power cycle")
		}
		c.must(wire.NetFnChassis, 0x02, controlSoft)
		if !on() {
			t.Error("a host that shuts down is off at once")
		}
		c.leave() // what was begun is done at the end of the flow
		if on() {
			t.Error("on after the shutdown")
		}
		a := r.acts("chassis_control")[0]
		if a.Class != event.Control || a.Target.Ref != "power_down" || a.Tags[0] != "server.power" || a.Values[0] != "false" || a.Previous[0] != "true" {
			t.Errorf("recorded as %+v", a)
		}
	})
}

// Users that a visitor makes are there for the next, and over a restart.
func TestUsersAreKept(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		field := func(s string, n int) []byte { return append([]byte(s), make([]byte, n-len(s))...) }
		c.must(wire.NetFnApp, 0x45, append([]byte{5}, field("eve", 16)...)...)
		c.must(wire.NetFnApp, 0x47, append([]byte{5 | 0x80, 2}, field("hunter22hunter22long", 20)...)...)
		c.must(wire.NetFnApp, 0x43, 0x91, 5, uint8(admin))
		if _, err := c.login(3, "eve", "hunter22hunter22long", admin); err != statusError(wire.StatusWrongName) {
			t.Errorf("not enabled yet: %v", err)
		}
		c.must(wire.NetFnApp, 0x47, 5, 1)
		for name, want := range map[string]uint8{"hunter22hunter22long": codeOK, "hunter23": 0x80} {
			if code, _ := c.do(wire.NetFnApp, 0x47, append([]byte{5 | 0x80, 3}, field(name, 20)...)...); code != want {
				t.Errorf("password test %q: %02x, want %02x", name, code, want)
			}
		}
		if code, _ := c.do(wire.NetFnApp, 0x47, append([]byte{5, 3}, field("hunter22", 20)...)...); code != 0x81 {
			t.Errorf("password of another size: %02x", code)
		}
		if got := c.must(wire.NetFnApp, 0x44, 1, 5); !bytes.Equal(got, []byte{6, 0x43, 0, 0x14}) {
			t.Errorf("user access % x", got)
		}
		if code, _ := c.do(wire.NetFnApp, 0x44, 1, 7); code != codeField {
			t.Errorf("slot 7 of 6: %02x", code)
		}
		c.must(wire.NetFnApp, 0x47, append([]byte{2, 2}, field("changed", 16)...)...)
		c.leave()
		r.start()
		if _, err := r.visit("203.0.113.9").login(17, "eve", "hunter22hunter22long", admin); err != nil {
			t.Errorf("after a restart: %v", err)
		}
		if _, err := r.visit("203.0.113.9").login(3, "ADMIN", "ADMIN", admin); err != statusError(wire.StatusCheckValue) {
			t.Errorf("the old password: %v", err)
		}
	})
}

func TestSessionsAreLimited(t *testing.T) {
	with(t, "sessions = 8", func(r *rig) {
		a := r.visit("198.51.100.7")
		open := func(v *visitor) error {
			_, err := v.login(3, "ADMIN", "ADMIN", admin)
			return err
		}
		for range 2 {
			if err := open(a); err != nil {
				t.Fatal(err)
			}
		}
		if err := open(a); err != statusError(wire.StatusResources) {
			t.Errorf("a third session of one source: %v", err)
		}
		if err := open(r.visit("203.0.113.9")); err != nil {
			t.Errorf("another source: %v", err)
		}
		time.Sleep(11 * time.Second)
		if err := open(a); err != nil {
			t.Errorf("an idle session does not give way: %v", err)
		}
		time.Sleep(61 * time.Second)
		if live := r.bmc.sweep(time.Now()); live != 0 {
			t.Errorf("%d sessions after a minute of silence", live)
		}
	})
}

func TestPendingHandshakesAreBounded(t *testing.T) {
	with(t, "", func(r *rig) {
		open := func(from string) wire.OpenResponse {
			v := r.visit(from)
			defer v.leave()
			resp, err := v.open20(wire.OpenRequest{Console: 1, Algorithms: wire.Algorithms{Auth: 1, Integrity: 1, Confidentiality: 1}})
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		other := open("198.51.100.8")
		for range 3 * maxPending {
			open("198.51.100.7")
		}
		if n := len(r.bmc.consoles); n != ownPending+1 || r.bmc.consoles[other.Managed] == nil {
			t.Errorf("%d handshakes are kept, another visitor's: %v", n, r.bmc.consoles[other.Managed] != nil)
		}
		for i := range 200 {
			open(fmt.Sprintf("192.0.2.%d", i))
		}
		if n := len(r.bmc.consoles); n > maxPending {
			t.Errorf("%d handshakes are kept", n)
		}
	})
}

// A cold reset ends all sessions, and for its time nothing answers.
func TestColdReset(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		c.must(wire.NetFnApp, 0x02)
		if _, err := c.login(3, "ADMIN", "ADMIN", admin); err != errSilence {
			t.Errorf("during the restart: %v", err)
		}
		time.Sleep(31 * time.Second)
		if _, err := c.login(3, "ADMIN", "ADMIN", admin); err != nil {
			t.Errorf("after the restart: %v", err)
		}
	})
}

func TestColdResetIsTheVisitorsOwn(t *testing.T) {
	with(t, "", func(r *rig) {
		v, other := r.visit("192.0.2.77"), r.visit("192.0.2.78")
		defer v.leave()
		defer other.leave()
		mine, his := v.as("ADMIN", "ADMIN", administrator), other.as("ADMIN", "ADMIN", administrator)
		mine.must(wire.NetFnApp, 0x02)
		if out := v.ask(mine.frame(wire.NetFnApp, 0x01)); out != nil {
			t.Errorf("% x while the controller restarts", out)
		}
		if code, _ := his.do(wire.NetFnApp, 0x01); code != codeOK {
			t.Errorf("another visitor's session is met with %#x", code)
		}
	})
}

func TestWatchdogTurnsOff(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		if code, _ := c.do(wire.NetFnApp, 0x22); code != 0x80 {
			t.Errorf("reset before set: %02x", code)
		}
		c.must(wire.NetFnApp, 0x24, 0x04, 0x02, 0, 0, 50, 0) // SMS/OS, power down, 5 s
		c.must(wire.NetFnApp, 0x22)
		time.Sleep(2 * time.Second)
		if got := c.must(wire.NetFnApp, 0x25); got[0] != 0x44 || binary.LittleEndian.Uint16(got[6:]) != 30 {
			t.Errorf("watchdog % x, want running with 3 s left", got)
		}
		time.Sleep(4 * time.Second)
		if got := c.must(wire.NetFnChassis, 0x01); got[0]&1 != 0 {
			t.Error("still on")
		}
		if got := c.must(wire.NetFnApp, 0x25); got[3] != 1<<4 || got[0]&0x40 != 0 {
			t.Errorf("watchdog % x, want expired", got)
		}
	})
}

// Power changes that are still to come are bounded, however often they are asked for.
func TestPowerChangesAreBounded(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("operator", "op-3-secret", operator)
		for range maxSwitching {
			c.must(wire.NetFnChassis, 0x02, controlSoft)
		}
		if code, _ := c.do(wire.NetFnChassis, 0x02, controlSoft); code != codeBusy {
			t.Errorf("one more: %02x, want %02x", code, codeBusy)
		}
		time.Sleep(softOff + time.Second)
		c.must(wire.NetFnChassis, 0x02, controlOn)
		c.must(wire.NetFnChassis, 0x02, controlSoft)
	})
}
