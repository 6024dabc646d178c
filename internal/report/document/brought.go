package document

import "strings"

// brought is what visitors tried to change, what they tried to enter with, and
// what they left.
func (d *Document) brought(f *facts) Section {
	s := Section{ID: "brought", Title: "Targets, credentials and files", Lead: "What visitors tried to change, with which names and passwords they tried to enter, and what they left behind."}
	aims := &Table{Name: "targets", Caption: "What visitors tried to change", Show: 25, Note: "Obeyed: the device answered as if it had done so. The value is an example.",
		Columns: []Column{{Name: "protocol"}, {Name: "persona"}, {Name: "operation", Code: true, Keep: true}, {Name: "target", Code: true}, {Name: "value", Code: true}, {Name: "acts", Number: true}, {Name: "obeyed", Number: true}, {Name: "sources", Number: true}, {Name: "first"}}}
	for _, a := range f.aims {
		aims.Rows = append(aims.Rows, []any{a.Protocol, a.Persona, a.Op, strings.TrimSpace(a.Target), a.Value, a.Acts, a.Obeyed, a.Sources, a.First})
	}
	s.table(d, aims, "Nobody tried to change anything.")
	creds := &Table{Name: "credentials", Caption: "Credentials that visitors tried", Show: 25, Note: "As they were sent; a community of SNMP is a secret without a name.",
		Columns: []Column{{Name: "protocol"}, {Name: "user", Code: true}, {Name: "secret", Code: true}, {Name: "tries", Number: true}, {Name: "accepted", Number: true}, {Name: "sources", Number: true}, {Name: "first"}}}
	for _, c := range f.credentials {
		if c.Secret == "" && c.Method == "" {
			continue // a name, before its secret comes
		}
		creds.Rows = append(creds.Rows, []any{c.Protocol, c.User, c.Secret, c.Tries, c.Accepted, c.Sources, c.First})
	}
	s.table(d, creds, "Nobody tried to log in.")
	files := &Table{Name: "files", Caption: "Files and program blocks", Show: 25, Columns: []Column{{Name: "SHA-256", Code: true}, {Name: "octets", Number: true}, {Name: "kind"}, {Name: "name", Code: true}, {Name: "times", Number: true}, {Name: "sources", Number: true}, {Name: "protocols"}, {Name: "first"}}}
	for _, v := range f.files {
		files.Rows = append(files.Rows, []any{v.SHA256, v.Size, v.Kind, v.Name, v.Times, v.Sources, join(v.Protocols), v.First})
	}
	s.table(d, files, "Nobody left a file.")
	return s
}
