package analysis

import (
	"fmt"
	"math"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis/tool"
	"github.com/sundew-ics/sundew/internal/event"
)

// exploitSeverity is that of a request known from attacks on other devices.
const exploitSeverity = 6

// severity is that of what was attempted, 0 to 10: whether the device obeyed
// does not lessen the attempt.
func severity(e *event.Event) int {
	switch classOf(e) {
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

// classOf is the class that the rules take an act for: the room's, but for what
// every client does and changes nothing of the plant, or ends a session.
func classOf(e *event.Event) event.Class {
	switch e.Op {
	case "enable_unsolicited", "quit", "after_close", "empty_line", "line_end", "close_session":
		return event.Connect
	case "read_szl", "read_clock", "read_exception_status", "get_comm_event_counter", "get_comm_event_log", "delay_measure", "confirm":
		if e.Class == event.Read {
			return event.Identify // of the device, not of the process
		}
	}
	if e.Class == event.Read && strings.HasPrefix(e.Op, "return_") {
		return event.Identify
	}
	return e.Class
}

// changing says whether acts of a class change the device, or try to.
func changing(c event.Class) bool {
	switch c {
	case event.Write, event.Control, event.Mode, event.Restart, event.ProgramDownload, event.Firmware, event.Config, event.FileWrite:
		return true
	}
	return false
}

// score says how targeted a session is, 0 to 1.
func (s *Session) score(f *Finding, src Source) {
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
		add("S-PROGRAM", 0.35, by, "%s on the device's program", plural(by.n, "act", "acts"))
	}
	if by := s.of(event.Mode, event.Restart); by != nil {
		add("S-MODE", 0.30, by, "stops, starts or restarts the device")
	}
	if s.knowing != nil {
		add("S-KNOWING", 0.25, s.knowing, "writes to what it read before, and the device obeys")
	}
	if s.ics() && s.points != nil && s.class(event.Read) != nil {
		add("S-POINTS", 0.15, s.points, "lists points, blocks or objects, and reads")
	}
	if s.last-s.first >= longStayUS && len(s.kinds) >= manyOps {
		add("S-STAY", 0.15, nil, "stays %.0f minutes, with %d different operations", float64(s.last-s.first)/60e6, len(s.kinds))
	}
	if f.Automation == Human {
		add("S-HUMAN", 0.10, nil, "the pace of a person")
	}
	if s.ics() && s.direct != nil {
		add("S-INSIDER", 0.10, s.direct, "names at once a point that is there, without asking which there are")
	}
	if src.ScannerProof == "confirmed" {
		add("S-RESEARCH", -0.5, nil, "comes from an address of %s", src.Scanner)
	}
	probing := f.ToolKind == tool.Mass || f.ToolKind == tool.Probe
	if probing && s.of(event.Write, event.Control, event.Mode, event.Restart, event.ProgramUpload, event.ProgramDownload, event.Firmware, event.Config, event.FileWrite) == nil {
		add("S-TOOL", -0.3, nil, "the sequence of %s and nothing else", f.Tool)
	}
	f.Score = math.Round(100*min(1, max(0, total))) / 100
}
