// Package alert tells the operator at once when a visitor attempts to change
// something, or when a session's targeted score passes a threshold: by webhook or
// by mail.
//
// An alerter follows the journal with a bookmark of its own. It says each thing
// once, keeps what it could not say over restarts, gathers into a digest what comes
// too fast or too late, and slows no visitor.
package alert

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Settings is one [[alert]] of the configuration.
type Settings struct {
	sink.TLS
	Name     string        `toml:"name"`       // of the bookmark; default: what To says
	To       string        `toml:"to"`         // "webhook" or "mail"
	Classes  []string      `toml:"classes"`    // acts of which the first of a source alerts; default: all that change something
	Score    float64       `toml:"score"`      // a session that reaches it alerts; default 0.7; above 1: none does
	Repeat   sink.Duration `toml:"repeat"`     // after this a source's next act alerts again; default 24h
	Scanners string        `toml:"scanners"`   // known research scanners alert by their "acts" (default), by "all", or by "none"
	Burst    int           `toml:"burst"`      // alerts at once; default 10
	Minute   int           `toml:"per_minute"` // and lasting; default 2
	Timeout  sink.Duration `toml:"timeout"`    // of one delivery; default 10s

	URL        string `toml:"url"`         // webhook: where to
	SecretFile string `toml:"secret_file"` // webhook: what signatures are made with
	TokenFile  string `toml:"token_file"`  // webhook: sent as Authorization: Bearer

	Server       string   `toml:"server"`        // mail: host:port
	Security     string   `toml:"security"`      // mail: "starttls" (default), "tls", or "none" on loopback
	User         string   `toml:"user"`          // mail: whom to log in as; default: nobody
	PasswordFile string   `toml:"password_file"` // mail
	From         string   `toml:"from"`          // mail
	Recipients   []string `toml:"recipients"`    // mail
}

// Journal is what an alerter asks of *journal.Journal.
type Journal interface {
	Follow(ctx context.Context, name string, from journal.Cursor) iter.Seq2[journal.Batch, error]
	Stats() (journal.Stats, error)
}

// Config is what an alerter works with.
type Config struct {
	Settings
	Dir    string                           // where its bookmark is: alerts/ of the sensor's directory
	Rules  *analysis.Rules                  // what sessions are judged by
	Source func(netip.Addr) analysis.Source // what is known of an address
	Log    *slog.Logger
}

// An Alerter is one [[alert]] at work.
type Alerter struct {
	cfg   Config
	by    deliverer
	stays map[string]*stay

	mu   sync.Mutex
	s    saved
	wake chan struct{} // there is something to send
}

// deliverer brings a message to where it is to go.
type deliverer interface {
	deliver(ctx context.Context, m *Message) error
	reach() sink.Reach
}

// changing are the classes that alert where nothing else is said.
func changing() []event.Class {
	return []event.Class{event.Write, event.Control, event.ProgramUpload, event.ProgramDownload, event.Config, event.Mode, event.Restart, event.Firmware}
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// New checks the settings and makes an alerter. It opens nothing but the files
// that the settings name.
func New(c Config) (*Alerter, error) {
	if c.Name == "" {
		c.Name = c.To
	}
	a := &Alerter{stays: map[string]*stay{}, wake: make(chan struct{}, 1)}
	err := c.defaults()
	if err == nil {
		switch c.To {
		case "webhook":
			a.by, err = newHook(&c.Settings)
		case "mail":
			a.by, err = newMail(&c.Settings)
		default:
			err = errors.New(`to: write "webhook" or "mail"`)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("[[alert]] %s: %w", c.Name, err)
	}
	a.cfg = c
	return a, nil
}

func (c *Config) defaults() error {
	if c.Score == 0 {
		c.Score = 0.7
	}
	if c.Repeat == 0 {
		c.Repeat = sink.Duration(24 * time.Hour)
	}
	if c.Burst == 0 {
		c.Burst = 10
	}
	if c.Minute == 0 {
		c.Minute = 2
	}
	if c.Timeout == 0 {
		c.Timeout = sink.Duration(10 * time.Second)
	}
	if c.Scanners == "" {
		c.Scanners = "acts"
	}
	if len(c.Classes) == 0 {
		for _, k := range changing() {
			c.Classes = append(c.Classes, string(k))
		}
	}
	for _, k := range c.Classes {
		if !slices.Contains(event.Classes(), event.Class(k)) {
			return fmt.Errorf("classes: %q is none of %v", k, event.Classes())
		}
	}
	switch {
	case !nameForm.MatchString(c.Name):
		return fmt.Errorf("name: %q; use small letters, digits, - and _", c.Name)
	case c.Score < 0:
		return errors.New("score: write 0.1 to 1, or 2 for none")
	case c.Burst < 0 || c.Minute < 0:
		return errors.New("burst and per_minute: write 1 or more")
	case !slices.Contains([]string{"acts", "all", "none"}, c.Scanners):
		return errors.New(`scanners: write "acts", "all" or "none"`)
	}
	return nil
}

// Name is what the alerter is called.
func (a *Alerter) Name() string { return a.cfg.Name }

// Reach is what it needs of the system.
func (a *Alerter) Reach() sink.Reach { return a.by.reach() }

// Test sends a test alert.
func (a *Alerter) Test(ctx context.Context, sensor string, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(a.cfg.Timeout))
	defer cancel()
	return a.by.deliver(ctx, &Message{Kind: "test", At: now.UTC(), Sensor: sensor, ID: fmt.Sprintf("test-%d", now.UnixNano())})
}

func (a *Alerter) file() string { return filepath.Join(a.cfg.Dir, a.cfg.Name+".json") }

// Run follows and delivers until ctx is done, or the journal has ended and the
// time that ctx grants for the rest is over. It returns an error only when it
// cannot go on.
func (a *Alerter) Run(ctx context.Context, j Journal) error {
	if err := a.load(j); err != nil {
		return fmt.Errorf("alert %s: %w", a.cfg.Name, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var sending sync.WaitGroup
	sending.Go(func() { a.send(ctx) })
	err := a.follow(ctx, j)
	stop()
	sending.Wait()
	a.save()
	if err != nil {
		return fmt.Errorf("alert %s: %w", a.cfg.Name, err)
	}
	return nil
}

// Pacing: visitors come first.
const (
	restMost  = 100 * time.Millisecond
	saveEvery = 5 * time.Second
)

func (a *Alerter) follow(ctx context.Context, j Journal) error {
	saved := time.Now()
	for b, err := range j.Follow(ctx, "alert "+a.cfg.Name, a.s.At) {
		begun := time.Now()
		if lost, ok := errors.AsType[*journal.Lost](err); ok {
			a.cfg.Log.Warn("alerts miss a part of the journal", "alert", a.cfg.Name, "from", lost.From.String(), "to", lost.To.String())
		} else if err != nil {
			return err
		}
		news := false
		for _, l := range b.Lines {
			news = a.guarded(l, begun) || news
		}
		a.mu.Lock()
		a.s.At = b.Next
		a.mu.Unlock()
		if news || begun.Sub(saved) >= saveEvery {
			a.save()
			saved = begun
		}
		if news {
			signal(a.wake)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(time.Since(begun), restMost)):
		}
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
