package conpot

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// block is a stretch of Modbus memory.
type block struct {
	area   string
	at     int
	values []int
}

// modbus carries over the memory of the slaves. Conpot has a memory for each
// slave, Sundew one for all units: what two slaves have at one address is carried
// over once.
func (im *importer) modbus(s *Service, root *node) error {
	var units []int
	var blocks []block
	for _, slave := range root.all("slave") {
		id := number(slave.attr("id"))
		if id > 0 && id < 256 && !slices.Contains(units, id) {
			units = append(units, id)
		}
		for _, b := range slave.all("block") {
			nb, ok := im.block(s, b)
			if !ok {
				continue
			}
			same := func(o block) bool {
				return o.area == nb.area && nb.at < o.at+len(o.values) && o.at < nb.at+len(nb.values)
			}
			if slices.ContainsFunc(blocks, same) {
				s.leave("block "+b.attr("name")+" of slave "+strconv.Itoa(id), "all units share one memory, and another slave's block is there already")
				continue
			}
			blocks = append(blocks, nb)
			s.Carried++
		}
	}
	var d doc
	d.comment("Addresses count from 0, as on the wire.")
	if len(units) > 0 {
		slices.Sort(units)
		d.set("units", units)
	}
	if strings.EqualFold(root.child("mode").text(), "serial") {
		d.set("absent", "target") // a gateway to a serial line
		d.set("broadcast", true)
	}
	if ms := number(root.child("delay").text()); ms > 0 {
		d.raw("latency", "{ min = \""+strconv.Itoa(ms)+"ms\", max = \""+strconv.Itoa(ms+ms/4+1)+"ms\" }")
	}
	info := root.child("device_info")
	d.raw("identification", row{
		"vendor", im.words(info.child("VendorName").text()), "product", im.words(info.child("ProductCode").text()), "revision", im.words(info.child("MajorMinorRevision").text()),
	}.String())
	var rows []row
	for _, b := range blocks {
		rows = append(rows, row{"area", b.area, "at", b.at, "count", len(b.values), "values", b.values})
	}
	d.rows("memory", rows)
	im.put(s, "modbus", &d)
	return nil
}

// block reads one block and its content.
func (im *importer) block(s *Service, n *node) (block, bool) {
	defer markRead(n) // what is left is told
	what := "block " + n.attr("name")
	var b block
	switch kind := n.child("type").text(); strings.ToUpper(kind) {
	case "COILS", "DISCRETE_OUTPUTS":
		b.area = "coils"
	case "DISCRETE_INPUTS":
		b.area = "discrete"
	case "ANALOG_INPUTS", "INPUT_REGISTERS":
		b.area = "input"
	case "HOLDING_REGISTERS", "ANALOG_OUTPUTS":
		b.area = "holding"
	default:
		s.leave(what, "type %q is none of Modbus", kind)
		return b, false
	}
	b.at = number(n.child("starting_address").text())
	size := number(n.child("size").text())
	content := n.child("content").text()
	v, _ := im.lookup(content)
	switch {
	case v.random > 0: // drawn once, here
		b.values = bits(content, v.random)
	case v.isList:
		for _, e := range v.list {
			b.values = append(b.values, int(uint16(int64(float(e)))))
		}
	case content != "":
		s.leave(what, "its content %.40q is no list: it holds zeros", content)
	}
	if len(b.values) == 0 {
		b.values = make([]int, max(min(size, 65536), 0))
	}
	if b.at < 0 || len(b.values) == 0 || b.at+len(b.values) > 65536 {
		s.leave(what, "%d values from %d on do not fit into Modbus's addresses", len(b.values), b.at)
		return b, false
	}
	return b, true
}

// bits draws n bits, the same at each import of the same template.
func bits(seed string, n int) []int {
	h := fnv.New64a()
	h.Write([]byte(seed))
	r := rand.New(rand.NewPCG(h.Sum64(), 0))
	out := make([]int, n)
	for i := range out {
		out[i] = r.IntN(2)
	}
	return out
}
