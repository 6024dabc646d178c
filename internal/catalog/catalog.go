// Package catalog lists what there is: the protocols and the sinks. Adding one
// is a line here.
package catalog

import (
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/atg"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3"
	"github.com/sundew-ics/sundew/internal/protocol/enip"
	"github.com/sundew-ics/sundew/internal/protocol/ftp"
	"github.com/sundew-ics/sundew/internal/protocol/http"
	"github.com/sundew-ics/sundew/internal/protocol/iec104"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup"
	"github.com/sundew-ics/sundew/internal/protocol/modbus"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm"
	"github.com/sundew-ics/sundew/internal/protocol/snmp"
	"github.com/sundew-ics/sundew/internal/protocol/tftp"
)

// Protocols returns every protocol. One that has two entries speaks over both
// tcp and udp.
func Protocols() []protocol.Protocol {
	return []protocol.Protocol{
		bacnet.Protocol(),
		dnp3.Protocol(),
		dnp3.Datagrams(),
		enip.Protocol(),
		enip.Datagrams(),
		ftp.Protocol(),
		atg.Protocol(),
		http.Protocol(),
		iec104.Protocol(),
		ipmi.Protocol(),
		kamstrup.Protocol(),
		kamstrup.Management(),
		modbus.Protocol(),
		s7comm.Protocol(),
		snmp.Protocol(),
		tftp.Protocol(),
	}
}

// Decoder returns a decoder of the named protocol, or nil where there is none.
func Decoder(name string) protocol.Decoder {
	for _, p := range Protocols() {
		if p.Name == name && p.Decode != nil {
			return p.Decode()
		}
	}
	return nil
}
