package persona

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/process"
)

// plain is what devices and values are called.
var plain = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// expander returns a function that replaces ${name} by values.
func expander(values map[string]string) func(string) (string, error) {
	id := device.Identity{Values: maps.Clone(values)}
	return id.Expand
}

// siteValues draws [values], then fills in those that name others.
func (l *loader) siteValues() error {
	l.values = map[string]string{
		"commissioned": l.built.Format(time.DateOnly),
		"gateway":      l.net.gateway.String(),
		"netmask":      "255.255.255.0",
		"network":      l.net.prefix.Addr().String(),
		"net":          strings.TrimSuffix(l.net.prefix.Addr().String(), ".0"), // "192.168.17"
	}
	d := &draw{made: l.built, net: l.net}
	for name, v := range l.spec.Values {
		path := []any{"values", name}
		if err := l.checkName(path, name); err != nil {
			return err
		}
		var err error
		if l.values[name], err = l.value(path, v, d, "values", name); err != nil {
			return err
		}
	}
	return l.expand(l.values, []any{"values"}, expander(l.values))
}

// starts gives tags the start values of this installation.
func (l *loader) starts() error {
	for name, v := range l.spec.Start {
		path := []any{"start", name}
		i := l.tag(name)
		if i < 0 {
			return l.wrong(path, "no tag %q in %s; correct the name, in quotes", name, tagsName)
		}
		text, err := l.value(path, v, &draw{made: l.built, net: l.net, site: l.values}, "start", name)
		if err != nil {
			return err
		}
		t := &l.p.Process.Tags[i]
		t.Start = process.TextValue(text)
		if _, err := process.New(process.Config{Tags: []process.Tag{{Name: t.Name, Type: t.Type, Min: t.Min, Max: t.Max, Start: t.Start}}}); err != nil {
			return l.wrong(path, "%s", strings.TrimPrefix(err.Error(), "process: "))
		}
	}
	return nil
}

// tag returns the place of a tag, or -1.
func (l *loader) tag(name string) int {
	for i := range l.p.Process.Tags {
		if l.p.Process.Tags[i].Name == name {
			return i
		}
	}
	return -1
}

// value returns what persona.toml gives: a text as it stands, or a generated
// one, drawn for the given words.
func (l *loader) value(path []any, v any, d *draw, words ...string) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case map[string]any:
		one := *d
		one.Rand = l.in.rand(append([]string{l.p.Name}, words...)...)
		s, err := one.generate(v)
		if err != nil {
			return "", l.wrong(path, "%v", err)
		}
		return s, nil
	}
	return "", l.wrong(path, "%v: write it in quotes, or a generator: { generate = \"…\" }", v)
}

// expand replaces ${name} in all values.
func (l *loader) expand(values map[string]string, path []any, by func(string) (string, error)) error {
	for name, v := range values {
		s, err := by(v)
		if err == nil && strings.Contains(s, "${") {
			err = fmt.Errorf("%s stays in it; ${…} takes small letters, digits, _ and dots, and cannot name a value that has a ${…} itself", s)
		}
		if err != nil {
			return l.wrong(append(path[:len(path):len(path)], name), "%v", err)
		}
		values[name] = s
	}
	return nil
}

// checkName says why ${name} could not name a value.
func (l *loader) checkName(path []any, name string) error {
	if !plain.MatchString(name) {
		return l.wrong(path, "name %q: use small letters, digits and _, a letter first", name)
	}
	return nil
}
