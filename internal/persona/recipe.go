package persona

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A recipe is an inline table { generate = "…", … } of persona.toml. It keeps
// the first thing that is wrong with its keys.
type recipe struct {
	keys map[string]any
	used map[string]bool
	err  error
}

// generators are the names that generate takes.
func generators() []string {
	return []string{
		"address", "choice", "hex", "mac", "number", "pattern", "person", "place", "rockwell",
		"siemens-cp", "siemens-mmc", "siemens-s", "siemens-snmp",
	}
}

// A draw is what a generated value depends on besides its own numbers.
type draw struct {
	*rand.Rand
	made time.Time         // when the device left its factory
	site map[string]string // the site's values so far
	net  network
}

// generate returns the value that an inline table describes.
func (d *draw) generate(keys map[string]any) (string, error) {
	c := &recipe{keys: keys, used: make(map[string]bool)}
	kind := c.text("generate")
	v, err := d.by(kind, c)
	if err = errors.Join(err, c.err); err != nil {
		return "", err
	}
	for k := range keys {
		if !c.used[k] {
			return "", fmt.Errorf("generate = %q takes no %s; remove it", kind, k)
		}
	}
	return v, nil
}

func (d *draw) by(kind string, c *recipe) (string, error) {
	switch kind {
	case "siemens-s":
		return d.siemensSerial(), nil
	case "siemens-snmp":
		return "SZV" + d.siemensDate() + d.fill("@@#######"), nil
	case "siemens-cp":
		return "VP" + d.siemensDate() + d.fill("######"), nil
	case "siemens-mmc":
		return d.fill("MMC %%%%%%%%"), nil
	case "rockwell":
		return d.rockwellSerial(c.text("family"))
	case "mac":
		return d.mac(c.texts("oui"))
	case "address":
		return d.address(c)
	case "hex":
		return d.fill(strings.Repeat("%", int(c.between("digits", 8, 1, 64)))), nil
	case "number":
		return d.number(c)
	case "pattern":
		return d.fill(c.text("pattern")), nil
	case "choice":
		of := c.texts("of")
		if len(of) == 0 {
			return "", nil
		}
		return of[d.IntN(len(of))], nil
	case "place":
		return d.place(), nil
	case "person":
		return d.person(), nil
	}
	return "", fmt.Errorf("no generator %q; use one of %s", kind, strings.Join(generators(), ", "))
}

// fail keeps the first error.
func (c *recipe) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// has says whether a key is given, and marks it as known.
func (c *recipe) has(key string) bool {
	c.used[key] = true
	_, ok := c.keys[key]
	return ok
}

// text returns a key's text, which must be given.
func (c *recipe) text(key string) string {
	c.used[key] = true
	s, ok := c.keys[key].(string)
	if !ok || s == "" {
		c.fail("needs %s = \"…\"", key)
	}
	return s
}

// texts returns a key's list of texts, which must be given.
func (c *recipe) texts(key string) []string {
	c.used[key] = true
	list, _ := c.keys[key].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	if len(out) == 0 || len(out) != len(list) {
		c.fail("needs %s = [\"…\", \"…\"]", key)
		return nil
	}
	return out
}

// between returns a key's number, or the fallback where it is not given.
func (c *recipe) between(key string, fallback, lo, hi float64) float64 {
	if !c.has(key) {
		return fallback
	}
	var x float64
	switch v := c.keys[key].(type) {
	case int64:
		x = float64(v)
	case float64:
		x = v
	default:
		c.fail("%s = %v is not a number", key, v)
		return fallback
	}
	if !(x >= lo && x <= hi) {
		c.fail("%s = %v: give a number from %v to %v", key, x, lo, hi)
		return fallback
	}
	return x
}
