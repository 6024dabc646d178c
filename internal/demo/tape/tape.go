// Package tape is conversations recorded from the rooms, to be played again: what
// the demo's visitors say and hear is what our services really answer.
package tape

import (
	"encoding/json"

	"github.com/sundew-ics/sundew/internal/event"
)

// A Tape is one session as it was recorded.
type Tape struct {
	Name      string `json:"name"`
	Persona   string `json:"persona"`
	Device    string `json:"device"`
	Service   string `json:"service"`
	Protocol  string `json:"protocol"`
	Transport string `json:"transport"`
	Port      uint16 `json:"port"` // the standard one
	Octets    string `json:"octets"`
	Reason    string `json:"reason"`
	Acts      []Act  `json:"acts"`
	Sides     []Tape `json:"sides,omitempty"` // sessions on ports of their own; their Port is the sensor's
	Files     []File `json:"files,omitempty"`
}

// An Act is one line of a session, texts escaped as the journal has them.
type Act struct {
	Op       string          `json:"op"`
	Class    event.Class     `json:"class"`
	Outcome  event.Outcome   `json:"outcome"`
	Target   *event.Target   `json:"target,omitempty"`
	Tags     []string        `json:"tags,omitempty"`
	Values   []string        `json:"values,omitempty"`
	Previous []string        `json:"previous,omitempty"`
	Cred     *event.Cred     `json:"cred,omitempty"`
	Artifact *event.Artifact `json:"artifact,omitempty"`
	Detail   json.RawMessage `json:"detail,omitempty"`
	Request  string          `json:"request"`
	Response string          `json:"response"`
	TookUS   int64           `json:"took_us"`
}

// A File is what a visitor brought.
type File struct {
	event.Artifact
	Content []byte `json:"content"`
}
