package foreign

import (
	"bytes"
	"strings"
)

// text knows protocols of lines by their first words.
func text(p []byte) string {
	line := p
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		line = p[:i]
	}
	if len(line) > 512 {
		line = line[:512]
	}
	if len(line) > 0 && !Printable(line) {
		return ""
	}
	s := strings.TrimRight(string(line), "\r")
	word, rest, _ := strings.Cut(s, " ")
	switch word {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "DESCRIBE":
		switch {
		case strings.Contains(rest, "RTSP/"), word == "DESCRIBE":
			return "rtsp"
		case strings.Contains(rest, "SIP/"), strings.HasPrefix(rest, "sip:"):
			return "sip"
		}
		return "http"
	case "PRI": // RFC 9113 §3.4: the preface of HTTP/2
		return "http"
	case "INVITE", "REGISTER", "SUBSCRIBE":
		return "sip"
	case "HELO", "EHLO", "MAIL":
		return "smtp"
	case "USER", "PASS", "AUTH", "FEAT", "SYST":
		return "ftp"
	case "NICK", "JOIN":
		return "irc"
	case "stats", "version":
		return "memcached"
	case "t3", "t3s":
		return "t3"
	}
	return byPrefix(s)
}

// byPrefix knows lines whose first word is not set off by a blank.
func byPrefix(s string) string {
	for _, m := range [...]struct{ name, prefix string }{
		{"ssh", "SSH-"},       // RFC 4253 §4.2
		{"redis", "*1"},       // RESP: an array of one …
		{"redis", "*2"},       // … or two bulk strings
		{"redis", "*3"},       // …
		{"mglndd", "MGLNDD_"}, // the greeting of one vendor's port scanner
		{"fox", "fox a "},     // Niagara Fox hello
		{"vnc", "RFB 0"},      // RFC 6143 §7.1.1
		{"adb", "CNXN"},       // Android debug bridge
		{"git", "0032git-"},   // pkt-line with a git request
		{"nats", "CONNECT {"}, // NATS client protocol
		{"rsync", "@RSYNCD:"}, // rsync daemon
		{"zabbix", "ZBXD"},    // Zabbix agent
		{"gopher", "/\t"},     // RFC 1436
		{"pjl", "@PJL"},       // printer job language
		{"proxy", "PROXY "},   // HAProxy's PROXY protocol
	} {
		if strings.HasPrefix(s, m.prefix) {
			return m.name
		}
	}
	if strings.EqualFold(s, "PING") || strings.EqualFold(s, "INFO") {
		return "redis"
	}
	return ""
}
