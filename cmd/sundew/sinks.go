package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"

	"github.com/pelletier/go-toml/v2"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/internal/sink"
)

// follower is a configured sink and the journal that it follows.
type follower struct {
	name    string
	sink    sink.Sink
	journal sink.Journal
	log     *slog.Logger
}

// newFollowers builds the sinks of the configuration.
func newFollowers(configured []sinkSettings, j sink.Journal, log *slog.Logger) ([]*follower, error) {
	var out []*follower
	names := map[string]bool{}
	for _, c := range configured {
		d, err := driver(c.Driver)
		if err != nil {
			return nil, err
		}
		if c.Name == "" {
			c.Name = d.Name
		}
		if names[c.Name] {
			return nil, fmt.Errorf("two [[sink]] are called %q; give one another name = \"…\"", c.Name)
		}
		names[c.Name] = true
		s, err := d.New(func(into any) error { return decodeSink(c, into) })
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", c.Name, err)
		}
		out = append(out, &follower{c.Name, s, j, log})
	}
	return out, nil
}

func driver(name string) (sink.Driver, error) {
	var names []string
	for _, d := range catalog.Sinks() {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return sink.Driver{}, fmt.Errorf("[[sink]] driver = %q: there are %v", name, names)
}

// decodeSink decodes a sink's own table, strictly.
func decodeSink(c sinkSettings, into any) error {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(c.Settings); err != nil {
		return err
	}
	return persona.Decode("[sink.settings] of "+c.Name, b.Bytes(), into)
}

// run delivers until ctx is done, or the journal has ended and all is delivered.
func (f *follower) run(ctx context.Context) {
	if err := sink.Run(ctx, f.name, f.sink, f.journal, f.log); err != nil {
		f.log.Error("a sink has stopped; it goes on from where it was at the next start", "sink", f.name, "err", err)
	}
}
