package conpot

import (
	"cmp"
	"strings"
)

// tree is a file system that FTP and TFTP share: Conpot's files are in its
// package, not in the template, so that it begins empty.
func (im *importer) tree() string {
	const file = "device/tree.csv"
	im.result.Files[file] = []byte("path,mode,owner,group,age,repeat,source,size\n/,0777,admin,users,300d,,,\n")
	return file
}

// ftp carries over users and the greeting.
func (im *importer) ftp(s *Service, root *node) error {
	var d doc
	d.set("tree", im.tree())
	if n := number(root.child("max_login_attempts", "max_attempts").text()); n > 0 && n < 20 {
		d.set("attempts", n)
	}
	var rows []row
	var anonymous row
	for _, u := range root.all("user") {
		name := cmp.Or(u.child("uname", "user_name", "username", "name").text(), u.attr("name"))
		password := cmp.Or(u.child("password", "passwd").text(), u.attr("password"))
		markRead(u)
		switch {
		case name == "":
			s.leave("a user without a name", "it says nothing")
			continue
		case strings.EqualFold(name, "anonymous"), strings.EqualFold(name, "ftp"):
			anonymous = row{"name", "guest", "group", "users"}
		default:
			rows = append(rows, row{"name", name, "password", password, "group", "users"})
		}
		s.Carried++
	}
	d.rows("users", rows)
	if anonymous != nil {
		d.raw("anonymous", anonymous.String())
	}
	if banner := root.child("banner", "greeting").text(); banner != "" {
		text, _, _ := strings.Cut(banner, "\n")
		if rest, ok := strings.CutPrefix(text, "2"); ok && len(rest) > 3 && rest[2] == ' ' { // its reply code; ours says 220
			text = rest[3:]
		}
		d.table("[texts]")
		d.set("greeting", text)
		s.Carried++
	}
	s.leave("files", "Conpot keeps them in its package, not in the template: list yours in device/tree.csv")
	im.put(s, "ftp", &d)
	return nil
}

// tftp carries over that there is such a service.
func (im *importer) tftp(s *Service, root *node) error {
	var d doc
	d.set("tree", im.tree())
	d.set("root", "/")
	d.set("user", "admin")
	d.set("group", "users")
	d.set("write", true)
	s.Carried++
	s.leave("files", "Conpot keeps them in its package, not in the template: list yours in device/tree.csv")
	im.put(s, "tftp", &d)
	return nil
}
