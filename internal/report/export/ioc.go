package export

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/store"
)

// Lists of indicators.
const (
	IPs    = "ips"
	CIDRs  = "cidrs"
	Hashes = "hashes"
	URLs   = "urls"
)

// Lists returns the names of the lists.
func Lists() []string { return []string{IPs, CIDRs, Hashes, Credentials, URLs} }

// Least severity of a session that makes its source an indicator: a login,
// anything written, anything worse. And how many such sources of one network
// make the network one.
const (
	IndicatorSeverity = 3
	networkSources    = 3
)

// maxFound bounds each list that is put together in memory.
const maxFound = 200_000

// hostile is the filter without research scanners and those who only looked.
func (j *Job) hostile() store.Filter {
	f := j.Filter
	f.Severity = max(f.Severity, IndicatorSeverity)
	f.Research = "hide"
	return f
}

// Indicators writes lists as text, one value a line; several have headings that
// begin with #. Research scanners are in none, nor are addresses seen over UDP
// alone, which anybody can forge.
func (j *Job) Indicators(ctx context.Context, w io.Writer, lists []string) error {
	for _, l := range lists {
		values, err := j.list(ctx, l)
		if err != nil {
			return err
		}
		if len(lists) > 1 {
			if _, err := fmt.Fprintf(w, "# %s: %d\n", l, len(values)); err != nil {
				return err
			}
		}
		for _, v := range values {
			if _, err := fmt.Fprintln(w, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// list is one list in order. Of an anonymised export, addresses are left out:
// truncated, they would block their neighbours; and secrets are no secrets.
func (j *Job) list(ctx context.Context, name string) ([]string, error) {
	if j.Anon != nil && name != Hashes && name != URLs {
		return nil, nil
	}
	switch name {
	case IPs:
		return j.addresses(ctx)
	case CIDRs:
		return j.networks(ctx)
	case Hashes:
		return j.set(func(add func(string)) error {
			return j.Store.EachDelivery(ctx, j.hostileFiles(), func(d *store.Delivery) error { add(d.SHA256); return nil })
		})
	case Credentials:
		return j.set(func(add func(string)) error {
			return j.Store.EachTry(ctx, j.hostileFiles(), func(t *store.Try) error { add(plain(t.User) + "\t" + plain(t.Secret)); return nil })
		})
	case URLs:
		return j.set(func(add func(string)) error { return j.fetched(ctx, add) })
	}
	return nil, fmt.Errorf("there is no list %q: %s", name, strings.Join(Lists(), ", "))
}

// hostileFiles is the filter without research scanners alone.
func (j *Job) hostileFiles() store.Filter {
	f := j.Filter
	f.Research = "hide"
	return f
}

// plain is a visitor's text, escaped by the record, without tabs and directions.
func plain(s string) string { return strings.ReplaceAll(event.Escape(s), `\\`, `\`) }

func (j *Job) set(fill func(add func(string)) error) ([]string, error) {
	seen := map[string]bool{}
	err := fill(func(v string) {
		if len(seen) < maxFound {
			seen[v] = true
		}
	})
	return slices.Sorted(maps.Keys(seen)), err
}

// sources are the addresses that indicators are made of, in order.
func (j *Job) sources(ctx context.Context) ([]netip.Addr, error) {
	var out []netip.Addr
	err := j.Store.EachTraffic(ctx, j.hostile(), func(t *store.Traffic) error {
		if t.Transport == "tcp" && routed(t.Src) && (len(out) == 0 || out[len(out)-1] != t.Src) {
			out = append(out, t.Src)
		}
		return nil
	})
	return out, err
}

// routed says whether an address can belong to somebody on the Internet: a list
// that names others blocks its reader's own.
func routed(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate()
}

func (j *Job) addresses(ctx context.Context) ([]string, error) {
	list, err := j.sources(ctx)
	out := make([]string, 0, len(list))
	for _, a := range list {
		out = append(out, a.String())
	}
	return out, err
}

// networks are those of which several addresses are indicators.
func (j *Job) networks(ctx context.Context) ([]string, error) {
	list, err := j.sources(ctx)
	if err != nil {
		return nil, err
	}
	n := map[netip.Prefix]int{}
	for _, a := range list {
		n[prefix(a)]++
	}
	var out []string
	for _, p := range slices.SortedFunc(maps.Keys(n), netip.Prefix.Compare) {
		if n[p] >= networkSources {
			out = append(out, p.String())
		}
	}
	return out, nil
}

// fetch is what a command or a lookup in a request would have fetched: nothing
// that a visitor merely mentions, such as a Referer or his own home page.
func fetch() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:\b(?:wget|curl|tftp|ftpget|fetch|lwp-download|Invoke-WebRequest|iwr)\b[^\r\n]{0,120}?|\$\{jndi:)((?:https?|ftp|tftp|ldaps?|rmi|dns)://[^\s"'<>;|&` + "`" + `)}\\]{4,512})`)
}

// fetched finds addresses that requests tell a device to fetch from.
func (j *Job) fetched(ctx context.Context, add func(string)) error {
	sub := *j
	sub.Filter = j.hostileFiles()
	re := fetch()
	for e, err := range sub.events(ctx) {
		if err != nil {
			return err
		}
		p, err := hex.DecodeString(e.Request)
		if err != nil || len(p) == 0 {
			continue
		}
		found := re.FindAllStringSubmatch(unquoted(string(p)), -1)
		if found == nil { // its own percent signs may have been meant
			found = re.FindAllStringSubmatch(string(p), -1)
		}
		for _, m := range found {
			if u, err := url.Parse(m[1]); err == nil && u.Host != "" {
				add(u.String())
			}
		}
	}
	return nil
}

// unquoted undoes the percent escapes of a query or form, those that are none
// left as they are.
func unquoted(s string) string {
	var b strings.Builder
	in := bufio.NewReader(strings.NewReader(s))
	for {
		c, err := in.ReadByte()
		if err != nil {
			return b.String()
		}
		if c == '+' {
			c = ' '
		}
		if c == '%' {
			if h, err := in.Peek(2); err == nil {
				if v, err := hex.DecodeString(string(h)); err == nil {
					in.Discard(2)
					c = v[0]
				}
			}
		}
		b.WriteByte(c)
	}
}
