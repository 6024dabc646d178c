package enip

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
)

// buildObjects makes the classes that the controller has.
func (d *server) buildObjects() error {
	d.objects = map[uint32]*object{
		identityObject:    {revision: 1, instances: []instance{{1, d.identityAttributes()}}, service: resetService},
		connectionManager: {revision: 1, instances: []instance{{1, d.managerAttributes()}}},
		nameObject:        {revision: 1, instances: []instance{{1, []attribute{constant(1, text16(d.project)), constant(2, u16(0))}}}, service: modeService},
		pcccObject:        {revision: 1, instances: []instance{{1, nil}}, service: pcccService},
		programObject:     {revision: 1},
		templateObject:    {revision: 1, service: templateService},
		clockObject:       {revision: 3, instances: []instance{{1, clockAttributes()}}},
		modeObject:        {revision: 1, instances: []instance{{1, nil}}, service: modeService},
		changesObject:     {revision: 1, instances: []instance{{1, d.changesAttributes()}}},
		tcpipObject:       {revision: 4, instances: []instance{{1, d.tcpipAttributes()}}},
		linkObject:        {revision: 4},
		portObject:        {revision: 1, instances: d.ports()},
	}
	for i := range d.Programs {
		d.objects[programObject].add(uint32(i+1), nil)
	}
	for _, t := range d.types.list {
		d.objects[templateObject].add(uint32(t.template.id), templateAttributes(t.template))
	}
	o := d.objects[templateObject]
	slices.SortFunc(o.instances, func(a, b instance) int { return int(a.id) - int(b.id) })
	for i := range d.Network.Ports {
		d.objects[linkObject].add(uint32(i+1), d.linkAttributes(i))
	}
	if len(d.Assembly) > 0 {
		d.objects[assemblyObject] = &object{revision: 2}
	}
	for _, as := range d.Assembly {
		t := d.scopes[""].byName[strings.ToLower(as.Tag)]
		if t == nil || as.Instance == 0 {
			return fmt.Errorf("assemblies: %d: no tag %q", as.Instance, as.Tag)
		}
		d.objects[assemblyObject].add(as.Instance, assemblyAttributes(t))
	}
	var classes []uint16
	for id := range d.objects {
		classes = append(classes, uint16(id))
	}
	classes = append(classes, messageRouter, symbolObject)
	slices.Sort(classes)
	list := octet.Builder{}
	list.U16LE(uint16(len(classes)))
	for _, id := range classes {
		list.U16LE(id)
	}
	d.objects[messageRouter] = &object{revision: 1, instances: []instance{{1, []attribute{
		constant(1, list.B), constant(2, u16(uint16(d.Links))), // object list, connections
	}}}}
	return nil
}

func (o *object) add(id uint32, list []attribute) {
	o.instances = append(o.instances, instance{id, list})
}

// identityAttributes are those of volume 1, 5-2.2.2.
func (d *server) identityAttributes() []attribute {
	id := &d.Identity
	return []attribute{
		constant(1, u16(uint16(id.Vendor))), constant(2, u16(uint16(id.Type))), constant(3, u16(uint16(id.Code))),
		constant(4, []byte{d.major, d.minor}),
		{id: 5, get: func(c *call) []byte { return u16(c.status(c.view)) }},
		constant(6, u32(d.serial)), constant(7, text8(d.name)),
	}
}

// resetService answers Reset (volume 1, 5-2.2.3.2): type 0 starts the device
// again, type 1 with its first values.
func resetService(c *call, q cip.Request, a address, _ int) (cip.Reply, bool) {
	if q.Service != cip.Reset {
		return cip.Reply{}, false
	}
	kind := byte(0)
	if len(q.Data) > 0 {
		kind = q.Data[0]
	}
	switch {
	case a.instance == 0:
		return failed(q, cip.ServiceNotSupported), true
	case len(q.Data) > 1:
		return failed(q, cip.TooMuchData), true
	case kind > 1:
		return failed(q, cip.BadParameter), true
	case c.Keyswitch == "run":
		return failed(q, cip.DeviceState), true
	}
	if kind == 1 {
		c.forget()
	}
	c.reset = true
	return answered(q, nil), true
}

// modeService answers Start and Stop: the key must be in remote.
func modeService(c *call, q cip.Request, _ address, _ int) (cip.Reply, bool) {
	if q.Service != cip.Start && q.Service != cip.Stop {
		return cip.Reply{}, false
	}
	mode := process.ModeRun
	if q.Service == cip.Stop {
		mode = process.ModeStop
	}
	ref := c.device.Mode
	switch {
	case ref == process.None:
		return failed(q, cip.ServiceNotSupported), true
	case c.Keyswitch != "remote":
		return failed(q, cip.DeviceState), true
	}
	before := c.view.Text(ref)
	if err := c.device.Process.Write(c.s.Source(), process.Write{Tag: ref, Value: process.TextValue(mode)}); err != nil {
		return failed(q, cip.DeviceState), true
	}
	c.tags = append(c.tags, c.device.Process.Tag(ref).Name)
	c.news, c.olds = append(c.news, mode), append(c.olds, before)
	c.view = c.device.Process.View()
	return answered(q, nil), true
}

func pcccService(_ *call, q cip.Request, a address, room int) (cip.Reply, bool) {
	if q.Service != executePCCC || a.instance == 0 {
		return cip.Reply{}, false
	}
	if len(q.Data) > room {
		return failed(q, cip.ReplyTooLarge), true
	}
	return pccc(q), true
}

// managerAttributes are those of volume 1, 3-5.4.
func (d *server) managerAttributes() []attribute {
	var list []attribute
	for i := range d.tally {
		list = append(list, attribute{id: uint16(i + 1), get: func(c *call) []byte {
			c.table.Lock()
			defer c.table.Unlock()
			return u16(c.tally[i])
		}})
	}
	return list
}

// templateAttributes are those of 1756-PM020: handle, members, definition size
// in words, octets of the structure.
func templateAttributes(t *template) []attribute {
	return []attribute{
		constant(1, u16(t.handle)), constant(2, u16(uint16(len(t.members)))), constant(3, u16(uint16(len(t.members)))),
		constant(4, u32(uint32(t.words))), constant(5, u32(uint32(t.size))),
	}
}

// templateService answers Read Template: octets of the definition.
func templateService(c *call, q cip.Request, a address, room int) (cip.Reply, bool) {
	if q.Service != readTag || a.instance == 0 {
		return cip.Reply{}, false
	}
	r := octet.NewReader(q.Data)
	off, n := int(r.U32LE()&0x7fffffff), int(r.U16LE())
	if err := r.Done(); err != nil {
		return failed(q, dataStatus(err)), true
	}
	p := c.types.byID(a.instance).template.definition
	if off >= len(p) {
		return failed(q, cip.Vendor, beyondEnd), true
	}
	p = p[off:min(len(p), off+n)]
	reply := answered(q, p)
	if len(p) > room {
		reply.Data, reply.Status = p[:room&^3], cip.Partial
	}
	return reply, true
}

// changesAttributes are those by which programming tools see that a project has
// changed (1756-PM020, "Detect changes").
func (d *server) changesAttributes() []attribute {
	s := d.sums
	return []attribute{
		constant(1, u16(uint16(1+s[0]%9))), constant(2, u16(uint16(1+s[0]>>8%40))),
		constant(3, u32(s[1])), constant(4, u32(s[1])), constant(10, u32(s[2])),
	}
}

// assemblyAttributes are data and size (volume 1, 5-5.1) of a tag.
func assemblyAttributes(t *tag) []attribute {
	data := attribute{id: 3, length: fixed(len(t.mem))}
	data.get = func(c *call) []byte {
		all := place{t: t, typ: t.typ, bit: -1}
		c.touch(all.touched(c.device.Process, t.elements()))
		return c.read(all, t.elements(), c.view)
	}
	data.set = func(c *call, p []byte) cip.Status {
		if t.access != readWrite {
			return cip.NotSettable
		}
		mask := make([]byte, len(p))
		for i := range mask {
			mask[i] = 0xff
		}
		return c.put(cip.Request{}, place{t: t, typ: t.typ, bit: -1}, 0, slices.Clone(p), mask).Status
	}
	return []attribute{data, constant(4, u16(uint16(len(t.mem))))}
}
