package conpot

import (
	"cmp"
	"encoding/hex"
	"math/big"
	"strings"
)

// meter carries over the registers. Those that Conpot's simulator moves become
// numbers of the plant: energy counts what the powers draw.
func (im *importer) meter(s *Service, root *node) error {
	var d doc
	d.set("type", 0x4C31)
	d.set("revision", 0x0504)
	if a := root.child("communication_address").text(); a != "" && a != "63" {
		s.leave("communication address "+a, "a meter answers at 63 (3F)")
	}
	serial := "15000000"
	var rows []row
	seen := map[int]bool{}
	for _, r := range root.all("register") {
		id := number(r.attr("name"))
		if id < 1 || id > 65535 || seen[id] {
			s.leave("register "+r.attr("name"), "no number, or there already")
			continue
		}
		seen[id] = true
		rows = append(rows, im.meterRegister(r, id, &serial))
		s.Carried++
	}
	d.set("serial", serial)
	d.set("installed", "2014-05-02")
	d.raw("latency", `{ min = "240ms", max = "340ms" }`)
	d.rows("registers", rows)
	im.put(s, "kamstrup", &d)
	return nil
}

func (im *importer) meterRegister(r *node, id int, serial *string) row {
	unit := number(cmp.Or(r.attr("unit"), r.attr("units")))
	size := min(max(number(cmp.Or(r.attr("length"), r.attr("size"))), 1), 16)
	exponent := exponentOf(number(cmp.Or(r.attr("unknown"), r.attr("sig_exp"), r.attr("si_ex"))))
	out := row{"id", id, "unit", unit & 0xff, "size", size, "exponent", exponent}
	text := r.child("value").text()
	if text == "" {
		text = r.text()
	}
	v, _ := im.lookup(text)
	n, ok := new(big.Int).SetString(strings.TrimSpace(v.text), 0)
	if !ok || n.Sign() < 0 {
		n = new(big.Int)
	}
	switch {
	case id == 1001 && n.Sign() > 0 && len(n.String()) <= 10:
		*serial = n.String()
		return append(out, "from", "serial")
	case id == 1002:
		return append(out, "from", "clock")
	case id == 1003:
		return append(out, "from", "date")
	case id == 13 || id == 1:
		return append(out, "tag", im.energy(n, id), "scale", 0.0001) // kWh
	case size > 8 || unit == 53 || unit == 54:
		b := n.FillBytes(make([]byte, max(size, (n.BitLen()+7)/8)))
		return append(out, "hex", hex.EncodeToString(b[len(b)-size:]))
	}
	return append(out, "value", n.String())
}

// power is what the meter's three phases draw, in watts: registers 1080 to 1082.
func (im *importer) power() float64 {
	watts := 0.0
	for _, id := range []string{"1080", "1081", "1082"} {
		watts += float(im.key("register_" + id))
	}
	return watts
}

// exponentOf reads KMP's sign and exponent octet: bit 6 makes it negative.
func exponentOf(b int) int {
	e := b & 0x3f
	if e > 9 {
		e = 9
	}
	if b&0x40 != 0 {
		return -e
	}
	return e
}

// energy is the tag that counts energy in tenths of a watt-hour, as register 13
// of Conpot's meter does; register 1 is a thousandth of it.
func (im *importer) energy(start *big.Int, id int) string {
	const name = "energy.in"
	for _, t := range im.tags {
		if t.name == name {
			return name
		}
	}
	f, _ := new(big.Float).SetInt(start).Float64()
	if id == 1 {
		f *= 1000
	}
	im.add(tag{name: name, kind: "uint32", title: "Energy in, 0.1 Wh", start: int64(min(f, 4e9)), motion: `{ total = "` + format(10*max(im.power(), 500)) + `" }`})
	return name
}

// management carries over the configuration of the module, whose values are keys
// of the databus.
func (im *importer) management(s *Service, root *node) error {
	markRead(root) // it only names keys
	var d doc
	set := func(setting string, keys ...string) {
		if v := im.key(keys...); v != "" {
			d.set(setting, v)
			s.Carried++
		}
	}
	d.set("software", cmp.Or(im.key("software_version"), "5.3 (E1)"))
	d.set("mac", "${mac}")
	d.raw("latency", `{ min = "200ms", max = "270ms" }`)
	d.table("[config]")
	set("name", "device_name")
	for _, k := range [][]string{{"address", "ip_addr", "ip_address"}, {"mask", "ip_subnet", "subnet"}, {"gateway", "ip_gateway", "gateway_addr", "gateway"},
		{"server", "kap_a_server_ip", "kap_server_ip", "service_server_addr"}, {"second", "kap_b_server_ip"}, {"host", "kap_a_server_hostname", "kap_server_hostname"},
		{"meter_a", "channel_a_meternumber", "channel_a_meter_number"}, {"meter_b", "channel_b_meternumber", "channel_b_meter_number"},
		{"serial_a", "serial_settings_a"}, {"serial_b", "serial_settings_b"}} {
		set(k[0], k[1:]...)
	}
	if im.key("ip_addr", "ip_address") == "" {
		d.set("address", "${address}")
	}
	for _, k := range [][]string{{"server_port", "kap_a_server_port"}, {"port_a", "channel_a_port"}, {"port_b", "channel_b_port"}, {"local_port", "kap_local_port"},
		{"watchdog", "software_watchdog"}, {"missing", "kap_missing"}, {"keep_alive", "keep_alive_timer"}} {
		if n := number(im.key(k[1:]...)); n > 0 && n < 65536 {
			d.set(k[0], n)
			s.Carried++
		}
	}
	if strings.EqualFold(im.key("use_dhcp"), "yes") {
		d.set("dhcp", true)
	}
	if s.Carried == 0 {
		s.leave("configuration", "no keys of the module are in the databus: it has our defaults")
	}
	im.put(s, "kamstrup_management", &d)
	return nil
}
