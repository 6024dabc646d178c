package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/persona/conpot"
	"github.com/sundew-ics/sundew/personas"
)

// importConpotCmd turns a template of Conpot's into a persona.
type importConpotCmd struct {
	Dir  string `arg:"" placeholder:"DIR" help:"Template folder of Conpot 0.6: the one with template.xml."`
	Out  string `short:"o" required:"" placeholder:"NEWDIR" help:"Persona folder to make; it must not be there yet."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run implements kong's command.
func (c *importConpotCmd) Run(t *terminal) error {
	root, err := os.OpenRoot(c.Dir) // nothing in the template leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	r, err := conpot.Import(root.FS(), personas.Denied)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	if err := r.Write(c.Out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, r)
	}
	return c.print(t, r)
}

func (c *importConpotCmd) print(t *terminal, r *conpot.Result) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tCARRIED OVER\tNOT CARRIED OVER")
	for _, s := range r.Services {
		fmt.Fprintf(w, "%s\t%d\t%d\n", s.Name, s.Carried, len(s.Left))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	left := func(service string, all []conpot.Left) {
		for _, l := range all {
			fmt.Fprintf(t.out, "  %s: %s: %s\n", service, tamed(l.What), tamed(l.Why))
		}
	}
	fmt.Fprintln(t.out, "\nNot carried over:")
	left("template", r.Left)
	for _, s := range r.Services {
		left(s.Name, s.Left)
	}
	if len(r.Warnings) > 0 {
		fmt.Fprintf(t.out, "\nBefore you use it:\n")
		for _, line := range r.Warnings {
			fmt.Fprintf(t.out, "  %s\n", tamed(line))
		}
	}
	_, err := fmt.Fprintf(t.out, "\n%s is written to %s. Next:\n  %s check --persona %s\n  %s run --persona %s\n", tamed(r.Title), c.Out, t.program, pathArg(c.Out), t.program, pathArg(c.Out))
	return err
}

// pathArg is how --persona takes a folder: one without a slash would be a name.
func pathArg(dir string) string {
	if strings.Contains(dir, "/") {
		return dir
	}
	return "./" + dir
}

// tamed is text of a stranger's template as a terminal may show it.
func tamed(s string) string { return event.Escape(s) }
