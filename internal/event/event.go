// Package event is the schema of the record: what one line of the journal says.
//
// A session supplies the envelope, a room supplies the Act; nothing that a
// visitor sends can alter an envelope. The record, version 1, is described in
// docs/events.md; Schema prints it as JSON Schema.
package event

import (
	"net/netip"
	"time"
)

// Version is the version of the record that this build writes.
const Version = 1

// A Kind says which of the four sorts of line an event is.
type Kind string

// The kinds. The list is closed.
const (
	KindOpen   Kind = "session.open"
	KindAct    Kind = "act"
	KindClose  Kind = "session.close"
	KindStatus Kind = "status"
)

// A Class says, in words common to all protocols, what an act attempts.
type Class string

// The classes. The list is closed; the attempt is the class, whatever became of it.
const (
	Connect         Class = "connect"
	Identify        Class = "identify"
	Enumerate       Class = "enumerate"
	Read            Class = "read"
	Write           Class = "write"
	Control         Class = "control"
	Mode            Class = "mode"
	ProgramUpload   Class = "program_upload"
	ProgramDownload Class = "program_download"
	FileRead        Class = "file_read"
	FileWrite       Class = "file_write"
	Auth            Class = "auth"
	Config          Class = "config"
	Firmware        Class = "firmware"
	Restart         Class = "restart"
	Report          Class = "report" // sent by us unasked
	Malformed       Class = "malformed"
	Foreign         Class = "foreign" // another protocol spoken at this port
	Other           Class = "other"
)

// Classes returns every class.
func Classes() []Class {
	return []Class{Connect, Identify, Enumerate, Read, Write, Control, Mode, ProgramUpload, ProgramDownload,
		FileRead, FileWrite, Auth, Config, Firmware, Restart, Report, Malformed, Foreign, Other}
}

// Passive says whether the class only looks: connect, identify, enumerate and
// read. All others are written to the journal's file before their reply leaves.
func (c Class) Passive() bool {
	return c == Connect || c == Identify || c == Enumerate || c == Read
}

// Foldable says whether acts of the class are folded into one a minute once
// their source has used up its journal budget of the day.
func (c Class) Foldable() bool {
	return c.Passive() || c == Auth || c == Malformed || c == Foreign
}

// An Outcome says what became of an act.
type Outcome string

// The outcomes. The list is closed.
const (
	Answered Outcome = "answered"
	Refused  Outcome = "refused" // the protocol's own error
	Ignored  Outcome = "ignored" // silence, as the device would
	Dropped  Outcome = "dropped" // a limit of the sensor
)

// Outcomes returns every outcome.
func Outcomes() []Outcome { return []Outcome{Answered, Refused, Ignored, Dropped} }

// A TargetKind says what sort of thing an act aims at.
type TargetKind string

// The target kinds. The list is closed.
const (
	TargetCoil     TargetKind = "coil"
	TargetDiscrete TargetKind = "discrete"
	TargetRegister TargetKind = "register"
	TargetInput    TargetKind = "input"
	TargetDB       TargetKind = "db"
	TargetArea     TargetKind = "area"
	TargetBlock    TargetKind = "block"
	TargetSZL      TargetKind = "szl"
	TargetOID      TargetKind = "oid"
	TargetObject   TargetKind = "object"
	TargetProperty TargetKind = "property"
	TargetTag      TargetKind = "tag"
	TargetService  TargetKind = "service"
	TargetPath     TargetKind = "path"
	TargetFile     TargetKind = "file"
	TargetIOA      TargetKind = "ioa"
	TargetPoint    TargetKind = "point"
	TargetUnit     TargetKind = "unit"
	TargetUser     TargetKind = "user"
	TargetTank     TargetKind = "tank"
	TargetMeter    TargetKind = "meter"
	TargetBoot     TargetKind = "boot"
	TargetPower    TargetKind = "power"
	TargetOther    TargetKind = "other"
)

// TargetKinds returns every target kind.
func TargetKinds() []TargetKind {
	return []TargetKind{TargetCoil, TargetDiscrete, TargetRegister, TargetInput, TargetDB, TargetArea, TargetBlock, TargetSZL, TargetOID, TargetObject, TargetProperty, TargetTag, TargetService,
		TargetPath, TargetFile, TargetIOA, TargetPoint, TargetUnit, TargetUser, TargetTank, TargetMeter, TargetBoot, TargetPower, TargetOther}
}

// A Target is what an act aims at: an address in the protocol's own notation.
type Target struct {
	Kind TargetKind `json:"kind"`
	Ref  string     `json:"ref"`
}

// A Cred is a credential that a visitor tried, as he sent it.
type Cred struct {
	User   string `json:"user,omitempty"`
	Secret string `json:"secret,omitempty"`
	Method string `json:"method,omitempty"`
}

// An Artifact names a file or program block kept by its SHA-256.
type Artifact struct {
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
	Name      string `json:"name,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Truncated bool   `json:"truncated,omitempty"` // kept only up to the cap
}

// An Act is one thing that a visitor did, or that we sent unasked, as its room
// describes it. Text in it is given raw; encoding escapes it (see Text).
type Act struct {
	Op       string // the protocol's own name for it: "read_holding_registers"
	Class    Class
	Outcome  Outcome // zero means Answered
	Target   Target
	Tags     []string // process tags touched
	Values   []string // as long as Tags, or without Tags what was written
	Previous []string
	Cred     *Cred
	Artifact *Artifact
	Detail   any // Detail (fast) or anything that encoding/json marshals to an object

	Count int // more than 1: a folded minute of acts
}

// Detail is an act's protocol-specific part that encodes itself as a JSON
// object behind b. Visitor text in it goes through AppendText or Text.
type Detail interface{ AppendJSON(b []byte) []byte }

// A Status is a line about the sensor itself.
type Status struct {
	What   string // one of StatusWhats
	Detail any    // as in Act
}

// StatusWhats returns every value of a status line's `what`. The list is closed.
func StatusWhats() []string {
	return []string{"start", "stop", "listener", "drop", "limit", "refused", "clock", "heartbeat", "lost", "retention", "redact"}
}

// CloseReasons returns every reason with which a session closes. The list is closed.
func CloseReasons() []string {
	return []string{"visitor", "idle", "total", "octets", "evicted", "protocol", "shutdown", "error"}
}

// An Envelope is what every event of one session shares.
type Envelope struct {
	Session, Boot, Sensor string
	Protocol, Transport   string // transport: "tcp" or "udp"
	Src, Dst              netip.AddrPort
}

// Octets is what was captured of one direction of an act: up to a cap the
// octets themselves, beyond it their number and SHA-256.
type Octets struct {
	Kept   []byte
	Len    int    // all of them
	SHA256 []byte // of all of them; nil unless cut
}

// Cut says whether not all octets were kept.
func (o Octets) Cut() bool { return o.Len > len(o.Kept) }

// A Stamp is when an event happened.
type Stamp struct {
	Time time.Time
	At   time.Duration // since the session opened, by the monotonic clock
	Seq  int
}
