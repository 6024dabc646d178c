package event

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// An Event is a line read back. Members of other kinds are zero.
type Event struct {
	V    int       `json:"v"`
	Kind Kind      `json:"kind"`
	Time time.Time `json:"ts"`
	AtUS int64     `json:"at_us,omitempty"`
	Seq  int       `json:"seq"`

	Session   string    `json:"session,omitempty"`
	Boot      string    `json:"boot"`
	Sensor    string    `json:"sensor"`
	Protocol  string    `json:"protocol,omitempty"`
	Transport string    `json:"transport,omitempty"`
	Src       *Endpoint `json:"src,omitempty"`
	Dst       *Endpoint `json:"dst,omitempty"`

	Persona  string `json:"persona,omitempty"` // session.open
	Device   string `json:"device,omitempty"`
	Build    string `json:"build,omitempty"`
	Listener string `json:"listener,omitempty"`
	Parent   string `json:"parent,omitempty"`
	Probe    string `json:"probe,omitempty"`
	Octets   string `json:"octets,omitempty"`
	TLS      *TLS   `json:"tls,omitempty"`

	Op             string          `json:"op,omitempty"` // act
	Class          Class           `json:"class,omitempty"`
	Outcome        Outcome         `json:"outcome,omitempty"`
	Target         *Target         `json:"target,omitempty"`
	Tags           []string        `json:"tags,omitempty"`
	Values         []string        `json:"values,omitempty"`
	Previous       []string        `json:"previous,omitempty"`
	Cred           *Cred           `json:"cred,omitempty"`
	Artifact       *Artifact       `json:"artifact,omitempty"`
	Detail         json.RawMessage `json:"detail,omitempty"` // act, status
	Request        string          `json:"request,omitempty"`
	RequestLen     int             `json:"request_len,omitempty"`
	RequestSHA256  string          `json:"request_sha256,omitempty"`
	Response       string          `json:"response,omitempty"`
	ResponseLen    int             `json:"response_len,omitempty"`
	ResponseSHA256 string          `json:"response_sha256,omitempty"`
	Truncated      bool            `json:"truncated,omitempty"` // act, session.close
	TookUS         int64           `json:"took_us,omitempty"`
	Count          int             `json:"count,omitempty"`

	Start      time.Time      `json:"start,omitzero"` // session.close
	End        time.Time      `json:"end,omitzero"`
	DurationUS int64          `json:"duration_us,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	OctetsIn   int64          `json:"octets_in,omitempty"`
	OctetsOut  int64          `json:"octets_out,omitempty"`
	Acts       int            `json:"acts,omitempty"`
	Ops        map[string]int `json:"ops,omitempty"`
	Sequence   []string       `json:"sequence,omitempty"`
	Error      string         `json:"error,omitempty"`

	What string `json:"what,omitempty"` // status
}

// An Endpoint is an address and port as the record spells them.
type Endpoint struct {
	IP   netip.Addr `json:"ip"`
	Port uint16     `json:"port"`
}

// ID is the event's derived identifier: session and seq, or boot and seq of a status.
func (e *Event) ID() string {
	if e.Session == "" {
		return fmt.Sprintf("%s-%d", e.Boot, e.Seq)
	}
	return fmt.Sprintf("%s-%d", e.Session, e.Seq)
}

// Parse reads one line. Unknown members are ignored; a version above Version
// that a reader could misunderstand is an error.
func Parse(line []byte) (Event, error) {
	var e Event
	if !fast(line, &e) {
		e = Event{}
		if err := json.Unmarshal(line, &e); err != nil {
			return e, fmt.Errorf("event: %w", err)
		}
	}
	if e.V != Version {
		return e, fmt.Errorf("event: record version %d; this build reads version %d", e.V, Version)
	}
	return e, nil
}
