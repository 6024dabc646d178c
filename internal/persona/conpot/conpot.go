// Package conpot turns a template folder of Conpot 0.6 into a persona folder of
// ours.
//
// A template is a folder of XML files: template.xml with the databus (keys and
// values that all protocols share), and NAME/NAME.xml for each protocol. Python
// in it is never run: literals and the few forms that Conpot's own templates use
// are read, everything else is reported. The reader looks for elements by name,
// whatever stands around them; what it did not understand is reported too.
package conpot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// A Result is an imported template: the persona's files, and what became of the
// template.
type Result struct {
	Title    string            `json:"title"`
	Files    map[string][]byte `json:"-"` // by path in the persona's folder
	Services []*Service        `json:"services"`
	Left     []Left            `json:"not_carried_over"` // of no service
	Warnings []string          `json:"warnings"`
}

// A Service is one protocol of the template.
type Service struct {
	Name    string `json:"service"` // as Conpot calls it
	Carried int    `json:"carried_over"`
	Left    []Left `json:"not_carried_over"`

	protocol string // as we call it; "": none
	file     string // of the persona
	port     int
}

// Left is something that was not carried over.
type Left struct {
	What string `json:"what"` // "register 1202", "element delay of modbus/modbus.xml"
	Why  string `json:"why"`
}

func (s *Service) leave(what, why string, args ...any) {
	s.Left = append(s.Left, Left{what, fmt.Sprintf(why, args...)})
}

// ErrNoTemplate says that a folder is no template of Conpot's.
var ErrNoTemplate = errors.New("no template.xml with a <core> element in it: this is no template of Conpot's")

// importer is a template on its way.
type importer struct {
	src    fs.FS
	root   *node // template.xml
	bus    databus
	result *Result

	tags   []tag
	values [][2]string       // of the device, in order
	names  map[string]string // databus key: its name among the values

	station, serial string // of the device, where a protocol tells them
}

// writers are the protocols that can be carried over, as the template's folder
// names them in lower case.
func writers() map[string]func(*importer, *Service, *node) error {
	return map[string]func(*importer, *Service, *node) error{
		"modbus": (*importer).modbus, "s7comm": (*importer).s7comm, "snmp": (*importer).snmp, "http": (*importer).http,
		"bacnet": (*importer).bacnet, "enip": (*importer).enip, "ipmi": (*importer).ipmi, "ftp": (*importer).ftp, "tftp": (*importer).tftp,
		"iec104": (*importer).iec104, "guardian_ast": (*importer).gauge,
		"kamstrup_meter": (*importer).meter, "kamstrup_management": (*importer).management,
	}
}

// Import reads the template in src. denied finds values by which honeypots are
// recognised in what a persona would show.
func Import(src fs.FS, denied func([]byte) []string) (*Result, error) {
	root, err := parseFile(src, "template.xml")
	if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.EqualFold(root.name, "core") {
		return nil, ErrNoTemplate
	}
	if err != nil {
		return nil, err
	}
	im := &importer{src: src, root: root, result: &Result{Files: map[string][]byte{}}, names: map[string]string{}}
	im.readDatabus()
	im.carryValues()
	if err := im.protocols(); err != nil {
		return nil, err
	}
	if len(im.result.Files) == 0 {
		return nil, errors.New("the template has no enabled protocol that could be carried over")
	}
	im.writeSite()
	im.writeProcess()
	im.warn(denied)
	return im.result, nil
}

// protocols carries over NAME/NAME.xml of every folder beside template.xml.
func (im *importer) protocols() error {
	entries, err := fs.ReadDir(im.src, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		name := e.Name()
		root, err := parseFile(im.src, path.Join(name, name+".xml"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		s := &Service{Name: name}
		im.result.Services = append(im.result.Services, s)
		write := writers()[strings.ToLower(name)]
		switch on := root.attr("enabled"); {
		case on != "" && !strings.EqualFold(on, "true"):
			s.leave("the service", "it is not enabled in the template")
			continue
		case write == nil:
			s.leave("the service", "Sundew has no such protocol to imitate")
			continue
		}
		s.port = number(root.attr("port"))
		root.attr("host") // where to listen is said when the sensor starts
		if err := write(im, s, root); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, what := range root.unread() {
			s.leave("element "+what, "not understood")
		}
	}
	return nil
}

// warn lists what would give the persona away.
func (im *importer) warn(denied func([]byte) []string) {
	found := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(im.result.Files)) {
		for _, d := range denied(im.result.Files[name]) {
			if w := fmt.Sprintf("%s holds %q, by which honeypots are recognised: replace it", name, d); !found[w] {
				found[w] = true
				im.result.Warnings = append(im.result.Warnings, w)
			}
		}
	}
	if n := len(im.result.Services); n > 4 {
		im.result.Warnings = append(im.result.Warnings, fmt.Sprintf("%d services on one address are more than one device has: spread them over several [[device]], or leave some out", n))
	}
}

// site is what template.xml says of the device.
func (im *importer) about(entity string) string {
	for _, n := range im.root.all("entity") {
		if strings.EqualFold(n.attr("name"), entity) {
			return n.text()
		}
	}
	return ""
}

func (im *importer) writeSite() {
	unit, vendor := cmp.Or(im.about("unit"), "Device"), cmp.Or(im.about("vendor"), "Unknown")
	im.result.Title = strings.TrimSpace(vendor + " " + unit)
	var d doc
	d.comment("Imported. What could not be carried over was said at the import.")
	d.table("[site]")
	d.set("title", im.result.Title)
	d.set("summary", cmp.Or(im.about("description"), im.result.Title))
	d.set("zone", "UTC")
	d.raw("commissioned", "[2012, 2018]")
	for _, ignored := range []string{"protocols", "creator"} {
		im.about(ignored)
	}
	d.table("[[device]]")
	d.set("name", "device")
	d.set("vendor", vendor)
	d.set("product", unit)
	if im.station != "" {
		d.set("station", im.station)
	}
	if im.serial != "" {
		d.set("serial", im.serial)
	} else {
		d.raw("serial", "{ generate = \"siemens-s\" }")
	}
	d.raw("mac", "{ generate = \"mac\", oui = [\"00:1B:1B\"] }")
	if len(im.values) > 0 {
		d.table("[device.values]")
		for _, v := range im.values {
			d.set(v[0], v[1])
		}
	}
	for _, s := range im.result.Services {
		if s.file == "" {
			continue
		}
		d.table("[[device.service]]")
		d.set("protocol", s.protocol)
		d.set("file", s.file)
		if s.port > 0 && s.port < 65536 {
			d.set("alt", s.port)
		}
		if s.protocol == "ftp" {
			d.set("sides", "50100-50149")
		} else if s.protocol == "tftp" {
			d.set("sides", "50200-50249")
		}
	}
	im.result.Files["persona.toml"] = d.bytes()
}

// put adds a service's settings.
func (im *importer) put(s *Service, protocol string, d *doc) {
	s.protocol, s.file = protocol, "device/"+protocol+".toml"
	im.result.Files[s.file] = d.bytes()
}
