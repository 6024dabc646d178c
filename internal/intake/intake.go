// Package intake brings in what other sensors have recorded, each origin as a
// journal of its own in DIR/imported/NAME: journals and backups of Sundew as they
// are, and Conpot's JSON logs as far as they tell.
//
// To import again adds what is new and nothing twice. What a redaction erased here
// does not come back.
package intake

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// Kinds of what is imported.
const (
	Sundew = "sundew" // a data directory, a journal's directory, or a backup
	Conpot = "conpot" // JSON logs
)

// ErrKind says that what a path holds is nothing that can be imported.
var ErrKind = errors.New("neither a sensor's data directory, journal or backup, nor a JSON log of Conpot")

// Config says what to import, and where to.
type Config struct {
	Path string // file or directory
	Data string // the sensor's directory: imported/NAME is below it
	Name string // of the origin; "": from the sensor's name, or the file's
	Kind string // "": by what is there

	Decoder   func(protocol string) protocol.Decoder // nil: Conpot's octets are not decoded
	Transport func(protocol string) string           // nil: all is tcp
	Progress  func(done, total int64)                // octets of files; nil: none
}

// An Origin is what imported/NAME/origin.json says of where its lines come from.
type Origin struct {
	Version  int       `json:"version"`
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	Sensors  []string  `json:"sensors"`
	Note     string    `json:"note,omitempty"` // what limits conclusions
	Imported time.Time `json:"imported"`       // last

	Conpot *conpotOrigin `json:"conpot,omitempty"`
}

// Result says what an import did.
type Result struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Note     string `json:"note,omitempty"`
	Segments int    `json:"segments"` // written or made longer
	Same     int    `json:"same"`     // that were here
	Erased   int    `json:"erased"`   // that were redacted here and stay so
	Lines    int64  `json:"lines"`    // of the journal, new
	Sessions int64  `json:"sessions"` // of Conpot, new
	Acts     int64  `json:"acts"`

	LogLines  int64 `json:"log_lines,omitempty"` // of Conpot's log, read this time
	Known     int64 `json:"known,omitempty"`     // of them, imported before
	Malformed int64 `json:"malformed,omitempty"` // of them, passed over
	Bad       []Bad `json:"bad,omitempty"`       // the first of those
}

// A Bad is a line that could not be read.
type Bad struct {
	File string `json:"file"`
	Line int64  `json:"line"`
	Why  string `json:"why"`
}

const (
	originName = "origin.json"
	version    = 1
)

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// nameOf makes a name of an origin of a text.
func nameOf(text string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, text)
	if name = strings.Trim(name, "-_"); len(name) > 63 {
		name = name[:63]
	}
	return name
}

func (c *Config) dir() string { return filepath.Join(c.Data, "imported", c.Name) }

// tidy removes the directory of an origin of which nothing was imported.
func (c *Config) tidy() {
	if _, err := os.Stat(filepath.Join(c.dir(), originName)); errors.Is(err, fs.ErrNotExist) {
		if _, there := journalIn(c.dir()); !there {
			os.RemoveAll(filepath.Join(c.dir(), stagingDir))
			os.Remove(filepath.Join(c.dir(), "lock"))
			os.Remove(c.dir()) // unless there is something else
		}
	}
}

func (c *Config) check() error {
	if !nameForm.MatchString(c.Name) {
		return fmt.Errorf("%q is no name of an origin: --name takes small letters, digits, - and _", c.Name)
	}
	return nil
}

// readOrigin reads what is said of imported/NAME; nil where it is not there.
func (c *Config) readOrigin(kind string) (*Origin, error) {
	b, err := os.ReadFile(filepath.Join(c.dir(), originName))
	if errors.Is(err, fs.ErrNotExist) {
		return &Origin{Version: version, Name: c.Name, Kind: kind}, nil
	}
	if err != nil {
		return nil, err
	}
	var o Origin
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(c.dir(), originName), err)
	}
	if o.Version != version || o.Kind != kind {
		return nil, fmt.Errorf("imported/%s has what is %s (version %d): import this under another --name", c.Name, o.Kind, o.Version)
	}
	return &o, nil
}

func (c *Config) writeOrigin(o *Origin, now time.Time) error {
	o.Imported = now.UTC().Truncate(time.Second)
	b, err := json.MarshalIndent(o, "", "\t")
	if err != nil {
		return err
	}
	return journal.PutFile(filepath.Join(c.dir(), originName), now, strings.NewReader(string(b)+"\n"))
}

// KindAt says what a path holds.
func KindAt(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		if _, ok := journalIn(path); ok {
			return Sundew, nil
		}
		if logs, err := logsIn(path); err == nil && len(logs) > 0 {
			return Conpot, nil
		}
		return "", fmt.Errorf("%s: %w", path, ErrKind)
	}
	if strings.HasSuffix(path, ".tar.zst") {
		return Sundew, nil
	}
	in, err := openLog(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	first, err := bufio.NewReaderSize(in, maxLogLine).ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%s: %w", path, ErrKind)
	}
	if e, err := event.Parse(first); err == nil && e.Kind != "" {
		return "", fmt.Errorf("%s is one segment of a journal: name its directory", path)
	}
	if _, err := parseLog(first); err == nil {
		return Conpot, nil
	}
	return "", fmt.Errorf("%s: %w", path, ErrKind)
}

// journalIn finds a journal: the directory itself, or journal/ below it.
func journalIn(dir string) (string, bool) {
	for _, d := range []string{filepath.Join(dir, "journal"), dir} {
		entries, err := os.ReadDir(d)
		if err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool {
			_, kind := journal.KindOf(e.Name())
			return kind != journal.NoFile
		}) {
			return d, true
		}
	}
	return "", false
}

// List reads what has been imported into a sensor's directory.
func List(data string) ([]Origin, error) {
	entries, err := os.ReadDir(filepath.Join(data, "imported"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []Origin
	for _, e := range entries {
		b, rerr := os.ReadFile(filepath.Join(data, "imported", e.Name(), originName))
		var o Origin
		if rerr == nil && json.Unmarshal(b, &o) == nil {
			out = append(out, o)
		}
	}
	return out, err
}
