package ipmi

import (
	"bytes"
	"encoding/hex"
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
)

// An account is a user slot, as kept over restarts. Slots without a name and
// without rights are free.
type account struct {
	ID       int       `json:"id"`
	Name     string    `json:"name,omitempty"`
	Password []byte    `json:"password,omitempty"` // without zeros at its end
	Limit    privilege `json:"limit"`
	Callback bool      `json:"callback,omitempty"` // only by call-back
	Link     bool      `json:"link,omitempty"`     // link authentication
	Message  bool      `json:"message,omitempty"`  // IPMI messaging: what a session takes
	Enabled  bool      `json:"enabled,omitempty"`
	Default  []byte    `json:"default,omitempty"` // password that the maker ships
}

// usable says whether the account can open a session.
func (u *account) usable() bool {
	return u.Enabled && u.Message && u.Limit >= callback && u.Limit <= oem
}

// isDefault says whether the account still has the maker's password.
func (u *account) isDefault() bool { return u.Default != nil && bytes.Equal(u.Default, u.Password) }

// accounts returns the user slots of the settings.
func (s *settings) accounts() []account {
	list := make([]account, s.Slots)
	for i := range list {
		list[i] = account{ID: i + 1, Limit: noAccess}
	}
	for _, u := range s.Users {
		a := &list[u.ID-1]
		a.Name, a.Password = u.Name, []byte(u.Password)
		a.Limit, _ = parsePrivilege(u.Privilege)
		a.Enabled, a.Message, a.Link = !u.Disabled, true, true
		if u.Default {
			a.Default = []byte(u.Password)
		}
	}
	return list
}

// named returns the first enabled account of a name, else any of it, or nil.
func (b *bmc) named(name string) *account {
	var found *account
	for i := range b.kept.Users {
		u := &b.kept.Users[i]
		if u.Name != name || name == "" && !u.Enabled {
			continue
		}
		if u.usable() {
			return u
		}
		if found == nil {
			found = u
		}
	}
	return found
}

// account returns a user slot, or nil.
func (b *bmc) account(id uint8) *account {
	n := int(id & 0x3F)
	if n < 1 || n > len(b.kept.Users) {
		return nil
	}
	return &b.kept.Users[n-1]
}

// about makes the act be about a user slot.
func (r *request) about(id uint8) *account {
	r.act.Target = event.Target{Kind: event.TargetUser, Ref: strconv.Itoa(int(id & 0x3F))}
	u := r.account(id)
	if u != nil && u.Name != "" {
		r.note.text("name", u.Name)
	}
	return u
}

func (r *request) getUserAccess() ([]byte, uint8) {
	u := r.about(r.data[1])
	if !lan(r.data[0]) || u == nil {
		return nil, codeField
	}
	enabled, fixed := 0, 0
	for i := range r.kept.Users {
		if r.kept.Users[i].Enabled {
			enabled++
		}
	}
	if len(r.kept.Users) > 0 && r.set.Users != nil && r.set.Users[0].ID == 1 && r.set.Users[0].Name == "" {
		fixed = 1 // the null user's name cannot be changed
	}
	access := uint8(u.Limit)
	if u.Callback {
		access |= 0x40
	}
	if u.Link {
		access |= 0x20
	}
	if u.Message {
		access |= 0x10
	}
	status := uint8(enabled) | 0x80 // disabled by Set User Password
	if u.Enabled {
		status = uint8(enabled) | 0x40
	}
	return []byte{uint8(len(r.kept.Users)), status, uint8(fixed), access}, codeOK
}

// setUserAccess changes what a user may do (§22.26).
func (r *request) setUserAccess() ([]byte, uint8) {
	u := r.about(r.data[1])
	limit := privilege(r.data[2] & 0x0F)
	if !lan(r.data[0]) || u == nil || limit > oem && limit != noAccess || limit == anybody {
		return nil, codeField
	}
	r.act.Values, r.act.Previous = []string{limit.String()}, []string{u.Limit.String()}
	if r.data[0]&0x80 != 0 { // the bits below are meant
		u.Callback, u.Link, u.Message = r.data[0]&0x40 != 0, r.data[0]&0x20 != 0, r.data[0]&0x10 != 0
	}
	u.Limit = limit
	r.dirty = true
	return nil, codeOK
}

func (r *request) getUserName() ([]byte, uint8) {
	u := r.about(r.data[0])
	if u == nil {
		return nil, codeField
	}
	name := make([]byte, 16)
	copy(name, u.Name)
	return name, codeOK
}

func (r *request) setUserName() ([]byte, uint8) {
	u := r.about(r.data[0])
	name := cutName(r.data[1:17])
	r.act.Values = []string{name}
	if u == nil {
		return nil, codeField
	}
	r.act.Previous = []string{u.Name}
	u.Name, u.Default = name, nil
	r.dirty = true
	return nil, codeOK
}

// setUserPassword disables, enables, sets or tests (§22.30).
func (r *request) setUserPassword() ([]byte, uint8) {
	u := r.about(r.data[0])
	if u == nil {
		return nil, codeField
	}
	secret := r.data[2:]
	want := 16
	if r.data[0]&0x80 != 0 {
		want = 20
	}
	switch op := r.data[1] & 3; op {
	case 0, 1:
		r.note.text("operation", []string{"disable", "enable"}[op])
		u.Enabled = op == 1
	case 2:
		r.note.text("operation", "set")
		r.act.Cred = &event.Cred{User: u.Name, Secret: cutName(secret), Method: "set_user_password"}
		if len(secret) != want {
			return nil, codeLength
		}
		u.Password = bytes.TrimRight(bytes.Clone(secret), "\x00")
	default:
		r.note.text("operation", "test")
		r.act.Class = event.Auth
		r.act.Cred = &event.Cred{User: u.Name, Secret: cutName(secret), Method: "test_user_password"}
		switch {
		case len(secret) != want:
			return nil, 0x81 // wrong password size
		case !bytes.Equal(bytes.TrimRight(secret, "\x00"), u.Password):
			return nil, 0x80 // wrong password
		}
		return nil, codeOK
	}
	r.dirty = true
	return nil, codeOK
}

func hexText(p []byte) string { return hex.EncodeToString(p) }
