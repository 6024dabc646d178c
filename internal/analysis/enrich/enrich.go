// Package enrich says what is known about a visitor's address: country,
// autonomous system, kind of network, and whether a known research scanner uses
// it. Everything comes from files; nothing is asked over the network, so no
// visitor learns that he is looked up.
package enrich

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// Config names the files beside the built-in ones. All are optional.
type Config struct {
	Country string // MMDB of countries, over the built-in one: GeoLite2, DB-IP Lite, IPinfo Lite or alike
	ASN     string // MMDB of autonomous systems, likewise
	Feeds   string // directory with the lists that `sundew feeds update` fetches
	Own     string // file of networks of the directory's own, over all other data
}

// A DB answers what is known about addresses. It may be used by many goroutines
// at once. The same files give the same answers.
type DB struct {
	country, asn *geoFile // nil: no data
	owners       []owner
	listed       prefixes
	feeds        *feedSet // nil: none
	own          *overlay // nil: none
	open         []*geoFile
}

// Open opens the files of cfg and the built-in data. A file that cfg names and
// that cannot be read is an error; without built-in data and files, fields stay
// empty.
func Open(cfg Config) (*DB, error) {
	d := &DB{owners: owners()}
	if b := builtIn(); b != nil {
		g, err := newGeoFile("built-in", b)
		if err != nil {
			return nil, fmt.Errorf("enrich: the built-in country data: %w", err)
		}
		d.country, d.asn = g, g
	}
	for _, f := range []struct {
		path string
		set  **geoFile
	}{{cfg.Country, &d.country}, {cfg.ASN, &d.asn}} {
		if f.path == "" {
			continue
		}
		g, err := openGeoFile(f.path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("enrich: %w; it must be an MMDB of countries or autonomous systems", err), d.Close())
		}
		d.open = append(d.open, g)
		*f.set = g
	}
	for i, o := range d.owners {
		for _, p := range o.networks {
			d.listed.add(p, i)
		}
	}
	if cfg.Feeds != "" {
		f, err := readFeeds(cfg.Feeds)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("enrich: %w", err), d.Close())
		}
		d.feeds = f
	}
	if cfg.Own != "" {
		o, err := readOverlay(cfg.Own)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("enrich: %w", err), d.Close())
		}
		d.own = o
	}
	return d, nil
}

// Close lets go of the files.
func (d *DB) Close() error {
	var errs []error
	for _, g := range d.open {
		errs = append(errs, g.db.Close())
	}
	return errors.Join(errs...)
}

// Source says what is known about an address. What is unknown stays empty.
func (d *DB) Source(a netip.Addr) analysis.Source {
	a = a.Unmap().WithZone("")
	if s, ok := d.own.source(a); ok {
		s.Scanner, s.ScannerProof = d.scanner(a, s.ASN)
		return s
	}
	var s analysis.Source
	if special := specialNetwork(a); special != "" {
		s.NetType = special
		return s
	}
	if d.country != nil {
		s.Country = d.country.lookup(a).country
	}
	if d.asn != nil {
		r := d.asn.lookup(a)
		s.ASN, s.ASOrg = r.asn, r.org
	}
	s.NetType = networkType(s.ASOrg)
	s.Scanner, s.ScannerProof = d.scanner(a, s.ASN)
	return s
}

// scanner names the research scanner that uses an address, and how that is
// known: "confirmed" by a network or system of its own, "claimed" by a list of
// rented addresses, "opaque" if nobody knows who operates it.
func (d *DB) scanner(a netip.Addr, asn uint32) (name, proof string) {
	if i, ok := d.listed.find(a); ok {
		return d.owners[i].name, d.owners[i].proof()
	}
	for _, o := range d.owners {
		for _, n := range o.systems {
			if asn != 0 && n == asn {
				return o.name, o.proof()
			}
		}
	}
	if d.feeds != nil {
		if name, ok := d.feeds.find(a); ok {
			for _, o := range d.owners {
				if o.name == name && o.opaque {
					return name, "opaque"
				}
			}
			return name, "claimed"
		}
	}
	return "", ""
}

// Versions names the data behind the answers: country, asn, scanners, feeds.
func (d *DB) Versions() map[string]string {
	v := map[string]string{"scanners": ownersVersion}
	if d.country != nil {
		v["country"] = d.country.version()
	}
	if d.asn != nil {
		v["asn"] = d.asn.version()
	}
	if d.feeds != nil {
		v["feeds"] = d.feeds.version
	}
	if d.own != nil {
		v["networks"] = d.own.version
	}
	return v
}

// A Notice is what a source of data asks to be shown with results from it.
type Notice struct {
	Data    string    `json:"data"`
	Text    string    `json:"text"`
	Link    string    `json:"link"`
	Licence string    `json:"licence"`
	Built   time.Time `json:"built"`
}

// Notices are to be shown on pages and in reports that show countries, systems
// or scanners.
func (d *DB) Notices() []Notice {
	var out []Notice
	for _, g := range []struct {
		data string
		file *geoFile
	}{{"country", d.country}, {"asn", d.asn}} {
		switch {
		case g.file == nil:
		case !g.file.own:
			out = append(out, Notice{g.data, "the operator's own file " + g.file.name, "", "as that file's publisher says", g.file.built})
		case g.data == "country":
			out = append(out, Notice{g.data, "Country of registration from the Number Resource Organization's delegation statistics, compiled by ip-location-db. Known to contain errors", "https://www.nro.net/", "CC BY 4.0", g.file.built})
		default:
			out = append(out, Notice{g.data, "IP to AS by RouteViews, IP geolocation by DB-IP, NRO, compiled by ip-location-db. Known to contain errors", "https://db-ip.com/", "CC BY 4.0", g.file.built})
		}
	}
	if d.feeds != nil {
		out = append(out, Notice{"feeds", "Lists of scanners from the MISP project", "https://github.com/MISP/misp-warninglists", "CC0 1.0", d.feeds.fetched})
	}
	return out
}
