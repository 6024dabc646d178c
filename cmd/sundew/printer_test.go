package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

// Events printed for people say what was recorded in the order it was: nothing
// of a visitor turns the direction of a line or ends it.
func TestPrinterTurnsNoLine(t *testing.T) {
	const trap = "a\u202egnp.exe\u2028\u2066"
	var out bytes.Buffer
	p := &eventPrinter{out: &out, detail: true}
	err := p.print(&event.Event{
		Kind: event.KindAct, Op: "stor", Class: event.FileWrite, Outcome: event.Answered,
		Target: &event.Target{Kind: event.TargetFile, Ref: trap}, Tags: []string{trap}, Previous: []string{trap}, Values: []string{trap},
		Detail: []byte(`{"path":"` + trap + `"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\u202e\u2028\u2066") || strings.Count(out.String(), `a\u202Egnp.exe\u2028\u2066`) != 5 {
		t.Errorf("printed %q", out.String())
	}
}
