package main

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis/enrich"
	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
	"github.com/sundew-ics/sundew/internal/web"
)

// transcriptOf reads a session's lines back from its journal.
func transcriptOf(ctx context.Context, dir directory, s *store.Session) (web.Transcript, error) {
	list, err := store.Transcript(ctx, string(dir), s)
	out := web.Transcript{Events: list}
	acts := 0
	for i := range list {
		if list[i].Kind == event.KindAct {
			acts++
		}
	}
	switch {
	case len(list) == 0:
		out.Missing = "the journal does not hold it any more: retention took it"
	case acts < s.Acts && !s.Closed.IsZero():
		out.Missing = "some of it is gone from the journal: retention keeps of an old part what is no read"
	}
	return out, err
}

// decoderOf is a protocol's decoder as the dashboard takes it.
func decoderOf(name string) web.Decode {
	d := catalog.Decoder(name)
	if d == nil {
		return nil
	}
	return func(fromVisitor bool, p []byte) (web.Frame, int, error) {
		f, n, err := d.Next(fromVisitor, p)
		out := web.Frame{Op: f.Act.Op}
		for _, x := range f.Fields {
			out.Fields = append(out.Fields, web.Field{Name: x.Name, Value: x.Value, Off: x.Off, Len: x.Len})
		}
		return out, n, err
	}
}

// described is a protocol's title and its ports.
func described(name string) (title string, ports []uint16) {
	for _, p := range catalog.Protocols() {
		if p.Name == name {
			if title == "" {
				title = p.Title
			}
			if !slices.Contains(ports, p.Port) {
				ports = append(ports, p.Port)
			}
		}
	}
	return title, ports
}

// linesSince yields the journal's lines from a time on, as they are written.
func linesSince(dir directory) web.Follow {
	return func(ctx context.Context, since time.Time) iter.Seq2[[][]byte, error] {
		return func(yield func([][]byte, error) bool) {
			r, err := journal.OpenRead(dir.path("journal"))
			var from journal.Cursor
			if err == nil {
				from, err = r.Seek(since)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for b, err := range r.Follow(ctx, from) {
				if !yield(b.Lines, err) {
					return
				}
			}
		}
	}
}

// noticesOf are what the data that results are shown with asks to be said.
func noticesOf(known *enrich.Live) func() []web.Notice {
	return func() []web.Notice {
		var out []web.Notice
		for _, n := range known.Notices() {
			out = append(out, web.Notice{Data: n.Data, Text: n.Text, Link: n.Link, Licence: n.Licence, Built: n.Built})
		}
		return out
	}
}

// heldIn says which files of visitors are kept.
func heldIn(dir directory) func(sha256 string) bool {
	return func(sum string) bool {
		if len(sum) != 64 {
			return false
		}
		info, err := os.Stat(dir.path("artifacts", sum[:2], sum[2:]))
		return err == nil && info.Mode().IsRegular()
	}
}

// dashboardConfig is what a dashboard of a directory is made of, running or not.
func dashboardConfig(dir directory, s *shownStore, by *interpreter, d *door, log *slog.Logger) web.Config {
	x := &exporter{dir, s.get, by, log}
	return web.Config{
		Store: s.get, Rules: by.rules, Secrets: d.secrets, Log: log, Build: version(), Hosts: d.hosts, TLS: d.cert != nil,
		Versions: by.Versions, Source: by.Source, Follow: linesSince(dir),
		Lines:   func(ctx context.Context, v *store.Session) (web.Transcript, error) { return transcriptOf(ctx, dir, v) },
		Capture: x.capture, Archive: x.archive, Layer: x.layer, Formats: x.formats(),
		Decode: decoderOf, Describe: described, Scanners: by.known.Scanners, Notices: noticesOf(by.known), Held: heldIn(dir),
	}
}
