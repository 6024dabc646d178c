package conpot

import (
	"fmt"
	"strconv"
)

// tag is one tag of the plant.
type tag struct {
	name, kind, title string
	start             any
	min, max          float64 // both 0: no range
	writable          bool
	motion            string // TOML; "": constant
}

// add makes a tag and returns its name.
func (im *importer) add(t tag) string {
	im.tags = append(im.tags, t)
	return t.name
}

func (im *importer) writeProcess() {
	if len(im.tags) == 0 { // a plant has at least one
		im.add(tag{name: "device.running", kind: "bool", title: "The device runs", start: true})
	}
	var d doc
	d.comment("The plant of an imported template, whose values did not move by themselves.\nGive tags a motion (docs/personas.md) to make it live.")
	for _, t := range im.tags {
		d.table("[[tag]]")
		d.set("name", t.name)
		d.set("type", t.kind)
		d.set("title", t.title)
		if t.min != 0 || t.max != 0 {
			d.raw("range", fmt.Sprintf("[%s, %s]", format(t.min), format(t.max)))
		}
		if t.start != nil {
			d.set("start", t.start)
		}
		if t.writable {
			d.set("writable", true)
		}
		if t.motion != "" {
			d.raw("motion", t.motion)
		}
	}
	im.result.Files["process.toml"] = d.bytes()
}

// float reads a number; 0 if it is none.
func float(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || f > 1e12 || f < -1e12 {
		return 0
	}
	return f
}
