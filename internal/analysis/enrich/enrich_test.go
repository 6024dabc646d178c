package enrich

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

func open(t *testing.T, cfg Config) *DB {
	t.Helper()
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// A file that is replaced counts from the next Refresh on; a broken one is told of
// once, and the former stays.
func TestLive(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "country.mmdb")
	put := func(b []byte, when time.Time) {
		t.Helper()
		if err := os.WriteFile(file+".new", b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file+".new", when, when); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	var files [2][]byte
	for i, name := range []string{"GeoLite2-Country.mmdb", "ipinfo-lite.mmdb"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = b
	}
	first, second := files[0], files[1]
	now := time.Now()
	put(first, now.Add(-time.Hour))
	l, err := OpenLive(Config{Country: file})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if changed, err := l.Refresh(); changed || err != nil {
		t.Errorf("nothing has changed: %v, %v", changed, err)
	}
	before := l.Versions()["country"]
	put([]byte("rubbish"), now.Add(-30*time.Minute))
	if changed, err := l.Refresh(); changed || err == nil {
		t.Errorf("rubbish: %v, %v", changed, err)
	}
	if v := l.Versions()["country"]; v != before {
		t.Errorf("rubbish took the place of %s: %s", before, v)
	}
	put(second, now)
	if changed, err := l.Refresh(); !changed || err != nil {
		t.Errorf("a new file: %v, %v", changed, err)
	}
	if v := l.Versions()["country"]; v == before {
		t.Errorf("still %s", v)
	}
	if l.Notices()[0].Data != "country" {
		t.Error(l.Notices())
	}
}

func TestSpecialNetworks(t *testing.T) {
	d := open(t, Config{})
	for addr, want := range map[string]string{
		"10.1.2.3": "private", "127.0.0.1": "loopback", "::1": "loopback", "100.64.0.1": "carrier_nat", "::ffff:192.168.1.1": "private",
		"198.51.100.9": "documentation", "2001:db8::1": "documentation", "fe80::1%eth0": "private", "240.0.0.1": "reserved", "0.0.0.0": "reserved",
	} {
		if got := d.Source(netip.MustParseAddr(addr)); got != (analysis.Source{NetType: want}) {
			t.Errorf("%s: %+v, want %s", addr, got, want)
		}
	}
}

func TestOwners(t *testing.T) {
	d := open(t, Config{})
	for addr, want := range map[string]string{
		"162.142.125.10": "Censys confirmed", "2602:80d:1000::1": "Censys confirmed", "::ffff:162.142.125.10": "Censys confirmed",
		"184.105.139.70": "Shadowserver confirmed", "184.105.139.1": " ", "185.242.226.1": "Criminal IP confirmed", "9.9.9.9": " ",
	} {
		s := d.Source(netip.MustParseAddr(addr))
		if got := s.Scanner + " " + s.ScannerProof; got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}

// The built-in data is there only after `make geo`.
func TestBuiltIn(t *testing.T) {
	if builtIn() == nil {
		t.Skip("no built-in country data: run `make geo`")
	}
	d := open(t, Config{})
	s := d.Source(netip.MustParseAddr("162.142.125.10"))
	if s.Country != "US" || s.ASN != 398324 || !strings.Contains(s.ASOrg, "Censys") {
		t.Errorf("%+v", s)
	}
	if s := d.Source(netip.MustParseAddr("2a03:b0c0::1")); s.Country != "NL" || s.NetType != "hosting" {
		t.Errorf("%+v", s)
	}
	if n := d.Notices(); len(n) != 2 || n[0].Licence != "CC BY 4.0" || n[0].Built.Year() < 2026 {
		t.Errorf("%+v", n)
	}
	if v := d.Versions(); !strings.HasPrefix(v["country"], "Sundew-Country-ASN 2026-") {
		t.Errorf("%v", v)
	}
}

func TestNetworkType(t *testing.T) {
	for org, want := range map[string]string{
		"DigitalOcean, LLC": "hosting", "Deutsche Telekom AG": "access", "Technische Universitaet Muenchen": "education", "M247 Europe SRL": "tor_vpn",
		"Vodafone GmbH": "mobile", "Ministry of Silly Walks": "government", "Acme Widgets": "", "": "",
	} {
		if got := networkType(org); got != want {
			t.Errorf("%q: %q, want %q", org, got, want)
		}
	}
}

func TestFeeds(t *testing.T) {
	served := map[string]string{
		"/lists/shodan-scanning/list.json":     `{"version": 3, "list": ["9.9.9.0/24", "2620:fe::9", "census1.shodan.example"]}`,
		"/lists/stretchoid-scanning/list.json": `{"version": 3, "list": ["8.8.4.4"]}`,
		"/lists/censys-scanning/list.json":     `{"version": 3, "list": ["nothing that we know"]}`,
		"/lists/leakix-scanning/list.json":     `<html>`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ua := r.UserAgent(); ua != "" {
			t.Errorf("the request names its sender: %q", ua)
		}
		text, ok := served[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "feeds")
	done := map[string]string{}
	err := UpdateFeeds(t.Context(), server.URL+"/lists/", dir, func(f Feed, n int, err error) { done[f.Name] = fmt.Sprint(n, err != nil) })
	if err == nil || !strings.Contains(err.Error(), "binaryedge-scanning") {
		t.Errorf("error %v", err)
	}
	for name, want := range map[string]string{"shodan-scanning": "2 false", "stretchoid-scanning": "1 false", "censys-scanning": "0 true", "leakix-scanning": "0 true"} {
		if done[name] != want {
			t.Errorf("%s: %s, want %s", name, done[name], want)
		}
	}
	d := open(t, Config{Feeds: dir})
	for addr, want := range map[string]string{"9.9.9.9": "Shodan claimed", "2620:fe::9": "Shodan claimed", "8.8.4.4": "Stretchoid opaque", "8.8.8.8": " "} {
		s := d.Source(netip.MustParseAddr(addr))
		if got := s.Scanner + " " + s.ScannerProof; got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	version := d.Versions()["feeds"]
	if err := os.WriteFile(filepath.Join(dir, "shodan-scanning.json"), []byte(`{"list":["9.9.8.0/24"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := open(t, Config{Feeds: dir}).Versions()["feeds"]; v == version || version == "" {
		t.Errorf("version %q after a change, %q before", v, version)
	}
	if err := os.WriteFile(filepath.Join(dir, "shodan-scanning.json"), []byte(`{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Feeds: dir}); err == nil || !strings.Contains(err.Error(), "feeds update") {
		t.Errorf("a broken list: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.mmdb")
	if err := os.WriteFile(bad, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{{Country: bad}, {ASN: "/nowhere/asn.mmdb"}} {
		if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), "MMDB") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	if _, err := Open(Config{Feeds: filepath.Join(t.TempDir(), "none")}); err != nil {
		t.Errorf("no feeds yet: %v", err)
	}
}

func BenchmarkSource(b *testing.B) {
	d, err := Open(Config{})
	if err != nil {
		b.Fatal(err)
	}
	a := netip.MustParseAddr("46.101.1.1")
	b.ReportAllocs()
	for b.Loop() {
		d.Source(a)
	}
}

// The files of testdata are written by tools/geosamples: one record each, for
// 9.9.9.0/24, in the layout of the database that the name says.
func TestOperatorsFiles(t *testing.T) {
	for name, want := range map[string]analysis.Source{
		"GeoLite2-Country":   {Country: "FR"},
		"GeoLite2-Anonymous": {Country: "SE"},
		"GeoLite2-ASN":       {ASN: 64500, ASOrg: "Example Net"},
		"ipinfo-lite":        {Country: "JP", ASN: 64501, ASOrg: "Example Hosting", NetType: "hosting"},
		"foreign":            {},
	} {
		file := filepath.Join("testdata", name+".mmdb")
		d := open(t, Config{Country: file, ASN: file})
		if got := d.Source(netip.MustParseAddr("9.9.9.9")); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if got := d.Source(netip.MustParseAddr("9.9.8.9")); got != (analysis.Source{}) {
			t.Errorf("%s: an address that is not in it: %+v", name, got)
		}
		if n := d.Notices(); len(n) != 2 || n[0].Built.Format("2006-01-02") != "2026-01-01" || !strings.Contains(n[0].Text, name) {
			t.Errorf("%s: notices %+v", name, n)
		}
		if v := d.Versions()["asn"]; v != name+" 2026-01-01" {
			t.Errorf("version %q", v)
		}
	}
}

// A directory's own file of networks lies over all that is known otherwise.
func TestOwnNetworks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "networks.tsv")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\n198.51.100.0/24\tBG\t64514\tExample Server Nineteen\n198.51.100.128/25\t\t\tOur office\n162.142.125.0/24\tXX\t1\tOurs\n2001:db8::/32\tLU\t64515\tExample\n")
	d := open(t, Config{Own: file})
	for addr, want := range map[string]analysis.Source{
		"198.51.100.7":   {Country: "BG", ASN: 64514, ASOrg: "Example Server Nineteen", NetType: "hosting"},
		"198.51.100.200": {ASOrg: "Our office"},
		"2001:db8::7":    {Country: "LU", ASN: 64515, ASOrg: "Example"},
		"162.142.125.9":  {Country: "XX", ASN: 1, ASOrg: "Ours", Scanner: "Censys", ScannerProof: "confirmed"},
		"192.0.2.1":      {NetType: "documentation"},
	} {
		if got := d.Source(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
	version := d.Versions()["networks"]
	write("198.51.100.0/24\tRO\t64514\tOther\n")
	if v := open(t, Config{Own: file}).Versions()["networks"]; v == version || version == "" {
		t.Errorf("version %q after a change, %q before", v, version)
	}
	for _, text := range []string{"198.51.100.0/24\tRO\n", "nowhere\tRO\t1\tx\n", "198.51.100.0/24\tRO\tAS1\tx\n"} {
		write(text)
		if _, err := Open(Config{Own: file}); err == nil || !strings.Contains(err.Error(), "networks.tsv:1") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Open(Config{Own: "/nowhere/networks.tsv"}); err != nil {
		t.Errorf("no file: %v", err)
	}
}
