// Command geo builds the database of countries and autonomous systems that the
// sundew binary carries, from two npm packages of open data: one MMDB whose
// records have country_code, autonomous_system_number and
// autonomous_system_organization, as far as known.
//
//	geo NODE_MODULES OUT.mmdb
package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/inserter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"
	"go4.org/netipx"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: geo NODE_MODULES OUT.mmdb")
		os.Exit(2)
	}
	if err := build(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "geo:", err)
		os.Exit(1)
	}
}

// build reads the packages under modules and writes the database, whole or not
// at all.
func build(modules, out string) error {
	asn := filepath.Join(modules, "@ip-location-db", "asn")
	country := filepath.Join(modules, "@ip-location-db", "geo-whois-asn-country-mmdb")
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: "Sundew-Country-ASN", Description: description(country, asn),
		RecordSize: 28, IncludeReservedNetworks: true, DisableIPv4Aliasing: true, BuildEpoch: published(country).Unix(),
		Inserter: inserter.DeepMergeWith,
	})
	if err != nil {
		return err
	}
	if err := addCountries(tree, filepath.Join(country, "geo-whois-asn-country.mmdb")); err != nil {
		return err
	}
	for _, f := range []string{"asn-ipv4.csv", "asn-ipv6.csv"} {
		if err := addSystems(tree, filepath.Join(asn, f)); err != nil {
			return err
		}
	}
	temp, err := os.Create(out + ".new")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if _, err := tree.WriteTo(temp); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), out)
}

// pkg is what we read of a package.json.
type pkg struct{ Name, Version string }

func readPackage(dir string) pkg {
	var p pkg
	if b, err := os.ReadFile(filepath.Join(dir, "package.json")); err == nil {
		json.Unmarshal(b, &p) // an unknown version is told as such
	}
	return p
}

// description names the sources and their versions; the product shows it.
func description(dirs ...string) map[string]string {
	var text string
	for i, d := range dirs {
		if i > 0 {
			text += ", "
		}
		p := readPackage(d)
		text += p.Name + " " + p.Version
	}
	return map[string]string{"en": text}
}

// published is the day in a package's version, 2.3.YYYYMMDDhh.
func published(dir string) time.Time {
	if v := filepath.Ext(readPackage(dir).Version); len(v) >= 9 {
		if t, err := time.Parse("20060102", v[1:9]); err == nil {
			return t
		}
	}
	return time.Unix(0, 0)
}

func addCountries(tree *mmdbwriter.Tree, file string) error {
	db, err := maxminddb.Open(file)
	if err != nil {
		return err
	}
	defer db.Close()
	for r := range db.Networks() {
		var rec struct {
			Code string `maxminddb:"country_code"`
		}
		if err := r.Decode(&rec); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(rec.Code) != 2 {
			continue
		}
		if err := tree.Insert(netipx.PrefixIPNet(r.Prefix()), mmdbtype.Map{"country_code": mmdbtype.String(rec.Code)}); err != nil {
			return fmt.Errorf("%s: %s: %w", file, r.Prefix(), err)
		}
	}
	return nil
}

// addSystems adds the rows first, last, number, organisation of a CSV file.
func addSystems(tree *mmdbwriter.Tree, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	rows := csv.NewReader(f)
	rows.FieldsPerRecord, rows.ReuseRecord = 4, true
	for n := 1; ; n++ {
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		first, err1 := netip.ParseAddr(row[0])
		last, err2 := netip.ParseAddr(row[1])
		number, err3 := strconv.ParseUint(row[2], 10, 32)
		if err := errors.Join(err1, err2, err3); err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
		rec := mmdbtype.Map{
			"autonomous_system_number":       mmdbtype.Uint32(number),
			"autonomous_system_organization": mmdbtype.String(row[3]),
		}
		if err := tree.InsertRange(first.AsSlice(), last.AsSlice(), rec); err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
}
