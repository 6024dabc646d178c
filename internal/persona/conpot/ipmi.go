package conpot

import (
	"cmp"
	"strings"
)

// ipmi carries over the users. Conpot knows cipher suite 3 only; Sundew's room
// has those of a controller of its time.
func (im *importer) ipmi(s *Service, root *node) error {
	var d doc
	d.set("guid", "00000000-0000-0000-0000-${mac}")
	d.set("suites", []int{1, 2, 3})
	name := cmp.Or(im.words(root.child("device_name").text()), "BMC")
	d.raw("device", row{"id", 32, "revision", 1, "firmware", "1.07", "aux", "00000000", "support", 0xbf, "manufacturer", 10876, "product", 2051, "name", name[:min(len(name), 16)]}.String())
	d.set("user_slots", 10)
	var rows []row
	for i, u := range root.all("user") {
		user := u.child("user_name", "name").text()
		if user == "" || len(user) > 16 {
			markRead(u)
		}
		slot := i + 2 // slot 1 is the anonymous user's (IPMI 2.0 §22.26)
		if slot > 10 || user == "" || len(user) > 16 {
			s.leave("user "+user, "no room for it, or no name of 1 to 16 octets")
			continue
		}
		r := row{"id", slot, "name", user, "password", u.child("password").text(), "privilege", privilege(u.child("privilege", "priv_level").text())}
		if strings.EqualFold(u.child("active", "enabled").text(), "false") {
			r = append(r, "disabled", true)
		}
		rows = append(rows, r)
		s.Carried++
		for _, more := range u.unread() {
			s.leave(more, "not understood")
		}
		markRead(u)
	}
	d.rows("users", rows)
	im.put(s, "ipmi", &d)
	return nil
}

func privilege(s string) string {
	switch strings.ToLower(s) {
	case "1", "callback":
		return "callback"
	case "3", "operator":
		return "operator"
	case "4", "administrator", "admin":
		return "administrator"
	}
	return "user"
}
