package web

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/store"
)

// Config is what a dashboard is made of. What the package may not know itself,
// since it belongs to rooms or to the sensor, comes as a function; where one is
// nil, the pages say that there is none and why.
type Config struct {
	Store   func() *store.Store // the one that there is now: it may be replaced
	Rules   *analysis.Rules
	Secrets *Secrets
	Log     *slog.Logger
	Build   string
	Hosts   []string // names and addresses by which it may be called, besides loopback's
	TLS     bool     // it is served by TLS
	Pages   fs.FS    // nil: those that the binary carries

	Running *Running // nil: no sensor runs in this process

	Follow   Follow                                                          // nil: the stream stays empty
	Source   func(netip.Addr) analysis.Source                                // what is known of an address
	Versions func() string                                                   // of this build's rules and data
	Lines    func(ctx context.Context, s *store.Session) (Transcript, error) // a session's lines, from the journal
	Decode   func(protocol string) Decode                                    // nil for a protocol that cannot be decoded
	Describe func(protocol string) (title string, ports []uint16)            // a protocol for people
	Scanners func() []string                                                 // research scanners that are known
	Notices  func() []Notice                                                 // on the data that is shown
	Behind   func() int64                                                    // octets of the journal that the store has yet to take
	Held     func(sha256 string) bool                                        // a visitor's file is kept
	Archive  func(ctx context.Context, w io.Writer, sha256 string) error     // it, in a ZIP
	Capture  func(ctx context.Context, w io.Writer, s *store.Session) error  // a session as pcapng
	Formats  []Format                                                        // of exports
	// Layer writes a layer for ATT&CK Navigator, of ids of release 18 or 19.
	Layer   func(ctx context.Context, w io.Writer, f store.Filter, v18 bool, domain string) error
	Reports *Reports
}

// Follow yields the journal's lines from a time on, as they come; they are valid
// until the iteration goes on. Earlier lines may come first.
type Follow func(ctx context.Context, since time.Time) iter.Seq2[[][]byte, error]

// A Transcript is what the journal holds of a session.
type Transcript struct {
	Events  []event.Event
	Missing string // why some of it is gone; "": nothing is
}

// Decode decodes the frame that p begins with and says how many octets it has;
// 0 means that more are needed. It has the state of one session.
type Decode func(fromVisitor bool, p []byte) (Frame, int, error)

// A Frame is a decoded unit of the wire.
type Frame struct {
	Op     string
	Fields []Field
}

// A Field is a named part of a frame; Off and Len place it in the frame's octets.
type Field struct {
	Name, Value string
	Off, Len    int
}

// Running is the sensor that runs in this process.
type Running struct {
	Health func() Health
	Sites  []Site
}

// A Site is a plant that moves.
type Site struct {
	Persona, Title string
	Process        *process.Process
}

// A Format is one that sessions can be exported in.
type Format struct {
	Name  string // in the address: "csv"
	Title string
	Type  string // its media type
	Ext   string // of the file: "csv"
	Why   string // it cannot be had; "": it can
	Write func(ctx context.Context, w io.Writer, f store.Filter) error
}

// A Notice is what a source of data asks to be shown with results from it.
type Notice struct {
	Data    string    `json:"data"`
	Text    string    `json:"text"`
	Link    string    `json:"link"`
	Licence string    `json:"licence"`
	Built   time.Time `json:"built,omitzero"`
	Age     *int      `json:"age_days,omitempty"`
}

// Reports makes reports and keeps them.
type Reports struct {
	Make func(ctx context.Context, o Order) (Report, error) // returns at once
	List func() ([]Report, error)
	Open func(id, name string) (f io.ReadCloser, octets int64, err error) // fs.ErrNotExist: there is none
}

// An Order is what a report is to be about.
type Order struct {
	Filter store.Filter
	Query  string // as it was asked for
}

// A Report is one that was made, or is being made.
type Report struct {
	ID     string       `json:"id"`
	Made   time.Time    `json:"made"`
	From   time.Time    `json:"from,omitzero"`
	To     time.Time    `json:"to,omitzero"`
	Octets int64        `json:"octets"`
	Files  []ReportFile `json:"files"`
	State  string       `json:"state"` // ready, making or failed
	Error  string       `json:"error,omitempty"`
}

// A ReportFile is one file of a report.
type ReportFile struct {
	Name   string `json:"name"`
	Octets int64  `json:"octets"`
}
