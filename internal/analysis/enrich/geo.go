package enrich

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// geoFile is an open MMDB.
type geoFile struct {
	name  string
	db    *maxminddb.Reader
	built time.Time
	own   bool // ours, not the operator's
}

func newGeoFile(name string, b []byte) (*geoFile, error) {
	db, err := maxminddb.OpenBytes(b)
	if err != nil {
		return nil, err
	}
	return &geoFile{name: name, db: db, built: db.Metadata.BuildTime().UTC(), own: true}, nil
}

func openGeoFile(path string) (*geoFile, error) {
	db, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &geoFile{name: filepath.Base(path), db: db, built: db.Metadata.BuildTime().UTC()}, nil
}

func (g *geoFile) version() string {
	return g.db.Metadata.DatabaseType + " " + g.built.Format(time.DateOnly)
}

type place struct {
	country string
	asn     uint32
	org     string
}

// lookup reads the layouts of GeoLite2 and DB-IP Lite (country.iso_code,
// autonomous_system_number, …), of IPinfo Lite (country_code, asn "AS64500",
// as_name) and of our own file (country_code, autonomous_system_number, …). A
// record that fits none is empty.
func (g *geoFile) lookup(a netip.Addr) place {
	var rec struct {
		CountryCode string `maxminddb:"country_code"`
		Country     any    `maxminddb:"country"`
		Registered  any    `maxminddb:"registered_country"`
		Number      uint32 `maxminddb:"autonomous_system_number"`
		Org         string `maxminddb:"autonomous_system_organization"`
		ASN         any    `maxminddb:"asn"`
		ASName      string `maxminddb:"as_name"`
	}
	if err := g.db.Lookup(a).Decode(&rec); err != nil {
		return place{}
	}
	p := place{country: rec.CountryCode, asn: rec.Number, org: rec.Org}
	for _, c := range []any{rec.Country, rec.Registered} {
		if p.country == "" {
			p.country = isoCode(c)
		}
	}
	if len(p.country) != 2 {
		p.country = ""
	}
	if text, ok := rec.ASN.(string); ok && p.asn == 0 {
		n, _ := strconv.ParseUint(strings.TrimPrefix(text, "AS"), 10, 32) // 0: no number
		p.asn = uint32(n)
	}
	if p.org == "" {
		p.org = rec.ASName
	}
	return p
}

// isoCode takes a country as a map with iso_code, or as its code itself.
func isoCode(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		code, _ := v["iso_code"].(string)
		return code
	}
	return ""
}
