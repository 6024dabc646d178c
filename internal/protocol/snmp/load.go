package snmp

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// longestText is the longest value of a DisplayString (RFC 2579 §2).
const longestText = 255

// loadMIB reads every object of the service's settings and files.
func (a *agent) loadMIB(set *settings, files fs.FS) (*mib, error) {
	var all []*object
	for _, name := range set.MIB {
		objects, err := a.objectFile(files, name)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	for _, t := range set.Tables {
		objects, err := a.tableFile(files, t)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	for i, s := range set.Objects {
		where := fmt.Sprintf("objects: no. %d (%s)", i+1, s.OID)
		o, err := a.object(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		o.where = where
		all = append(all, o)
	}
	return newMIB(all)
}

// rows calls each with every record of a CSV file and where it stands.
func rows(files fs.FS, name string, each func(where string, cells []string) error) error {
	f, err := files.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w; create it or correct the name", name, err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	r.FieldsPerRecord = -1
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		where := name + ":" + strconv.Itoa(line)
		if err := each(where, cells); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
}

// objectFile reads lines of OID, syntax, value and, where it may be written, rw.
func (a *agent) objectFile(files fs.FS, name string) ([]*object, error) {
	var objects []*object
	err := rows(files, name, func(where string, cells []string) error {
		if len(cells) < 3 || len(cells) > 4 {
			return errors.New("write: oid,as,value or oid,as,value,rw")
		}
		access := ""
		if len(cells) == 4 {
			access = cells[3]
		}
		o, err := a.cell(cells[0], cells[1], cells[2], access)
		if err != nil {
			return err
		}
		o.where = where
		objects = append(objects, o)
		return nil
	})
	return objects, err
}

// tableFile reads a table: its first line has "index", then for each column its
// number and syntax, as in 2:text or 7:integer:rw; each further line is a row.
// An empty cell is an instance that is not there.
func (a *agent) tableFile(files fs.FS, t tableSettings) ([]*object, error) {
	var heads [][]string
	var objects []*object
	err := rows(files, t.File, func(where string, cells []string) error {
		if heads == nil {
			for _, c := range cells {
				heads = append(heads, append(strings.Split(c, ":"), "", ""))
			}
			if cells[0] != "index" {
				return errors.New("the first line of a table begins with: index")
			}
			return nil
		}
		if len(cells) != len(heads) {
			return fmt.Errorf("%d cells; the first line has %d", len(cells), len(heads))
		}
		for i := 1; i < len(cells); i++ {
			if cells[i] == "" {
				continue
			}
			h := heads[i]
			value := cells[i]
			if value == `""` {
				value = ""
			}
			o, err := a.cell(t.Entry+"."+h[0]+"/"+cells[0], h[1], value, h[2])
			if err != nil {
				return fmt.Errorf("column %s: %w", h[0], err)
			}
			o.where = where
			objects = append(objects, o)
		}
		return nil
	})
	return objects, err
}

// cell makes an object of a file's words: behind = stands where a value comes
// from, else the value itself.
func (a *agent) cell(name, as, value, access string) (*object, error) {
	s := objectSettings{OID: name, As: as, Access: access}
	if from, live := strings.CutPrefix(value, "="); live {
		s.From = from
	} else {
		s.Value = &value
	}
	return a.object(s)
}

// object makes an object of its settings.
func (a *agent) object(s objectSettings) (*object, error) {
	x := syntax(s.As)
	if s.From == "uptime" && x == "" {
		x = ticks
	}
	o := &object{syntax: x, tag: process.None, scale: 1}
	name, err := a.expand(s.OID)
	if err != nil {
		return nil, err
	}
	if o.oid, o.arcs, err = parseName(name); err != nil {
		return nil, err
	}
	if o.writable, err = parseAccess(s.Access); err != nil {
		return nil, err
	}
	if x.tag() == 0 {
		return nil, fmt.Errorf("as = %q; use integer, truth, counter, gauge, ticks, counter64, text, octets, ip or oid", s.As)
	}
	if err := o.limit(s.Range); err != nil {
		return nil, err
	}
	switch from := s.from(); {
	case from != "" && s.Value == nil:
		return o, a.bind(o, from)
	case from == "" && s.Value != nil:
		return o, a.constant(o, *s.Value)
	}
	return nil, errors.New("give one of value, from and tag")
}

func (s *objectSettings) from() string {
	from := s.From
	if s.Tag != "" && from == "" {
		from = "tag:" + s.Tag
	}
	if s.Scale != 0 && from != "" {
		from += "*" + strconv.FormatFloat(s.Scale, 'g', -1, 64)
	}
	return from
}

func (o *object) limit(bounds []int64) error {
	switch {
	case bounds == nil && (o.syntax == text || o.syntax == octets):
		o.most = longestText
	case bounds == nil:
	case len(bounds) != 2 || bounds[0] > bounds[1]:
		return errors.New("range: write range = [least, greatest]")
	default:
		o.least, o.most = bounds[0], bounds[1]
	}
	return nil
}

// bind makes o live.
func (a *agent) bind(o *object, from string) error {
	src, err := a.source(from)
	if err != nil {
		return err
	}
	o.tag, o.scale, o.keep = src.tag, src.scale, src.keep
	o.follows, _ = strings.CutPrefix(from, "object:")
	if o.follows == from {
		o.follows = ""
	}
	if t := a.device.Process.Tag(o.tag); o.least == 0 && o.most == 0 && o.syntax.numeric() {
		o.least, o.most = int64(math.Ceil(t.Min*o.scale)), int64(math.Floor(t.Max*o.scale))
	}
	if o.writable && o.tag == process.None && o.keep == "" {
		return fmt.Errorf("%q cannot be written; leave out access", from)
	}
	o.read, err = src.reader(o.syntax)
	return err
}

// constant gives o a value that stays until a visitor writes another.
func (a *agent) constant(o *object, value string) error {
	value, err := a.expand(value)
	if err != nil {
		return err
	}
	v, err := o.syntax.parse(value)
	if err != nil {
		return err
	}
	o.read = func(*moment) wire.Value { return v }
	if o.writable {
		key := o.oid.String()
		o.read = func(*moment) wire.Value { return a.kept.value(key, v) }
	}
	return nil
}

// expand replaces references to the device's identity, and besides them ${net},
// the first three octets of its address, and ${mac+1} …, the addresses of its
// further ports.
func (a *agent) expand(s string) (string, error) {
	if !strings.Contains(s, "${") {
		return s, nil
	}
	id := &a.device.Identity
	return id.Expand(regexp.MustCompile(`\$\{(net|mac\+[0-9])\}`).ReplaceAllStringFunc(s, func(m string) string {
		if m == "${net}" {
			return network(id)
		}
		next := id.MAC
		next[5] += m[6] - '0'
		return fmt.Sprintf("%X", next[:])
	}))
}

func network(id *device.Identity) string {
	b := netip.IPv4Unspecified().As4()
	if id.Address.Is4() {
		b = id.Address.As4()
	}
	return ber.OID{uint32(b[0]), uint32(b[1]), uint32(b[2])}.String()
}

// fileOf returns the file of a place.
func fileOf(where string) string {
	file, _, _ := strings.Cut(where, ":")
	return file
}
