package analysis

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// looks follows what a visitor asks for, and how many he asks.
type looks struct {
	asked  map[string]bool  // units, stations, slots, names, paths that were tried
	trying *seen            // the acts that tried them
	things map[string]bool  // different things that were there and looked at
	viewed *seen            // the acts behind them
	points *seen            // lists of points, blocks, tags, files
	reads  map[string]*seen // targets read, by how often
	told   map[string]bool  // tags behind them
	direct *seen            // the first look names what an outsider does not know
}

// changes follows what a visitor changes.
type changes struct {
	knowing *seen                      // writes to what was read before, that were obeyed
	values  map[string]map[string]bool // by target
	valued  *seen                      // many values to one point
	numbers map[string][]int           // numbers of the points written, by what stands before
	written *seen                      // of these
}

// Thresholds of looking and changing. docs/analysis.md has them.
const (
	sweepMany  = 10 // units, stations, names or paths
	sweepSlots = 4  // slots, by TSAP
	thingsMany = 4  // different things looked at, where plants are not alone
	pagesMany  = 2  // pages of a site
	manyValues = 3  // to one point
	manyPoints = 10 // one after the other
	manyReads  = 20 // of one target
	manyRanges = 3  // of registers or blocks that were read
	longReadUS = 600_000_000
)

// look follows an act that asks.
func (s *Session) look(e *event.Event, octets []byte) {
	if a := s.address(e, octets); a != "" {
		if s.asked == nil {
			s.asked = map[string]bool{}
		}
		if len(s.asked) < maxRemembered {
			s.asked[a] = true
		}
		s.trying = s.trying.add(e.Seq)
	}
	switch e.Class {
	case event.Read, event.Enumerate, event.FileRead, event.Identify:
	default:
		return
	}
	if e.Class == event.Enumerate && !presence(e.Op) && (s.protocol != "ftp" || e.Outcome == event.Answered) {
		s.points = s.points.add(e.Seq)
	}
	ref := target(e)
	if e.Outcome != event.Answered && s.protocol != "ftp" { // who goes through folders also meets what is not there
		return
	}
	if thing := s.thing(e, ref); thing != "" {
		if s.things == nil {
			s.things = map[string]bool{}
		}
		if len(s.things) < maxRemembered {
			s.things[thing] = true
		}
		s.viewed = s.viewed.add(e.Seq)
	}
	if ref == "" || e.Class == event.Identify {
		return
	}
	if len(s.reads) == 0 && s.points == nil && insider(e) {
		s.direct = s.direct.add(e.Seq)
	}
	if s.reads == nil {
		s.reads, s.told = map[string]*seen{}, map[string]bool{}
	}
	if s.reads[ref] != nil || len(s.reads) < maxRemembered {
		s.reads[ref] = s.reads[ref].add(e.Seq)
	}
	for _, tag := range e.Tags {
		if len(s.told) < maxRemembered {
			s.told[tag] = true
		}
	}
}

func target(e *event.Event) string {
	if e.Target == nil {
		return ""
	}
	return string(e.Target.Kind) + " " + e.Target.Ref
}

// thing is what an act looked at, as one person would count; "" for what belongs
// to a page, and for who the device is.
func (s *Session) thing(e *event.Event, ref string) string {
	if s.protocol == "http" {
		path, _, _ := strings.Cut(ref, "?")
		for _, end := range []string{".css", ".js", ".svg", ".png", ".gif", ".jpg", ".ico", ".json", ".txt", ".woff2"} {
			if strings.HasSuffix(strings.ToLower(path), end) {
				return ""
			}
		}
		return path
	}
	if e.Class == event.Identify || s.protocol == "snmp" && strings.HasPrefix(ref, systemGroup) {
		return ""
	}
	return e.Op + " " + ref
}

// systemGroup is the target of who a device says it is (RFC 3418 §2).
const systemGroup = "oid 1.3.6.1.2.1.1."

// address is whom or what an act tries among many: a unit, a station, a slot, a
// name of a file, a path that is not there.
func (s *Session) address(e *event.Event, b []byte) string {
	switch s.protocol {
	case "modbus":
		if len(b) >= 8 && (e.Class == event.Identify || e.Class == event.Read) {
			return fmt.Sprint(b[6])
		}
	case "dnp3":
		if len(b) >= 8 && b[0] == 0x05 {
			return fmt.Sprint(binary.LittleEndian.Uint16(b[4:]))
		}
	case "iec104":
		if len(b) >= 12 && b[0] == 0x68 && b[2]&1 == 0 {
			return fmt.Sprint(binary.LittleEndian.Uint16(b[10:]))
		}
	case "s7comm":
		if e.Op == "connect_request" {
			return string(b[min(len(b), 11):])
		}
	case "tftp":
		if e.Op == "read_request" {
			return target(e)
		}
	case "http":
		if e.Outcome == event.Refused && (e.Class == event.Enumerate || e.Class == event.FileRead) {
			return target(e)
		}
	}
	return ""
}

// sweeping are the acts of a session that tries one address after another.
func (s *Session) sweeping(protocol string) *seen {
	most := sweepMany
	if protocol == "s7comm" {
		most = sweepSlots
	}
	if len(s.asked) >= most {
		return s.trying
	}
	return nil
}

// presence says whether an operation that lists asks no more than who is there.
func presence(op string) bool {
	switch op {
	case "request_link_status", "who_has", "list_services", "list_interfaces", "who_is_router_to_network", "what_is_network_number", "initialize_routing_table", "help", "discovery",
		"pwd", "cwd", "cdup", "size", "mdtm", "mlst", "rnfr", "stat":
		return true
	}
	return false
}

// insider says whether an act names what nobody knows who has not been told: a
// tag, an object address, a data block beyond the first, a block, a file.
func insider(e *event.Event) bool {
	switch e.Target.Kind {
	case "tag", "point":
		return true
	case "block":
		return e.Target.Ref != "OB1"
	case "ioa":
		return !strings.HasSuffix(e.Target.Ref, "/0")
	case "db":
		return !strings.HasPrefix(e.Target.Ref, "DB1.") && e.Target.Ref != "DB1"
	}
	return false
}

// change follows an act that changes a point.
func (s *Session) change(e *event.Event) {
	if e.Target == nil || e.Class != event.Write && e.Class != event.Control {
		return
	}
	ref := target(e)
	known := s.reads[ref] != nil || slices.ContainsFunc(e.Tags, func(t string) bool { return s.told[t] })
	if known && e.Outcome == event.Answered {
		s.knowing = s.knowing.add(e.Seq)
	}
	if s.values == nil {
		s.values, s.numbers = map[string]map[string]bool{}, map[string][]int{}
	}
	vs := s.values[ref]
	if vs == nil && len(s.values) < maxRemembered {
		vs = map[string]bool{}
		s.values[ref] = vs
	}
	if vs != nil && len(vs) < manyValues+1 {
		vs[strings.Join(e.Values, ",")] = true
	}
	if len(vs) >= manyValues {
		s.valued = s.valued.add(e.Seq)
	}
	head := strings.TrimRight(ref, "0123456789")
	if n, err := strconv.Atoi(ref[len(head):]); err == nil && (s.numbers[head] != nil || len(s.numbers) < 8) && len(s.numbers[head]) < maxRemembered {
		s.numbers[head] = append(s.numbers[head], n)
		s.written = s.written.add(e.Seq)
	}
}

// brutal are writes that try values, or one point after the other.
func (s *Session) brutal() *seen {
	if s.valued != nil {
		return s.valued
	}
	for _, ns := range s.numbers {
		ns = slices.Compact(slices.Sorted(slices.Values(ns)))
		run := 1
		for i := 1; i < len(ns); i++ {
			if run++; ns[i] != ns[i-1]+1 {
				run = 1
			}
			if run >= manyPoints {
				return s.written
			}
		}
	}
	return nil
}

// polled are the reads of a target that is read again and again: often, or for
// long by a clock.
func (s *Session) polled() *seen {
	var most *seen
	for _, r := range s.reads {
		if most == nil || r.n > most.n || r.n == most.n && r.seqs[0] < most.seqs[0] {
			most = r
		}
	}
	r := s.timing.result()
	steady := r.CV < steadyCV || s.timing.pauses.n >= 3 && r.PauseCV < steadyCV
	if most != nil && (most.n >= manyReads || most.n >= 3 && steady && s.last-s.first >= longReadUS) {
		return most
	}
	return nil
}
