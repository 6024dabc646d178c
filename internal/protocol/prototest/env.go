package prototest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// Decode decodes TOML strictly into settings, as a persona does.
func Decode(text []byte, settings any) error {
	return toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(settings)
}

// Env returns the environment of a service: tags (a process.toml, may be nil)
// make its process, settings its file; files are its persona's.
func Env(t testing.TB, tags, settings []byte, files fs.FS) protocol.Env {
	t.Helper()
	p := newProcess(t, tags)
	d := &device.Device{Key: "device", Identity: identity(), Process: p, Mode: process.None, Clock: device.NewClock(device.ClockState{}, 0, nil)}
	if ref, ok := p.Ref("plc.mode"); ok {
		d.Mode = ref
	}
	return protocol.Env{
		Device: d,
		Decode: func(into any) error { return Decode(settings, into) },
		State:  NewState(),
		Rand:   rand.New(rand.NewChaCha8([32]byte{})),
		Files:  files,
	}
}

func newProcess(t testing.TB, tags []byte) *process.Process {
	t.Helper()
	var spec struct{ Tag []process.TagSpec }
	if err := Decode(tags, &spec); err != nil {
		t.Fatalf("tags.toml: %v", err)
	}
	cfg := process.Config{Programs: map[string]string{}}
	for _, s := range spec.Tag {
		tag, err := s.Tag()
		if err != nil {
			t.Fatalf("tags.toml: %v", err)
		}
		cfg.Tags = append(cfg.Tags, tag)
		if tag.Program != "" { // a device of that name, whose mode is its tag "NAME.mode"
			cfg.Programs[tag.Program] = tag.Program + ".mode"
		}
	}
	p, err := process.New(cfg)
	if err != nil {
		t.Fatalf("tags.toml: %v", err)
	}
	return p
}

// identity is the nameplate of the device under test.
func identity() device.Identity {
	return device.Identity{
		Vendor: "Test Works", Product: "TW 300", Order: "TW300-1AB00", Firmware: "3.2.7", Hardware: "4",
		Serial: "T C-X4U421302009", Name: "STATION-7", Location: "Plant 7", Contact: "Control room",
		MAC: [6]byte{0x00, 0x1b, 0x1b, 0x12, 0x34, 0x56}, Address: netip.MustParseAddr("192.168.10.7"),
		Boot:   time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC), // a month before synctest's epoch
		Values: map[string]string{},
	}
}

// State is a protocol.State in memory.
type State struct {
	mu     sync.Mutex
	values map[string]json.RawMessage
}

// NewState returns an empty State.
func NewState() *State { return &State{values: map[string]json.RawMessage{}} }

// Load implements protocol.State.
func (s *State) Load(key string, into any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	if !ok {
		return nil
	}
	return json.Unmarshal(v, into)
}

// Save implements protocol.State.
func (s *State) Save(key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = b
	return nil
}

// Journal is a session.Journal in memory.
type Journal struct {
	mu    sync.Mutex
	lines [][]byte
}

// Append implements session.Journal.
func (j *Journal) Append(line []byte, _ event.Class) error {
	if len(line) == 0 || line[len(line)-1] != '\n' {
		return fmt.Errorf("line without an end: %q", line)
	}
	if len(line) > event.MaxLine {
		return fmt.Errorf("line of %d octets", len(line))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, bytes.Clone(line))
	return nil
}

// Events decodes what was appended so far.
func (j *Journal) Events(t testing.TB) []event.Event {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []event.Event
	for _, l := range j.lines {
		e, err := event.Parse(l)
		if err != nil {
			t.Fatalf("%v in %s", err, l)
		}
		out = append(out, e)
	}
	return out
}

// Artifacts is a session.ArtifactStore in memory; it keeps the content by hash.
type Artifacts struct {
	mu      sync.Mutex
	Content map[string][]byte
}

// Put implements session.ArtifactStore.
func (a *Artifacts) Put(_, name, kind string, r io.Reader) (event.Artifact, error) {
	b, err := io.ReadAll(r)
	sum := sha256.Sum256(b)
	id := hex.EncodeToString(sum[:])
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.Content == nil {
		a.Content = map[string][]byte{}
	}
	a.Content[id] = b
	return event.Artifact{SHA256: id, Size: int64(len(b)), Name: name, Kind: kind}, err
}

// Open implements session.ArtifactStore.
func (a *Artifacts) Open(sha256 string) (io.ReadCloser, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.Content[sha256]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}
