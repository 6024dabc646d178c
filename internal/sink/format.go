package sink

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/render"
)

// A Selection says which events a sink sends, and in whose words. Its keys are
// part of the settings of every sink that can choose.
type Selection struct {
	Format  string   `toml:"format"`  // "sundew" (default), "ecs" or "conpot"
	Kinds   []string `toml:"kinds"`   // of session.open, act, session.close, status; default: all
	Classes []string `toml:"classes"` // of acts; default: all
}

// Check says what is wrong with the settings.
func (s *Selection) Check() error {
	if s.Format == "" {
		s.Format = "sundew"
	}
	if !slices.Contains([]string{"sundew", "ecs", "conpot"}, s.Format) {
		return fmt.Errorf("format = %q: there are sundew, ecs and conpot", s.Format)
	}
	kinds := []string{string(event.KindOpen), string(event.KindAct), string(event.KindClose), string(event.KindStatus)}
	for _, k := range s.Kinds {
		if !slices.Contains(kinds, k) {
			return fmt.Errorf("kinds: %q is none of %v", k, kinds)
		}
	}
	for _, c := range s.Classes {
		if !slices.Contains(event.Classes(), event.Class(c)) {
			return fmt.Errorf("classes: %q is none of %v", c, event.Classes())
		}
	}
	return nil
}

// Takes says whether an event is sent.
func (s *Selection) Takes(e *event.Event) bool {
	if len(s.Kinds) > 0 && !slices.Contains(s.Kinds, string(e.Kind)) {
		return false
	}
	return len(s.Classes) == 0 || e.Kind != event.KindAct || slices.Contains(s.Classes, string(e.Class))
}

// Append appends an event as one line with its newline; nothing if the format
// has no form for it.
func (s *Selection) Append(b []byte, e *event.Event) []byte {
	switch s.Format {
	case "ecs":
		return render.ECS{Destination: true, Secrets: true}.JSON(b, e)
	case "conpot":
		return render.ConpotJSON(b, e, render.Conpot{})
	}
	line, err := json.Marshal(e)
	if err != nil { // what Parse gave marshals
		return b
	}
	return append(append(b, line...), '\n')
}
