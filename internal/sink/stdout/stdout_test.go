package stdout

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

func TestFormats(t *testing.T) {
	for settings, want := range map[string][]string{
		``:                                    {`"kind":"session.open"`, `"kind":"act"`, `"kind":"session.close"`},
		`kinds = ["act"]`:                     {`"kind":"act"`},
		`classes = ["read"]`:                  {`"kind":"session.open"`, `"kind":"session.close"`},
		`format = "conpot"`:                   {`"event_type":"NEW_CONNECTION"`, `"event_type":"write_single_register"`, `"event_type":"CONNECTION_LOST"`},
		"format = \"ecs\"\nkinds = [\"act\"]": {`"action":"write_single_register"`},
	} {
		var out bytes.Buffer
		s, err := open(sinktest.Decode(settings), &out)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), sinktest.Events()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != len(want) {
			t.Fatalf("%q: %d lines, want %d", settings, len(lines), len(want))
		}
		for i, l := range lines {
			if !strings.Contains(l, want[i]) {
				t.Errorf("%q: line %d lacks %s: %s", settings, i, want[i], l)
			}
		}
	}
}

// What is printed reads back as what was written.
func TestRoundTrip(t *testing.T) {
	var out bytes.Buffer
	s, err := open(sinktest.Decode(""), &out)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(t.Context(), sinktest.Events())
	for i, l := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		e, err := event.Parse([]byte(l))
		if err != nil || e.ID() != sinktest.Events()[i].ID() || !e.Time.Equal(sinktest.Events()[i].Time) {
			t.Errorf("line %d: %v, %+v", i, err, e)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestErrors(t *testing.T) {
	for _, settings := range []string{`format = "xml"`, `kinds = ["acts"]`, `classes = ["evil"]`, `colour = true`} {
		if _, err := open(sinktest.Decode(settings), &bytes.Buffer{}); err == nil {
			t.Errorf("%s is taken", settings)
		}
	}
	s, err := open(sinktest.Decode(""), full{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), sinktest.Events()); err == nil {
		t.Error("a line that was not printed counts as delivered")
	}
}
