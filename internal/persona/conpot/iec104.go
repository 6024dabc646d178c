package conpot

import (
	"fmt"
	"strconv"
	"strings"
)

// iec104 carries over the points and commands. A register A_B has the object
// address whose octets on the wire are the high and the low octet of A, then B.
func (im *importer) iec104(s *Service, root *node) error {
	var d doc
	common := 1
	for _, name := range []string{"common_address", "CommonAddress", "common_address_of_asdu", "coa"} {
		v, _ := im.lookup(root.child(name).text())
		if n := number(strings.Trim(v.text, `"'`)); n > 0 && n < 65535 {
			common = n
		}
	}
	if v, ok := im.bus["CommonAddress"]; ok && number(v.text) > 0 {
		common = number(v.text)
	}
	d.raw("common", "["+strconv.Itoa(common)+"]")
	for _, setting := range []string{"t1", "t2", "t3"} {
		if n := number(im.key("T_"+setting[1:], setting)); n > 0 && n < 256 {
			d.set(setting, strconv.Itoa(n)+"s")
		}
	}
	var points, commands []row
	tags := map[string]string{} // of points, by register
	for _, pass := range []bool{true, false} {
		for _, c := range root.all("category") {
			kind, monitored := category(number(c.attr("id")))
			if kind == "" || monitored != pass {
				if kind == "" && pass {
					markRead(c)
					s.leave("category "+c.attr("id"), "no type of point or command that is carried over")
				}
				continue
			}
			for _, r := range c.all("register") {
				p, ok := im.register(s, r, kind, monitored, tags)
				if !ok {
					continue
				}
				s.Carried++
				if monitored {
					points = append(points, p)
				} else {
					commands = append(commands, p)
				}
			}
		}
	}
	d.rows("points", points)
	d.rows("commands", commands)
	im.put(s, "iec104", &d)
	return nil
}

// category says what a type identification (IEC 60870-5-101 §7.3) is in our words.
func category(id int) (kind string, monitored bool) {
	switch id {
	case 1:
		return "single", true
	case 3:
		return "double", true
	case 9:
		return "normalized", true
	case 11:
		return "scaled", true
	case 13:
		return "float", true
	case 45:
		return "single", false
	case 46:
		return "double", false
	case 49:
		return "scaled", false
	case 50:
		return "float", false
	}
	return "", false
}

// register makes a point or a command and its tag.
func (im *importer) register(s *Service, r *node, kind string, monitored bool, tags map[string]string) (row, bool) {
	defer markRead(r)
	name := r.attr("name")
	high, low, ok := strings.Cut(name, "_")
	a, err1 := strconv.ParseUint(high, 10, 16)
	b, err2 := strconv.ParseUint(low, 10, 8)
	if !ok || err1 != nil || err2 != nil {
		s.leave("register "+name, "its name is no A_B")
		return nil, false
	}
	address := int(a>>8) | int(a&0xff)<<8 | int(b)<<16
	if address == 0 {
		s.leave("register "+name, "object address 0 is no point's")
		return nil, false
	}
	text := r.child("value").text()
	if text == "" {
		text = r.text()
	}
	v, _ := im.lookup(text)
	t := tag{name: "p" + strconv.Itoa(address), title: "Register " + name, writable: true}
	switch kind {
	case "single":
		t.kind, t.start = "bool", float(v.text) != 0
	case "double":
		t.kind, t.start, t.max = "int16", int(float(v.text)), 3
	default:
		t.kind, t.start = "float32", float(v.text)
	}
	if monitored {
		tags[name] = t.name
		out := row{"ioa", address, "as", kind, "tag", im.add(t)}
		if kind == "normalized" {
			out = append(out, "span", 1.0)
		}
		return out, true
	}
	out := row{"ioa", address, "as", kind}
	related := r.attr("rel")
	if point, ok := tags[related]; ok {
		out = append(out, "tag", point)
		if n, err := strconv.Atoi(strings.TrimPrefix(point, "p")); err == nil {
			out = append(out, "feedback", n)
		}
	} else {
		if related != "" {
			s.leave(fmt.Sprintf("relation of register %s to %s", name, related), "there is no such point")
		}
		t.name = "c" + strconv.Itoa(address)
		out = append(out, "tag", im.add(t))
	}
	return out, true
}
