package analysis

import "github.com/sundew-ics/sundew/internal/event"

// OperationSeverity is the severity that an act of an operation has at least: a
// session with one has it too.
func OperationSeverity(op string, c event.Class) int {
	return severity(&event.Event{Op: op, Class: c})
}
