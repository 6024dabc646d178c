package enip

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/process"
)

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
	for _, path := range slices.Sorted(maps.Keys(row.Bind)) {
		b.bind(path, row.Bind[path])
	}
	for _, path := range slices.Sorted(maps.Keys(row.Set)) {
		b.set(path, row.Set[path])
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
