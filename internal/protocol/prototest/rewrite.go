package prototest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sundew-ics/sundew/internal/protocol"
	"golang.org/x/tools/txtar"
)

// rewrite plays the conversation whole and writes answers and events back.
func (c *conversation) rewrite(t *testing.T, p protocol.Protocol, file string) {
	pl, stop := c.start(t, p, whole)
	pl.rewrite = true
	synctest.Wait()
	var text strings.Builder
	steps := c.steps
	for i, f := range c.archive.Files {
		if f.Name != "conversation" {
			continue
		}
		n := 0
		for l := range strings.Lines(string(f.Data)) {
			n++
			trimmed := strings.TrimSpace(l)
			if strings.HasPrefix(trimmed, "<") || strings.HasPrefix(trimmed, "|<") || strings.HasPrefix(trimmed, "| <") {
				continue
			}
			text.WriteString(l)
			for len(steps) > 0 && steps[0].mark == '<' {
				steps = steps[1:]
			}
			if len(steps) == 0 || steps[0].line != n {
				continue
			}
			pl.one(steps[0])
			steps = steps[1:]
			pl.writeBack(&text)
		}
		c.archive.Files[i].Data = []byte(text.String())
	}
	pl.finish(stop)
	events := []byte(strings.Join(lines(pl.journal.Events(t)), "\n") + "\n")
	i := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == "events" })
	if i < 0 {
		c.archive.Files = append(c.archive.Files, txtar.File{Name: "events"})
		i = len(c.archive.Files) - 1
	}
	c.archive.Files[i].Data = events
	if err := os.WriteFile(file, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (pl *player) writeBack(text *strings.Builder) {
	out := func(prefix string, log [][]byte, packets bool) {
		if !packets && len(log) > 0 {
			log = [][]byte{slices.Concat(log...)}
		}
		for _, p := range log {
			fmt.Fprintf(text, "%s %s\n", prefix, format(p))
		}
	}
	out("<", pl.backlog, pl.p.Network == "udp")
	out("|<", pl.sideLog, pl.sideEnd != nil && pl.sideEnd.packets)
	pl.backlog, pl.sideLog = nil, nil
}
