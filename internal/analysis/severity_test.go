package analysis

import (
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

// The store looks for sessions with an operation among those that are severe
// enough: no act may be less severe than its operation.
func TestOperationSeverityIsTheLeast(t *testing.T) {
	r, err := NewRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range event.Classes() {
		for _, op := range []string{"x", "read_szl", "quit", "confirm", "return_query_data"} {
			least := OperationSeverity(op, c)
			for _, e := range []event.Event{
				{}, {Outcome: event.Refused}, {Outcome: event.Dropped, Count: 9}, {Target: &event.Target{Kind: event.TargetRegister, Ref: "1"}, Values: []string{"1"}},
				{Cred: &event.Cred{User: "admin", Secret: "admin"}}, {Request: "474554202f20485454502f312e31", RequestLen: 14},
			} {
				for _, protocol := range []string{"modbus", "s7comm", "http"} {
					e.Kind, e.Op, e.Class, e.Protocol = event.KindAct, op, c, protocol
					if c == event.Report {
						continue // our own: it says nothing of a visitor
					}
					if got := r.NewSession(&e).Add(&e).Severity; got < least {
						t.Errorf("%s of %s: an act has %d, its operation %d", op, c, got, least)
					}
				}
			}
		}
	}
}
