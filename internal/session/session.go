// Package session is one visitor's stay on one service: a connection that
// records.
//
// The session, not the room, keeps the octets. A room reads with R (TCP) or
// Datagram (UDP), says with Record what the visitor just did, and queues the
// answer with Write; an act is in the journal with its request and its response
// before the response leaves. Concatenated over a session, the requests of its
// acts are every octet that the visitor sent, and the responses every octet
// that we sent, in order.
package session

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// Caps of what an act keeps of each direction; beyond them its length and SHA-256.
const (
	MaxRequest  = 64 << 10
	MaxResponse = 16 << 10
)

const (
	maxQueue     = 64 << 10 // queued output that makes Write flush
	openAfter    = 60 * time.Second
	writeTimeout = 30 * time.Second
	lastWrite    = 250 * time.Millisecond // for what is under way when HangUp comes
	readSize     = 4096                   // what is read ahead on TCP
)

// Errors with which reads and writes end.
var (
	ErrIdle      = errors.New("session: nothing came within the idle limit")
	ErrTotal     = errors.New("session: the stay is over its time limit")
	ErrOctets    = errors.New("session: the visitor sent more octets than allowed")
	ErrInterrupt = errors.New("session: interrupted")
	ErrAllowance = errors.New("session: the reply budget does not allow this datagram")
)

// A Journal takes encoded lines. For a class that is not passive it returns
// once the line is in the journal's file; the class of lines that are not acts
// and that nobody waits for is "".
type Journal interface {
	Append(line []byte, class event.Class) error
}

// An ArtifactStore keeps files by content, within quotas per source.
type ArtifactStore interface {
	Put(source, name, kind string, r io.Reader) (event.Artifact, error)
	Open(sha256 string) (io.ReadCloser, error) // fs.ErrNotExist where it was not kept
}

// A Quota bounds what one source writes to the journal in a day. Admit is asked
// for each act; keep false folds it away, and a Count above 1 says for how many
// acts, this one included, its line stands.
type Quota interface {
	Admit(class event.Class, in, out int) (keep bool, f Folded)
}

// Folded is what a line stands for that folds several acts.
type Folded struct {
	Count     int   `json:"-"`
	OctetsIn  int64 `json:"octets_in"`
	OctetsOut int64 `json:"octets_out"`
}

// A Budget bounds what is answered to a source that has not proven that it
// receives our answers.
type Budget interface {
	Spend(payload int) bool // takes the cost of one datagram, headers included
	Left() int              // payload octets that one more datagram may have
	Prove() bool            // the source returned an unpredictable value of ours; whether that is believed
}

// A PacketConn is a UDP flow: Datagram yields one datagram, valid until the
// next call; Write sends one.
type PacketConn interface {
	net.Conn
	Datagram() ([]byte, error)
}

// Config is what the sensor knows of a new session.
type Config struct {
	Conn     net.Conn // a PacketConn makes the session a UDP flow
	Envelope event.Envelope
	Open     event.Open
	Journal  Journal

	Artifacts ArtifactStore
	Quota     Quota  // nil: none
	Budget    Budget // UDP; nil: none
	Idle      time.Duration
	Total     time.Duration // 0: none
	MaxOctets int64         // from the visitor; 0: no limit
	Instant   bool          // Delay does nothing
	Buffers   *Buffers      // shared by all sessions; nil: its own
	Seed      [32]byte      // secret; Rand is derived from it and the session's id
	Sides     SideMaker     // nil: Side fails
	Panicked  func(any)     // told of a panic of a room's own goroutine; nil: the log is
	Log       *slog.Logger

	parent *Session // of a side session: it hangs up with its parent
}

// A Session is one visitor's stay. One goroutine reads and records; any other
// may only call Send, HangUp and the accessors.
type Session struct {
	Log *slog.Logger // diagnostics; never events

	cfg    Config
	packet PacketConn     // nil on TCP
	enc    *event.Encoder // made with the first line
	start  time.Time
	opener *time.Timer
	rand   *rand.Rand
	r      *bufio.Reader

	hang       sync.Once
	quit       chan struct{} // closed by HangUp
	hangReason string        // read once quit is closed
	kids       kids

	mu      sync.Mutex
	conn    net.Conn
	idle    time.Duration
	limit   time.Time    // when the read under way has been idle, or the stay over
	readBy  time.Time    // the read deadline as it is set: the limit, or an earlier one
	writeBy time.Time    // the write deadline as it is set
	in      *[]byte      // captured: the pending act's request, then what no act has claimed
	claimed int          // octets of in that are the pending act's
	over    *overflow    // of unclaimed octets beyond MaxRequest
	pending *event.Act   // recorded, not yet in the journal
	act     event.Act    // what pending points to
	request event.Octets // the pending act's
	arrived atomic.Int64 // when the last octets came, since start
	out     *[]byte      // queued for the wire; nil when empty
	bounds  []int        // ends of the queued datagrams
	held    int          // octets of out that belong to acts already in the journal
	delay   time.Duration
	stopped error // why reading is over, if it is
	broken  error // why a TCP connection takes no more octets, if it does not
	gone    bool  // the visitor has closed or reset his side
	sending bool  // the pending act is Send's
	asked   asked
	opened  bool
	ended   bool
	seq     int
	stats   stats
}

// Open begins a session. Nothing is recorded yet: session.open is written with
// the first act, after 60 s, or at the end.
func Open(cfg Config) *Session {
	s := &Session{Log: cfg.Log, cfg: cfg, conn: cfg.Conn, idle: cfg.Idle, start: time.Now(), quit: make(chan struct{})}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.Buffers == nil {
		s.cfg.Buffers = &Buffers{}
	}
	s.packet, _ = cfg.Conn.(PacketConn)
	if s.cfg.Open.Octets == "" {
		s.cfg.Open.Octets = "wire"
	}
	s.mu.Lock() // the timer's function may run before it has a name
	defer s.mu.Unlock()
	s.opener = time.AfterFunc(openAfter, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ensureOpen()
	})
	if cfg.parent != nil {
		cfg.parent.adopt(s, s.HangUp)
	}
	return s
}

// R returns the only reader of a TCP session. Never wrap it in another buffer:
// what it has handed out counts as the request of the next act. The first call
// flushes and waits for the visitor's first octet, as the read would that follows,
// so that one who says nothing costs no buffer.
func (s *Session) R() *bufio.Reader {
	if s.r == nil && s.packet == nil {
		s.awaitFirst()
		s.r = bufio.NewReaderSize(wire{s}, readSize)
	}
	return s.r
}

func (s *Session) encoder() *event.Encoder {
	if s.enc == nil {
		s.enc = event.NewEncoder(s.cfg.Envelope)
	}
	return s.enc
}

// Packet says whether the session is a UDP flow.
func (s *Session) Packet() bool { return s.packet != nil }

// ID is the session's UUID.
func (s *Session) ID() string { return s.cfg.Envelope.Session }

// Remote is the visitor's address and port.
func (s *Session) Remote() netip.AddrPort { return s.cfg.Envelope.Src }

// Local is the address and port that the visitor came to.
func (s *Session) Local() netip.AddrPort { return s.cfg.Envelope.Dst }

// Source names the visitor to the process and to what rooms keep of him: his
// address as text; of IPv6 the /64, all of which he has.
func (s *Session) Source() string {
	a := s.cfg.Envelope.Src.Addr().Unmap().WithZone("")
	if !a.Is6() {
		return a.String()
	}
	p, _ := a.Prefix(64)
	return p.String()
}

// SetIdle changes the idle limit from here on, also of a read under way. Any
// goroutine may call it: a transfer beside this session is no idleness.
func (s *Session) SetIdle(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = d
	s.awaitUntil(s.deadline())
	if s.hung() {
		s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// deadline is when a read that begins now has been idle, or the stay over.
func (s *Session) deadline() time.Time {
	d := time.Time{}
	if s.idle > 0 {
		d = time.Now().Add(s.idle)
	}
	if s.cfg.Total > 0 {
		if end := s.start.Add(s.cfg.Total); d.IsZero() || end.Before(d) {
			d = end
		}
	}
	return d
}

// Allowance returns how many octets one more datagram may have under the reply
// budget; on TCP there is no limit.
func (s *Session) Allowance() int {
	if s.cfg.Budget == nil {
		return unlimited
	}
	return s.cfg.Budget.Left()
}

const unlimited = 1 << 30 // what a Budget without a limit has left

// Proven says whether the visitor has shown that he receives our answers; on
// TCP he always has.
func (s *Session) Proven() bool { return s.Allowance() >= unlimited }

// Prove lifts the reply budget: the visitor returned an unpredictable value
// that only our answer can have told him. It reports whether that is believed:
// of a value that he may have guessed, the number of a side port, only where he
// has not tried others.
func (s *Session) Prove() bool { return s.cfg.Budget == nil || s.cfg.Budget.Prove() }

// Rand is this session's source of values that a visitor cannot predict.
func (s *Session) Rand() *rand.Rand {
	if s.rand == nil {
		h := sha256.New()
		h.Write(s.cfg.Seed[:])
		io.WriteString(h, s.cfg.Envelope.Boot)
		io.WriteString(h, s.cfg.Envelope.Session)
		s.rand = rand.New(rand.NewChaCha8([32]byte(h.Sum(nil))))
	}
	return s.rand
}

// Unproven is the source of all files whose sender may be forged: together they
// have the quota of one.
const Unproven = "unproven"

// Keep stores a file or program block that the visitor sent, streamed from r.
func (s *Session) Keep(name, kind string, r io.Reader) (event.Artifact, error) {
	if s.cfg.Artifacts == nil {
		return event.Artifact{}, errors.New("session: no artifact store")
	}
	source := s.cfg.Envelope.Src.Addr().Unmap().String()
	if !s.Proven() {
		source = Unproven
	}
	return s.cfg.Artifacts.Put(source, name, kind, r)
}

// Artifact opens a file that Keep has kept, by its SHA-256 in hex; the error is
// fs.ErrNotExist where there is none. Any goroutine may call it.
func (s *Session) Artifact(sha256 string) (io.ReadCloser, error) {
	if s.cfg.Artifacts == nil {
		return nil, fs.ErrNotExist
	}
	return s.cfg.Artifacts.Open(sha256)
}

// IdleSince returns when octets last came.
func (s *Session) IdleSince() time.Time {
	return s.start.Add(time.Duration(s.arrived.Load()))
}

// Mute says whether no octet has come yet.
func (s *Session) Mute() bool { return s.arrived.Load() == 0 }

func (s *Session) since() time.Duration { return time.Since(s.start) }
