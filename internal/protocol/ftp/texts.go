package ftp

import (
	"fmt"
	"strings"

	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
)

// standard are the replies of a common server by their keys. A persona's [texts]
// takes the place of single ones. Words in braces are filled in.
func standard() map[string]string {
	return map[string]string{
		"greeting":       "FTP server ready",
		"idle":           "Idle timeout ({seconds} seconds): closing control connection",
		"unknown":        "{verb} not understood",
		"empty":          "Invalid command",
		"login_first":    "Please login with USER and PASS",
		"argument":       "'{verb}' not understood",
		"user":           "Password required for {user}",
		"user_anonymous": "Anonymous login ok, send your complete email address as your password",
		"user_again":     "You are already logged in",
		"pass":           "User {user} logged in",
		"pass_anonymous": "Anonymous access granted, restrictions apply",
		"pass_wrong":     "Login incorrect.",
		"pass_early":     "Login with USER first",
		"quit":           "Goodbye.",
		"rein":           "Ready for new user",
		"noop":           "NOOP command successful",
		"acct":           "ACCT command not needed",
		"allo":           "ALLO command ignored",
		"type":           "Type set to {arg}",
		"type_bad":       "TYPE not implemented for '{arg}' parameter",
		"mode":           "Mode set to S",
		"mode_bad":       "'{arg}' unsupported transfer mode",
		"stru":           "Structure set to F",
		"stru_bad":       "'{arg}' unsupported structure type",
		"help":           "Direct comments to the administrator",
		"help_one":       "Syntax: {syntax}",
		"help_unknown":   "Unknown command '{arg}'",
		"help_head":      "The following commands are recognized:",
		"features":       "Features:",
		"end":            "End",
		"opts_utf8":      "UTF8 set to on",
		"opts_bad":       "'OPTS {arg}' not understood",
		"site_help":      "The following SITE commands are recognized:\n CHMOD <sp> mode <sp> pathname\n HELP\n UTIME <sp> YYYYMMDDhhmm[ss] <sp> path",
		"site_chmod":     "SITE CHMOD command successful",
		"site_bad":       "'SITE {arg}' not understood",
		"status":         "Status of '{name}'",
		"status_file":    "Status of {path}:",
		"end_status":     "End of status",
		"pwd":            "\"{path}\" is the current directory",
		"cwd":            "CWD command successful",
		"cdup":           "CDUP command successful",
		"mkd":            "\"{path}\" - Directory successfully created",
		"rmd":            "RMD command successful",
		"dele":           "DELE command successful",
		"rnfr":           "File or directory exists, ready for destination name",
		"rnto":           "Rename successful",
		"rnto_early":     "Bad sequence of commands",
		"rest":           "Restarting at {arg}. Send STORE or RETRIEVE to initiate transfer",
		"rest_bad":       "REST requires a value greater than or equal to 0",
		"rest_ascii":     "REST: Resuming transfers not allowed in ASCII mode",
		"size_ascii":     "SIZE not allowed in ASCII mode",
		"not_file":       "{arg}: not a regular file",
		"not_exist":      "{arg}: No such file or directory",
		"not_dir":        "{arg}: Not a directory",
		"not_empty":      "{arg}: Directory not empty",
		"exist":          "{arg}: File exists",
		"denied":         "{arg}: Permission denied",
		"is_dir":         "{arg}: Is a directory",
		"invalid":        "{arg}: Invalid argument",
		"quota":          "{arg}: Disk quota exceeded",
		"io":             "{arg}: Input/output error",
		"pasv":           "Entering Passive Mode ({port}).",
		"epsv":           "Entering Extended Passive Mode (|||{port}|)",
		"epsv_all":       "EPSV ALL command successful",
		"epsv_only":      "Illegal {verb} command, EPSV ALL in effect",
		"port":           "{verb} command successful",
		"port_bad":       "Illegal {verb} command",
		"family":         "Network protocol not supported, use (1,2)",
		"no_side":        "Can't open passive connection: Address already in use",
		"no_data":        "Unable to build data connection: Connection refused",
		"data_timeout":   "Unable to build data connection: Connection timed out",
		"open_list":      "Opening ASCII mode data connection for file list",
		"open_retr":      "Opening {mode} mode data connection for {arg} ({size} bytes)",
		"open_stor":      "Opening {mode} mode data connection for {arg}",
		"stou":           "FILE: {arg}",
		"done":           "Transfer complete",
		"aborted":        "Transfer aborted. Data connection closed",
		"abort":          "Abort successful",
		"full":           "Transfer aborted. Disk quota exceeded",
		"line":           "Command line too long",
	}
}

// makeTexts lays the persona's texts over the standard ones.
func (h *server) makeTexts() error {
	h.texts = standard()
	for key, text := range h.set.Texts {
		if _, ok := h.texts[key]; !ok {
			return fmt.Errorf("texts: there is no text %q", key)
		}
		text, err := h.env.Device.Identity.Expand(text)
		if err != nil {
			return fmt.Errorf("texts: %s: %w", key, err)
		}
		h.texts[key] = text
	}
	return nil
}

// text is a reply by its key; words are names and values, in pairs.
func (v *visit) text(code int, key string, words ...string) wire.Reply {
	for i := range words {
		if i%2 == 0 {
			words[i] = "{" + words[i] + "}"
		} else {
			words[i] = printable(words[i])
		}
	}
	return wire.Text(code, strings.NewReplacer(words...).Replace(v.texts[key]))
}

// printable keeps a visitor's text from breaking a reply's lines.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
