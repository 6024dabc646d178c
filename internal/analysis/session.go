package analysis

import (
	"crypto/sha256"
	"encoding/hex"
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
	return &Rules{a, t}, nil
}

// Attack is the table of techniques.
func (r *Rules) Attack() *attack.Table { return r.attack }

// A Session gathers what one visitor's stay shows, act by act, in bounded memory.
type Session struct {
	rules    *Rules
	protocol string
	tls      bool

	acts    int // of the visitor
	first   int64
	last    int64 // at_us of the latest act
	timing  timing
	frames  []tool.Frame
	ops     []string       // in order, repeats folded
	kinds   map[string]int // operations
	classes map[event.Class]*seen
	techs   map[string]*TechniqueCount
	worst   int

	reads   map[string]bool // targets read, for a write that knows what it changes
	writes  map[string]map[string]bool
	secrets map[string]bool
	pairs   []string
	shipped *seen // credentials as devices are shipped with
	entered *seen // credentials that were accepted
	knowing *seen // writes to what was read before
	sweep   *seen // many values to one point
	grave   hashing
	agent   string
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

// hashing is a hash that grows.
type hashing struct {
	n   int
	sum [32]byte
}

func (h *hashing) add(b []byte) {
	h.sum = sha256.Sum256(append(h.sum[:], b...))
	h.n++
}

func (h *hashing) String() string {
	if h.n == 0 {
		return ""
	}
	return hex.EncodeToString(h.sum[:8])
}

// Bounds of what a session remembers of targets and secrets.
const maxRemembered = 128

// NewSession begins with any line of a session: its session.open, or what is left.
func (r *Rules) NewSession(e *event.Event) *Session {
	return &Session{rules: r, protocol: e.Protocol, tls: e.TLS != nil, kinds: map[string]int{}, classes: map[event.Class]*seen{}, techs: map[string]*TechniqueCount{}}
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
	s.timing.add(e.AtUS)
	s.acts += n
	s.last = e.AtUS
	s.classes[e.Class] = s.classes[e.Class].add(e.Seq)
	if len(s.kinds) < maxRemembered || s.kinds[e.Op] > 0 {
		s.kinds[e.Op] += n
	}
	if len(s.ops) < MaxOps && (len(s.ops) == 0 || s.ops[len(s.ops)-1] != e.Op) {
		s.ops = append(s.ops, e.Op)
	}
	s.frame(e)
	s.targets(e)
	s.login(e)
	found := ActFinding{Severity: severity(e), Techniques: s.rules.attack.Act(e)}
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

// frame keeps the beginning for the fingerprint, and a hash of what is grave.
func (s *Session) frame(e *event.Event) {
	if len(s.frames) >= tool.Frames && (e.Class.Passive() || e.RequestLen == 0) {
		return
	}
	octets, err := hex.DecodeString(e.Request[:min(len(e.Request), 2*tool.MaxFrame)])
	if err != nil {
		return
	}
	if len(s.frames) < tool.Frames {
		s.frames = append(s.frames, tool.Frame{Op: e.Op, Request: octets, Len: e.RequestLen})
	}
	if !e.Class.Passive() && e.RequestLen > 0 && s.grave.n < 256 {
		s.grave.add(normal(s.protocol, octets))
	}
	if s.protocol == "http" && s.agent == "" {
		s.agent = userAgent(octets)
	}
}

// normal is a request without what changes from one connection to the next:
// transaction identifiers, references, session handles, sequence numbers.
func normal(protocol string, b []byte) []byte {
	blank := func(from, to int) {
		if len(b) >= to {
			clear(b[from:to])
		}
	}
	b = slices.Clone(b)
	switch protocol {
	case "modbus":
		blank(0, 2)
	case "s7comm":
		blank(11, 13) // behind TPKT and COTP, the PDU reference
	case "enip":
		blank(4, 8)   // session handle
		blank(12, 20) // sender context
	case "iec104":
		blank(2, 6) // N(S), N(R)
	case "dnp3":
		blank(10, 12) // transport and application sequence
	case "bacnet":
		blank(8, 9) // invoke identifier
	case "ipmi":
		blank(5, 14)
	}
	return b
}

func userAgent(head []byte) string {
	for l := range strings.Lines(string(head)) {
		if name, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(name, "User-Agent") {
			v = strings.TrimSpace(v)
			return v[:min(len(v), 256)]
		}
	}
	return ""
}

// targets follows what was read and what was written where.
func (s *Session) targets(e *event.Event) {
	if e.Target == nil {
		return
	}
	ref := string(e.Target.Kind) + " " + e.Target.Ref
	switch e.Class {
	case event.Read, event.Enumerate:
		if s.reads == nil {
			s.reads = map[string]bool{}
		}
		for _, name := range append(slices.Clone(e.Tags), ref) {
			if len(s.reads) < maxRemembered {
				s.reads[name] = true
			}
		}
	case event.Write, event.Control:
		known := s.reads[ref] || slices.ContainsFunc(e.Tags, func(t string) bool { return s.reads[t] })
		if known && e.Outcome == event.Answered {
			s.knowing = s.knowing.add(e.Seq)
		}
		if s.writes == nil {
			s.writes = map[string]map[string]bool{}
		}
		vs := s.writes[ref]
		if vs == nil && len(s.writes) < maxRemembered {
			vs = map[string]bool{}
			s.writes[ref] = vs
		}
		if vs != nil && len(vs) < 4 {
			vs[strings.Join(e.Values, ",")] = true
		}
		if len(vs) >= 3 {
			s.sweep = s.sweep.add(e.Seq)
		}
	}
}

// login follows credentials.
func (s *Session) login(e *event.Event) {
	if e.Cred == nil {
		return
	}
	pair := e.Cred.User + "\x00" + e.Cred.Secret
	if s.secrets == nil {
		s.secrets = map[string]bool{}
	}
	if len(s.secrets) < maxRemembered && e.Cred.Secret != "" {
		s.secrets[pair] = true
	}
	if len(s.pairs) < maxRemembered {
		s.pairs = append(s.pairs, pair)
	}
	if shipped(e.Cred.User, e.Cred.Secret) {
		s.shipped = s.shipped.add(e.Seq)
	}
	if e.Outcome == event.Answered && e.Class == event.Auth && e.Cred.Secret != "" {
		s.entered = s.entered.add(e.Seq)
	}
}

// Finding says what the session shows so far.
func (s *Session) Finding(src Source) Finding {
	f := Finding{Severity: s.worst, Timing: s.timing.result(), Ops: len(s.kinds), UA: s.agent}
	canonical := tool.Canonical(s.protocol, s.frames)
	f.Fingerprint, f.FingerprintHash = canonical, tool.Hash(canonical)
	f.Tool, f.ToolProof = s.rules.tools.Find(s.protocol, canonical)
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
	if s.acts == 0 {
		once("T0846.001", "H", &seen{1, []int{0}})
		once("T1595.001", "M", &seen{1, []int{0}})
	}
	if a := s.classes[event.Auth]; a != nil && a.n >= bruteAttempts {
		once("T1110", "H", a)
	}
	once("T0806", "H", s.sweep)
	once("T1694.001", "H", s.shipped)
	once("T0859", "M", s.entered)
	out := make([]TechniqueCount, 0, len(all))
	for _, t := range all {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b TechniqueCount) int { return strings.Compare(a.ID, b.ID) })
	return out
}
