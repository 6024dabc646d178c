package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// updates looks whether security updates are applied by themselves.
func (h Host) updates() Finding {
	const name = "updates"
	if _, err := fs.Stat(h.Files, "etc/apt"); err != nil {
		return Finding{Skip, name, "no apt here: look yourself whether updates are applied by themselves", ""}
	}
	files, _ := fs.Glob(h.Files, "etc/apt/apt.conf.d/*")
	on := false
	for _, f := range files { // in apt's own order: the last value counts
		b, err := fs.ReadFile(h.Files, f)
		if err != nil {
			continue
		}
		for _, m := range unattended.FindAllSubmatch(b, -1) {
			on = string(m[1]) != "0"
		}
	}
	if !on {
		return Finding{Warn, name, "security updates are not applied by themselves", "`apt-get install unattended-upgrades && dpkg-reconfigure -plow unattended-upgrades`"}
	}
	return Finding{OK, name, "security updates are applied by themselves", ""}
}

var unattended = regexp.MustCompile(`(?m)^\s*APT::Periodic::Unattended-Upgrade\s+"(\w+)"`)

// firewall looks whether anything stands before what the sensor does not serve.
func (h Host) firewall(ctx context.Context) Finding {
	const name, mend = "firewall", "`sundew firewall --help` prints rules"
	if !h.Root {
		return Finding{Skip, name, "only root may read the rules", "run `sudo sundew doctor`"}
	}
	rules, err := h.Output(ctx, "nft", "list", "ruleset")
	if err != nil {
		legacy, err4 := h.Output(ctx, "iptables-save")
		if err4 != nil {
			return Finding{Skip, name, "neither nft nor iptables-save can be run: " + err.Error(), mend}
		}
		if bytes.Contains(legacy, []byte(":INPUT DROP")) || bytes.Contains(legacy, []byte("-A INPUT -j DROP")) || bytes.Contains(legacy, []byte("-A INPUT -j REJECT")) {
			return Finding{OK, name, "what is not let in is refused (iptables)", ""}
		}
		return Finding{Warn, name, "iptables lets everything in", mend}
	}
	if guarded(string(rules)) {
		return Finding{OK, name, "what is not let in is refused", ""}
	}
	return Finding{Warn, name, "nothing stands before the other services of this host", mend}
}

// guarded says whether a chain of nft's input hook drops what it has no rule
// for: by its policy, or by a last rule that takes all.
func guarded(rules string) bool {
	input, last := false, ""
	for l := range strings.Lines(rules) {
		l = strings.TrimSpace(l)
		switch {
		case strings.Contains(l, "hook input"):
			input = true
			if strings.Contains(l, "policy drop") {
				return true
			}
		case l == "}":
			if input && (last == "drop" || strings.HasPrefix(last, "reject") || strings.HasSuffix(last, " drop") && strings.HasPrefix(last, "counter")) {
				return true
			}
			input, last = false, ""
		default:
			last = l
		}
	}
	return false
}

// Clock looks whether the kernel's clock is kept right by others.
func Clock() Finding {
	const name, mend = "clock", "`timedatectl set-ntp true`, or install chrony: the evidence is as true as its times"
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return Finding{Skip, name, "the kernel does not tell: " + err.Error(), mend}
	}
	const timeError = 5 // TIME_ERROR of adjtimex(2)
	if state == timeError || tx.Status&unix.STA_UNSYNC != 0 {
		return Finding{Warn, name, "nothing keeps the clock right", mend}
	}
	unit := time.Microsecond
	if tx.Status&unix.STA_NANO != 0 {
		unit = time.Nanosecond
	}
	return Finding{OK, name, fmt.Sprintf("kept right; off by at most %v", (time.Duration(tx.Maxerror)*time.Microsecond).Round(time.Millisecond).String()+
		", now by "+(time.Duration(tx.Offset)*unit).Abs().Round(time.Microsecond).String()), ""}
}
