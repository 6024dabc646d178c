package http

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
)

// A form is a [[form]], its tags resolved.
type form struct {
	spec  formSpec
	class event.Class
	refs  []process.Ref // of spec.Fields
	text  []bool        // the tag holds a text
}

func (h *handler) buildForms() error {
	for _, spec := range h.set.Form {
		f := &form{spec: spec, class: event.Class(spec.Class)}
		if f.class == "" {
			f.class = event.Write
		}
		if !slices.Contains(event.Classes(), f.class) {
			return fmt.Errorf("form %s: class: %q is none", spec.Path, spec.Class)
		}
		if spec.Methods == nil {
			f.spec.Methods = []string{"POST"}
		}
		if spec.Status == 0 {
			f.spec.Status = 302
		}
		for _, field := range spec.Fields {
			ref, ok := h.env.Device.Process.Ref(field.Tag)
			if !ok {
				return fmt.Errorf("form %s: field %s: no tag %s", spec.Path, field.Name, field.Tag)
			}
			f.refs = append(f.refs, ref)
			f.text = append(f.text, h.env.Device.Process.Tag(ref).Type == process.Text)
		}
		h.forms[h.key(spec.Path)] = f
	}
	return nil
}

// submit writes a form's fields to their tags: all of those that came, or none.
func (v *visit) submit(f *form) (answer, event.Act) {
	act := v.act("form_write", f.class)
	if a, ok := v.allowed(f.spec.Auth, &act); !ok {
		v.fill(f, &act)
		return a, act
	}
	writes, err := v.fill(f, &act)
	if err == nil {
		err = v.h.env.Device.Process.Write(v.s.Source(), writes...)
	}
	if err != nil {
		act.Outcome = event.Refused
		v.notes = append(v.notes, err.Error())
		return redirect(f.spec.Status, f.spec.Failed), act
	}
	return redirect(f.spec.Status, f.spec.Done), act
}

var errEmpty = errors.New("no field of the form")

// fill puts into the act which tags the form names, what it would write and
// what they held.
func (v *visit) fill(f *form, act *event.Act) (writes []process.Write, bad error) {
	view := v.h.env.Device.Process.View()
	for i, field := range f.spec.Fields {
		if v.body.form[field.Name] == nil && v.query[field.Name] == nil {
			continue
		}
		sent := v.param(field.Name)
		act.Tags = append(act.Tags, field.Tag)
		act.Values = append(act.Values, sent)
		act.Previous = append(act.Previous, view.Text(f.refs[i]))
		value, err := field.value(sent, f.text[i])
		if err != nil && bad == nil {
			bad = fmt.Errorf("%s: %w", field.Name, err)
		}
		writes = append(writes, process.Write{Tag: f.refs[i], Value: value})
	}
	if len(writes) == 0 && bad == nil {
		bad = errEmpty
	}
	return writes, bad
}

// value converts what a field holds.
func (s *fieldSpec) value(sent string, text bool) (process.Value, error) {
	if s.Values != nil {
		meant, ok := s.Values[sent]
		if !ok {
			return process.Value{}, errors.New("not one of its values")
		}
		sent = meant
	}
	if text || sent == "true" || sent == "false" || sent == "on" || sent == "off" {
		return process.TextValue(sent), nil
	}
	n, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(sent), ",", ".", 1), 64)
	switch {
	case err != nil || math.IsNaN(n) || math.IsInf(n, 0):
		return process.Value{}, errors.New("not a number")
	case s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max:
		return process.Value{}, errors.New("out of range")
	}
	return process.FloatValue(n), nil
}

// An upload is an [[upload]].
type upload struct {
	spec  upSpec
	class event.Class
}

func (h *handler) buildUploads() error {
	for _, spec := range h.set.Upload {
		u := &upload{spec, event.Class(spec.Class)}
		if u.class == "" {
			u.class = event.FileWrite
		}
		if !slices.Contains(event.Classes(), u.class) {
			return fmt.Errorf("upload %s: class: %q is none", spec.Path, spec.Class)
		}
		if spec.Status == 0 {
			u.spec.Status = 302
		}
		h.uploads[h.key(spec.Path)] = u
	}
	return nil
}

// store answers an upload; what it held has been kept already.
func (v *visit) store(u *upload) (answer, event.Act) {
	act := v.act("upload", u.class)
	if a, ok := v.allowed(u.spec.Auth, &act); !ok {
		return a, act
	}
	if len(v.body.kept) == 0 {
		act.Outcome = event.Refused
		return redirect(u.spec.Status, u.spec.Failed), act
	}
	return redirect(u.spec.Status, u.spec.Done), act
}
