package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/control"
	"github.com/sundew-ics/sundew/internal/redact"
	"github.com/sundew-ics/sundew/internal/session"
)

// redactCmd erases a source.
type redactCmd struct {
	Source    string `arg:"" placeholder:"ADDRESS|PREFIX" help:"The source: 198.51.100.23, or 2001:db8:1::/48."`
	Reason    string `required:"" placeholder:"TEXT" help:"Why; it is recorded, and must not name the source."`
	Yes       bool   `help:"Erase, without asking. Without it, and without a terminal to ask at, it is only said what would be erased."`
	BackupDir string `placeholder:"DIR" env:"SUNDEW_BACKUP_DIR" help:"Rewrite the backups there too. Default: the configuration's backup_dir."`
	Data      string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	Config    string `placeholder:"FILE" env:"SUNDEW_CONFIG" help:"Configuration file. Default: /etc/sundew/sundew.toml if it is there."`
	JSON      bool   `name:"json" help:"Print JSON."`
}

// redacted is what the command prints as JSON.
type redacted struct {
	redact.Found
	Erased  bool     `json:"erased"`
	Remains []string `json:"remains,omitempty"` // files that still name the source
}

// Run implements kong's command.
func (c *redactCmd) Run(ctx context.Context, t *terminal) error {
	prefix, err := redact.Parse(c.Source)
	if err != nil {
		return usageError{err}
	}
	if c.Data == "" {
		c.Data = dataDir()
	}
	now := time.Now()
	cfg := redact.Config{Data: c.Data, Backup: c.BackupDir, Source: prefix, Reason: c.Reason, Boot: session.NewID(now), Build: version()}
	var out redacted
	if out.Found, err = redact.Look(ctx, cfg); err != nil {
		return err
	}
	if !c.JSON {
		c.print(t, &out.Found)
	}
	if !c.Yes && !c.confirmed(t) {
		if c.JSON {
			return printJSON(t, out)
		}
		_, err := fmt.Fprintln(t.out, "Nothing was erased; --yes erases.")
		return err
	}
	var s snapshot
	if err := control.Ask(ctx, c.Data, "status", nil, &s); err == nil {
		return redact.ErrRunning
	} else if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	if out.Found, out.Remains, err = redact.Erase(ctx, cfg, now); err != nil {
		return err
	}
	out.Erased = true
	if err := c.own(); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, out)
	}
	if out.None() {
		_, err := fmt.Fprintln(t.out, "Nothing is left to erase.")
		return err
	}
	fmt.Fprintf(t.out, "Erased and recorded in %s. The store is made anew by the next question.\n", directory(c.Data).path(redact.ListName))
	for _, f := range out.Remains {
		fmt.Fprintf(t.out, "%s still names it: a copy, or a file of another program; see to it yourself.\n", visible(directory(c.Data).path(f)))
	}
	fmt.Fprintln(t.out, "What sinks, reports, exports and other sensors' imports have of it is theirs to erase.")
	return nil
}

// own gives what root has written to the directory's user.
func (c *redactCmd) own() error {
	d := directory(c.Data)
	files := []string{d.path(redact.ListName), d.path("store.lock"), d.path("artifacts", "index.jsonl")}
	for _, dir := range []string{d.path("journal"), d.path("imported")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			files = append(files, directory(dir).path(e.Name()))
			below, err := os.ReadDir(directory(dir).path(e.Name()))
			for _, f := range below {
				files = append(files, directory(dir).path(e.Name(), f.Name()))
			}
			if err != nil && e.IsDir() {
				return err
			}
		}
	}
	return likeDirectory(c.Data, files...)
}

// confirmed asks at a terminal.
func (c *redactCmd) confirmed(t *terminal) bool {
	f, ok := t.in.(*os.File)
	if !ok || c.JSON {
		return false
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	fmt.Fprintf(t.out, "Type %s to erase it for good: ", c.Source)
	typed, err := bufio.NewReader(f).ReadString('\n')
	return err == nil && strings.TrimSpace(typed) == c.Source
}

func (c *redactCmd) print(t *terminal, f *redact.Found) {
	fmt.Fprintf(t.out, "%s: %d lines of the journal in %d segments (%d sessions, %d acts); %d sightings of files, %d files that nobody else has brought (%s)\n",
		c.Source, f.Lines, f.Segments, f.Sessions, f.Acts, f.Sightings, f.Files, octets(float64(f.Octets)))
	for _, name := range f.Origins() {
		fmt.Fprintf(t.out, "imported/%s: %d lines\n", name, f.Imported[name])
	}
	for _, s := range f.State {
		fmt.Fprintf(t.out, "%s names it and is deleted: its device or alert forgets what was kept there\n", visible(s))
	}
	for _, a := range f.Backups {
		fmt.Fprintf(t.out, "%s: %d lines, %d sightings; it is written anew\n", visible(a.Path), a.Lines, a.Sightings)
	}
	if c.BackupDir == "" {
		fmt.Fprintln(t.out, "Backups are not looked at: --backup-dir names their directory.")
	}
}
