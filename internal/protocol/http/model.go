package http

import (
	"fmt"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// A model is what a page's template sees: one coherent view of the plant, the
// device's identity and clock, and what this visitor asked for.
type model struct {
	v    *visit
	p    *page
	view process.View
	html bool

	personal bool // something of this visitor was asked for
}

func (v *visit) model(p *page) *model {
	return &model{v: v, p: p, view: v.h.env.Device.Process.View(), html: strings.HasPrefix(p.spec.Type, "text/html")}
}

// Tag writes a tag's value, by a format of package fmt where one is given:
// {{.Tag "raw.level" "%.2f"}}.
func (m *model) Tag(name string, format ...string) string {
	value := m.view.Value(m.p.refs[name])
	if len(format) == 0 {
		return m.text(value.Text())
	}
	if strings.HasSuffix(format[0], "d") {
		return fmt.Sprintf(format[0], value.Int())
	}
	return fmt.Sprintf(format[0], value.Float())
}

// Num is a tag's value as a number.
func (m *model) Num(name string) float64 { return m.view.Float(m.p.refs[name]) }

// On says whether a tag is true, or not 0.
func (m *model) On(name string) bool { return m.view.Bool(m.p.refs[name]) }

// Is says whether a text tag has that value.
func (m *model) Is(name, value string) bool { return m.view.Text(m.p.refs[name]) == value }

// JSON writes a tag's value as JSON.
func (m *model) JSON(name string) string { return asJSONValue(m.view.Value(m.p.refs[name])) }

// Scale maps a tag's value from one range to another, for drawings:
// {{.Scale "raw.level" 0.0 4.2 0.0 180.0}}.
func (m *model) Scale(name string, from, to, least, greatest float64) string {
	x := (m.Num(name) - from) / (to - from)
	x = max(0, min(1, x))
	return fmt.Sprintf("%.1f", least+x*(greatest-least))
}

// Since writes when a tag last changed, by the device's clock.
func (m *model) Since(name, layout string) string {
	return m.v.h.env.Device.Clock.At(m.view.Since(m.p.refs[name])).In(m.v.h.zone).Format(layout)
}

// Device writes a value of the device's identity.
func (m *model) Device(name string) string {
	s, _ := m.v.h.env.Device.Identity.Lookup(name)
	return m.text(s)
}

// Running says whether the device is in run.
func (m *model) Running() bool { return m.v.h.env.Device.Running(m.view) }

// Now writes the device's time.
func (m *model) Now(layout string) string {
	return m.v.h.env.Device.Clock.Now().In(m.v.h.zone).Format(layout)
}

// Boot writes when the device was started, plus an offset: {{.Boot "3s" layout}}.
func (m *model) Boot(plus, layout string) (string, error) {
	d, err := time.ParseDuration(plus)
	return m.v.h.env.Device.Identity.Boot.Add(d).In(m.v.h.zone).Format(layout), err
}

// Up writes how long the device has been running: "12 d 03:04:05".
func (m *model) Up() string {
	d := m.v.h.env.Device.Clock.Now().Sub(m.v.h.env.Device.Identity.Boot)
	s := max(0, int64(d/time.Second))
	return fmt.Sprintf("%d d %02d:%02d:%02d", s/86400, s/3600%24, s/60%60, s%60)
}

// A diagnostic is an entry of a controller's diagnostic buffer, as the service
// that keeps it saves it in the device's state.
type diagnostic struct {
	N    int       `json:"-"` // 1 is the newest
	ID   string    `json:"id"`
	Text string    `json:"text"`
	At   time.Time `json:"at"` // by the device's clock
}

// Diagnostics is the device's diagnostic buffer, newest entry first:
// {{range .Diagnostics}}{{.N}} {{.At.Format "15:04:05"}} {{.Text}}{{end}}.
func (m *model) Diagnostics() ([]diagnostic, error) {
	var list []diagnostic
	if err := m.v.h.env.State.Load("device.diagnostics", &list); err != nil {
		return nil, err
	}
	for i := range list {
		list[i].N, list[i].Text = i+1, m.text(list[i].Text)
		list[i].At = list[i].At.In(m.v.h.zone)
	}
	return list, nil
}

// User is who has logged in, or empty.
func (m *model) User() string {
	m.personal = true
	return m.text(m.v.who)
}

// Query is a parameter of the request.
func (m *model) Query(name string) string {
	m.personal = true
	return m.text(m.v.query.Get(name))
}

// Path is the path asked for.
func (m *model) Path() string {
	m.personal = true
	return m.text(m.v.path)
}

// Status is the page's own status code.
func (m *model) Status() int { return m.p.spec.Status }

// text is s where html/template escapes it by context, else s made plain.
func (m *model) text(s string) string {
	if m.html {
		return s
	}
	return plain(s)
}

// plain takes from a text all that could end a string or open a tag.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || strings.ContainsRune("\"'\\<>&", r) {
			return -1
		}
		return r
	}, s)
}
