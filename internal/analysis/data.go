package analysis

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed signatures.tsv
var signatureRows string

//go:embed shipped.tsv
var shippedRows string

// data is what sessions are compared with: octets of known attacks, and pairs
// that devices are delivered with.
type data struct {
	signatures []signature
	shipped    map[string]*maker // by "protocol\x00user\x00secret"
}

// maker is who delivers devices with a pair, and whether their user cannot change it.
type maker struct {
	name  string
	fixed bool
}

type signature struct{ protocol, octets, what, cve string }

func loadData() (*data, error) {
	d := &data{shipped: map[string]*maker{}}
	_, err := tsv(signatureRows, 4, func(f []string) error {
		if f[1] != strings.ToLower(f[1]) {
			return fmt.Errorf("%q is not in small letters", f[1])
		}
		d.signatures = append(d.signatures, signature{f[0], f[1], f[2], strings.Trim(f[3], "-")})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("analysis: signatures.tsv: %w", err)
	}
	_, err = tsv(shippedRows, 5, func(f []string) error {
		if f[3] != "default" && f[3] != "fixed" {
			return fmt.Errorf("kind %q", f[3])
		}
		for i := range f[1:3] {
			if f[1+i] == "-" {
				f[1+i] = ""
			}
		}
		d.shipped[f[0]+"\x00"+f[1]+"\x00"+f[2]] = &maker{f[4], f[3] == "fixed"}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("analysis: shipped.tsv: %w", err)
	}
	return d, nil
}

// tsv reads rows of n columns and the version in the first line.
func tsv(text string, n int, take func([]string) error) (version int, err error) {
	line := 0
	for l := range strings.Lines(text) {
		line++
		l = strings.TrimRight(l, "\n")
		if v, ok := strings.CutPrefix(l, "# version "); ok && line == 1 {
			if version, err = strconv.Atoi(v); err != nil {
				return 0, err
			}
			continue
		}
		if l == "" || l[0] == '#' {
			continue
		}
		f := strings.Split(l, "\t")
		if len(f) != n {
			return 0, fmt.Errorf("line %d has %d columns", line, len(f))
		}
		if err := take(f); err != nil {
			return 0, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if version == 0 {
		return 0, fmt.Errorf("the first line does not say the version")
	}
	return version, nil
}

// versionOf reads the version in a table's first line.
func versionOf(text string) int {
	l, _, _ := strings.Cut(text, "\n")
	v, _ := strconv.Atoi(strings.TrimPrefix(l, "# version "))
	return v
}

// unescape decodes each %XX once; what is none stays.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(v))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return strings.ToLower(string(b))
}

// exploit says which known attack a request is, one that a CVE names before
// others; nil if it is none.
func (d *data) exploit(protocol string, request []byte) *signature {
	plain := strings.ToLower(string(request))
	decoded := unescape(plain)
	var found *signature
	for i := range d.signatures {
		s := &d.signatures[i]
		if s.protocol != "*" && s.protocol != protocol || found != nil && s.cve == "" {
			continue
		}
		if !strings.Contains(plain, s.octets) && !strings.Contains(decoded, s.octets) {
			continue
		}
		if found = s; s.cve != "" {
			break
		}
	}
	return found
}

// whose says who delivers devices with a pair; nil if nobody is known to.
func (d *data) whose(protocol, user, secret string) *maker {
	key := "\x00" + strings.ToLower(user) + "\x00" + strings.ToLower(secret)
	if of := d.shipped[protocol+key]; of != nil {
		return of
	}
	return d.shipped["*"+key]
}
