package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/artifact/zipcrypto"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/report/export"
	"github.com/sundew-ics/sundew/internal/report/export/pcapng"
	"github.com/sundew-ics/sundew/internal/store"
	"github.com/sundew-ics/sundew/internal/web"
)

// archiveOf writes a visitor's file in an encrypted ZIP.
func archiveOf(dir directory) func(context.Context, io.Writer, string) error {
	return func(_ context.Context, w io.Writer, sum string) error {
		f, err := artifact.Get(dir.path("artifacts"), sum)
		if errors.Is(err, fs.ErrNotExist) {
			return store.ErrNone
		}
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return zipcrypto.Write(w, sum, archivePassword, info.ModTime().Truncate(time.Second), f)
	}
}

// jobs makes exports of what a dashboard shows.
type jobs struct {
	dir   directory
	store *shownStore
	by    *interpreter
}

func (x *jobs) job(f store.Filter) *export.Job {
	return &export.Job{
		Store: x.store.get(), Rules: x.by.rules, Filter: f,
		Read: func(ctx context.Context, origin string, from journal.Cursor) iter.Seq2[journal.Batch, error] {
			return keptFrom(ctx, store.JournalDir(string(x.dir), origin), from)
		},
	}
}

// capture writes a session as packets.
func (x *jobs) capture(ctx context.Context, w io.Writer, s *store.Session) error {
	return x.job(store.Filter{Session: s.ID}).Packets(ctx, w, pcapng.Options{Application: "Sundew " + version(), Port: standardPort})
}

// formats are those of `sundew export` that take no more than a filter.
func (x *jobs) formats() []web.Format {
	intel := func() export.IntelOptions {
		return export.IntelOptions{TLP: "green", Identity: "Sundew sensor operator", Limit: 10_000, Made: time.Now().UTC()}
	}
	table := func(what string) func(context.Context, io.Writer, store.Filter) error {
		return func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).CSV(ctx, w, what, true)
		}
	}
	return []web.Format{
		{Name: "csv", Title: "CSV of sessions", Type: "text/csv; charset=utf-8", Ext: "csv", Write: table(export.Sessions)},
		{Name: "acts", Title: "CSV of acts", Type: "text/csv; charset=utf-8", Ext: "csv", Write: table(export.Acts)},
		{Name: "jsonl", Title: "JSON Lines, with what analysis says", Type: "application/x-ndjson", Ext: "jsonl", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).JSONL(ctx, w, true)
		}},
		{Name: "parquet", Title: "Parquet of sessions", Type: "application/vnd.apache.parquet", Ext: "parquet", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).Parquet(ctx, w, export.Sessions)
		}},
		{Name: "pcapng", Title: "Packets for Wireshark (pcapng)", Type: "application/x-pcapng", Ext: "pcapng", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).Packets(ctx, w, pcapng.Options{Application: "Sundew " + version(), Port: standardPort})
		}},
		{Name: "stix", Title: "STIX 2.1, TLP:GREEN", Type: "application/stix+json;version=2.1", Ext: "json", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			_, err := x.job(f).STIX(ctx, w, intel())
			return err
		}},
		{Name: "misp", Title: "MISP event, TLP:GREEN", Type: "application/json", Ext: "json", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			_, err := x.job(f).MISP(ctx, w, intel())
			return err
		}},
		{Name: "navigator", Title: "ATT&CK Navigator layer", Type: "application/json", Ext: "json", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).Layer(ctx, w, export.LayerOptions{Domain: "ics"})
		}},
		{Name: "ecs", Title: "Elastic Common Schema", Type: "application/x-ndjson", Ext: "ndjson", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).ECS(ctx, w)
		}},
		{Name: "ioc", Title: "Indicators, one a line", Type: "text/plain; charset=utf-8", Ext: "txt", Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return x.job(f).Indicators(ctx, w, export.Lists())
		}},
	}
}
