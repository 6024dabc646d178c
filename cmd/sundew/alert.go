package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/sundew-ics/sundew/internal/alert"
)

// newAlerters builds the alerts of the configuration.
func newAlerters(configured *settings, dir directory, log *slog.Logger) ([]*alert.Alerter, error) {
	if len(configured.Alert) == 0 {
		return nil, nil
	}
	by, err := newInterpreter(dir, configured.geo())
	if err != nil {
		return nil, err
	}
	var out []*alert.Alerter
	names := map[string]bool{}
	for _, s := range configured.Alert {
		a, err := alert.New(alert.Config{Settings: s, Dir: alert.Dir(string(dir)), Rules: by.rules, Source: by.Source, Log: log})
		if err != nil {
			return nil, err
		}
		if names[a.Name()] {
			return nil, fmt.Errorf("two [[alert]] are called %q; give one another name = \"…\"", a.Name())
		}
		names[a.Name()] = true
		out = append(out, a)
	}
	return out, nil
}

// runAlerter tells until ctx is done.
func (m *machine) runAlerter(ctx context.Context, a *alert.Alerter) {
	if err := a.Run(ctx, m.journal); err != nil {
		m.log.Error("an alert has stopped; it goes on from where it was at the next start", "err", err)
	}
}

// alertCmd has what can be done with alerts.
type alertCmd struct {
	Test alertTestCmd `cmd:"" help:"Send a test alert by each [[alert]] of the configuration."`
}

// alertTestCmd sends a test alert.
type alertTestCmd struct {
	Name   string `placeholder:"NAME" help:"Only by this one."`
	Sensor string `placeholder:"NAME" env:"SUNDEW_SENSOR" help:"This sensor's name. Default: the host's name."`
	Data   string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	Config string `placeholder:"FILE" env:"SUNDEW_CONFIG" help:"Configuration file. Default: /etc/sundew/sundew.toml if it is there."`
}

// Run implements kong's command.
func (c *alertTestCmd) Run(ctx context.Context, t *terminal, s *settings) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	if c.Sensor == "" {
		c.Sensor, _ = os.Hostname()
	}
	list, err := newAlerters(s, directory(c.Data), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	tried := 0
	var failed error
	for _, a := range list {
		if c.Name != "" && a.Name() != c.Name {
			continue
		}
		tried++
		if err := a.Test(ctx, c.Sensor, time.Now()); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", a.Name(), err))
			continue
		}
		fmt.Fprintf(t.out, "%s: delivered\n", a.Name())
	}
	if tried == 0 {
		return usageError{errors.New("the configuration has no such [[alert]]; docs/alerts.md shows one")}
	}
	return failed
}
