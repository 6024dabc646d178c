package conpot

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
)

// bacnet carries over the device and its analog, binary and multi-state objects.
func (im *importer) bacnet(s *Service, root *node) error {
	info := root.child("device_info")
	field := func(names ...string) string {
		if n := info.child(names...); n != nil {
			return im.words(n.text())
		}
		return ""
	}
	var d doc
	d.set("instance", cmp.Or(field("device_identifier", "object_identifier"), "1"))
	d.set("name", cmp.Or(field("device_name", "object_name"), "${product}"))
	if v := field("vendor_name"); v != "" {
		d.set("vendor_name", v)
	}
	d.set("vendor", number(field("vendor_identifier")))
	if v := field("model_name"); v != "" {
		d.set("model", v)
	}
	if n := number(field("max_apdu_length_accepted", "max_apdu_length")); n >= 50 && n <= 1476 {
		d.set("max_apdu", n)
	}
	if seg := strings.ToLower(field("segmentation_supported")); strings.Contains(seg, "no") {
		d.set("segmentation", "none")
	}
	if v := field("protocol_version"); v != "" {
		s.Carried++ // there is one version of BACnet
	}
	var rows []row
	for i, o := range root.child("object_list").all("object") {
		if r, ok := im.bacnetObject(s, o, i+1); ok {
			rows = append(rows, r)
			s.Carried++
		}
	}
	d.rows("objects", rows)
	im.put(s, "bacnet", &d)
	return nil
}

func (im *importer) bacnetObject(s *Service, o *node, n int) (row, bool) {
	name := cmp.Or(o.child("object_name").text(), o.attr("name"))
	kind := hyphens(cmp.Or(o.child("object_type").text(), o.attr("type")))
	what := "object " + name
	id := number(o.child("object_identifier", "instance").text())
	present := o.child("present_value").text()
	t := tag{name: "bacnet.o" + strconv.Itoa(n), title: cmp.Or(name, kind), writable: !strings.HasSuffix(kind, "-input")}
	switch {
	case strings.HasPrefix(kind, "analog-"):
		t.kind, t.start = "float32", float(present)
	case strings.HasPrefix(kind, "binary-"):
		t.kind, t.start = "bool", present == "1" || strings.EqualFold(present, "active") || strings.EqualFold(present, "true")
	default:
		markRead(o)
		s.leave(what, "objects of type %q are not carried over", kind)
		return nil, false
	}
	r := row{"object", kind + "," + strconv.Itoa(id), "name", cmp.Or(name, t.name), "tag", im.add(t)}
	if description := o.child("description").text(); description != "" {
		r = append(r, "description", im.words(description))
	}
	if strings.HasSuffix(kind, "-value") {
		r = append(r, "writable", true)
	}
	for _, p := range []string{"units", "out_of_service", "maintenance_required", "event_state", "status_flags"} {
		if v := o.child(p); v != nil {
			s.leave(p+" of "+what, "set it by hand (here it was %.40q)", v.text())
		}
	}
	return r, true
}

// hyphens writes binaryInput as binary-input.
func hyphens(s string) string {
	var b strings.Builder
	for i, r := range strings.ReplaceAll(s, "_", "-") {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.ReplaceAll(b.String(), "--", "-")
}
