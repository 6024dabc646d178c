// Command geosamples writes small MMDB files in the layouts of the databases
// that operators bring themselves, with invented records, for the tests of
// internal/analysis/enrich.
//
//	geosamples DIR
package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func main() {
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "geosamples:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	for name, record := range map[string]mmdbtype.Map{
		"GeoLite2-Country":   {"country": mmdbtype.Map{"iso_code": mmdbtype.String("FR")}},
		"GeoLite2-Anonymous": {"registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("SE")}},
		"GeoLite2-ASN":       {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example Net")},
		"ipinfo-lite": {"country_code": mmdbtype.String("JP"), "country": mmdbtype.String("Japan"), "asn": mmdbtype.String("AS64501"),
			"as_name": mmdbtype.String("Example Hosting")},
		"foreign": {"weather": mmdbtype.String("rain"), "country": mmdbtype.Uint32(7), "asn": mmdbtype.String("ASX")},
	} {
		tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: name, RecordSize: 24, BuildEpoch: 1767225600}) // 2026-01-01
		if err != nil {
			return err
		}
		_, network, err := net.ParseCIDR("9.9.9.0/24")
		if err != nil {
			return err
		}
		if err := tree.Insert(network, record); err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(dir, name+".mmdb"))
		if err != nil {
			return err
		}
		if _, err := tree.WriteTo(f); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
