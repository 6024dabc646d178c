// Package prototest plays conversations at a room: text files that say what a
// visitor sends, what we answer, and which acts the record then holds. Each is
// played whole, octet by octet (TCP), and pipelined, under fake time, and the
// law of evidence is checked in every one.
//
// A conversation is a txtar file in testdata:
//
//	A comment.
//	-- tags.toml --          the process: [[tag]] as in a persona (optional)
//	-- settings.toml --      the service's settings
//	-- identity.toml --      members of device.Identity that differ from the default (optional)
//	-- state.json --         what the device has kept: key to value (optional)
//	-- modes --              any of "whole octets pipelined" (default: all)
//	-- conversation --
//	> 0001 0000 0006 01 03 0000 0002     the visitor sends hex or "text\r\n"
//	< 0001 0000 0007 01 03 04 .. fa      we answer; .. is any octet
//	~ 61s                                time passes
//	= closed                             we have closed (= open: we have not)
//	! close                              the visitor closes
//	@ new                                he closes and comes back
//	@ new 192.0.2.78                     he closes, and somebody else comes
//	| connect                            he connects to the side port (|> |< |= |! as above)
//	# a note
//	-- events --
//	read read_holding_registers answered register:0 [raw.level=2.6] {"addr":0}
//
// Lines of < after one another are one answer on TCP, one datagram each on UDP.
// Any other file is one of Env.Files. `go test -update` rewrites answers and
// events from what the room did: review the difference.
package prototest

import (
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/tools/txtar"

	"github.com/sundew-ics/sundew/internal/protocol"
)

// updateFlag is -update of any test binary that plays conversations; a flag can
// only be a package's.
var updateFlag = flag.Bool("update", false, "rewrite conversations from what the room did")

// Run plays every conversation of testdata at p.
func Run(t *testing.T, p protocol.Protocol) {
	t.Helper()
	Glob(t, p, "testdata/*.txtar")
}

// Glob plays the conversations whose files match pattern.
func Glob(t *testing.T, p protocol.Protocol, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversation matches %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseConversation(a)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if *updateFlag {
				synctest.Test(t, func(t *testing.T) { c.rewrite(t, p, file) })
				return
			}
			for _, mode := range c.modes(p.Network == "udp") {
				t.Run(string(mode), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { c.play(t, p, mode) })
				})
			}
		})
	}
}

// A mode is how the visitor's octets are cut up on their way.
type mode string

const (
	whole     mode = "whole"     // each > line at once
	octets    mode = "octets"    // one octet at a time
	pipelined mode = "pipelined" // all > lines up to the next ~ = ! @ or | at once
)

func (c *conversation) modes(packets bool) []mode {
	all := []mode{whole, octets, pipelined}
	if names, ok := c.files["modes"]; ok {
		all = slices.DeleteFunc(all, func(m mode) bool { return !slices.Contains(strings.Fields(string(names)), string(m)) })
	}
	if packets {
		all = slices.DeleteFunc(all, func(m mode) bool { return m == octets })
	}
	return all
}

// conversation is a parsed file.
type conversation struct {
	archive *txtar.Archive
	files   map[string][]byte
	steps   []step
	events  []string
}

// step is one line of the conversation, or several < lines after one another.
type step struct {
	mark   byte // one of > < ~ = ! @ #, and c for "| connect"
	side   bool
	text   string   // as written
	octets []byte   // of >
	want   [][]want // of <: a datagram, or on TCP a part, per line
	line   int
}

// want is one octet of an answer.
type want struct {
	octet byte
	any   bool
}

func parseConversation(a *txtar.Archive) (*conversation, error) {
	c := &conversation{archive: a, files: map[string][]byte{}}
	for _, f := range a.Files {
		switch f.Name {
		case "conversation":
			steps, err := parseSteps(string(f.Data))
			if err != nil {
				return nil, err
			}
			c.steps = steps
		case "events":
			for l := range strings.Lines(string(f.Data)) {
				if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
					c.events = append(c.events, l)
				}
			}
		default:
			c.files[f.Name] = f.Data
		}
	}
	return c, nil
}
