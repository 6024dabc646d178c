package persona

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/sundew-ics/sundew/internal/process"
)

// settingsOctets is the longest settings file that is read.
const settingsOctets = 16 << 20

// DecodeStrict decodes a TOML file of fsys. A key that into has no place for,
// and a value of another type, are each a [Problem] with line and column.
func DecodeStrict(fsys fs.FS, file string, into any) error {
	doc, err := read(fsys, file)
	if err != nil {
		return err
	}
	return Decode(file, doc, into)
}

// Decode is DecodeStrict for a file that has been read already.
func Decode(file string, doc []byte, into any) error {
	err := toml.NewDecoder(bytes.NewReader(doc)).DisallowUnknownFields().Decode(into)
	if err == nil {
		return nil
	}
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		keys := keysOf(reflect.TypeOf(into), make(map[reflect.Type]bool))
		var all []error
		for i := range unknown.Errors {
			all = append(all, unknownKey(file, doc, &unknown.Errors[i], keys))
		}
		return errors.Join(all...)
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		return place(file, doc, wrong, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return &Problem{File: file, Text: strings.TrimPrefix(err.Error(), "toml: ")}
}

// read returns a file's octets, or says that it is missing or too long.
func read(fsys fs.FS, file string) ([]byte, error) {
	if !fs.ValidPath(file) {
		return nil, &Problem{File: file, Text: "not a path inside the persona's folder; write it relative to persona.toml, with /, without .."}
	}
	info, err := fs.Stat(fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Problem{File: file, Text: "no such file; create it, or correct its name in persona.toml"}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", file, err)
	case info.IsDir():
		return nil, &Problem{File: file, Text: "is a folder; name a file in it"}
	case info.Size() > settingsOctets:
		return nil, &Problem{File: file, Text: fmt.Sprintf("has more than %d MiB; move bulk data to a file of its own", settingsOctets>>20)}
	}
	doc, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return doc, nil
}

func unknownKey(file string, doc []byte, e *toml.DecodeError, keys map[string]bool) error {
	key := e.Key()
	name := key[len(key)-1]
	text := fmt.Sprintf("unknown key %q: remove it", name)
	if near := process.Nearest(name, maps.Keys(keys)); near != "" {
		text = fmt.Sprintf("unknown key %q: did you mean %q?", name, near)
	}
	return place(file, doc, e, text)
}

// place returns a Problem at the place of e: from there to the end of the word.
func place(file string, doc []byte, e *toml.DecodeError, text string) error {
	line, column := e.Position()
	off := 0
	for range line - 1 {
		off += bytes.IndexByte(doc[off:], '\n') + 1
	}
	off = min(off+max(column, 1)-1, len(doc))
	width := bytes.IndexAny(doc[off:], " \t\r\n=,]}#")
	if width < 0 {
		width = len(doc) - off
	}
	return problem(file, doc, off, max(width, 1), text)
}

// keysOf returns the keys that a type, and the types in it, take.
func keysOf(t reflect.Type, seen map[reflect.Type]bool) map[string]bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	keys := make(map[string]bool)
	if t.Kind() != reflect.Struct || seen[t] {
		return keys
	}
	seen[t] = true
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("toml"), ","); name != "" && name != "-" {
			keys[name] = true
		}
		for k := range keysOf(f.Type, seen) {
			keys[k] = true
		}
	}
	return keys
}
