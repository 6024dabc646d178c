package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/report/export"
	"github.com/sundew-ics/sundew/internal/report/export/pcapng"
	"github.com/sundew-ics/sundew/internal/store"
)

// exportCmd writes sessions in others' formats.
type exportCmd struct {
	choice
	Format  string `arg:"" enum:"csv,jsonl,parquet,pcapng,stix,misp,navigator,ioc,ecs,shadowserver" help:"One of ${enum}."`
	Output  string `short:"o" default:"-" placeholder:"FILE" help:"Where to (${default}: standard output)."`
	Session string `placeholder:"ID" help:"Only this session; the beginning of its id will do."`

	What          string `placeholder:"TABLE" help:"csv, parquet: sessions (the default) or acts; csv also credentials or artifacts. ioc: ips, cidrs, hashes, credentials or urls; default: all."`
	Guard         bool   `default:"true" negatable:"" help:"csv, shadowserver: an apostrophe before cells that a spreadsheet would take for a formula (on by default)."`
	Enriched      bool   `help:"jsonl: with what analysis says, under the member analysis."`
	StandardPorts bool   `default:"true" negatable:"" help:"pcapng: show services at their protocols' standard ports, so that Wireshark knows them (on by default)."`
	Domain        string `enum:"ics,enterprise" default:"ics" help:"navigator: the matrix, ${enum}."`
	Release       string `enum:"19,18" default:"19" help:"navigator: ids of this ATT&CK release, ${enum}."`
	TLP           string `name:"tlp" enum:"clear,green,amber,amber+strict,red" default:"green" help:"stix, misp: who may see it, ${enum}."`
	Identity      string `default:"Sundew sensor operator" help:"stix, misp: whose observations they are (${default})."`
	Limit         int    `default:"10000" help:"stix, misp: of how many sources, those that did the gravest first (${default})."`

	Anonymize *bool `negatable:"" help:"Truncate addresses, hash secrets, leave out destinations and octets."`
	Share     bool  `help:"Make it to be given away: --anonymize unless --no-anonymize, and FILE.manifest.json beside it."`
}

// heapWanted is what the collector keeps an export's heap to where it can: an
// export runs beside a sensor, on small machines.
const heapWanted = 56 << 20

// Run implements kong's command.
func (c *exportCmd) Run(ctx context.Context, t *terminal) error {
	if err := c.check(t); err != nil {
		return err
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(heapWanted))
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	f.Session = c.Session
	j := c.job(a, t, f)
	m := manifest{Made: a.now, Program: "sundew " + version(), Format: c.Format, What: c.What, Filter: c.chosen(f), Session: c.Session, Versions: a.by.Versions(), Anonymised: j.Anon != nil}
	if j.Anon != nil {
		m.Removed = j.Anon.Removed()
	}
	sum := newSumming()
	write := func(w io.Writer) error {
		out := bufio.NewWriterSize(io.MultiWriter(w, sum), 64<<10)
		if err := c.write(ctx, t, j, out, a.now); err != nil {
			return err
		}
		return out.Flush()
	}
	if c.Output == "-" {
		return write(t.out)
	}
	err = writeFile(c.Output, write)
	if j.Tell != nil {
		fmt.Fprint(t.err, "\r\x1b[K") // how far it has come is no longer of interest
	}
	if err == nil && c.Share {
		err = m.write(c.Output, sum)
	}
	return err
}

// check refuses what does not go together.
func (c *exportCmd) check(t *terminal) error {
	tables := map[string][]string{
		"csv":     {export.Sessions, export.Acts, export.Credentials, export.Artifacts},
		"parquet": {export.Sessions, export.Acts},
		"ioc":     export.Lists(),
	}[c.Format]
	switch {
	case c.What != "" && len(tables) == 0:
		return usageError{fmt.Errorf("--what is for csv, parquet and ioc")}
	case c.What != "" && !slices.Contains(tables, c.What):
		return usageError{fmt.Errorf("--what %q: %s has %s", c.What, c.Format, strings.Join(tables, ", "))}
	case c.Share && c.Output == "-":
		return usageError{errors.New("--share writes a manifest beside its file: say where with -o FILE")}
	case c.Limit < 1 && (c.Format == "stix" || c.Format == "misp"):
		return usageError{errors.New("--limit must be at least 1")}
	case c.Output == "-" && t.colour && (c.Format == "parquet" || c.Format == "pcapng"):
		return usageError{fmt.Errorf("%s is not for a terminal: say where with -o FILE", c.Format)}
	case c.Format == "ioc" && c.anonymous() && c.What != export.Hashes && c.What != export.URLs:
		return usageError{errors.New("truncated addresses would block their neighbours: --no-anonymize, or --what hashes or urls")}
	}
	if c.What == "" && (c.Format == "csv" || c.Format == "parquet") {
		c.What = export.Sessions
	}
	return nil
}

// anonymous says whether the export is to be anonymised: what is shared is,
// unless the operator says otherwise.
func (c *exportCmd) anonymous() bool {
	if c.Anonymize != nil {
		return *c.Anonymize
	}
	return c.Share
}

func (c *exportCmd) job(a *answers, t *terminal, f store.Filter) *export.Job {
	j := &export.Job{
		Store: a.Store, Rules: a.by.rules, Filter: f,
		Read: func(ctx context.Context, origin string, from journal.Cursor) iter.Seq2[journal.Batch, error] {
			return keptFrom(ctx, store.JournalDir(string(a.dir), origin), from)
		},
		Warn: func(err error) { fmt.Fprintln(t.err, "sundew:", err) },
	}
	if c.anonymous() {
		j.Anon = export.NewAnonymiser()
	}
	if f, ok := t.err.(*os.File); ok && isTerminal(f) && c.Output != "-" {
		told := time.Now()
		j.Tell = func(n int) {
			if time.Since(told) > 200*time.Millisecond {
				told = time.Now()
				fmt.Fprintf(t.err, "\rexporting: %d\r", n)
			}
		}
	}
	return j
}

// keptFrom reads a journal from a cursor on. What retention left of deleted
// segments behind it comes first.
func keptFrom(ctx context.Context, dir string, from journal.Cursor) iter.Seq2[journal.Batch, error] {
	return func(yield func(journal.Batch, error) bool) {
		r, err := journal.OpenRead(dir)
		if err != nil {
			yield(journal.Batch{}, err)
			return
		}
		for b, err := range r.KeptBetween(ctx, from.Segment, math.MaxUint64) {
			if !yield(b, err) {
				return
			}
		}
		for b, err := range r.Scan(ctx, from, journal.Cursor{}) {
			if !yield(b, err) {
				return
			}
		}
	}
}

// write writes the format that was asked for.
func (c *exportCmd) write(ctx context.Context, t *terminal, j *export.Job, w io.Writer, now time.Time) error {
	more, err := false, error(nil)
	intel := export.IntelOptions{TLP: c.TLP, Identity: c.Identity, Limit: c.Limit, Made: now}
	switch c.Format {
	case "csv":
		err = j.CSV(ctx, w, c.What, c.Guard)
	case "shadowserver":
		err = j.Shadowserver(ctx, w, c.Guard)
	case "jsonl":
		err = j.JSONL(ctx, w, c.Enriched)
	case "ecs":
		err = j.ECS(ctx, w)
	case "parquet":
		err = j.Parquet(ctx, w, c.What)
	case "navigator":
		err = j.Layer(ctx, w, export.LayerOptions{Domain: c.Domain, V18: c.Release == "18"})
	case "ioc":
		lists := export.Lists()
		if c.What != "" {
			lists = []string{c.What}
		}
		err = j.Indicators(ctx, w, lists)
	case "pcapng":
		o := pcapng.Options{Application: "Sundew " + version()}
		if c.StandardPorts {
			o.Port = standardPort
		}
		err = j.Packets(ctx, w, o)
	case "stix":
		more, err = j.STIX(ctx, w, intel)
	case "misp":
		more, err = j.MISP(ctx, w, intel)
	}
	if more {
		fmt.Fprintf(t.err, "sundew: there are more than %d sources, those that did the least are left out; --limit takes more\n", c.Limit)
	}
	return err
}

// standardPort is where Wireshark expects a protocol.
func standardPort(protocol, transport string, listened uint16) uint16 {
	if protocol == "http" {
		return 80
	}
	for _, p := range catalog.Protocols() {
		if p.Name == protocol && p.Network == transport {
			return p.Port
		}
	}
	return listened
}
