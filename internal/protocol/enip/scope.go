package enip

import (
	"fmt"
	"slices"
	"strings"
)

// A scope is the symbols of the controller or of a program.
type scope struct {
	list   []*tag // by id
	byName map[string]*tag
}

// buildTags makes the symbols and numbers them.
func (d *server) buildTags() error {
	d.scopes = map[string]*scope{"": newScope()}
	top := d.scopes[""]
	for _, p := range d.Programs {
		if !validName(p.Name) || d.scopes[strings.ToLower(p.Name)] != nil {
			return fmt.Errorf("programs: %q: needs a name of its own", p.Name)
		}
		s := newScope()
		d.scopes[strings.ToLower(p.Name)] = s
		if err := top.add(&tag{name: "Program:" + p.Name, system: 0x1068}); err != nil {
			return err
		}
		for _, r := range p.Routines {
			if err := s.add(&tag{name: "Routine:" + r, program: p.Name, system: 0x106d}); err != nil {
				return fmt.Errorf("programs: %s: %w", p.Name, err)
			}
		}
	}
	for _, name := range d.Tasks {
		if err := top.add(&tag{name: "Task:" + name, system: 0x1070}); err != nil {
			return fmt.Errorf("tasks: %w", err)
		}
	}
	if err := top.add(&tag{name: "Map:Local", system: 0x1069}); err != nil {
		return err
	}
	for _, row := range d.Tags {
		t, err := d.newTag(row)
		if err != nil {
			return fmt.Errorf("tags: %s: %w", row.Name, err)
		}
		s := d.scopes[strings.ToLower(row.Program)]
		if s == nil {
			return fmt.Errorf("tags: %s: no program %q", row.Name, row.Program)
		}
		if err := s.add(t); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	return nil
}

func newScope() *scope { return &scope{byName: map[string]*tag{}} }

// add numbers t. Ids have gaps, as they have where tags were deleted.
func (s *scope) add(t *tag) error {
	key := strings.ToLower(t.name)
	if s.byName[key] != nil {
		return fmt.Errorf("%s is there twice", t.path())
	}
	t.id = uint32(2 + len(t.name)%3)
	if n := len(s.list); n > 0 {
		t.id = s.list[n-1].id + 1 + uint32(len(t.name)%3)
	}
	s.byName[key] = t
	s.list = append(s.list, t)
	return nil
}

// byID returns the symbol of an instance, or nil.
func (s *scope) byID(id uint32) *tag {
	i, ok := slices.BinarySearchFunc(s.list, id, func(t *tag, id uint32) int { return int(t.id) - int(id) })
	if !ok {
		return nil
	}
	return s.list[i]
}
