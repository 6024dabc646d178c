package conpot

import "strings"

// s7comm carries over the identity. Conpot answers two lists and nothing else;
// Sundew's room computes all lists from the identity, and has the rest of the
// protocol besides.
func (im *importer) s7comm(s *Service, root *node) error {
	var d doc
	d.comment("Lists are computed from the identity in persona.toml and the names here.")
	if strings.Contains(strings.ToUpper(im.about("unit")), "S7-200") {
		d.set("family", "s7-200")
	}
	var plant, module string
	for _, list := range root.all("ssl") {
		id := list.attr("id")
		for _, field := range list.children {
			if field.text() == "" {
				continue
			}
			v, _ := im.lookup(field.text())
			switch name := strings.ToLower(field.name); {
			case v.unknown != "" || v.isList || v.text == "":
				continue
			case strings.Contains(name, "plant"):
				plant = im.words(field.text())
			case strings.Contains(name, "module_type"):
				module = im.words(field.text())
			case strings.Contains(name, "system_name"):
				im.station = v.text
			case strings.Contains(name, "serial"):
				im.serial = v.text
			default:
				s.leave(field.name+" of list "+id, "it is computed from the identity in persona.toml (here it was %.40q)", v.text)
				continue
			}
			s.Carried++
		}
	}
	if plant != "" {
		d.set("plant", plant)
	}
	if module != "" {
		d.set("module", module)
	}
	im.put(s, "s7comm", &d)
	return nil
}
