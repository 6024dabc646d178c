package enip

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/process"
)

// A tag is a symbol of the controller or of one of its programs, with its
// octets as they are on the wire.
type tag struct {
	name    string
	program string // "": the controller's own
	id      uint32 // its instance of class 0x6B
	typ     *dataType
	dims    []int
	access  access
	mem     []byte // under server.mu
	cells   []cell
	first   []byte // mem as the settings say
	changed bool   // mem is not first
	system  uint16 // of a symbol without data (program, task): its type
}

// An access is what visitors may do with a tag ("External Access").
type access uint8

const (
	readWrite access = 0
	readOnly  access = 2
	noAccess  access = 3
)

// A cell is a process tag in a tag's octets.
type cell struct {
	off           int
	bit           int // -1: the whole value
	typ           *dataType
	ref           process.Ref
	scale, offset float64
	writable      bool
}

// elements returns how many there are in all dimensions.
func (t *tag) elements() int {
	n := 1
	for _, d := range t.dims {
		n *= d
	}
	return n
}

// path is the tag's name as programmers write it.
func (t *tag) path() string {
	if t.program == "" {
		return t.name
	}
	return "Program:" + t.program + "." + t.name
}

const maxTag = 2 << 20 // octets

// newTag makes a tag of its row.
func (d *server) newTag(row tagRow) (*tag, error) {
	t := &tag{name: row.Name, program: row.Program}
	if !validName(row.Name) {
		return nil, errors.New("a name has at most 40 letters, digits, underscores and colons, no digit first")
	}
	switch row.Access {
	case "", "rw":
	case "ro":
		t.access = readOnly
	case "none":
		t.access = noAccess
	default:
		return nil, fmt.Errorf("access = %q: use rw, ro or none", row.Access)
	}
	if t.typ = d.types.find(row.Type); t.typ == nil {
		return nil, fmt.Errorf("no type %q", row.Type)
	}
	t.dims = row.Array
	if t.typ.name == "BOOL" && len(t.dims) > 0 {
		if len(t.dims) > 1 {
			return nil, errors.New("an array of BOOL has one dimension")
		}
		t.typ, t.dims = elementary("DWORD"), []int{(t.dims[0] + 31) / 32}
	}
	if len(t.dims) > 3 {
		return nil, errors.New("an array has at most three dimensions")
	}
	size := t.typ.size
	for _, n := range t.dims {
		if n < 1 || n > maxTag/size {
			return nil, fmt.Errorf("array = %v: too small or too large", row.Array)
		}
		size *= n
	}
	t.mem = make([]byte, size)
	return t, d.fill(t, row)
}

// fill binds a tag's parts to the process, or gives them their values.
func (d *server) fill(t *tag, row tagRow) error {
	scale := row.Scale
	if scale == 0 {
		scale = 1
	}
	b := binder{d: d, t: t, scale: scale, offset: row.Offset}
	if row.Tag != "" {
		b.bind("", row.Tag)
	}
	if row.Value != nil {
		b.set("", row.Value)
	}
	for i, name := range row.Tags {
		b.bind(t.index(i), name)
	}
	for i, v := range row.Values {
		b.set(t.index(i), v)
	}
	for i, name := range row.Bits {
		b.bindBit(i, name)
	}
	for path, name := range row.Bind {
		b.bind(path, name)
	}
	for path, v := range row.Set {
		b.set(path, v)
	}
	return b.err
}

// index writes the path of the i-th element, in the order of memory: the last
// index counts fastest.
func (t *tag) index(i int) string {
	var list []string
	for _, n := range slices.Backward(t.dims) {
		list = append(list, strconv.Itoa(i%n))
		i /= n
	}
	if i > 0 || list == nil {
		return "[" + strconv.Itoa(math.MaxInt32) + "]" // beyond the end
	}
	slices.Reverse(list)
	return "[" + strings.Join(list, ",") + "]"
}

// A binder fills one tag; it keeps the first error.
type binder struct {
	d             *server
	t             *tag
	scale, offset float64
	err           error
}

func (b *binder) fail(where string, err error) {
	if b.err == nil {
		b.err = fmt.Errorf("%s%s: %w", b.t.name, where, err)
	}
}

// at returns the part of the tag that a path such as "[2].Run" names.
func (b *binder) at(path string) (place, bool) {
	segments, err := parseMembers(path)
	if err != nil {
		b.fail(path, err)
		return place{}, false
	}
	p, status := b.t.resolve(segments)
	if status != 0 || p.dims != nil || p.typ.template != nil && !p.typ.text() {
		b.fail(path, errors.New("no single value there"))
		return place{}, false
	}
	return p, true
}

func (b *binder) bind(path, name string) {
	p, ok := b.at(path)
	if !ok || name == "" {
		return
	}
	b.add(path, name, cell{off: p.off, bit: p.bit, typ: p.typ, scale: b.scale, offset: b.offset})
}

func (b *binder) bindBit(bit int, name string) {
	if !b.t.typ.whole() || b.t.dims != nil || bit >= 8*b.t.typ.size {
		b.fail("", errors.New("bits are those of a whole number"))
		return
	}
	if name != "" {
		b.add("."+strconv.Itoa(bit), name, cell{off: bit / 8, bit: bit % 8, typ: elementary("BOOL"), scale: 1})
	}
}

func (b *binder) add(path, name string, c cell) {
	ref, ok := b.d.device.Process.Ref(name)
	if !ok {
		b.fail(path, fmt.Errorf("the process has no tag %q", name))
		return
	}
	about := b.d.device.Process.Tag(ref)
	if (about.Type == process.Text) != c.typ.text() {
		b.fail(path, fmt.Errorf("tag %s is a %v, which no %s holds", name, about.Type, c.typ.name))
		return
	}
	c.ref, c.writable = ref, about.Writable
	b.t.cells = append(b.t.cells, c)
}

func (b *binder) set(path string, value any) {
	p, ok := b.at(path)
	if !ok {
		return
	}
	if s, isText := value.(string); isText {
		text, err := b.d.device.Identity.Expand(s)
		if err != nil {
			b.fail(path, err)
			return
		}
		value = text
	}
	v, err := process.ValueOf(value)
	if _, isText := value.(string); err != nil || isText != p.typ.text() {
		b.fail(path, fmt.Errorf("%v is no %s", value, p.typ.name))
		return
	}
	if p.bit >= 0 {
		if v.Bool() {
			b.t.mem[p.off] |= 1 << p.bit
		}
		return
	}
	p.typ.put(b.t.mem[p.off:p.off+p.typ.size], v)
}

// A step is one part of the way into a tag: a member's name or an index.
type step struct {
	name  string
	index int
}

// parseMembers reads a path as the settings have it: "[2].Run", "Cmd.Speed".
func parseMembers(path string) ([]step, error) {
	var steps []step
	for path != "" {
		if path[0] == '[' {
			list, rest, ok := strings.Cut(path[1:], "]")
			if !ok {
				return nil, errors.New("a [ without a ]")
			}
			for _, s := range strings.Split(list, ",") {
				n, err := strconv.ParseUint(s, 10, 31)
				if err != nil {
					return nil, fmt.Errorf("index %q is no number", s)
				}
				steps = append(steps, step{index: int(n)})
			}
			path = rest
			continue
		}
		path = strings.TrimPrefix(path, ".")
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		if end == 0 {
			return nil, errors.New("a member without a name")
		}
		steps = append(steps, step{name: path[:end]})
		path = path[end:]
	}
	return steps, nil
}
