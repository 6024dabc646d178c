package store

import (
	"net/netip"
	"strings"
)

// A Term is one condition on sessions beside those of a Filter: a column, or
// something that one of a session's acts has, set against any of some values.
type Term struct {
	Key   Key
	Not   bool
	Op    string   // of numbers: "=", ">=", "<=", ">", "<"; "" is "="
	Text  []string // each the value itself, or a pattern in which * stands for any text
	Int   []int64
	Range []netip.Prefix // of KeySrc
}

// A Key is what a Term is about.
type Key int

// The keys.
const (
	KeySession Key = iota // its id
	KeySensor
	KeyPersona
	KeyDevice
	KeyService
	KeyProtocol
	KeyTransport
	KeyReason
	KeyCountry
	KeyOrg
	KeyNetwork // kind of network
	KeyScanner
	KeyProof
	KeyLabel
	KeyAutomation
	KeyTool
	KeyFingerprint
	KeyAgent
	KeyText // any of tool, scanner, operator of the network, User-Agent

	KeyASN // numbers
	KeyPort
	KeySeverity
	KeyScore // thousandths
	KeyActs
	KeyOctetsIn
	KeyOctetsOut
	KeyDuration // nanoseconds, of sessions that have ended

	KeySrc // addresses

	KeyClass // of an act
	KeyOp
	KeyOutcome
	KeyTargetKind
	KeyTarget
	KeyValue
	KeyTechnique
	KeyUser
	KeySecret
	KeyFile // its hash or its name
)

// column is the column of sessions that a key stands for, or "".
func (k Key) column() string {
	switch k {
	case KeySession:
		return "sessions.id"
	case KeySensor:
		return "sessions.sensor"
	case KeyPersona:
		return "sessions.persona"
	case KeyDevice:
		return "sessions.device"
	case KeyService:
		return "sessions.service"
	case KeyProtocol:
		return "sessions.protocol"
	case KeyTransport:
		return "sessions.transport"
	case KeyReason:
		return "sessions.reason"
	case KeyCountry:
		return "sessions.country"
	case KeyOrg:
		return "sessions.as_org"
	case KeyNetwork:
		return "sessions.net_type"
	case KeyScanner:
		return "sessions.scanner"
	case KeyProof:
		return "sessions.scanner_proof"
	case KeyLabel:
		return "sessions.label"
	case KeyAutomation:
		return "sessions.automation"
	case KeyTool:
		return "sessions.tool"
	case KeyFingerprint:
		return "sessions.fingerprint"
	case KeyAgent:
		return "sessions.user_agent"
	case KeyASN:
		return "sessions.asn"
	case KeyPort:
		return "sessions.dst_port"
	case KeySeverity:
		return "sessions.severity"
	case KeyScore:
		return "sessions.score"
	case KeyActs:
		return "sessions.acts"
	case KeyOctetsIn:
		return "sessions.octets_in"
	case KeyOctetsOut:
		return "sessions.octets_out"
	case KeyDuration:
		return "sessions.closed - sessions.opened"
	}
	return ""
}

// part is the table and its columns of what a session has many of.
func (k Key) part() (table string, columns []string) {
	switch k {
	case KeyClass:
		return "acts", []string{"acts.class"}
	case KeyOp:
		return "acts", []string{"acts.op"}
	case KeyOutcome:
		return "acts", []string{"acts.outcome"}
	case KeyTargetKind:
		return "acts", []string{"acts.target_kind"}
	case KeyTarget:
		return "acts", []string{"acts.target"}
	case KeyValue:
		return "acts", []string{"acts.value"}
	case KeyTechnique:
		return "techniques", []string{"techniques.technique"}
	case KeyUser:
		return "credentials", []string{"credentials.username"}
	case KeySecret:
		return "credentials", []string{"credentials.secret"}
	case KeyFile:
		return "artifacts", []string{"artifacts.sha256", "artifacts.name"}
	}
	return "", nil
}

// restrict adds the term to a condition on rows of sessions.
func (t *Term) restrict(w *where) {
	var c choice
	table, columns := t.Key.part()
	switch {
	case table != "":
		for _, column := range columns {
			c.texts(column, t.Text)
		}
		c.wrap("EXISTS (SELECT 1 FROM "+table+" WHERE "+table+".session = sessions.key AND (", "))")
	case t.Key == KeySrc:
		for _, p := range t.Range {
			low, high := bounds(p)
			c.or("sessions.src >= ? AND sessions.src <= ?", low, high)
		}
	case t.Key == KeyText:
		for _, column := range []string{"sessions.tool", "sessions.scanner", "sessions.as_org", "sessions.user_agent"} {
			c.texts(column, t.Text)
		}
	case t.Int != nil:
		c.numbers(t.Key.column(), t.operator(), t.Int)
		if t.Key == KeyDuration {
			c.wrap("sessions.closed <> 0 AND (", ")")
		}
	default:
		c.texts(t.Key.column(), t.Text)
	}
	if c.text.Len() == 0 {
		w.and("1 = 0") // none of no values
		return
	}
	not := ""
	if t.Not {
		not = "NOT "
	}
	w.and(not+"("+c.String()+")", c.args...)
}

func (t *Term) operator() string {
	switch t.Op {
	case ">=", "<=", ">", "<":
		return t.Op
	}
	return "="
}

// choice is conditions of which one must hold.
type choice struct {
	text strings.Builder
	args []any
	wrapped
}

type wrapped struct{ before, behind string }

func (c *choice) or(condition string, args ...any) {
	if c.text.Len() > 0 {
		c.text.WriteString(" OR ")
	}
	c.text.WriteString(condition)
	c.args = append(c.args, args...)
}

func (c *choice) wrap(before, behind string) { c.wrapped = wrapped{before, behind} }

func (c *choice) String() string { return c.before + c.text.String() + c.behind }

// texts sets a column against values, those without a pattern together.
func (c *choice) texts(column string, values []string) {
	var plain []any
	for _, v := range values {
		if strings.Contains(v, "*") {
			c.or("LOWER("+column+`) LIKE ? ESCAPE '\'`, like(v))
			continue
		}
		plain = append(plain, v)
	}
	if len(plain) > 0 {
		c.or(column+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(plain)), ", ")+")", plain...)
	}
}

func (c *choice) numbers(column, op string, values []int64) {
	for _, v := range values {
		c.or(column+" "+op+" ?", v)
	}
}

// like is a pattern as LIKE has it, in lower case.
func like(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`).Replace(strings.ToLower(pattern))
}

// bounds are the first and last address of a prefix, as the store keeps them.
func bounds(p netip.Prefix) (low, high []byte) {
	first := p.Masked().Addr()
	bits := p.Bits()
	if first.Is4() {
		bits += 96
	}
	l := first.As16()
	h := l
	for i := bits; i < 128; i++ {
		h[i/8] |= 0x80 >> (i % 8)
	}
	return l[:], h[:]
}
