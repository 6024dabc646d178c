// Package protocol is the plug point for protocols: a catalogue entry, what a
// persona hands a service, and the one method that a service has.
package protocol

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"net"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// A Protocol is one entry of the catalogue: constant data and constructors. A
// room that speaks over both tcp and udp has two entries of one Name.
type Protocol struct {
	Name    string   // key in personas and events: "modbus"
	Title   string   // for people: "Modbus/TCP"
	Network string   // "tcp" or "udp"
	Port    uint16   // the standard port
	Alt     uint16   // the unprivileged port
	Sides   []string // networks of the side ports that its sessions open

	New    func(Env) (Handler, error)                  // builds one service; opens nothing
	Decode func() Decoder                              // optional: frames and acts from octets alone
	Refuse func(request []byte) []byte                 // optional: the protocol's own refusal of a request
	Hello  func(ctx context.Context, c net.Conn) error // optional: a scanner's first question, its answer checked
}

// Env is what a persona hands one of its services.
type Env struct {
	Device *device.Device
	Decode func(settings any) error // strict decode of the service's own file
	State  State                    // what a visitor changed and the device keeps
	Rand   *rand.Rand               // for New only: stable per installation
	Files  fs.FS                    // the persona's folder

	Decoder func(protocol string) Decoder // other rooms' decoders, for the proxy
}

// State keeps what visitors changed on one device over restarts. Its services
// share it; keys are "<service>.<name>" or "device.<name>". Values are JSON.
type State interface {
	// Load fills into with the value of key and leaves it alone where there is none.
	Load(key string, into any) error
	// Save keeps v under key. It fails once the device's quota is used up.
	Save(key string, v any) error
}

// A Decoder turns octets into frames, for the replay view and the proxy. It has
// the state of one session.
type Decoder interface {
	// Next decodes the frame that p begins with and says how many octets it
	// has; 0 means that more octets are needed.
	Next(fromVisitor bool, p []byte) (Frame, int, error)
}

// A Frame is one decoded unit of the wire.
type Frame struct {
	Act    event.Act
	Fields []Field
}

// A Field is a named part of a frame; Off and Len place it in the frame's octets.
type Field struct {
	Name, Value string
	Off, Len    int
}

// A Handler converses with visitors. Serve has one TCP connection or one UDP
// flow and returns when the conversation is over; nil and io.EOF mean that the
// visitor left or that the device hung up. It is called concurrently, and no
// goroutine that it started outlives it.
type Handler interface {
	Serve(ctx context.Context, s *session.Session) error
}
