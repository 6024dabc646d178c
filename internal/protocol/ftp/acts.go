package ftp

import (
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
)

const opUnknown = "unknown_command"

// opOf names a command's act.
func opOf(verb string) string {
	if syntax(verb) == "" {
		return opUnknown
	}
	return strings.ToLower(plain(verb))
}

// plain is the command that an X-form of RFC 775 stands for.
func plain(verb string) string {
	switch verb {
	case "XPWD", "XCWD", "XMKD", "XRMD", "XCUP":
		if verb == "XCUP" {
			return "CDUP"
		}
		return verb[1:]
	}
	return verb
}

// classOf says what a command attempts.
func classOf(c wire.Command) event.Class {
	switch plain(c.Verb) {
	case "USER", "PASS", "ACCT", "REIN":
		return event.Auth
	case "SYST", "FEAT", "HELP", "OPTS":
		return event.Identify
	case "STAT":
		if c.Arg != "" {
			return event.Enumerate
		}
		return event.Identify
	case "PWD", "CWD", "CDUP", "LIST", "NLST", "MLSD", "MLST", "SIZE", "MDTM", "RNFR":
		return event.Enumerate
	case "RETR":
		return event.FileRead
	case "STOR", "STOU", "APPE", "DELE", "MKD", "RMD", "RNTO", "MFMT":
		return event.FileWrite
	case "SITE":
		if word := firstWord(c.Arg); word == "CHMOD" || word == "UTIME" {
			return event.FileWrite
		}
		return event.Identify
	case "NOOP", "QUIT", "PASV", "EPSV", "PORT", "EPRT", "TYPE", "MODE", "STRU", "ALLO", "REST", "ABOR":
		return event.Connect // the conversation itself
	}
	return event.Other
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return strings.ToUpper(word)
}

// detail is what an act says of a command.
type detail struct {
	verb     string // unless the op says it
	arg      string
	code     int    // of the reply
	length   int    // of a line that is too long
	protocol string // foreign
}

// AppendJSON implements event.Detail.
func (d detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if d.verb != "" {
		o.Text("verb", d.verb)
	}
	if d.arg != "" {
		o.Text("arg", d.arg)
	}
	if d.length != 0 {
		o.Int("length", int64(d.length))
	}
	if d.protocol != "" {
		o.Text("protocol", d.protocol)
	}
	if d.code != 0 {
		o.Int("code", int64(d.code))
	}
	return o.End()
}

// dataDetail is what an act on a data connection says.
type dataDetail struct {
	offset int64 // of REST or APPE
	octets int64
	whole  bool // it came to its end
}

// AppendJSON implements event.Detail.
func (d *dataDetail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if d.offset != 0 {
		o.Int("offset", d.offset)
	}
	if d.octets != 0 {
		o.Int("octets", d.octets)
	}
	if d.whole {
		o.Bool("complete", true)
	}
	return o.End()
}
