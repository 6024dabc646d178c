package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/intake"
)

// importCmd brings in what others have recorded.
type importCmd struct {
	Path string `arg:"" placeholder:"PATH" help:"A sensor's data directory, its journal or a backup; or a JSON log of Conpot, or a directory of them, rotated or gzipped."`
	Data string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The directory to import into. Default: the platform's state directory."`
	Name string `placeholder:"NAME" help:"What to call the origin. Default: the sensor's name, or the log's."`
	Kind string `enum:"auto,conpot,sundew" default:"auto" help:"What PATH is (${enum})."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run implements kong's command.
func (c *importCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	kind := c.Kind
	if kind == "auto" {
		var err error
		if kind, err = intake.KindAt(c.Path); err != nil {
			return err
		}
	}
	bar := newBar(t)
	cfg := intake.Config{Path: c.Path, Data: c.Data, Name: c.Name, Decoder: catalog.Decoder, Transport: transportOf}
	if !c.JSON {
		cfg.Progress = bar.show
	}
	take := intake.ImportJournal
	if kind == intake.Conpot {
		take = intake.ImportConpot
	}
	r, err := take(ctx, cfg, time.Now())
	bar.clear()
	if err != nil {
		return err
	}
	if err := c.own(r.Name); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, r)
	}
	return c.print(t, &r)
}

// own gives what root has imported to the directory's user.
func (c *importCmd) own(name string) error {
	d := directory(c.Data)
	files := []string{d.path("imported"), d.path("imported", name)}
	entries, err := os.ReadDir(d.path("imported", name))
	for _, e := range entries {
		files = append(files, d.path("imported", name, e.Name()))
	}
	if err != nil {
		return err
	}
	return likeDirectory(c.Data, files...)
}

func (c *importCmd) print(t *terminal, r *intake.Result) error {
	if r.Kind == intake.Conpot {
		fmt.Fprintf(t.out, "%s: %d lines of Conpot's log read, %d of them known; %d sessions and %d acts are new\n", r.Name, r.LogLines, r.Known, r.Sessions, r.Acts)
		if r.Malformed > 0 {
			fmt.Fprintf(t.out, "%d lines cannot be read and were passed over:\n", r.Malformed)
		}
		for _, b := range r.Bad {
			fmt.Fprintf(t.out, "  %s:%d: %s\n", visible(b.File), b.Line, visible(b.Why))
		}
		if n := r.Malformed - int64(len(r.Bad)); n > 0 {
			fmt.Fprintf(t.out, "  and %d more\n", n)
		}
		fmt.Fprintln(t.out, r.Note)
		return nil
	}
	fmt.Fprintf(t.out, "%s: %d segments with %d lines taken, %d were here\n", r.Name, r.Segments, r.Lines, r.Same)
	if r.Erased > 0 {
		fmt.Fprintf(t.out, "%d segments were redacted here and stay so\n", r.Erased)
	}
	return nil
}

// transportOf is what a protocol's sessions came over.
func transportOf(name string) string {
	for _, p := range catalog.Protocols() {
		if p.Name == name {
			return p.Network
		}
	}
	return ""
}
