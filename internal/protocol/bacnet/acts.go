package bacnet

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// maxListed is how many objects, properties and values an act lists; its request has all.
const maxListed = 64

// A detail is the protocol's part of an act.
type detail struct {
	BVLC       string     `json:"bvlc,omitempty"`
	Length     *int       `json:"bvlc_length,omitempty"` // as stated, where it is wrong
	Protocol   string     `json:"protocol,omitempty"`    // of a foreign frame
	Origin     string     `json:"origin,omitempty"`      // of a forwarded frame
	DNET       int        `json:"dnet,omitempty"`
	SNET       int        `json:"snet,omitempty"`
	SADR       string     `json:"sadr,omitempty"`
	Carries    string     `json:"carries,omitempty"` // the service in a frame that was refused
	Spread     bool       `json:"spread,omitempty"`
	InvokeID   *uint8     `json:"invoke_id,omitempty"`
	Service    *uint8     `json:"service,omitempty"` // of an unknown service
	Segments   int        `json:"segments,omitempty"`
	Sequence   *uint8     `json:"sequence,omitempty"`
	Low        *uint32    `json:"low,omitempty"`
	High       *uint32    `json:"high,omitempty"`
	Properties []string   `json:"properties,omitempty"`
	Count      int        `json:"count,omitempty"` // of properties, where not all are listed
	Priority   uint8      `json:"priority,omitempty"`
	Index      *uint32    `json:"array_index,omitempty"`
	Process    *uint32    `json:"process_id,omitempty"`
	Confirmed  bool       `json:"confirmed,omitempty"`
	Lifetime   uint32     `json:"lifetime,omitempty"`
	Cancel     bool       `json:"cancel,omitempty"`
	State      string     `json:"state,omitempty"`
	Minutes    uint32     `json:"minutes,omitempty"`
	Start      *int32     `json:"start,omitempty"`
	Octets     int        `json:"octets,omitempty"`
	Items      int        `json:"items,omitempty"`
	Text       event.Text `json:"text,omitempty"`
	Vendor     *uint32    `json:"vendor_id,omitempty"`
	Received   string     `json:"received,omitempty"` // parameters of what only answers us
	Result     string     `json:"bvlc_result,omitempty"`
	Error      string     `json:"error,omitempty"` // class/code of our Error
	Reject     string     `json:"reject,omitempty"`
	Abort      string     `json:"abort,omitempty"`
	Reason     string     `json:"reason,omitempty"` // why nothing was answered
}

// address notes the network numbers of a frame.
func (d *detail) address(n wire.NPDU) {
	if n.Dest != nil {
		d.DNET = int(n.Dest.Net)
	}
	if n.Src != nil {
		d.SNET = int(n.Src.Net)
		d.SADR = fmt.Sprintf("%x", n.Src.MAC)
	}
}

func serviceName(a wire.APDU) string {
	switch a.Type {
	case wire.Confirmed:
		return wire.ConfirmedName(a.Service)
	case wire.Unconfirmed:
		return wire.UnconfirmedName(a.Service)
	}
	return wire.APDUName(a.Type)
}

// serviceClass classes a service that is not looked into.
func serviceClass(a wire.APDU) event.Class {
	if a.Type == wire.Unconfirmed {
		switch a.Service {
		case wire.WhoIs:
			return event.Identify
		case wire.WhoHas:
			return event.Enumerate
		case wire.TimeSynchronization, wire.UTCTimeSynchronization:
			return event.Config
		case wire.WriteGroup:
			return event.Write
		}
		return event.Other
	}
	if a.Type != wire.Confirmed {
		return event.Other
	}
	switch a.Service {
	case wire.ReadProperty, wire.ReadPropertyMultiple, wire.ReadPropertyConditional, wire.ReadRange,
		wire.SubscribeCOV, wire.SubscribeCOVProperty, wire.GetAlarmSummary, wire.GetEnrollmentSummary, wire.GetEventInformation:
		return event.Read
	case wire.WriteProperty, wire.WritePropertyMultiple:
		return event.Write
	case wire.AtomicReadFile:
		return event.FileRead
	case wire.AtomicWriteFile:
		return event.FileWrite
	case wire.AddListElement, wire.RemoveListElement, wire.CreateObject, wire.DeleteObject:
		return event.Config
	case wire.DeviceCommunicationControl, wire.LifeSafetyOperation, wire.AcknowledgeAlarm:
		return event.Control
	case wire.ReinitializeDevice:
		return event.Restart
	case wire.Authenticate, wire.RequestKey:
		return event.Auth
	}
	return event.Other
}

// readClass classes a read by what it asks for: who the device is, what it has,
// or values.
func readClass(list []wire.PropertyRef) event.Class {
	class := event.Identify
	for _, p := range list {
		switch {
		case p.Object.Type() != typeDevice:
			return event.Read
		case p.Property == propObjectList:
			class = event.Enumerate
		case p.Property == propAll || p.Property == propRequired || p.Property == propOptional:
		case p.Property == propLocalTime || p.Property == propLocalDate || p.Property == propSystemStatus:
			return event.Read
		}
	}
	return class
}

// notePropertyRefs names in the act what is asked for.
func (q *request) notePropertyRefs(list []wire.PropertyRef) {
	if len(list) == 0 {
		return
	}
	q.act.Target = propertyTarget(list[0])
	if list[0].Indexed {
		q.note.Index = &list[0].Index
	}
	if len(list) == 1 {
		return
	}
	for _, p := range list[:min(len(list), maxListed)] {
		q.note.Properties = append(q.note.Properties, propertyTarget(p).Ref)
	}
	if len(list) > maxListed {
		q.note.Count = len(list)
	}
}

func propertyTarget(p wire.PropertyRef) event.Target {
	return event.Target{Kind: event.TargetProperty, Ref: p.Object.String() + " " + wire.PropertyName(p.Property)}
}

func objectTarget(id wire.ObjectID) event.Target {
	return event.Target{Kind: event.TargetObject, Ref: id.String()}
}
