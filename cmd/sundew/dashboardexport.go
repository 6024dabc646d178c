package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"time"

	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/artifact/zipcrypto"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/report/export"
	"github.com/sundew-ics/sundew/internal/report/export/pcapng"
	"github.com/sundew-ics/sundew/internal/store"
	"github.com/sundew-ics/sundew/internal/web"
)

// An exporter is what the dashboard exports with.
type exporter struct {
	dir directory
	db  func() *store.Store
	by  *interpreter
	log *slog.Logger
}

// job is an export of what a filter lets through.
func (x *exporter) job(f store.Filter) *export.Job {
	return &export.Job{
		Store: x.db(), Rules: x.by.rules, Filter: f,
		Read: func(ctx context.Context, origin string, from journal.Cursor) iter.Seq2[journal.Batch, error] {
			return keptFrom(ctx, store.JournalDir(string(x.dir), origin), from)
		},
		Warn: func(err error) { x.log.Warn("an export misses a part of the journal", "err", err) },
	}
}

// maxIntel is of how many sources threat intelligence is, those that did the
// gravest first.
const maxIntel = 10_000

// formats are those of `sundew export`, as they are without flags.
func (x *exporter) formats() []web.Format {
	intel := func() export.IntelOptions {
		return export.IntelOptions{TLP: "green", Identity: "Sundew sensor operator", Limit: maxIntel, Made: time.Now().UTC()}
	}
	type write func(ctx context.Context, j *export.Job, w io.Writer) error
	table := func(name string) write {
		return func(ctx context.Context, j *export.Job, w io.Writer) error { return j.CSV(ctx, w, name, true) }
	}
	var out []web.Format
	for _, v := range []struct {
		name, title, kind, ext string
		write                  write
	}{
		{"csv", "CSV, a row for each session", "text/csv; charset=utf-8", "sessions.csv", table(export.Sessions)},
		{"csv-acts", "CSV, a row for each act", "text/csv; charset=utf-8", "acts.csv", table(export.Acts)},
		{"csv-credentials", "CSV, a row for each login", "text/csv; charset=utf-8", "credentials.csv", table(export.Credentials)},
		{"csv-artifacts", "CSV, a row for each file", "text/csv; charset=utf-8", "artifacts.csv", table(export.Artifacts)},
		{"jsonl", "JSON Lines, the record itself", "application/jsonl", "jsonl", func(ctx context.Context, j *export.Job, w io.Writer) error { return j.JSONL(ctx, w, false) }},
		{"jsonl-enriched", "JSON Lines, with what analysis says", "application/jsonl", "jsonl", func(ctx context.Context, j *export.Job, w io.Writer) error { return j.JSONL(ctx, w, true) }},
		{"parquet", "Parquet, a row for each session", "application/vnd.apache.parquet", "parquet", func(ctx context.Context, j *export.Job, w io.Writer) error { return j.Parquet(ctx, w, export.Sessions) }},
		{"ecs", "Elastic Common Schema, a line for each event", "application/jsonl", "ecs.jsonl", func(ctx context.Context, j *export.Job, w io.Writer) error { return j.ECS(ctx, w) }},
		{"pcapng", "Packets, synthesised, for Wireshark", "application/x-pcapng", "pcapng", x.packets},
		{"stix", "STIX 2.1 bundle", "application/stix+json", "stix.json", func(ctx context.Context, j *export.Job, w io.Writer) error {
			_, err := j.STIX(ctx, w, intel())
			return err
		}},
		{"misp", "MISP event", "application/json", "misp.json", func(ctx context.Context, j *export.Job, w io.Writer) error {
			_, err := j.MISP(ctx, w, intel())
			return err
		}},
		{"ioc", "Lists of indicators", "text/plain; charset=utf-8", "ioc.txt", func(ctx context.Context, j *export.Job, w io.Writer) error {
			return j.Indicators(ctx, w, export.Lists())
		}},
		{"shadowserver", "CSV as Shadowserver's reports", "text/csv; charset=utf-8", "shadowserver.csv", func(ctx context.Context, j *export.Job, w io.Writer) error { return j.Shadowserver(ctx, w, true) }},
	} {
		out = append(out, web.Format{Name: v.name, Title: v.title, Type: v.kind, Ext: v.ext, Write: func(ctx context.Context, w io.Writer, f store.Filter) error {
			return whole(w, func(w io.Writer) error { return v.write(ctx, x.job(f), w) })
		}})
	}
	return out
}

// whole writes through a buffer, so that few octets make few writes. Nothing to
// export is told as such.
func whole(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 64<<10)
	err := write(b)
	if errors.Is(err, export.ErrNone) {
		return web.ErrEmpty
	}
	if err != nil {
		return err
	}
	return b.Flush()
}

func (x *exporter) packets(ctx context.Context, j *export.Job, w io.Writer) error {
	return j.Packets(ctx, w, pcapng.Options{Application: "Sundew " + version(), Port: standardPort})
}

// capture writes one session's packets.
func (x *exporter) capture(ctx context.Context, w io.Writer, s *store.Session) error {
	return whole(w, func(w io.Writer) error {
		return x.packets(ctx, x.job(store.Filter{Session: s.ID}), w)
	})
}

// layer writes a layer for ATT&CK Navigator.
func (x *exporter) layer(ctx context.Context, w io.Writer, f store.Filter, v18 bool, domain string) error {
	return whole(w, func(w io.Writer) error {
		return x.job(f).Layer(ctx, w, export.LayerOptions{Domain: domain, V18: v18})
	})
}

// archive writes a visitor's file, encrypted.
func (x *exporter) archive(_ context.Context, w io.Writer, sum string) error {
	f, err := artifact.Get(x.dir.path("artifacts"), sum)
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
	if err := zipcrypto.Write(w, sum, archivePassword, info.ModTime().Truncate(time.Second), f); err != nil {
		return fmt.Errorf("packing a visitor's file: %w", err)
	}
	return nil
}
