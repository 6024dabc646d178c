package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sundew-ics/sundew/internal/control"
)

// statusCmd prints how a running sensor does.
type statusCmd struct {
	Data  string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	Watch bool   `help:"Print it anew every two seconds."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

const watchEvery = 2 * time.Second

// Run implements kong's command.
func (c *statusCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	var before *snapshot
	for {
		var s snapshot
		if err := control.Ask(ctx, c.Data, "status", nil, &s); err != nil {
			return err
		}
		if c.JSON {
			if err := printJSON(t, s); err != nil {
				return err
			}
		} else {
			if before != nil && t.colour {
				fmt.Fprint(t.out, "\x1b[H\x1b[2J")
			}
			if err := s.print(t, before); err != nil {
				return err
			}
		}
		if !c.Watch {
			return nil
		}
		before = &s
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// print writes the status for people; with an earlier one it tells rates.
func (s *snapshot) print(t *terminal, before *snapshot) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tDEVICE\tADDRESS\tNOW\tSERVED\tREFUSED\tEVENTS\tPER SECOND\tLAST VISITOR")
	for i, v := range s.Stats.Services {
		var addrs []string
		for _, a := range v.Addrs {
			addrs = append(addrs, a.String()+"/"+v.Network)
		}
		last := "-"
		if !v.Last.IsZero() {
			last = fmt.Sprintf("%s, %s ago", v.LastSource, s.Now.Sub(v.Last).Round(time.Second))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%.1f\t%s\n", v.Service, v.Device, strings.Join(addrs, " "),
			v.Sessions, v.Served, v.Refused, v.Events, s.rate(before, i), last)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	up := s.Now.Sub(s.Started)
	fmt.Fprintf(t.out, "\nSensor   %s, %s, up %s, %s\n", s.Sensor, s.Build, up.Round(time.Second), strings.Join(s.Personas, ", "))
	memory := ""
	if s.Process.Memory > 0 {
		memory = " of " + octets(float64(s.Process.Memory))
	}
	if s.Dashboard != "" {
		fmt.Fprintln(t.out, "See      "+s.Dashboard)
	}
	fmt.Fprintf(t.out, "Process  %s%s resident, CPU %.1f s (%.1f %%), %d of %d files open\n",
		octets(float64(s.Process.RSS)), memory, s.Process.CPU, 100*s.Process.CPU/max(1, up.Seconds()), s.Process.Files, s.Process.Limit)
	fmt.Fprintf(t.out, "Journal  %s of %s in %d segments; artefacts %s\n", octets(float64(s.Journal.Octets)), octets(float64(s.Journal.Quota)), s.Journal.Segments, octets(float64(s.Artifacts)))
	s.Store.print(t)
	full := ""
	if days := s.daysToFull(); days > 0 {
		full = fmt.Sprintf("; the journal grows by %s a day and has room for %.0f days, then drops its oldest", octets(float64(s.Journal.PerDay)), days)
	}
	fmt.Fprintf(t.out, "Disk     %s free of %s%s\n", octets(float64(s.Disk.Free)), octets(float64(s.Disk.Total)), full)
	if b := s.Backup; b != nil {
		switch {
		case b.Error != "":
			fmt.Fprintf(t.out, "Backup   FAILED: %s\n", b.Error)
		case b.When.IsZero():
			fmt.Fprintf(t.out, "Backup   none yet\n")
		default:
			fmt.Fprintf(t.out, "Backup   %s ago, %s; all of them %s\n", s.Now.Sub(b.When).Round(time.Minute), octets(float64(b.Octets)), octets(float64(b.All)))
		}
	}
	for reason, n := range s.reasons() {
		fmt.Fprintf(t.out, "Refused  %d for %s\n", n, reason)
	}
	for _, x := range s.Sandbox {
		held := "holds"
		if !x.Held {
			held = "NOT"
		}
		fmt.Fprintf(t.out, "Sandbox  %s: %s: %s\n", x.Name, held, x.Detail)
	}
	for name, lag := range s.Sinks {
		fmt.Fprintf(t.out, "Sink     %s is %s behind\n", name, octets(float64(lag)))
	}
	for class, n := range s.Dropped {
		fmt.Fprintf(t.out, "Dropped  %d lines of class %s\n", n, class)
	}
	if s.Journal.Failing != "" {
		fmt.Fprintf(t.out, "Failing  %s\n", s.Journal.Failing)
	}
	return nil
}

// print writes how the store does, if there is one.
func (k *storeSnapshot) print(t *terminal) {
	if k == nil {
		return
	}
	if k.Failing != "" {
		fmt.Fprintf(t.out, "Store    FAILING: %s\n", k.Failing)
		return
	}
	lag := "up to date"
	if k.Behind > 0 {
		lag = fmt.Sprintf("%s behind (about %d lines, %.1f s)", octets(float64(k.Behind)), k.Lines, k.Lag)
	}
	fmt.Fprintf(t.out, "Store    %d sessions, %d acts in %s; %s\n", k.Sessions, k.Acts, octets(float64(k.Octets)), lag)
	switch {
	case k.Anew:
		fmt.Fprintln(t.out, "Store    is being made anew; the old one answers until then")
	case k.Stale:
		fmt.Fprintln(t.out, "Store    was made by other rules or data: `sundew reindex` makes it anew")
	}
}

// reasons are the limits that were reached, with how often.
func (s *snapshot) reasons() map[string]uint64 {
	all := map[string]uint64{}
	for _, v := range s.Stats.Services {
		for reason, n := range v.Reasons {
			all[reason] += n
		}
	}
	return all
}

// rate is events a second of service i: since the earlier status, or since the start.
func (s *snapshot) rate(before *snapshot, i int) float64 {
	n, since := s.Stats.Services[i].Events, s.Started
	if before != nil && i < len(before.Stats.Services) {
		n -= before.Stats.Services[i].Events
		since = before.Now
	}
	return float64(n) / max(0.001, s.Now.Sub(since).Seconds())
}

// octets writes a size for people.
func octets(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 1000 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g TB", n)
}

// healthCmd says by its exit code whether a running sensor is well.
type healthCmd struct {
	Data string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
}

// Run implements kong's command.
func (c *healthCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	var s snapshot
	if err := control.Ask(ctx, c.Data, "status", nil, &s); err != nil {
		return err
	}
	if err := s.well(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, "ok: %d services, up %s\n", len(s.Stats.Services), s.Now.Sub(s.Started).Round(time.Second))
	return err
}
