package enrich

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// overlay is what a file of the directory's own says of networks, over all other
// data: the operator's own networks, or the invented ones of synthetic data.
type overlay struct {
	version string
	found   prefixes
	places  []place
}

// readOverlay reads lines of prefix, country, autonomous system, its operator,
// with tabs between; what is not known is empty. # begins a note.
func readOverlay(file string) (*overlay, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	o := &overlay{version: hex.EncodeToString(sum[:4])}
	for i, l := range strings.Split(string(b), "\n") {
		l = strings.TrimRight(l, "\r")
		if l == "" || l[0] == '#' {
			continue
		}
		f := strings.Split(l, "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("%s:%d: prefix, country, system and operator with tabs between them, not %q", file, i+1, l)
		}
		n, err := netip.ParsePrefix(f[0])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		p := place{country: f[1], org: f[3]}
		if f[2] != "" {
			asn, err := strconv.ParseUint(f[2], 10, 32)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %q is no number of an autonomous system", file, i+1, f[2])
			}
			p.asn = uint32(asn)
		}
		o.found.add(n, len(o.places))
		o.places = append(o.places, p)
	}
	return o, nil
}

// source says what the file says of an address, if anything.
func (o *overlay) source(a netip.Addr) (s analysis.Source, ok bool) {
	if o == nil {
		return s, false
	}
	i, ok := o.found.find(a)
	if !ok {
		return s, false
	}
	p := o.places[i]
	return analysis.Source{Country: p.country, ASN: p.asn, ASOrg: p.org, NetType: networkType(p.org)}, true
}
