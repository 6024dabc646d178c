package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// eventsCmd reads the journal.
type eventsCmd struct {
	Data     string   `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	Follow   bool     `short:"f" help:"Go on with what happens from now on."`
	From     string   `placeholder:"TIME" help:"From this time on: 2026-11-22T20:00:00Z, 2026-11-22, or 90m, 24h, 7d ago. Default: the beginning; with --follow, now."`
	To       string   `placeholder:"TIME" help:"Up to this time."`
	Protocol []string `placeholder:"NAME" help:"Only this protocol; repeatable."`
	Src      string   `placeholder:"IP|PREFIX" help:"Only visitors from this address or network."`
	Class    []string `placeholder:"CLASS" help:"Only acts of this class (write, control, identify …); repeatable."`
	Session  string   `placeholder:"ID" help:"Only this session; the beginning of its id will do."`
	JSON     bool     `name:"json" help:"Print the journal's own lines."`
	Status   bool     `help:"Show the sensor's own lines too."`
}

// Run implements kong's command.
func (c *eventsCmd) Run(ctx context.Context, t *terminal) error {
	f, err := c.filter(time.Now())
	if err != nil {
		return usageError{err}
	}
	if c.Data == "" {
		c.Data = dataDir()
	}
	r, err := journal.OpenRead(directory(c.Data).path("journal"))
	if err != nil {
		return err
	}
	from := journal.Cursor{}
	if !f.from.IsZero() {
		if from, err = r.Seek(f.from); err != nil {
			return err
		}
	}
	batches := r.Scan(ctx, from, journal.Cursor{})
	if c.Follow {
		batches = r.Follow(ctx, from)
	}
	return c.print(ctx, t, f, batches)
}

func (c *eventsCmd) print(ctx context.Context, t *terminal, f *filter, batches iter.Seq2[journal.Batch, error]) error {
	w := &eventPrinter{out: t.out, colour: t.colour, detail: c.Session != ""}
	for batch, err := range batches {
		if lost, ok := errors.AsType[*journal.Lost](err); ok {
			fmt.Fprintln(t.err, "sundew:", lost)
			continue
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil // Ctrl-C ends a live view
			}
			return err
		}
		for _, line := range batch.Lines {
			e, err := event.Parse(line)
			if err != nil {
				fmt.Fprintln(t.err, "sundew: a line of the journal is passed over:", err)
				continue
			}
			if !f.takes(&e) {
				continue
			}
			if c.JSON {
				_, err = t.out.Write(line)
			} else {
				err = w.print(&e)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// filter says which events are wanted.
type filter struct {
	from, to  time.Time
	protocols []string
	src       netip.Prefix
	classes   []string
	session   string
	status    bool
}

func (c *eventsCmd) filter(now time.Time) (*filter, error) {
	f := &filter{protocols: c.Protocol, classes: c.Class, session: c.Session, status: c.Status || c.JSON}
	var err error
	if f.from, err = parseTime(c.From, now); err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	if f.to, err = parseTime(c.To, now); err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	if c.Follow && c.From == "" {
		f.from = now
	}
	if c.Src != "" {
		if f.src, err = parsePrefix(c.Src); err != nil {
			return nil, fmt.Errorf("--src: %w", err)
		}
	}
	for _, k := range c.Class {
		if !slices.Contains(event.Classes(), event.Class(k)) {
			return nil, fmt.Errorf("--class %q: there are %v", k, event.Classes())
		}
	}
	if f.src.IsValid() || len(f.protocols)+len(f.classes) > 0 || f.session != "" {
		f.status = c.Status
	}
	return f, nil
}

func (f *filter) takes(e *event.Event) bool {
	if !f.from.IsZero() && e.Time.Before(f.from) || !f.to.IsZero() && e.Time.After(f.to) {
		return false
	}
	if e.Kind == event.KindStatus {
		return f.status
	}
	if f.session != "" && !strings.HasPrefix(e.Session, f.session) {
		return false
	}
	if len(f.protocols) > 0 && !slices.Contains(f.protocols, e.Protocol) {
		return false
	}
	if f.src.IsValid() && (e.Src == nil || !f.src.Contains(e.Src.IP)) {
		return false
	}
	return len(f.classes) == 0 || slices.Contains(f.classes, string(e.Class))
}

// parseTime reads a point in time, or how long ago one was.
func parseTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	var ago duration
	if ago.UnmarshalText([]byte(s)) == nil {
		return now.Add(-time.Duration(ago)), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-22T20:00:00Z, 2026-11-22 or 24h", s)
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address nor a network such as 198.51.100.0/24", s)
	}
	return p.Masked(), nil
}
