package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// manCmd prints the manual page, for packages.
type manCmd struct{}

// Run implements kong's command. The page is made from the command line's own
// model, so that it never lags behind it.
func (c *manCmd) Run(k *kong.Context, t *terminal) error {
	var p manPage
	p.macro(".TH SUNDEW 1 \"\" %q %q", "sundew "+version(), "Sundew")
	p.macro(".ad l") // an address is too long a word for lines that reach both margins
	p.macro(".SH NAME")
	p.text("sundew - ICS/SCADA honeypot")
	p.macro(".SH SYNOPSIS")
	for _, n := range k.Model.Leaves(true) {
		p.macro(".B sundew %s", roff(n.Path()))
		p.text(arguments(n))
		p.macro(".br")
	}
	p.macro(".SH DESCRIPTION")
	for l := range strings.SplitSeq(k.Model.Help, "\n\n") {
		p.macro(".PP")
		p.text(l)
	}
	p.macro(".SH COMMANDS")
	for _, n := range k.Model.Leaves(true) {
		p.command(n)
	}
	p.macro(".SH FILES")
	p.item("/etc/sundew/sundew.toml", "The configuration, if --config names no other.")
	p.item("/var/lib/sundew", "Journal, artefacts, state and seed of a sensor that root or systemd starts. Others have theirs in $XDG_STATE_HOME/sundew, or in ~/.local/state/sundew.")
	p.macro(".SH ENVIRONMENT")
	p.text("Every flag above that names a variable takes it from there unless the command line says otherwise.")
	p.item("NO_COLOR", "If it is set, nothing is printed in colour.")
	p.macro(".SH EXIT STATUS")
	p.item("0", "It worked; for health and check: all is well.")
	p.item(fmt.Sprint(exitWorld), "Something that is not the command line's fault.")
	p.item(fmt.Sprint(exitUsage), "A wrong command line or configuration.")
	_, err := fmt.Fprint(t.out, p.String())
	return err
}

// manPage is text in the man(7) macros.
type manPage struct{ strings.Builder }

func (p *manPage) macro(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// text writes a paragraph.
func (p *manPage) text(s string) {
	if s != "" {
		p.macro("%s", roff(s))
	}
}

// item writes a tagged paragraph.
func (p *manPage) item(tag, s string) {
	p.macro(".TP\n.B %s", roff(tag))
	p.text(s)
}

// command writes what a command does and its flags.
func (p *manPage) command(n *kong.Node) {
	p.macro(".SS %s", roff(strings.TrimPrefix(n.Path(), "sundew ")))
	p.text(n.Help)
	for _, a := range n.Positional {
		p.item(strings.ToUpper(a.Name), strings.ReplaceAll(a.Help, ",", ", "))
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			if f.Name != "help" {
				p.item(flagName(f), flagHelp(f))
			}
		}
	}
}

func flagName(f *kong.Flag) string {
	name := "--" + f.Name
	if f.Short != 0 {
		name = fmt.Sprintf("-%c, %s", f.Short, name)
	}
	if f.IsBool() {
		return name
	}
	return name + "=" + f.FormatPlaceHolder()
}

func flagHelp(f *kong.Flag) string {
	help := f.Help
	if len(f.Envs) > 0 {
		help += " ($" + strings.Join(f.Envs, ", $") + ")"
	}
	return help
}

// arguments are a command's positional ones.
func arguments(n *kong.Node) string {
	out := []string{"[flags]"}
	for _, a := range n.Positional {
		name := strings.ToUpper(a.Name)
		if !a.Required {
			name = "[" + name + "]"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// roff escapes what man(7) takes for its own: backslashes, hyphens that are
// meant, and a dot or quote that begins a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
