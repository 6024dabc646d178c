package conpot

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// enip carries over identity and tags.
func (im *importer) enip(s *Service, root *node) error {
	info := root.child("device_info", "identity")
	field := func(name string) string { return im.words(info.child(name).text()) }
	var d doc
	if !strings.EqualFold(cmp.Or(root.child("mode").text(), "tcp"), "tcp") {
		s.leave("mode", "both tcp and udp are served")
	}
	for _, n := range []string{"latency", "timeout", "server_timeout"} {
		root.child(n).text()
	}
	d.set("controller", "${product}")
	d.table("[identity]")
	d.set("vendor", max(number(field("VendorId")), 1))
	d.set("type", max(number(field("DeviceType")), 1))
	d.set("code", max(number(field("ProductCode")), 1))
	revision := number(field("ProductRevision"))
	d.set("revision", fmt.Sprintf("%d.%d", revision>>8&0x7f, max(revision&0xff, 1)))
	d.set("name", cmp.Or(field("ProductName"), "${product}"))
	if serial := number(field("SerialNumber")); serial > 0 {
		d.set("serial", fmt.Sprintf("%08x", uint32(serial)))
	} else {
		d.set("serial", "00000001")
	}
	s.Carried++
	for _, t := range root.child("tags").all("tag") {
		if im.enipTag(s, &d, t) {
			s.Carried++
		}
	}
	im.put(s, "enip", &d)
	return nil
}

func (im *importer) enipTag(s *Service, d *doc, t *node) bool {
	name, kind := t.attr("name"), strings.ToUpper(t.child("type").text())
	size := max(number(t.child("size").text()), 1)
	given := t.child("value").text()
	if addr := t.child("addr").text(); addr != "" {
		s.leave("address "+addr+" of tag "+name, "tags are found by name")
	}
	if clean(name) != name || len(name) > 40 || size > 4096 {
		s.leave("tag "+name, "no name of a tag, or too large")
		return false
	}
	var one any
	switch kind {
	case "BOOL":
		one = given == "1" || strings.EqualFold(given, "true")
	case "SINT", "INT", "DINT", "USINT", "UINT", "UDINT", "LINT", "DWORD":
		one = int64(float(given))
	case "REAL", "LREAL":
		one = float(given)
	case "SSTRING", "STRING":
		kind, one = "STRING", strings.Repeat(given, min(size, 82/max(len(given), 1)))
		size = 1
	default:
		s.leave("tag "+name, "type %q is not known", kind)
		return false
	}
	d.table("[[tags]]")
	d.set("name", name)
	d.set("type", kind)
	if size == 1 {
		d.set("value", one)
		return true
	}
	d.raw("array", "["+strconv.Itoa(size)+"]")
	values := make([]string, size)
	for i := range values {
		values[i] = format(one)
	}
	d.raw("values", "["+strings.Join(values, ", ")+"]")
	return true
}
