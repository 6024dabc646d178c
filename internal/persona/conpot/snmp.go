package conpot

import (
	"strconv"
	"strings"
)

// object is an SNMP object that templates name: its OID without an index, its
// type, and whether managers may set it.
type object struct {
	oid, as string
	table   bool
	rw      bool
}

// objects are those of the MIBs that Conpot's templates use: SNMPv2-MIB, IF-MIB,
// IP-MIB, TCP-MIB, UDP-MIB and HOST-RESOURCES-MIB (RFC 3418, 2863, 4293, 4022,
// 4113, 2790).
func objects() map[string]object {
	out := map[string]object{}
	for l := range strings.Lines(mibs) {
		f := strings.Fields(l)
		if len(f) < 3 {
			continue
		}
		o := object{oid: f[1], as: f[2]}
		for _, flag := range f[3:] {
			o.table = o.table || flag == "table"
			o.rw = o.rw || flag == "rw"
		}
		out[f[0]] = o
	}
	return out
}

// snmp carries over the symbols of the template's MIBs.
func (im *importer) snmp(s *Service, root *node) error {
	var d doc
	d.comment("The template's public community may write; here only private may.")
	d.rows("communities", []row{{"name", "public", "access", "ro"}, {"name", "private", "access", "rw"}})
	known := objects()
	var rows []row
	seen := map[string]bool{}
	for _, mib := range root.all("mib") {
		mib.attr("name")
		for _, symbol := range mib.all("symbol") {
			name := symbol.attr("name")
			markRead(symbol)
			o, ok := known[name]
			if !ok {
				s.leave("symbol "+name, "its OID is not known here: add it by OID")
				continue
			}
			index := strings.Trim(symbol.attr("instance"), ".")
			if index == "" {
				index = "0"
				if o.table {
					index = "1"
				}
			}
			oid := o.oid + "." + index
			if r, ok := im.symbol(s, name, oid, o, symbol.child("value")); ok && !seen[oid] {
				seen[oid] = true
				rows = append(rows, r)
				s.Carried++
			}
		}
	}
	for _, e := range root.all("entity") {
		if n := e.attr("name"); e.attr("command") != "" {
			s.leave(n+" of "+e.attr("command"), "Sundew has its own latency and reply budget")
		}
	}
	if lat := root.child("tarpit"); lat != nil {
		lat.text()
	}
	d.rows("objects", rows)
	im.put(s, "snmp", &d)
	return nil
}

// symbol makes a row of one symbol.
func (im *importer) symbol(s *Service, name, oid string, o object, n *node) (row, bool) {
	if n == nil {
		s.leave("symbol "+name, "it has no value")
		return nil, false
	}
	n.attr("type") // "value", or a key of the databus
	v, ref := im.lookup(n.text())
	head := row{"oid", oid}
	switch {
	case v.uptime:
		return append(head, "from", "uptime"), true
	case v.unknown != "":
		s.leave("symbol "+name, "%s", v.unknown)
		return nil, false
	case v.isList:
		s.leave("symbol "+name, "a list is no value of SNMP")
		return nil, false
	case ref != "" && o.as == "text": // shared with pages, and kept when it is written
		head = append(head, "as", "text", "from", "device:"+strings.Trim(ref, "${}"))
	default:
		text := v.text
		switch o.as {
		case "integer", "counter", "gauge", "ticks":
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				s.leave("symbol "+name, "%.40q is no number", text)
				return nil, false
			}
			text = strconv.FormatInt(int64(f), 10)
		case "octets":
			text = strings.NewReplacer(":", "", "-", "", " ", "", "0x", "").Replace(text)
			if strings.Trim(strings.ToLower(text), "0123456789abcdef") != "" || len(text)%2 != 0 {
				s.leave("symbol "+name, "%.40q are no octets", text)
				return nil, false
			}
		case "oid":
			if text == "0.0" || strings.Trim(text, "0123456789.") != "" || text == "" {
				s.leave("symbol "+name, "%.40q names no product: give the maker's own", text)
				return nil, false
			}
		}
		head = append(head, "as", o.as, "value", text)
	}
	if o.rw {
		head = append(head, "access", "rw")
	}
	return head, true
}
