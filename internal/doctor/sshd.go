package doctor

import (
	"bufio"
	"bytes"
	"io/fs"
	"strings"
)

// sshd looks at who may log in and how. Of each keyword the first value counts
// (sshd_config(5)); what stands under Match holds for some only and is passed over.
func (h Host) sshd() []Finding {
	conf := map[string]string{}
	if err := h.sshdConfig("etc/ssh/sshd_config", conf, 0); err != nil {
		return []Finding{{Skip, "ssh", "no sshd_config to be read: " + err.Error(), ""}}
	}
	const mend = "in /etc/ssh/sshd_config.d/10-sundew.conf, then `systemctl reload ssh`; keep the present login open until a second one works"
	var out []Finding
	if v := conf["passwordauthentication"]; v == "no" {
		out = append(out, Finding{OK, "ssh passwords", "keys only", ""})
	} else {
		out = append(out, Finding{Warn, "ssh passwords", "SSH takes passwords: a honeypot's address is tried by everyone", "`PasswordAuthentication no` " + mend})
	}
	switch v := conf["permitrootlogin"]; v {
	case "no", "", "prohibit-password", "without-password", "forced-commands-only":
		out = append(out, Finding{OK, "ssh root", "root cannot log in with a password", ""})
	default:
		out = append(out, Finding{Warn, "ssh root", "root may log in over SSH with a password", "`PermitRootLogin prohibit-password` " + mend})
	}
	return out
}

// maxIncludes bounds how deep files may name others, as sshd does.
const maxIncludes = 16

func (h Host) sshdConfig(file string, into map[string]string, depth int) error {
	b, err := fs.ReadFile(h.Files, file)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		words := strings.FieldsFunc(lines.Text(), func(r rune) bool { return r == ' ' || r == '\t' || r == '=' })
		if len(words) < 2 || strings.HasPrefix(words[0], "#") {
			continue
		}
		key := strings.ToLower(words[0])
		switch {
		case key == "match":
			return nil
		case key == "include" && depth < maxIncludes:
			for _, pattern := range words[1:] {
				if !strings.HasPrefix(pattern, "/") {
					pattern = "/etc/ssh/" + pattern
				}
				files, _ := fs.Glob(h.Files, strings.TrimPrefix(pattern, "/"))
				for _, f := range files {
					if err := h.sshdConfig(f, into, depth+1); err != nil {
						return err
					}
				}
			}
		default:
			if _, ok := into[key]; !ok {
				into[key] = strings.ToLower(strings.Trim(words[1], `"`))
			}
		}
	}
	return lines.Err()
}
