package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/store"
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

// An imported journal is of another's making: no member of its lines is ours. Our
// own colours reach the terminal.
func TestSessionTurnsNoLine(t *testing.T) {
	const trap = "\x1b]52;c;eA==\x07"
	var out bytes.Buffer
	tr := &transcript{Session: store.Session{ID: trap, Sensor: trap, Persona: trap, Device: trap, Service: trap, Protocol: trap, Reason: trap, Opened: time.Unix(0, 1), Closed: time.Unix(1, 0)}}
	tr.Events = []event.Event{{Kind: event.KindAct, Op: trap, Class: trap, Outcome: trap, Target: &event.Target{Kind: trap, Ref: trap}, Artifact: &event.Artifact{SHA256: trap, Kind: trap}},
		{Kind: event.KindAct, Op: "write", Class: event.Write, Outcome: event.Answered}}
	if err := (&sessionCmd{}).print(&terminal{out: &out, colour: true}, tr); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\x1b]") || strings.Contains(out.String(), "\x07") || !strings.Contains(out.String(), red+"write write\x1b[0m") {
		t.Errorf("printed %q", out.String())
	}
}
