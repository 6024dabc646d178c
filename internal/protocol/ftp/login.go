package ftp

import (
	"crypto/subtle"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
)

// cmdUser takes a name; whether it is known shows only after the password.
func (v *visit) cmdUser(name string) result {
	cred := &event.Cred{User: name}
	if v.user != nil {
		return result{cred: cred, reply: v.text(503, "user_again")}
	}
	v.named, v.known = name, nil
	if v.set.Anonymous != nil && (strings.EqualFold(name, "anonymous") || strings.EqualFold(name, "ftp")) {
		v.known = v.set.Anonymous
		return result{cred: cred, reply: v.text(331, "user_anonymous")}
	}
	for i := range v.set.Users {
		if v.set.Users[i].Name == name {
			v.known = &v.set.Users[i]
		}
	}
	return result{cred: cred, reply: v.text(331, "user", "user", name)}
}

// cmdPass logs in. After some wrong passwords the device hangs up.
func (v *visit) cmdPass(secret string) result {
	cred := &event.Cred{User: v.named, Secret: secret, Method: "password"}
	switch {
	case v.user != nil:
		return result{cred: cred, reply: v.text(503, "user_again")}
	case v.named == "":
		return result{cred: cred, reply: v.text(503, "pass_early")}
	}
	u, anonymous := v.known, v.known != nil && v.known == v.set.Anonymous
	if u == nil || !anonymous && subtle.ConstantTimeCompare([]byte(u.Password), []byte(secret)) != 1 {
		v.failures++
		v.closing = v.failures >= v.set.Attempts
		v.named, v.known = "", nil
		v.s.Delay(time.Duration(v.set.Delay))
		return result{cred: cred, reply: v.text(530, "pass_wrong")}
	}
	v.user, v.cwd = u, "/"
	if u.Home != "" {
		v.cwd = u.Home
	}
	if anonymous {
		cred.Method = "anonymous"
		return result{cred: cred, reply: v.text(230, "pass_anonymous")}
	}
	return result{cred: cred, reply: v.text(230, "pass", "user", u.Name)}
}

// cmdFeat lists the extensions (RFC 2389 §3.2).
func (v *visit) cmdFeat() result {
	lines := []string{v.texts["features"]}
	for _, f := range []string{"EPRT", "EPSV", "MDTM", "MFMT", "MLST", "REST", "SIZE", "UTF8"} {
		switch {
		case f == "UTF8":
		case !v.has(f):
			continue
		case f == "MLST":
			f += " " + v.factList()
		case f == "REST":
			f += " STREAM"
		}
		lines = append(lines, f)
	}
	return result{reply: wire.Reply{Code: 211, Lines: append(lines, v.texts["end"])}}
}

// factList marks the facts that are chosen (RFC 3659 §7.8).
func (v *visit) factList() string {
	var b strings.Builder
	for name := range strings.SplitSeq(strings.TrimSuffix(wire.FactNames, ";"), ";") {
		b.WriteString(name)
		if strings.Contains(";"+v.facts, ";"+name+";") {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// cmdOpts has UTF8 and the choice of facts.
func (v *visit) cmdOpts(arg string) result {
	word, rest, _ := strings.Cut(arg, " ")
	switch strings.ToUpper(word) {
	case "UTF8", "UTF-8":
		return result{reply: v.text(200, "opts_utf8")}
	case "MLST":
		if !v.has("MLST") {
			break
		}
		var chosen strings.Builder
		for name := range strings.SplitSeq(strings.TrimSuffix(wire.FactNames, ";"), ";") {
			if strings.Contains(";"+strings.ToLower(rest), ";"+strings.ToLower(name)+";") {
				chosen.WriteString(name + ";")
			}
		}
		v.facts = chosen.String()
		return result{reply: wire.Text(200, strings.TrimSpace("OPTS MLST "+v.facts))}
	}
	return result{reply: v.text(501, "opts_bad", "arg", arg)}
}

// cmdHelp lists the commands or explains one.
func (v *visit) cmdHelp(arg string) result {
	if arg == "" {
		lines := []string{v.texts["help_head"]}
		var row strings.Builder
		n := 0
		for _, verb := range verbs() {
			if !v.has(verb) {
				continue
			}
			if row.WriteString(verb + strings.Repeat(" ", 8-len(verb))); n%8 == 7 {
				lines = append(lines, row.String())
				row.Reset()
			}
			n++
		}
		if row.Len() > 0 {
			lines = append(lines, row.String())
		}
		return result{reply: wire.Reply{Code: 214, Lines: append(lines, v.texts["help"])}}
	}
	if strings.EqualFold(arg, "SITE") {
		return result{reply: wire.Text(214, v.texts["site_help"]+"\n"+v.texts["help"])}
	}
	verb := strings.ToUpper(arg)
	if !v.has(verb) {
		return result{reply: v.text(502, "help_unknown", "arg", arg)}
	}
	return result{reply: v.text(214, "help_one", "syntax", syntax(verb))}
}
