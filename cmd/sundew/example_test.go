package main

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/persona"
)

const example = "../../deploy/debian/sundew.toml"

// The packaged configuration says nothing; what it shows parses once it is
// uncommented, and it shows every key.
func TestExampleConfiguration(t *testing.T) {
	b, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var silent settings
	if err := persona.Decode(example, b, &silent); err != nil || !reflect.ValueOf(silent).IsZero() {
		t.Errorf("as it is: %+v, %v", silent, err)
	}
	shown := regexp.MustCompile(`(?m)^#([a-z[])`).ReplaceAllString(string(b), "$1")
	var all settings
	if err := persona.Decode(example, []byte(shown), &all); err != nil {
		t.Fatal(err)
	}
	eachKey(t, reflect.ValueOf(all), "")
	if _, err := newFollowers(all.Sink, nil, nil); err != nil {
		t.Error(err)
	}
}

// eachKey asserts that every key of the configuration has a value.
func eachKey(t *testing.T, v reflect.Value, table string) {
	t.Helper()
	for i := range v.NumField() {
		key, ok := v.Type().Field(i).Tag.Lookup("toml")
		if !ok {
			continue
		}
		switch f := v.Field(i); {
		case f.IsZero():
			t.Errorf("%s does not show %s", example, strings.TrimPrefix(table+"."+key, "."))
		case f.Kind() == reflect.Struct:
			eachKey(t, f, table+"."+key)
		}
	}
}
