package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"filippo.io/age"

	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/control"
)

// backupCmd makes an archive now.
type backupCmd struct {
	Data          string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory, running or not. Default: the platform's state directory."`
	Out           string `short:"o" placeholder:"DIR" default:"." help:"Where to put the archive (${default})."`
	WithSeed      bool   `help:"Put the seed into it too, by which a restored sensor is the same installation: keep the archive secret."`
	SeedRecipient string `placeholder:"age1…" help:"Put the seed into it encrypted for this recipient of age."`
	JSON          bool   `name:"json" help:"Print JSON."`
}

// Run implements kong's command.
func (c *backupCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	cfg := backup.Config{Data: c.Data, Dir: c.Out, Build: version(), WithSeed: c.WithSeed || c.SeedRecipient != ""}
	var s snapshot
	if err := control.Ask(ctx, c.Data, "status", nil, &s); err == nil { // it runs: visitors come first
		cfg.Sensor, cfg.Pace = s.Sensor, rest
	} else if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	if c.SeedRecipient != "" {
		r, err := age.ParseX25519Recipient(c.SeedRecipient)
		if err != nil {
			return usageError{fmt.Errorf("--seed-recipient: %w", err)}
		}
		cfg.Seal = func(seed []byte) ([]byte, error) { return seal(seed, r) }
	}
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	bar := newBar(t)
	if !c.JSON {
		cfg.Progress = bar.show
	}
	path, m, err := backup.Create(ctx, cfg, time.Now())
	bar.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, struct {
			Path     string          `json:"path"`
			Manifest backup.Manifest `json:"manifest"`
		}{path, m})
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s: %s, %d files, %d sessions, %d acts; read back and right\n", path, octets(float64(info.Size())), len(m.Files), m.Sessions, m.Acts)
	if !cfg.WithSeed {
		fmt.Fprintln(t.out, "The seed is not in it: a sensor restored from it is another installation. Use --seed-recipient to keep it, encrypted.")
	}
	return nil
}

// rest keeps a backup to a quarter of a core.
func rest(took time.Duration) { time.Sleep(min(3*took, time.Second)) }

func seal(seed []byte, r age.Recipient) ([]byte, error) {
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(seed); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil { // writes the end
		return nil, err
	}
	return b.Bytes(), nil
}

// restoreCmd brings an archive back.
type restoreCmd struct {
	Archive  string `arg:"" placeholder:"FILE" help:"The archive."`
	Data     string `placeholder:"DIR" env:"SUNDEW_DATA" help:"Directory to make; it must be empty or not there. Default: the platform's state directory."`
	Verify   bool   `help:"Only read the archive and check it against its manifest."`
	Identity string `placeholder:"FILE" help:"age identity file that decrypts the seed."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Run implements kong's command.
func (c *restoreCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	var m backup.Manifest
	var err error
	if c.Verify {
		m, err = backup.Verify(ctx, c.Archive)
	} else {
		var unseal func([]byte) ([]byte, error)
		if unseal, err = c.unsealer(); err == nil {
			m, err = backup.Restore(ctx, c.Archive, c.Data, unseal)
		}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, m)
	}
	what := "restored to " + c.Data
	if c.Verify {
		what = "the archive is whole"
	}
	_, err = fmt.Fprintf(t.out, "%s: %d files, %d sessions, %d acts of %s\n", what, len(m.Files), m.Sessions, m.Acts, m.Created.Format(time.DateTime))
	return err
}

func (c *restoreCmd) unsealer() (func([]byte) ([]byte, error), error) {
	if c.Identity == "" {
		return nil, nil
	}
	f, err := os.Open(c.Identity)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Identity, err)
	}
	return func(b []byte) ([]byte, error) {
		r, err := age.Decrypt(bytes.NewReader(b), ids...)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}, nil
}

// bar shows progress on a terminal, and nothing elsewhere.
type bar struct {
	t    *terminal
	last time.Time
}

func newBar(t *terminal) *bar { return &bar{t: t} }

func (b *bar) show(done, total int64) {
	if !b.t.colour || time.Since(b.last) < 100*time.Millisecond {
		return
	}
	b.last = time.Now()
	fmt.Fprintf(b.t.err, "\r%3d %%  %s of %s ", 100*done/max(total, 1), octets(float64(done)), octets(float64(total)))
}

func (b *bar) clear() {
	if b.t.colour && !b.last.IsZero() {
		fmt.Fprint(b.t.err, "\r\x1b[K")
	}
}

// daily is the backup that a running sensor makes; nil without --backup-dir.
func (c *runCmd) daily(m *machine, max int64) (*backup.Daily, error) {
	if c.BackupDir == "" {
		return nil, nil
	}
	var keep duration
	if err := keep.UnmarshalText([]byte(c.BackupKeep)); err != nil {
		return nil, usageError{fmt.Errorf("--backup.keep: %w", err)}
	}
	if err := m.makeDir(c.BackupDir); err != nil {
		return nil, fmt.Errorf("--backup-dir: %w", err)
	}
	d := &backup.Daily{
		Config: backup.Config{Data: string(m.dir), Dir: c.BackupDir, Sensor: m.config.Sensor, Build: version(), Pace: rest},
		At:     c.BackupAt, Keep: time.Duration(keep), Max: max, Log: m.log,
	}
	if err := d.Check(); err != nil {
		return nil, usageError{err}
	}
	return d, nil
}
