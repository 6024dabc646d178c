package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/personas"
)

// personasCmd lists personas or shows one.
type personasCmd struct {
	List personasListCmd `cmd:"" default:"withargs" help:"List the personas that come with sundew."`
	Show personasShowCmd `cmd:"" help:"Show a persona: its devices, services and tags."`

	ImportConpot importConpotCmd `cmd:"" help:"Turn a template of Conpot's into a persona."`
}

type personasListCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run implements kong's command.
func (c *personasListCmd) Run(t *terminal) error {
	list, err := persona.List(personas.FS())
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, list)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PERSONA\tTITLE\tDEVICES")
	for _, s := range list {
		name := s.Name
		if name == personas.Default {
			name += " (default)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, s.Title, strings.Join(s.Devices, ", "))
	}
	return w.Flush()
}

type personasShowCmd struct {
	Persona string `arg:"" help:"NAME or DIR."`
	Data    string `placeholder:"DIR" env:"SUNDEW_DATA" help:"Show it as the installation in DIR does. Default: an example's identity."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// shown is a persona as show prints it.
type shown struct {
	Name, Title, Summary string
	Devices              []shownDevice
	Tags                 []shownTag
}

type shownDevice struct {
	Name, Vendor, Product, Order, Firmware, Serial, MAC string
	Services                                            []shownService
}

type shownService struct {
	Name, Protocol, Network string
	Port, Unprivileged      uint16
}

type shownTag struct {
	Name, Type, Unit, Title string
	Writable                bool
}

// Run implements kong's command.
func (c *personasShowCmd) Run(t *terminal) error {
	seed, born := []byte("an example installation, not yours"), time.Now()
	if c.Data != "" {
		var err error
		if seed, born, err = directory(c.Data).secret(); err != nil {
			return err
		}
	}
	arg, err := parseSite(c.Persona)
	if err != nil {
		return err
	}
	p, _, err := (&builder{seed: seed, born: born}).load(arg)
	if err != nil {
		return err
	}
	s := show(p)
	if c.JSON {
		return printJSON(t, s)
	}
	return s.print(t)
}

func show(p *persona.Persona) shown {
	out := shown{Name: p.Name, Title: p.Title, Summary: p.Summary}
	for _, d := range p.Devices {
		mac, _ := d.Identity.Lookup("mac")
		sd := shownDevice{d.Key, d.Identity.Vendor, d.Identity.Product, d.Identity.Order, d.Identity.Firmware, d.Identity.Serial, mac, nil}
		for _, v := range d.Services {
			for _, k := range catalog.Protocols() {
				if k.Name != v.Protocol || v.Network != "" && v.Network != k.Network {
					continue
				}
				ss := shownService{v.Name, k.Title, k.Network, k.Port, k.Alt}
				if v.Port != 0 {
					ss.Port = v.Port
				}
				if v.Alt != 0 {
					ss.Unprivileged = v.Alt
				}
				sd.Services = append(sd.Services, ss)
			}
		}
		out.Devices = append(out.Devices, sd)
	}
	for _, tag := range p.Process.Tags {
		out.Tags = append(out.Tags, shownTag{tag.Name, tag.Type.String(), tag.Unit, tag.Title, tag.Writable})
	}
	return out
}

func (s shown) print(t *terminal) error {
	fmt.Fprintf(t.out, "%s: %s\n%s\n\n", s.Name, s.Title, s.Summary)
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tPRODUCT\tORDER\tFIRMWARE\tSERIAL\tMAC")
	for _, d := range s.Devices {
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\t%s\n", d.Name, d.Vendor, d.Product, d.Order, d.Firmware, d.Serial, d.MAC)
	}
	fmt.Fprintln(w, "\nSERVICE\tDEVICE\tPORT\tUNPRIVILEGED")
	for _, d := range s.Devices {
		for _, v := range d.Services {
			fmt.Fprintf(w, "%s\t%s\t%d/%s\t%d\n", v.Protocol, d.Name, v.Port, v.Network, v.Unprivileged)
		}
	}
	fmt.Fprintln(w, "\nTAG\tTYPE\tUNIT\tWRITABLE\tTITLE")
	for _, g := range s.Tags {
		writable := ""
		if g.Writable {
			writable = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", g.Name, g.Type, g.Unit, writable, g.Title)
	}
	return w.Flush()
}

func printJSON(t *terminal, v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
