package prototest

import (
	"encoding/hex"
	"errors"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// checkLaw asserts the law of evidence over every session.
func (pl *player) checkLaw(events []event.Event) {
	requests, responses := map[string][]byte{}, map[string][]byte{}
	cut := map[string]bool{}
	for _, e := range events {
		if e.Op == session.OpUnrecorded {
			pl.t.Errorf("the room consumed octets that no act claims: %s", e.Request)
		}
		req, err1 := hex.DecodeString(e.Request)
		resp, err2 := hex.DecodeString(e.Response)
		if err := errors.Join(err1, err2); err != nil {
			pl.t.Error(err)
		}
		cut[e.Session] = cut[e.Session] || e.Truncated
		requests[e.Session] = append(requests[e.Session], req...)
		responses[e.Session] = append(responses[e.Session], resp...)
	}
	for id, sent := range pl.sent {
		if !cut[id] && string(requests[id]) != string(sent) {
			pl.t.Errorf("requests of session %s are not what the visitor sent\n  record %x\nvisitor %x", id, requests[id], sent)
		}
	}
	for id, got := range pl.got {
		if !cut[id] && string(responses[id]) != string(got) {
			pl.t.Errorf("responses of session %s are not what we sent\n  record %x\nvisitor %x", id, responses[id], got)
		}
	}
}
