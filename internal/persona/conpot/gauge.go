package conpot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// gauge carries over the tanks of a guardian_ast template, whose values are keys
// of the databus, and gives them what a tank needs to live: sales and deliveries.
func (im *importer) gauge(s *Service, root *node) error {
	var d doc
	d.set("zone", "UTC")
	d.set("header", []string{cmp.Or(cut(im.key("station_name", "stationname", "station"), 20), "STATION 1")})
	var rows []row
	for n := 1; n <= 16; n++ {
		i := strconv.Itoa(n)
		product := im.key("product"+i, "tank"+i, "product_"+i)
		volume := float(im.key("vol"+i, "volume"+i, "vol_"+i))
		if product == "" && volume == 0 {
			continue
		}
		ullage := float(im.key("ullage"+i, "ullage_"+i))
		im.tank(i, cmp.Or(volume, 5000), cmp.Or(ullage, 4000), cmp.Or(float(im.key("temp"+i, "temp_"+i)), 55), float(im.key("h2o"+i, "water"+i, "h2o_"+i)))
		rows = append(rows, row{"label", cmp.Or(cut(product, 20), "TANK "+i), "code", i[len(i)-1:], "tags", "tank" + i, "coefficient", 0.0007, "probe", "10423" + i})
		s.Carried++
	}
	if len(rows) == 0 {
		im.tank("1", 5000, 4000, 55, 0)
		rows = []row{{"label", "UNLEADED", "code", "1", "tags", "tank1", "coefficient", 0.0007, "probe", "104231"}}
		s.leave("tanks", "no keys such as product1 and vol1 are in the databus: one tank was made")
	}
	d.rows("tanks", rows)
	d.table("[software]")
	d.set("version", "327.02")
	d.set("number", "346327-102-B")
	d.set("created", "05.06.14.10.22")
	d.set("module", "330160-101-A")
	im.put(s, "atg", &d)
	return nil
}

// key is the text of the first of the keys that the databus has, whatever its case.
func (im *importer) key(names ...string) string {
	for _, name := range names {
		for _, k := range slices.Sorted(maps.Keys(im.bus)) {
			if v := im.bus[k]; strings.EqualFold(k, name) && !v.isList {
				return v.text
			}
		}
	}
	return ""
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// tank makes the tags that the console reads of one tank, in gallons, inches and
// degrees Fahrenheit. It sells by day, and is filled when it runs low.
func (im *importer) tank(i string, volume, ullage, temperature, water float64) {
	volume, ullage = min(max(volume, 100), 30000), min(max(ullage, 100), 30000)
	capacity := volume + ullage
	name := func(s string) string { return "tank" + i + "." + s }
	number := func(s, title string, start any, least, most float64, motion string) {
		im.add(tag{name: name(s), kind: "float32", title: "Tank " + i + " " + title, start: start, min: least, max: most, motion: motion})
	}
	truth := func(s, title, motion string) {
		im.add(tag{name: name(s), kind: "bool", title: "Tank " + i + " " + title, motion: motion})
	}
	re := strings.NewReplacer("T.", "tank"+i+".").Replace
	number("capacity", "capacity", capacity, 0, 60000, "")
	number("diameter", "diameter", 96.0, 10, 200, "")
	number("sales", "sales", nil, 0, 2000, re(fmt.Sprintf(`{ expr = "T.volume > 0.05 * T.capacity && hour > 5 ? %s : 0" }`, format(capacity/160))))
	truth("delivering", "delivery", re(`{ set = "T.volume < 0.3 * T.capacity && hour >= 6 && hour < 20", reset = "T.volume > 0.84 * T.capacity" }`))
	number("volume", "volume", volume, 0, 60000, re(`{ integrate = "(T.delivering ? 5 : 0) - T.sales / 3600" }`))
	number("temperature", "temperature", temperature, 10, 120, re(`{ walk = 0.0004, around = "`+format(temperature)+` + (T.delivering ? 10 : 0)", tau = "40h" }`))
	number("water", "water", min(max(water, 0), 20), 0, 20, "")
	truth("begin", "delivery begins", re(`{ edge = "T.delivering" }`))
	truth("end", "delivery ends", re(`{ edge = "T.delivering", when = "fall" }`))
	number("before", "volume before the last delivery", volume, 0, 60000, re(`{ expr = "T.begin ? T.volume : self" }`))
	number("after", "volume after the last delivery", volume, 0, 60000, re(`{ expr = "T.end ? T.volume : self" }`))
	number("before_temperature", "temperature before the last delivery", temperature, 10, 120, re(`{ expr = "T.begin ? T.temperature : self" }`))
	number("after_temperature", "temperature after the last delivery", temperature, 10, 120, re(`{ expr = "T.end ? T.temperature : self" }`))
	number("shift_volume", "volume at the shift's begin", volume, 0, 60000, re(`{ expr = "hour < 0.01 ? T.volume : self" }`))
	number("shift_temperature", "temperature at the shift's begin", temperature, 10, 120, re(`{ expr = "hour < 0.01 ? T.temperature : self" }`))
	number("shift_delivered", "delivered in the shift", 0.0, 0, 60000, re(`{ expr = "hour < 0.01 ? 0 : self + (T.delivering ? 5 * dt : 0)" }`))
}
