package analysis

import (
	"maps"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis/attack"
	"github.com/sundew-ics/sundew/internal/analysis/tool"
	"github.com/sundew-ics/sundew/internal/event"
)

// Rules is what sessions are judged by: the tables of techniques and tools.
type Rules struct {
	attack *attack.Table
	tools  *tool.Table
	data   *data
}

// NewRules reads the tables that the binary holds.
func NewRules() (*Rules, error) {
	a, err := attack.Load()
	if err != nil {
		return nil, err
	}
	t, err := tool.Load()
	if err != nil {
		return nil, err
	}
	d, err := loadData()
	if err != nil {
		return nil, err
	}
	return &Rules{a, t, d}, nil
}

// Attack is the table of techniques.
func (r *Rules) Attack() *attack.Table { return r.attack }

// A Session gathers what one visitor's stay shows, act by act, in bounded memory.
type Session struct {
	rules    *Rules
	protocol string
	ja4      string
	side     bool // a transfer on a port that another session opened

	acts    int // of the visitor
	first   int64
	last    int64 // at_us of the latest act
	timing  timing
	frames  []tool.Frame
	ops     []string       // in order, repeats folded
	kinds   map[string]int // operations
	classes map[event.Class]*group
	techs   map[string]*TechniqueCount
	worst   int

	looks               // what was looked at, and whom it was asked of
	changes             // what was changed
	logins              // credentials
	exploits *seen      // requests known from attacks on other devices
	exploit  *signature // the first of them, one with a CVE before others
	grave    hashing
	agent    string
}

// seen are the acts behind a piece of evidence.
type seen struct {
	n    int
	seqs []int
}

func (s *seen) add(seq int) *seen {
	if s == nil {
		s = &seen{}
	}
	if s.n++; len(s.seqs) < MaxSeqs {
		s.seqs = append(s.seqs, seq)
	}
	return s
}

// group is the acts of one class.
type group struct {
	seen
	given bool     // answered at least once
	named []string // its first operations
}

// class is the acts of one class, nil if there were none.
func (s *Session) class(c event.Class) *seen {
	if g := s.classes[c]; g != nil {
		return &g.seen
	}
	return nil
}

// Bounds of what a session remembers of targets and secrets, and of the octets
// of one request.
const (
	maxRemembered = 128
	maxOctets     = 4096
)

// NewSession begins with any line of a session: its session.open, or what is left.
func (r *Rules) NewSession(e *event.Event) *Session {
	s := &Session{rules: r, protocol: e.Protocol, side: e.Parent != "", kinds: map[string]int{}, classes: map[event.Class]*group{}, techs: map[string]*TechniqueCount{}}
	if e.TLS != nil {
		s.ja4 = e.TLS.JA4
	}
	return s
}

// Add takes an act and returns what it proves by itself.
func (s *Session) Add(e *event.Event) ActFinding {
	if e.Class == event.Report {
		return ActFinding{}
	}
	n := max(1, e.Count)
	if s.acts == 0 {
		s.first = e.AtUS
	}
	s.timing.add(e.AtUS, e.Class != event.Connect)
	s.acts += n
	s.last = e.AtUS
	class := classOf(e)
	g := s.classes[class]
	if g == nil {
		g = &group{}
		s.classes[class] = g
	}
	g.add(e.Seq)
	g.given = g.given || e.Outcome == event.Answered
	if len(g.named) < 8 && !slices.Contains(g.named, e.Op) {
		g.named = append(g.named, e.Op)
	}
	if len(s.kinds) < maxRemembered || s.kinds[e.Op] > 0 {
		s.kinds[e.Op] += n
	}
	if len(s.ops) < MaxOps && (len(s.ops) == 0 || s.ops[len(s.ops)-1] != e.Op) {
		s.ops = append(s.ops, e.Op)
	}
	octets := decode(e)
	s.frame(e, octets)
	struck := s.strike(e, octets)
	s.look(e, octets)
	s.change(e)
	s.login(s.rules.data, e)
	found := ActFinding{Severity: severity(e), Techniques: s.rules.attack.Act(e)}
	if struck {
		found.Severity = max(found.Severity, exploitSeverity)
	}
	s.worst = max(s.worst, found.Severity)
	for _, t := range found.Techniques {
		s.prove(t, e.Seq)
	}
	return found
}

func (s *Session) prove(t Technique, seq int) {
	c := s.techs[t.ID]
	if c == nil {
		c = &TechniqueCount{Technique: t, FirstSeq: seq}
		s.techs[t.ID] = c
	}
	c.Count++
}

// Finding says what the session shows so far.
func (s *Session) Finding(src Source) Finding {
	f := Finding{Severity: s.worst, Timing: s.timing.result(), Ops: len(s.kinds), UA: s.agent}
	f.Fingerprint = tool.Canonical(s.protocol, s.ja4, s.frames)
	f.FingerprintHash = tool.Hash(f.Fingerprint)
	known := s.rules.tools.Find(f.Fingerprint)
	f.Tool, f.ToolKind, f.ToolProof = known.Name, known.Kind, known.Proof
	f.Automation = s.timing.automation()
	f.OpSeq = strings.Join(s.ops, ",")
	if len(s.ops) >= 4 {
		f.OpSeqHash = tool.Hash(s.protocol + " " + f.OpSeq)
	}
	f.Payload = s.grave.String()
	if len(s.pairs) >= 3 {
		f.CredList = tool.Hash(strings.Join(s.pairs, "\x01"))
	}
	f.Techniques = s.proven()
	s.judge(&f, src)
	return f
}

// proven are the techniques that acts prove, and those that only all of them do.
func (s *Session) proven() []TechniqueCount {
	all := maps.Clone(s.techs)
	once := func(id, confidence string, by *seen) {
		if by != nil && all[id] == nil {
			all[id] = &TechniqueCount{Technique: s.rules.attack.Proven(id, confidence), Count: by.n, FirstSeq: by.seqs[0]}
		}
	}
	if s.acts == 0 && !s.side {
		once("T0846.001", "H", &seen{1, []int{0}})
		once("T1595.001", "M", &seen{1, []int{0}})
	}
	if s.attempts != nil && (s.attempts.n >= bruteAttempts || len(s.secrets) >= bruteSecrets) {
		once("T1110", "H", s.attempts)
	}
	once("T0806", "H", s.brutal())
	once("T1694.001", "H", s.shipped)
	once("T1694.002", "H", s.fixed)
	once("T0859", "M", s.entered)
	if s.exploit != nil && s.exploit.cve != "" {
		once("T0819", "H", s.exploits)
	}
	if (s.protocol == "modbus" || s.protocol == "s7comm") && len(s.reads) >= manyRanges {
		once("T0861", "M", s.class(event.Read))
	}
	if by := s.polled(); by != nil {
		once("T0801", "M", by)
		once("T0802", "M", by)
	}
	once("T0846.001", "H", s.sweeping(s.protocol))
	out := make([]TechniqueCount, 0, len(all))
	for _, t := range all {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b TechniqueCount) int { return strings.Compare(a.ID, b.ID) })
	return out
}
