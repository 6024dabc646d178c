package export

import (
	"context"
	"io"

	"github.com/sundew-ics/sundew/internal/store"
)

// Shadowserver writes sessions in the columns of the Shadowserver Foundation's
// report event4_honeypot_ics_scan, which CERTs read already. What a sensor does
// not know stays empty; octets are in other exports.
func (j *Job) Shadowserver(ctx context.Context, w io.Writer, guard bool) error {
	head := []string{"timestamp", "protocol", "src_ip", "src_port", "src_asn", "src_geo", "src_region", "src_city", "src_hostname", "src_naics", "src_sector",
		"device_vendor", "device_type", "device_model", "dst_ip", "dst_port", "dst_asn", "dst_geo", "dst_region", "dst_city", "dst_hostname", "dst_naics", "dst_sector",
		"public_source", "infection", "family", "tag", "application", "version", "event_id", "state", "sensor_id", "slave_id", "function_code", "request", "response"}
	rows := func(ctx context.Context, put func(...any) error) error {
		return j.Store.EachSession(ctx, j.Filter, func(s *store.Session) error {
			j.Anon.session(s)
			return put(s.Opened.Format("2006-01-02 15:04:05"), s.Transport, j.Anon.Source(s.Src), s.SrcPort, s.ASN, s.Country, "", "", "", "", "",
				"", "", "", "", s.DstPort, "", "", "", "", "", "", "",
				s.Scanner, "", "", s.Label, s.Protocol, "", s.ID, s.Reason, s.Sensor, "", "", "", "")
		})
	}
	return j.writeCSV(ctx, w, &table{head, rows}, guard)
}
