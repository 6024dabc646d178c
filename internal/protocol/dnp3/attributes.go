package dnp3

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// Types of a device attribute (IEEE 1815 table 11-2).
const (
	attrText = 1
	attrUint = 2
	attrList = 254
)

// Variations of group 0 that ask for many.
const (
	allAttributes  = 254
	listAttributes = 255
)

// attribute is one device attribute: a variation of group 0.
type attribute struct {
	variation uint8
	kind      uint8
	value     []byte
}

// buildAttributes makes what the settings and the points say of the device.
func (o *outstation) buildAttributes() ([]attribute, error) {
	list := []attribute{
		number(221, len(o.points[analogOutput])), number(220, top(o.points[analogOutput])),
		number(224, len(o.points[output])), number(223, top(o.points[output])),
		number(229, len(o.points[counter])), number(228, top(o.points[counter])),
		number(233, len(o.points[analog])), number(232, top(o.points[analog])),
		number(236, len(o.points[double])), number(235, top(o.points[double])),
		number(239, len(o.points[binary])), number(238, top(o.points[binary])),
		number(226, min(len(o.points[frozen]), 1)), number(216, maxControls),
		number(240, o.Fragment), number(241, wire.MaxFragment),
	}
	for key, value := range o.Attributes {
		n, err := strconv.Atoi(key)
		if err != nil || n < 1 || n > 253 || slices.ContainsFunc(list, func(a attribute) bool { return int(a.variation) == n }) {
			return nil, fmt.Errorf("attributes: %q: write a variation of group 0 as text, as in \"252\", that is not counted by the device itself", key)
		}
		s, err := o.device.Identity.Expand(value)
		if err != nil {
			return nil, fmt.Errorf("attributes: %s: %w", key, err)
		}
		list = append(list, attribute{uint8(n), attrText, []byte(s[:min(len(s), 255)])})
	}
	slices.SortFunc(list, func(a, b attribute) int { return int(a.variation) - int(b.variation) })
	return list, nil
}

// number is an unsigned attribute, as short as its value.
func number(variation uint8, n int) attribute {
	b := octet.Builder{}
	if n <= 255 {
		b.U8(uint8(n))
	} else {
		b.U16LE(uint16(n))
	}
	return attribute{variation, attrUint, b.B}
}

// top is the highest index of a list.
func top(list []*point) int {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].At
}

// readAttributes answers group 0: one attribute, all, or the list of them.
func (v *visitor) readAttributes(q *request, o wire.Object) {
	if o.Range() != wire.All && (o.Range() > wire.StartStop16 || o.Start != 0 || o.Stop != 0) {
		q.iin |= wire.ParameterError // only the standard set, point 0
		return
	}
	if o.Variation == listAttributes {
		var p []byte
		for _, a := range v.attrs {
			p = append(p, a.variation, 0) // 0: not writable
		}
		q.answer.attribute(attribute{listAttributes, attrList, p})
		return
	}
	found := false
	for _, a := range v.attrs {
		if o.Variation == allAttributes || a.variation == o.Variation {
			q.answer.attribute(a)
			found = true
		}
	}
	if !found {
		q.iin |= wire.ObjectUnknown
	}
}

func (c *composer) attribute(a attribute) {
	h := wire.Header{Group: 0, Variation: a.variation, Qualifier: uint8(wire.StartStop8)}
	c.object(h, append([]byte{a.kind, byte(len(a.value))}, a.value...))
}
