package enrich

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Feed is a list of addresses that a scanner uses, in the format of MISP's
// warning lists.
type Feed struct {
	Scanner string // as we call it
	Name    string // the list's name, and its file's
}

// Feeds are the lists that `sundew feeds update` fetches.
func Feeds() []Feed {
	return []Feed{
		{"Censys", "censys-scanning"}, {"Shodan", "shodan-scanning"}, {"Stretchoid", "stretchoid-scanning"},
		{"Rapid7 Sonar", "rapid7-scanning"}, {"LeakIX", "leakix-scanning"}, {"BinaryEdge", "binaryedge-scanning"},
		{"BitSight", "bitsight-scanning"}, {"Alpha Strike Labs", "alphastrike-scanning"}, {"Criminal IP", "criminalip-scanning"},
		{"CrowdStrike Falcon Surface", "crowdstrikefalconsurface-scanning"}, {"CyberResilience", "cyberresilience-scanning"},
		{"FOFA", "fofa-scanning"}, {"Hunter", "hunter-scanning"}, {"Coalition", "coalition-signals-intelligence-nt-scanning"},
		{"Academy for Internet Research", "academyforinternetresearch-scanning"}, {"Dataplane", "dataplane-scanning"},
	}
}

// FeedsURL is where the lists are; each is NAME/list.json below it.
const FeedsURL = "https://raw.githubusercontent.com/MISP/misp-warninglists/main/lists"

// maxFeed bounds one list, in octets.
const maxFeed = 8 << 20

// list is what we read of a warning list.
type list struct {
	Version any      `json:"version"`
	List    []string `json:"list"`
}

// UpdateFeeds fetches every list from url into dir and calls done for each. A
// list that cannot be had keeps its former file; the errors are joined.
func UpdateFeeds(ctx context.Context, url, dir string, done func(f Feed, prefixes int, err error)) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	client := &http.Client{Timeout: 30 * time.Second}
	var errs []error
	for _, f := range Feeds() {
		n, err := fetch(ctx, client, strings.TrimSuffix(url, "/")+"/"+f.Name+"/list.json", filepath.Join(dir, f.Name+".json"))
		if err != nil {
			err = fmt.Errorf("%s: %w", f.Name, err)
			errs = append(errs, err)
		}
		done(f, n, err)
	}
	return errors.Join(errs...)
}

// fetch replaces file by what url has, if that is a list with at least one prefix.
func fetch(ctx context.Context, client *http.Client, url, file string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "") // who asks is nobody's business
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", url, resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxFeed+1))
	if err != nil {
		return 0, err
	}
	if len(b) > maxFeed {
		return 0, fmt.Errorf("%s: more than %d octets", url, maxFeed)
	}
	all, _, err := parseList(b)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", url, err)
	}
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return 0, err
	}
	return len(all), os.Rename(file+".new", file)
}

// parseList reads the addresses and prefixes of a list; entries that are neither
// are skipped, a list without any is an error.
func parseList(b []byte) ([]netip.Prefix, string, error) {
	var l list
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, "", err
	}
	var out []netip.Prefix
	for _, s := range l.List {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		} else if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	if len(out) == 0 {
		return nil, "", errors.New("no address in the list")
	}
	return out, fmt.Sprint(l.Version), nil
}

// feedSet is the fetched lists.
type feedSet struct {
	names   []string
	all     prefixes
	version string    // over all lists' content
	fetched time.Time // the oldest of them
}

func (f *feedSet) find(a netip.Addr) (string, bool) {
	i, ok := f.all.find(a)
	if !ok {
		return "", false
	}
	return f.names[i], true
}

// readFeeds reads the lists in dir. Without any it returns os.ErrNotExist.
func readFeeds(dir string) (*feedSet, error) {
	set, sum := &feedSet{}, sha256.New()
	for _, f := range Feeds() {
		path := filepath.Join(dir, f.Name+".json")
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all, _, err := parseList(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; remove it, or run `sundew feeds update`", path, err)
		}
		sum.Write(b)
		for _, p := range all {
			set.all.add(p, len(set.names))
		}
		set.names = append(set.names, f.Scanner)
		if info, err := os.Stat(path); err == nil && (set.fetched.IsZero() || info.ModTime().Before(set.fetched)) {
			set.fetched = info.ModTime().UTC()
		}
	}
	if len(set.names) == 0 {
		return nil, os.ErrNotExist
	}
	set.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return set, nil
}
