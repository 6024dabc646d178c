// Package analysis interprets what the journal holds: what kind of visit a
// session was and why, whether a machine or a person made it, which ATT&CK
// techniques its octets prove, with which tool, and which sessions belong together.
//
// Everything here is a pure function over events: no clock, no I/O, no goroutine.
// The same events and the same Versions give the same result, so that a store
// can be rebuilt from the journal and be equal. docs/analysis.md describes
// labels, thresholds and limits.
package analysis

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/analysis/attack"
	"github.com/sundew-ics/sundew/internal/analysis/tool"
)

// RulesVersion is the version of labels, score, timing and clusters. It rises
// whenever a rule or a threshold changes a result.
const RulesVersion = 3

// Versions names the rules and data by which a finding was made.
type Versions struct {
	Rules      int    `json:"rules"`
	Attack     string `json:"attack"` // ATT&CK release whose ids are used: "19"
	Operations int    `json:"operations"`
	Tools      int    `json:"tools"`
	Signatures int    `json:"signatures"` // of attacks on other devices
	Shipped    int    `json:"shipped"`    // pairs that devices are delivered with
}

// String is what a store keeps to know whether it is out of date.
func (v Versions) String() string {
	return fmt.Sprintf("rules %d, attack %s/%d, tools %d, signatures %d, shipped %d", v.Rules, v.Attack, v.Operations, v.Tools, v.Signatures, v.Shipped)
}

// CurrentVersions returns the versions of this build.
func CurrentVersions() Versions {
	return Versions{RulesVersion, attack.Version, attack.Operations, tool.Version, versionOf(signatureRows), versionOf(shippedRows)}
}

// A Source is what is known about an address. What is unknown is empty.
type Source struct {
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2 of registration, not of the actor
	ASN     uint32 `json:"asn,omitempty"`
	ASOrg   string `json:"as_org,omitempty"`
	NetType string `json:"net_type,omitempty"` // heuristic: hosting, residential …
	Scanner string `json:"scanner,omitempty"`  // organisation of a known research scanner
	// ScannerProof says how well Scanner is known: "confirmed" (owner's address),
	// "claimed" (a list or its own word), "opaque" (operator unknown), or "".
	ScannerProof string `json:"scanner_proof,omitempty"`
}

// Labels of a session; each has exactly one. The list is closed.
const (
	ResearchConfirmed    = "research_confirmed"
	ResearchClaimed      = "research_claimed"
	ResearchOpaque       = "research_opaque"
	PortProbe            = "port_probe"
	BannerGrab           = "banner_grab"
	BulkScanner          = "bulk_scanner"
	BruteForce           = "brute_force"
	OpportunisticExploit = "opportunistic_exploit"
	ICSInteractive       = "ics_interactive"
	ICSWrite             = "ics_write"
	TargetedICS          = "targeted_ics"
	Misdirected          = "misdirected"
	Unknown              = "unknown"
)

// Labels returns every label, the gravest last: an actor has the gravest of his sessions.
func Labels() []string {
	return []string{Unknown, PortProbe, ResearchOpaque, ResearchClaimed, ResearchConfirmed, Misdirected, BannerGrab,
		BulkScanner, BruteForce, OpportunisticExploit, ICSInteractive, ICSWrite, TargetedICS}
}

// Automations of a session, from its timing. The list is closed.
const (
	Automated     = "automated"
	Human         = "human"
	Mixed         = "mixed"
	Indeterminate = "indeterminate"
)

// Automations returns every automation.
func Automations() []string { return []string{Automated, Human, Mixed, Indeterminate} }

// A Technique is an ATT&CK technique that one act proves.
type Technique = attack.Technique

// A TechniqueCount is a technique with the acts that prove it.
type TechniqueCount struct {
	Technique
	Count    int `json:"count"`
	FirstSeq int `json:"first_seq"`
}

// An ActFinding is what one event proves by itself.
type ActFinding struct {
	Techniques []Technique `json:"techniques,omitempty"`
	Severity   int         `json:"severity"` // 0 to 10, of the attempt; never of the visitor's reputation
}

// Evidence is one rule that applied, with the acts behind it.
type Evidence struct {
	Rule  string  `json:"rule"` // "R-STOP"
	Text  string  `json:"text"` // plain English, fit for a page
	Delta float64 `json:"delta,omitempty"`
	Seqs  []int   `json:"seqs,omitempty"` // up to MaxSeqs
}

// Timing describes the gaps between a visitor's acts.
type Timing struct {
	Acts        int     `json:"acts"`          // that the visitor did; ours unasked do not count
	MinGapUS    int64   `json:"min_gap_us"`    // microseconds
	MedianGapUS int64   `json:"median_gap_us"` // exact up to MaxGaps gaps, of the first MaxGaps beyond
	CV          float64 `json:"cv"`            // standard deviation over mean of all gaps
	LongGaps    int     `json:"long_gaps"`     // of 2 s to 120 s: a person's
	Bursts      int     `json:"bursts"`        // gaps below 150 ms: a machine's
	Moves       int     `json:"moves"`         // runs of acts with such gaps alone between them
	PauseCV     float64 `json:"pause_cv"`      // standard deviation over mean of the other gaps
}

// A Finding is what a whole session shows.
type Finding struct {
	Label      string           `json:"label"`
	Score      float64          `json:"score"` // 0 to 1: how targeted
	Evidence   []Evidence       `json:"evidence,omitempty"`
	Automation string           `json:"automation"`
	Timing     Timing           `json:"timing"`
	Techniques []TechniqueCount `json:"techniques,omitempty"` // by id
	Severity   int              `json:"severity"`             // greatest of its acts

	Fingerprint     string `json:"fingerprint,omitempty"`      // canonical string of the first frames
	FingerprintHash string `json:"fingerprint_hash,omitempty"` // first 12 hex digits of its SHA-256
	Tool            string `json:"tool,omitempty"`             // known tool
	ToolKind        string `json:"tool_kind,omitempty"`        // what it is for: tool.Kinds
	ToolProof       string `json:"tool_proof,omitempty"`       // "captured" or "derived"

	OpSeq     string `json:"op_seq,omitempty"` // operations in order, repeats folded, at most MaxOps
	OpSeqHash string `json:"op_seq_hash,omitempty"`
	Ops       int    `json:"ops"`                 // distinct operations
	Payload   string `json:"payload,omitempty"`   // hash of the octets that change the device or are a known attack, without what differs by connection
	CredList  string `json:"cred_list,omitempty"` // hash of the ordered pairs tried; empty below three
	UA        string `json:"ua,omitempty"`        // User-Agent, at most 256 octets, escaped as events escape text
}

// Bounds of what a Session keeps.
const (
	MaxSeqs = 16  // acts named by one piece of evidence
	MaxGaps = 256 // gaps kept for the median
	MaxOps  = 64  // operations in OpSeq
)
