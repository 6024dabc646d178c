package persona

import (
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/process"
)

// A Known is one entry of the protocols' catalogue, as far as Check needs it.
type Known struct {
	Name, Network string
	Port, Alt     uint16
}

// A Finding is something in a persona that an operator should look at.
type Finding struct {
	Where string // "plc/modbus", "process.toml"
	What  string
	Mend  string
}

// String writes a finding in one line.
func (f Finding) String() string { return f.Where + ": " + f.What + "; " + f.Mend }

// Check returns what is amiss in a persona that has been loaded: services that
// the catalogue lacks, ports taken twice, a plant that cannot be built, files
// that nothing uses. What a room thinks of its settings only the room can say.
func Check(p *Persona, known []Known) []Finding {
	var out []Finding
	if _, err := p.NewProcess(); err != nil {
		out = append(out, Finding{tagsName, err.Error(), "correct the tag"})
	}
	for _, t := range p.Process.Tags {
		if t.Title == "" {
			out = append(out, Finding{tagsName, "tag " + t.Name + " has no title", "give it title = \"…\": pages and labels show it"})
		}
	}
	addresses := make(map[netip.Addr]string)
	for _, d := range p.Devices {
		if other, taken := addresses[d.Identity.Address]; taken {
			out = append(out, Finding{siteName, fmt.Sprintf("devices %s and %s both believe to be %s", other, d.Key, d.Identity.Address), "give one another host"})
		}
		addresses[d.Identity.Address] = d.Key
		if len(d.Services) == 0 {
			out = append(out, Finding{d.Key, "the device has no service", "add a [[device.service]] or remove the device"})
		}
	}
	out = append(out, checkPorts(p, known)...)
	return append(out, checkFiles(p)...)
}

// checkPorts finds protocols that there are not, and ports taken twice.
func checkPorts(p *Persona, known []Known) []Finding {
	var out []Finding
	taken := make(map[string]string)
	take := func(where, network string, port uint16) {
		key := fmt.Sprintf("%d/%s", port, network)
		if other, ok := taken[key]; ok && other != where {
			out = append(out, Finding{where, fmt.Sprintf("port %s is that of %s too", key, other), "give one of them another port and alt"})
		}
		taken[key] = where
	}
	for _, d := range p.Devices {
		for _, s := range d.Services {
			where := d.Key + "/" + s.Name
			entries := entries(known, s)
			if len(entries) == 0 {
				out = append(out, unknownProtocol(where, s, known))
			}
			for _, k := range entries {
				take(where, k.Network, k.Port)
				if k.Alt != k.Port {
					take(where, k.Network, k.Alt)
				}
			}
		}
	}
	return out
}

// entries returns the catalogue's entries that a service opens, at its ports.
func entries(known []Known, s Service) []Known {
	var out []Known
	for _, k := range known {
		if k.Name != s.Protocol || s.Network != "" && s.Network != k.Network {
			continue
		}
		if s.Port != 0 {
			k.Port = s.Port
		}
		if s.Alt != 0 {
			k.Alt = s.Alt
		}
		out = append(out, k)
	}
	return out
}

func unknownProtocol(where string, s Service, known []Known) Finding {
	names := make(map[string]bool)
	var list []string
	for _, k := range known {
		if k.Name == s.Protocol {
			return Finding{where, fmt.Sprintf("%s does not speak over %s", s.Protocol, s.Network), "remove network, or use " + k.Network}
		}
		if !names[k.Name] {
			list = append(list, k.Name)
		}
		names[k.Name] = true
	}
	mend := "use one of " + strings.Join(list, ", ")
	if near := process.Nearest(s.Protocol, maps.Keys(names)); near != "" {
		mend = fmt.Sprintf("did you mean %q?", near)
	}
	return Finding{where, fmt.Sprintf("no protocol %q", s.Protocol), mend}
}

// checkFiles finds settings files that no service names.
func checkFiles(p *Persona) []Finding {
	used := []string{siteName, tagsName}
	for _, d := range p.Devices {
		for _, s := range d.Services {
			used = append(used, s.File)
		}
	}
	var out []Finding
	err := fs.WalkDir(p.Files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !e.IsDir() && path.Ext(name) == ".toml" && !slices.Contains(used, name) {
			out = append(out, Finding{name, "no service uses this file", "name it in a [[device.service]] or remove it"})
		}
		return nil
	})
	if err != nil {
		out = append(out, Finding{p.Name, "its folder cannot be read: " + err.Error(), "check its permissions"})
	}
	return out
}
