package analysis

import (
	"fmt"
	"math"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// severity is that of what was attempted, 0 to 10: whether the device obeyed
// does not lessen the attempt.
func severity(e *event.Event) int {
	switch e.Class {
	case event.Connect, event.Report:
		return 0
	case event.Identify, event.Malformed, event.Other:
		return 1
	case event.Enumerate, event.Read, event.Foreign:
		return 2
	case event.Auth:
		return 4
	case event.FileRead:
		return 5
	case event.ProgramUpload, event.Config:
		return 7
	case event.Write, event.FileWrite:
		return 8
	case event.Control:
		return 9
	case event.Mode, event.Restart, event.ProgramDownload, event.Firmware:
		return 10
	}
	return 1
}

// Thresholds of the labels. docs/analysis.md has them.
const (
	bannerActs    = 3
	bannerUS      = 15_000_000
	bruteAttempts = 5
	bruteSecrets  = 3
	manyOps       = 4
	longStayUS    = 120_000_000
	targeted      = 0.7
)

// judge gives the session its label and its score, with the evidence.
func (s *Session) judge(f *Finding, src Source) {
	changed := s.of(event.Write, event.Control, event.Mode, event.Restart, event.ProgramDownload, event.Firmware, event.Config, event.FileWrite)
	s.score(f, src, changed)
	auth := s.classes[event.Auth]
	looks := s.of(event.Identify, event.Enumerate, event.Read)
	note := func(rule string, by *seen, format string, args ...any) {
		ev := Evidence{Rule: rule, Text: fmt.Sprintf(format, args...)}
		if by != nil {
			ev.Seqs = by.seqs
		}
		f.Evidence = append(f.Evidence, ev)
	}
	switch {
	case src.ScannerProof == "confirmed":
		f.Label = ResearchConfirmed
		note("R-RESEARCH", nil, "the address is %s's own", src.Scanner)
	case f.Score >= targeted:
		f.Label = TargetedICS
		note("R-TARGETED", changed, "the score of %.2f reaches %.2f", f.Score, targeted)
	case s.ics() && changed != nil:
		f.Label = ICSWrite
		note("R-WRITE", changed, "%d attempts to change something", changed.n)
	case auth != nil && (auth.n >= bruteAttempts || len(s.secrets) >= bruteSecrets):
		f.Label = BruteForce
		note("R-BRUTE", auth, "%d attempts to log in, %d different pairs", auth.n, len(s.secrets))
	case s.exploit() != "":
		f.Label = OpportunisticExploit
		note("R-EXPLOIT", nil, "%s", s.exploit())
	case src.ScannerProof == "claimed":
		f.Label = ResearchClaimed
		note("R-RESEARCH", nil, "a list says that the address is %s's", src.Scanner)
	case src.ScannerProof == "opaque":
		f.Label = ResearchOpaque
		note("R-RESEARCH", nil, "a scanner whose operator is not known: %s", src.Scanner)
	case s.acts == 0:
		f.Label = PortProbe
		note("R-PROBE", nil, "connected and said nothing")
	case s.classes[event.Foreign] != nil && looks == nil:
		f.Label = Misdirected
		note("R-FOREIGN", s.classes[event.Foreign], "speaks another protocol than this port's")
	case s.sweeping() != nil:
		f.Label = BulkScanner
		note("R-SWEEP", s.sweeping(), "asks for one unit, slot or file after another")
	case s.ics() && looks != nil && (len(s.kinds) >= manyOps && s.classes[event.Read] != nil || s.classes[event.Enumerate] != nil && s.classes[event.Enumerate].n >= manyOps):
		f.Label = ICSInteractive
		note("R-LOOKS", looks, "%d different operations, beyond who the device is", len(s.kinds))
	case looks != nil && f.Tool != "":
		f.Label = BulkScanner
		note("R-TOOL", looks, "the sequence of %s", f.Tool)
	case s.classes[event.Read] != nil && s.ics():
		f.Label = ICSInteractive
		note("R-READS", s.classes[event.Read], "reads the process")
	case looks != nil && s.acts <= 2*bannerActs && s.last-s.first < bannerUS:
		f.Label = BannerGrab
		note("R-BANNER", looks, "asks who the device is and leaves after %d acts", s.acts)
	case looks != nil:
		f.Label = BannerGrab
		note("R-BANNER", looks, "only asks who the device is")
	case s.of(event.Malformed, event.Other, event.Auth, event.FileRead, event.ProgramUpload) == nil:
		f.Label = PortProbe
		note("R-PROBE", s.classes[event.Connect], "connected and went no further")
	case s.of(event.Auth, event.FileRead, event.ProgramUpload) == nil:
		f.Label = Misdirected
		note("R-FOREIGN", s.of(event.Malformed, event.Other), "what it sends is none of this protocol's requests")
	default:
		f.Label = Unknown
	}
}

// of joins the acts of several classes.
func (s *Session) of(classes ...event.Class) *seen {
	var all *seen
	for _, c := range classes {
		if by := s.classes[c]; by != nil {
			if all == nil {
				all = &seen{}
			}
			all.n += by.n
			all.seqs = append(all.seqs, by.seqs[:min(len(by.seqs), MaxSeqs-len(all.seqs))]...)
		}
	}
	return all
}

// ics says whether the protocol is one that plants alone speak.
func (s *Session) ics() bool {
	switch s.protocol {
	case "http", "ftp", "tftp", "snmp", "ipmi":
		return false
	}
	return true
}

// exploit says which published weakness of other devices the session tries, if any.
func (s *Session) exploit() string {
	for _, f := range s.frames {
		text := strings.ToLower(string(f.Request))
		for _, x := range []struct{ sign, what string }{
			{"/boaform", "a known path of home routers"}, {"/hnap1", "a known path of home routers"}, {"/cgi-bin/luci", "a known path of home routers"},
			{"/gponform", "a known path of home routers"}, {"/setup.cgi", "a known path of home routers"}, {"/goform/", "a known path of home routers"},
			{"/.env", "looks for secrets of web applications"}, {"/.git/", "looks for secrets of web applications"}, {"/wp-login", "looks for WordPress"},
			{"${jndi:", "tries CVE-2021-44228"}, {"() { :;", "tries CVE-2014-6271"}, {"/vendor/phpunit", "tries CVE-2017-9841"}, {"/actuator/", "looks for Spring's actuators"},
			{"wget http", "has a program fetched and run"}, {"wget+http", "has a program fetched and run"}, {"curl http", "has a program fetched and run"},
			{"/etc/passwd", "tries to read the system's files"}, {"../../", "tries to leave the served folder"}, {"..%2f", "tries to leave the served folder"},
			{";id;", "has a command run"}, {"/bin/busybox", "has a program run"}, {"mozi.m", "carries Mozi's loader"},
		} {
			if strings.Contains(text, x.sign) {
				return x.what
			}
		}
	}
	return ""
}

// sweeping are the acts of a session that tries one address after another.
func (s *Session) sweeping() *seen {
	for op, n := range s.kinds {
		if n >= 10 && (op == "request_link_status" || op == "report_server_id" || op == "connect_request") {
			if by := s.classes[event.Enumerate]; by != nil {
				return by
			}
			return s.of(event.Identify, event.Connect)
		}
	}
	return nil
}

// score says how targeted a session is, 0 to 1.
func (s *Session) score(f *Finding, src Source, changed *seen) {
	total := 0.0
	add := func(rule string, delta float64, by *seen, format string, args ...any) {
		total += delta
		ev := Evidence{Rule: rule, Delta: delta, Text: fmt.Sprintf(format, args...)}
		if by != nil {
			ev.Seqs = by.seqs
		}
		f.Evidence = append(f.Evidence, ev)
	}
	if by := s.of(event.ProgramUpload, event.ProgramDownload, event.Firmware); by != nil {
		add("S-PROGRAM", 0.35, by, "%d acts on the device's program", by.n)
	}
	if by := s.of(event.Mode, event.Restart); by != nil {
		add("S-MODE", 0.30, by, "stops, starts or restarts the device")
	}
	if s.knowing != nil {
		add("S-KNOWING", 0.25, s.knowing, "writes to what was read before, and the device obeys")
	}
	if by := s.classes[event.Enumerate]; by != nil && s.ics() && s.classes[event.Read] != nil {
		add("S-POINTS", 0.15, by, "lists points, blocks or objects and reads them")
	}
	if s.last-s.first >= longStayUS && len(s.kinds) >= manyOps {
		add("S-STAY", 0.15, nil, "stays %.0f minutes with %d different operations", float64(s.last-s.first)/60e6, len(s.kinds))
	}
	if f.Automation == Human {
		add("S-HUMAN", 0.10, nil, "the pace of a person")
	}
	if src.ScannerProof == "confirmed" {
		add("S-RESEARCH", -0.5, nil, "comes from %s's own address", src.Scanner)
	}
	if f.Tool != "" && changed == nil {
		add("S-TOOL", -0.3, nil, "the sequence of %s and nothing else", f.Tool)
	}
	f.Score = math.Round(100*min(1, max(0, total))) / 100
}

// shipped says whether a pair is one that devices are delivered with.
func shipped(user, secret string) bool {
	switch strings.ToLower(user) + ":" + secret {
	case "admin:admin", "admin:password", "admin:", "admin:1234", "admin:12345", "root:root", "root:", "user:user", "guest:guest", "administrator:administrator",
		"admin:administrator", "administrator:password", "operator:operator", "service:service", "basisk:basisk", "usersinglefactor:usersinglefactor",
		"admin:ADMIN", "root:calvin", "root:changeme", "usera:usera", "user:public", "wago:wago", "root:wago", "sysdiag:factorycast@schneider", "ntpupdate:ntpupdate":
		return true
	}
	return user == "" && (secret == "public" || secret == "private")
}
