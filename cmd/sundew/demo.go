package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/demo"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// demoCmd makes synthetic data.
type demoCmd struct {
	Out     string  `short:"o" required:"" placeholder:"DIR" help:"Where it goes: a directory that is new or empty, and then --data of the other commands."`
	Days    int     `default:"30" help:"How many days (${default})."`
	Seed    uint64  `default:"7" help:"Another number makes other data, the same one the same (${default})."`
	Sensors int     `default:"3" help:"How many sensors, 1 to 3 (${default})."`
	Scale   float64 `default:"1" help:"How large the crowd is: at 1 some 27,000 sessions in 30 days, at 16 more than a million acts (${default})."`
	Until   string  `default:"2026-11-01" placeholder:"TIME" help:"When it ends: a time, or now (${default})."`
}

// Run implements kong's command.
func (c *demoCmd) Run(ctx context.Context, t *terminal) error {
	until, err := parseTime(c.Until, time.Now())
	if c.Until == "now" {
		until, err = time.Now(), nil
	}
	if err != nil {
		return usageError{fmt.Errorf("--until: %w", err)}
	}
	if err := emptyDirectory(c.Out); err != nil {
		return err
	}
	begun := time.Now()
	planted, err := c.make(ctx, directory(c.Out), demo.Config{Until: until, Days: c.Days, Seed: c.Seed, Sensors: c.Sensors, Scale: c.Scale})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, `SYNTHETIC DATA: no sensor recorded this, and nobody in it did anything.
Hostile visitors come from address space that nobody has; only known research
scanners have their real networks.

%d sessions and %d acts of %d sources at %d sensors, %s to %s, in %v
What was planted is in %s
Try   %s stats --data %s
`, planted.Sessions, planted.Acts, planted.Sources, c.Sensors, planted.From.Format(time.DateOnly), planted.Until.Format(time.DateOnly),
		time.Since(begun).Round(10*time.Millisecond), filepath.Join(c.Out, "planted.json"), t.program, c.Out)
	return nil
}

func (c *demoCmd) make(ctx context.Context, dir directory, cfg demo.Config) (*demo.Planted, error) {
	planted, err := writeDemo(ctx, dir.path("journal"), cfg)
	if err != nil {
		return nil, err
	}
	files, err := demo.Files()
	if err != nil {
		return nil, err
	}
	store, err := artifact.Open(artifact.Config{Dir: dir.path("artifacts")})
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, err := store.Put("192.0.2.1", f.Name, f.Kind, bytes.NewReader(f.Content)); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(planted, "", "  ")
	if err != nil {
		return nil, err
	}
	return planted, errors.Join(
		os.WriteFile(dir.path("planted.json"), append(text, '\n'), 0o644),
		os.WriteFile(dir.path("networks.tsv"), []byte(demo.Networks()), 0o644),
		os.WriteFile(dir.path("SYNTHETIC.txt"), []byte("Made by `sundew demo`. No sensor recorded this; planted.json says what was planted.\n"), 0o644))
}

// patient is a journal whose appender waits for room as long as it takes.
type patient struct{ *journal.Journal }

// Append implements demo.Journal.
func (p patient) Append(line []byte, class event.Class) error {
	for {
		err := p.Journal.Append(line, class)
		if !errors.Is(err, journal.ErrDropped) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// writeDemo makes the journal: every closed segment is compressed when it returns.
func writeDemo(ctx context.Context, dir string, cfg demo.Config) (planted *demo.Planted, err error) {
	j, err := journal.Open(journal.Config{Dir: dir, SegmentBytes: 1 << 40, SegmentAge: 1000 * time.Hour, MaxBytes: 1 << 40})
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- j.Run(run) }()
	planted, err = demo.Make(ctx, patient{j}, cfg)
	if err == nil {
		err = packed(ctx, dir)
	}
	stop()
	return planted, errors.Join(err, <-ended, j.Close())
}

// packed waits until only the last segment is not compressed.
func packed(ctx context.Context, dir string) error {
	for {
		plain, err := filepath.Glob(filepath.Join(dir, "0*.jsonl"))
		if err != nil || len(plain) <= 1 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// emptyDirectory makes a directory, or sees that there is nothing in it.
func emptyDirectory(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return os.MkdirAll(dir, 0o755)
	}
	if err == nil && len(list) > 0 {
		return fmt.Errorf("%s is not empty: name a new directory", dir)
	}
	return err
}
