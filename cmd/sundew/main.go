// Command sundew is an ICS/SCADA honeypot: it pretends to be industrial devices,
// keeps every octet of what visitors do with them, and turns that into answers.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/sundew-ics/sundew/internal/analysis/enrich"
)

// cli is the command line. Each command is a struct with its flags and a Run.
type cli struct {
	Run         runCmd         `cmd:"" help:"Listen for visitors until interrupted."`
	Personas    personasCmd    `cmd:"" help:"List the personas, or show one."`
	Check       checkCmd       `cmd:"" help:"Check configuration, persona, ports and directories, and say how to mend what is amiss."`
	Events      eventsCmd      `cmd:"" help:"Read what happened: a range of the journal, or live."`
	Stats       statsCmd       `cmd:"" help:"Answer the five questions of a period on one screen: what, with which protocols, from where, when, who."`
	Sessions    sessionsCmd    `cmd:"" help:"List sessions."`
	Session     sessionCmd     `cmd:"" help:"Tell one session: its transcript, octets, timing, and the evidence for its label."`
	Actors      actorsCmd      `cmd:"" help:"List sources, those that did the gravest first."`
	Actor       actorCmd       `cmd:"" help:"Tell one actor: an address, a network, an autonomous system or a cluster."`
	Techniques  techniquesCmd  `cmd:"" help:"Count the ATT&CK techniques that octets prove."`
	Credentials credentialsCmd `cmd:"" help:"Count the credentials that visitors tried."`
	Artifacts   artifactsCmd   `cmd:"" help:"List the files and program blocks that visitors brought, or take one out."`
	Export      exportCmd      `cmd:"" help:"Write sessions in others' formats: tables, packets, threat intelligence."`
	Compare     compareCmd     `cmd:"" help:"Set sensors, personas or periods beside each other."`
	Demo        demoCmd        `cmd:"" help:"Make synthetic data with planted answers, to try the commands on."`
	Report      reportCmd      `cmd:"" help:"Write a report of a period: one page that stands by itself, figures, tables, data and a manifest."`
	Import      importCmd      `cmd:"" help:"Bring in what another sensor has recorded, or Conpot's JSON logs."`
	Dashboard   dashboardCmd   `cmd:"" help:"Serve the dashboard of a sensor's directory, or set its password."`
	Reindex     reindexCmd     `cmd:"" help:"Make the store anew from the journal."`
	Status      statusCmd      `cmd:"" help:"Print how a running sensor does."`
	Health      healthCmd      `cmd:"" help:"Exit with 0 if a running sensor is well."`
	Doctor      doctorCmd      `cmd:"" help:"Look a running sensor and its host over, ask each service, and say how to mend what is amiss."`
	Firewall    firewallCmd    `cmd:"" help:"Print firewall rules for a sensor; it applies none."`
	Alert       alertCmd       `cmd:"" help:"Try the alerts of the configuration."`
	Feeds       feedsCmd       `cmd:"" help:"Keep the lists of known research scanners."`
	Backup      backupCmd      `cmd:"" help:"Make an archive of what a sensor has recorded."`
	Restore     restoreCmd     `cmd:"" help:"Bring an archive back, or check one."`
	Redact      redactCmd      `cmd:"" help:"Erase a source from all that a stopped sensor keeps, its backups included."`
	Schema      schemaCmd      `cmd:"" help:"Print the JSON Schema of the journal's lines."`
	Version     versionCmd     `cmd:"" help:"Print version and build."`
	Completion  completionCmd  `cmd:"" help:"Print a completion script for bash, zsh or fish."`
	Man         manCmd         `cmd:"" hidden:"" help:"Print the manual page, for packages."`
}

// Exit codes: the world's fault and a wrong command line.
const (
	exitWorld = 1
	exitUsage = 2
)

// terminal is what commands read and print; tests replace it.
type terminal struct {
	program  string // as the user called it
	in       io.Reader
	out, err io.Writer
	colour   bool

	geo enrich.Config // the operator's own files of countries and systems
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	term := &terminal{program: os.Args[0], in: os.Stdin, out: os.Stdout, err: os.Stderr, colour: isTerminal(os.Stdout)}
	code := execute(ctx, os.Args[1:], term)
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, t *terminal) int {
	var c cli
	settings, err := readSettings(args)
	if err != nil {
		fmt.Fprintln(t.err, "sundew:", err)
		return exitUsage
	}
	t.geo = settings.geo()
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("sundew"),
		kong.Description("An ICS/SCADA honeypot: industrial devices that record their visitors.\n\nSettings come from, each over the one before: defaults, a TOML file (--config), the environment (SUNDEW_…), flags."),
		kong.Writers(t.out, t.err),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(settings),
		kong.Vars{"feeds_url": enrich.FeedsURL},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t, settings),
	)
	if err != nil {
		fmt.Fprintln(t.err, "sundew:", err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(t.err, "sundew:", err)
		fmt.Fprintln(t.err, "Run \"sundew --help\" for commands and flags.")
		return exitUsage
	}
	if err := k.Run(); err != nil {
		if errors.Is(err, errFindings) {
			return exitWorld
		}
		fmt.Fprintln(t.err, "sundew:", err)
		return exitCode(err)
	}
	return 0
}

// usageError is a wrong command line that only the command itself can see.
type usageError struct{ error }

func exitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitWorld
}

// isTerminal says whether f is a terminal that wants colours.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
