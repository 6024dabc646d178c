package ftp

import (
	"strings"

	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
)

// verbs are the commands of this room, as HELP lists them.
func verbs() []string {
	return strings.Fields(`CWD XCWD CDUP XCUP QUIT PORT PASV EPRT EPSV TYPE STRU MODE RETR STOR STOU APPE ALLO REST
		RNFR RNTO ABOR DELE MDTM MFMT RMD XRMD MKD XMKD PWD XPWD SIZE SYST HELP NOOP FEAT OPTS USER PASS ACCT REIN
		LIST NLST STAT SITE MLSD MLST`)
}

// syntax is what HELP says of a command; empty: there is none such.
func syntax(verb string) string {
	switch verb {
	case "CWD", "XCWD", "RETR", "STOR", "APPE", "RNFR", "RNTO", "DELE", "MDTM", "RMD", "XRMD", "MKD", "XMKD", "SIZE":
		return verb + " <sp> pathname"
	case "CDUP", "XCUP", "QUIT", "PASV", "ABOR", "PWD", "XPWD", "SYST", "NOOP", "FEAT", "REIN":
		return verb + " (no arguments)"
	case "PORT":
		return "PORT <sp> h1,h2,h3,h4,p1,p2"
	case "EPRT":
		return "EPRT <sp> |proto|address|port|"
	case "EPSV":
		return "EPSV [<sp> 1|2|ALL]"
	case "TYPE":
		return "TYPE <sp> type-code (A, I, L 7, L 8)"
	case "STRU":
		return "STRU <sp> structure-code (F)"
	case "MODE":
		return "MODE <sp> mode-code (S)"
	case "STOU", "LIST", "NLST", "STAT", "MLSD", "MLST":
		return verb + " [<sp> pathname]"
	case "ALLO":
		return "ALLO <sp> size"
	case "REST":
		return "REST <sp> byte-count"
	case "MFMT":
		return "MFMT <sp> YYYYMMDDhhmmss <sp> pathname"
	case "HELP":
		return "HELP [<sp> command]"
	case "OPTS":
		return "OPTS <sp> command [<sp> options]"
	case "USER":
		return "USER <sp> username"
	case "PASS":
		return "PASS <sp> password"
	case "ACCT":
		return "ACCT <sp> account"
	case "SITE":
		return "SITE <sp> string"
	}
	return ""
}

// needs says whether a command is nothing without an argument.
func needs(verb string) bool {
	switch verb {
	case "CWD", "XCWD", "RETR", "STOR", "APPE", "RNFR", "RNTO", "DELE", "MDTM", "RMD", "XRMD", "MKD", "XMKD", "SIZE",
		"PORT", "EPRT", "TYPE", "STRU", "MODE", "ALLO", "REST", "MFMT", "OPTS", "USER", "ACCT", "SITE":
		return true
	}
	return false
}

// open says whether a command may come before the login.
func open(c wire.Command) bool {
	switch c.Verb {
	case "USER", "PASS", "ACCT", "QUIT", "HELP", "NOOP", "FEAT", "SYST", "OPTS", "REIN":
		return true
	case "STAT":
		return false
	}
	return false
}

// do carries a command out.
func (v *visit) do(c wire.Command) result {
	switch {
	case c.Verb == "":
		return result{reply: v.text(500, "empty")}
	case !v.has(c.Verb):
		return result{reply: v.text(500, "unknown", "verb", c.Verb)}
	case v.user == nil && !open(c):
		return result{reply: v.text(530, "login_first")}
	case c.Arg == "" && needs(c.Verb):
		return result{reply: v.text(501, "argument", "verb", c.Verb)}
	}
	verb := plain(c.Verb)
	if verb != "RNTO" {
		v.renaming = ""
	}
	if r, ok := v.doSession(verb, c.Arg); ok {
		return r
	}
	return v.doFiles(verb, c.Arg)
}

// doSession has the commands about the conversation.
func (v *visit) doSession(verb, arg string) (result, bool) {
	switch verb {
	case "USER":
		return v.cmdUser(arg), true
	case "PASS":
		return v.cmdPass(arg), true
	case "ACCT":
		return result{reply: v.text(202, "acct")}, true
	case "REIN":
		v.hangUp()
		v.user, v.named, v.known, v.cwd, v.ascii, v.rest = nil, "", nil, "/", true, 0
		return result{reply: v.text(220, "rein")}, true
	case "QUIT":
		v.closing = true
		return result{reply: v.text(221, "quit")}, true
	case "NOOP":
		return result{reply: v.text(200, "noop")}, true
	case "SYST":
		return result{reply: wire.Text(215, v.set.System)}, true
	case "FEAT":
		return v.cmdFeat(), true
	case "OPTS":
		return v.cmdOpts(arg), true
	case "HELP":
		return v.cmdHelp(arg), true
	case "TYPE":
		return v.cmdType(arg), true
	case "MODE":
		return v.only(arg, "S", "mode"), true
	case "STRU":
		return v.only(arg, "F", "stru"), true
	case "ALLO":
		return result{reply: v.text(202, "allo")}, true
	case "PASV":
		return v.cmdPasv(), true
	case "EPSV":
		return v.cmdEpsv(arg), true
	case "PORT", "EPRT":
		return v.cmdPort(verb, arg), true
	case "ABOR":
		return v.cmdAbor(), true
	}
	return result{}, false
}

// doFiles has the commands about files.
func (v *visit) doFiles(verb, arg string) result {
	switch verb {
	case "PWD":
		return result{reply: v.text(257, "pwd", "path", quoted(v.cwd))}
	case "CWD":
		return v.cmdCwd(arg, "cwd")
	case "CDUP":
		return v.cmdCwd("..", "cdup")
	case "LIST", "NLST", "MLSD":
		return v.cmdList(verb, arg)
	case "MLST":
		return v.cmdMlst(arg)
	case "STAT":
		return v.cmdStat(arg)
	case "SIZE", "MDTM":
		return v.cmdOf(verb, arg)
	case "MFMT":
		return v.cmdMfmt(arg)
	case "REST":
		return v.cmdRest(arg)
	case "RETR":
		return v.cmdRetr(arg)
	case "STOR", "APPE", "STOU":
		return v.cmdStor(verb, arg)
	case "DELE", "RMD":
		return v.cmdRemove(verb, arg)
	case "MKD":
		return v.cmdMkd(arg)
	case "RNFR":
		return v.cmdRnfr(arg)
	case "RNTO":
		return v.cmdRnto(arg)
	default: // SITE
		return v.cmdSite(arg)
	}
}

// only is for MODE and STRU: one value is there, others have a name.
func (v *visit) only(arg, value, key string) result {
	if strings.EqualFold(arg, value) {
		return result{reply: v.text(200, key)}
	}
	return result{reply: v.text(504, key+"_bad", "arg", arg)}
}

// cmdType chooses between text and image (RFC 959 §5.3.1).
func (v *visit) cmdType(arg string) result {
	switch strings.ToUpper(strings.Join(strings.Fields(arg), " ")) {
	case "A", "A N", "L 7", "L7":
		v.ascii, arg = true, "A"
	case "I", "L 8", "L8":
		v.ascii, arg = false, "I"
	default:
		return result{reply: v.text(504, "type_bad", "arg", arg)}
	}
	return result{reply: v.text(200, "type", "arg", arg)}
}

// quoted doubles the quotation marks of a path (RFC 959 appendix II).
func quoted(path string) string { return strings.ReplaceAll(path, `"`, `""`) }
