package bacnet

import (
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// deviceProperty returns a property of the device object, 12.11.
func (c *controller) deviceProperty(id uint32, m *moment) property {
	seg, _ := segmentation(c.set.Segmentation)
	switch id {
	case propSystemStatus:
		return one(wire.EnumValue(0)) // operational
	case propVendorName:
		return one(c.text(c.set.VendorName))
	case propVendorIdentifier:
		return number(int(c.set.Vendor))
	case propModel:
		return one(c.text(c.set.Model))
	case propFirmware:
		return one(c.text(c.set.Firmware))
	case propSoftware:
		return one(c.text(c.set.Software))
	case propLocation:
		return one(c.text(c.set.Location))
	case propSerial:
		return one(c.text(c.device.Identity.Serial))
	case propProtocolVersion, propDatabaseRevision:
		return number(1)
	case propRevision:
		return number(int(c.set.Revision))
	case propServicesSupported:
		return c.servicesSupported()
	case propTypesSupported:
		return c.typesSupported()
	case propObjectList:
		p := property{shape: array, elems: make([][]byte, 0, len(c.objects))}
		for _, o := range c.objects {
			p.elems = append(p.elems, wire.ObjectValue(o.id).Append(nil))
		}
		return p
	case propMaxAPDU:
		return number(c.set.MaxAPDU)
	case propSegmentation:
		return one(wire.EnumValue(seg))
	case propMaxSegments:
		return number(c.set.MaxSegments)
	case propAPDUTimeout:
		return number(6000)
	case propSegmentTimeout:
		return number(5000)
	case propRetries:
		return number(3)
	case propBinding:
		return property{shape: list}
	case propLocalTime:
		return one(wire.TimeValue(m.local))
	case propLocalDate:
		return one(wire.DateValue(m.local))
	case propUTCOffset: // minutes that local time is behind UTC, standard time, 12.11.27
		_, standard := time.Date(m.local.Year(), 1, 1, 0, 0, 0, 0, c.zone).Zone()
		return one(wire.SignedValue(int64(-standard / 60)))
	case propDaylight:
		return one(wire.BoolValue(m.local.IsDST()))
	case propLastRestartReason:
		return one(wire.EnumValue(c.kept.restartReason()))
	case propActiveSubscriptions:
		return m.flow.subscriptions()
	}
	return property{shape: list}
}

// servicesSupported has a bit for each confirmed and unconfirmed service that is
// executed, 21 BACnetServicesSupported.
func (c *controller) servicesSupported() property {
	bits := make([]bool, 40)
	place := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 35, 37, 38, 39}
	for service, bit := range place {
		bits[bit] = c.services[service]
	}
	for _, bit := range []int{32, 33, 34, 36} { // time synchronization, who-has, who-is, UTC time synchronization
		bits[bit] = true
	}
	return flags(bits...)
}

func (c *controller) typesSupported() property {
	bits := make([]bool, max(31, typeTrendLog+1))
	for _, o := range c.objects {
		if t := int(o.id.Type()); t < len(bits) {
			bits[t] = true
		}
	}
	return flags(bits...)
}
