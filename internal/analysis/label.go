package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis/tool"
	"github.com/sundew-ics/sundew/internal/event"
)

// Thresholds of the labels. docs/analysis.md has them.
const (
	bruteAttempts = 5
	bruteSecrets  = 3
	manyOps       = 4
	longStayUS    = 120_000_000
	targeted      = 0.7
)

// judge gives the session its label and its score, with the evidence.
func (s *Session) judge(f *Finding, src Source) {
	s.score(f, src)
	note := func(rule string, by *seen, format string, args ...any) {
		ev := Evidence{Rule: rule, Text: fmt.Sprintf(format, args...)}
		if by != nil {
			ev.Seqs = by.seqs
		}
		f.Evidence = append(f.Evidence, ev)
	}
	for _, rule := range []func(*Finding, Source, noting) string{s.serious, s.abuse, s.listed, s.idle, s.bulk, s.interest, s.rest} {
		if f.Label = rule(f, src, note); f.Label != "" {
			return
		}
	}
}

// noting adds a piece of evidence.
type noting func(rule string, by *seen, format string, args ...any)

// serious gives the labels of who is known for sure, and of what changes a device.
func (s *Session) serious(f *Finding, src Source, note noting) string {
	changed := s.of(event.Write, event.Control, event.Mode, event.Restart, event.ProgramDownload, event.Firmware, event.Config)
	switch {
	case src.ScannerProof == "confirmed":
		note("R-RESEARCH", nil, "the address belongs to %s", src.Scanner)
		return ResearchConfirmed
	case f.Score >= targeted:
		note("R-TARGETED", s.of(event.ProgramUpload, event.ProgramDownload, event.Mode, event.Restart, event.Write, event.Control), "the score of %.2f reaches %.2f", f.Score, targeted)
		return TargetedICS
	case changed != nil:
		note("R-WRITE", changed, "%s to change something: %s", plural(changed.n, "attempt", "attempts"), s.opsOf(event.Write, event.Control, event.Mode, event.Restart, event.ProgramDownload, event.Firmware, event.Config))
		return ICSWrite
	}
	return ""
}

// abuse gives the labels of what is aimed at any device.
func (s *Session) abuse(_ *Finding, _ Source, note noting) string {
	put := s.class(event.FileWrite)
	switch {
	case s.exploits != nil:
		text := s.exploit.what
		if s.exploit.cve != "" {
			text += " (" + s.exploit.cve + ")"
		}
		note("R-EXPLOIT", s.exploits, "%s", text)
		return OpportunisticExploit
	case put != nil:
		note("R-FILE", put, "%s to change files that the device keeps", plural(put.n, "attempt", "attempts"))
		return ICSWrite
	case s.attempts != nil && (s.attempts.n >= bruteAttempts || len(s.secrets) >= bruteSecrets):
		note("R-BRUTE", s.attempts, "%s to log in, %s", plural(s.attempts.n, "attempt", "attempts"), plural(len(s.secrets), "pair of name and secret", "different pairs of name and secret"))
		return BruteForce
	}
	return ""
}

// listed gives the labels of scanners that are not known for sure.
func (s *Session) listed(_ *Finding, src Source, note noting) string {
	switch src.ScannerProof {
	case "claimed":
		note("R-RESEARCH", nil, "a list gives the address to %s", src.Scanner)
		return ResearchClaimed
	case "opaque":
		note("R-RESEARCH", nil, "a scanner that nobody answers for: %s", src.Scanner)
		return ResearchOpaque
	}
	return ""
}

// idle gives the labels of who says nothing, or nothing of this port's.
func (s *Session) idle(_ *Finding, _ Source, note noting) string {
	looks := s.of(event.Identify, event.Enumerate, event.Read)
	foreign := s.class(event.Foreign)
	switch {
	case s.acts == 0 && s.side:
		note("R-SIDE", nil, "opened for a transfer, which carried nothing")
		return Unknown
	case s.acts == 0:
		note("R-PROBE", nil, "connected and said nothing")
		return PortProbe
	case foreign != nil && looks == nil:
		note("R-FOREIGN", foreign, "speaks another protocol than this port's")
		return Misdirected
	}
	return ""
}

// bulk gives the labels of programs that ask many, or many devices.
func (s *Session) bulk(f *Finding, _ Source, note noting) string {
	looks := s.of(event.Identify, event.Enumerate, event.Read, event.FileRead)
	switch by := s.sweeping(s.protocol); {
	case by != nil:
		note("R-SWEEP", by, "tries one after another: %s", plural(len(s.asked), s.tried(), s.tried()+"s"))
		return BulkScanner
	case looks != nil && f.ToolKind == tool.Mass:
		note("R-MASS", looks, "the sequence of %s, which asks whole networks", f.Tool)
		return BulkScanner
	case looks != nil && f.ToolKind == tool.Probe && !s.deep():
		note("R-TOOL", looks, "the sequence of %s and no more", f.Tool)
		return BannerGrab
	}
	return ""
}

// tried names what one address of a sweep is.
func (s *Session) tried() string {
	switch s.protocol {
	case "modbus":
		return "unit"
	case "s7comm":
		return "slot"
	case "tftp":
		return "file name"
	case "http":
		return "path"
	}
	return "station"
}

// deep says whether more was looked at than a probe needs.
func (s *Session) deep() bool { return len(s.things) > 2*thingsMany }

// interest gives the label of who looks into the device, beyond who it is.
func (s *Session) interest(_ *Finding, _ Source, note noting) string {
	reads, most := s.class(event.Read), thingsMany
	if s.protocol == "http" {
		most = pagesMany
	}
	switch {
	case s.class(event.ProgramUpload) != nil:
		note("R-UPLOAD", s.class(event.ProgramUpload), "takes the program, %s", plural(s.class(event.ProgramUpload).n, "act", "acts"))
	case s.ics() && reads != nil:
		note("R-READS", reads, "reads the process, %s", plural(reads.n, "time", "times"))
	case s.ics() && s.points != nil:
		note("R-POINTS", s.points, "lists points, blocks or objects")
	case s.protocol == "ftp" && s.points != nil:
		note("R-FILES", s.points, "lists the files that the device keeps")
	case s.classes[event.FileRead] != nil && s.classes[event.FileRead].given:
		note("R-FETCH", s.class(event.FileRead), "takes files that the device keeps")
	case len(s.things) >= most:
		note("R-LOOKS", s.viewed, "looks at %d different things, beyond who the device is", len(s.things))
	default:
		return ""
	}
	return ICSInteractive
}

// rest gives the labels of what is left.
func (s *Session) rest(_ *Finding, _ Source, note noting) string {
	looks := s.of(event.Identify, event.Enumerate, event.Read)
	switch {
	case s.side:
		note("R-SIDE", looks, "opened for a transfer that did not come about")
	case looks != nil && s.attempts == nil:
		note("R-BANNER", looks, "only asks who the device is, %s", plural(looks.n, "time", "times"))
		return BannerGrab
	case s.of(event.Malformed, event.Other, event.Auth, event.FileRead) == nil:
		note("R-PROBE", s.class(event.Connect), "connected and went no further")
		return PortProbe
	case s.of(event.Auth, event.FileRead) == nil && looks == nil && s.class(event.Connect) != nil:
		note("R-PROBE", s.of(event.Malformed, event.Other), "opened the transport, and sent nothing that this port understands")
		return PortProbe
	case s.of(event.Auth, event.FileRead) == nil && looks == nil:
		note("R-FOREIGN", s.of(event.Malformed, event.Other), "what it sends is none of this protocol's requests")
		return Misdirected
	}
	return Unknown
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// opsOf names the operations of some classes, the first few.
func (s *Session) opsOf(classes ...event.Class) string {
	var names []string
	for _, c := range classes {
		g := s.classes[c]
		if g == nil {
			continue
		}
		for _, op := range g.named {
			if !slices.Contains(names, op) {
				names = append(names, op)
			}
		}
	}
	if len(names) > 4 {
		names = append(names[:4], "…")
	}
	return strings.ReplaceAll(strings.Join(names, ", "), "_", " ")
}

// of joins the acts of several classes.
func (s *Session) of(classes ...event.Class) *seen {
	var all *seen
	for _, c := range classes {
		if by := s.class(c); by != nil {
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
func (s *Session) ics() bool { return plant(s.protocol) }

func plant(protocol string) bool {
	switch protocol {
	case "http", "ftp", "tftp", "snmp", "ipmi":
		return false
	}
	return true
}
