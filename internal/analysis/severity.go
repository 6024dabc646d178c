package analysis

import "github.com/sundew-ics/sundew/internal/event"

// ClassSeverity is the severity of every act of a class: a session with one has it
// at least.
func ClassSeverity(c event.Class) int { return severity(&event.Event{Class: c}) }
