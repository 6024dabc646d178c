package render

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// at follows a dotted path into a decoded document.
func at(t *testing.T, m map[string]any, path string) any {
	t.Helper()
	var v any = m
	for name := range strings.SplitSeq(path, ".") {
		inner, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = inner[name]
	}
	return v
}

func TestECSAct(t *testing.T) {
	e := conpotEvent("modbus", "\x00\x01")
	e.Op, e.Class, e.Outcome = "write_single_register", event.Write, event.Refused
	e.Target = &event.Target{Kind: event.TargetRegister, Ref: "40001"}
	e.Cred = &event.Cred{User: "admin", Secret: "hunter2"}
	e.Artifact = &event.Artifact{SHA256: "ab", Size: 3, Name: "x"}
	e.Detail = json.RawMessage(`{"unit":1}`)
	m := parsed(t, ECS{}.JSON(nil, e))
	for path, want := range map[string]any{
		"@timestamp": "2026-11-22T20:12:42.113482901Z", "ecs.version": ECSVersion, "event.id": "s-4", "event.kind": "event", "event.action": "write_single_register",
		"event.outcome": "failure", "event.dataset": "sundew.act", "message": "modbus write_single_register 40001 refused", "observer.type": "honeypot", "observer.name": "lon-1",
		"source.ip": "198.51.100.23", "source.port": 49220.0, "destination.port": 102.0, "destination.ip": nil, "network.protocol": "modbus", "network.direction": "inbound",
		"user.name": "admin", "file.hash.sha256": "ab", "sundew.class": "write", "sundew.target.ref": "40001", "sundew.detail": `{"unit":1}`, "sundew.cred.secret": nil, "sundew.request": "0001",
	} {
		if got := at(t, m, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got, want := fmtJSON(t, at(t, m, "event.category")), `["network","intrusion_detection"]`; got != want {
		t.Errorf("category %s, want %s", got, want)
	}
	if got, want := fmtJSON(t, at(t, m, "event.type")), `["change","denied"]`; got != want {
		t.Errorf("type %s, want %s", got, want)
	}
	m = parsed(t, ECS{Destination: true, Secrets: true}.JSON(nil, e))
	if at(t, m, "destination.ip") != "2001:db8::5" || at(t, m, "sundew.cred.secret") != "hunter2" {
		t.Errorf("what was asked for is missing: %v", m)
	}
}

func TestECSOthers(t *testing.T) {
	e := conpotEvent("modbus", "")
	e.Kind, e.Reason, e.Acts, e.DurationUS, e.OctetsIn, e.Ops = event.KindClose, "visitor", 3, 2000000, 12, map[string]int{"b": 1, "a": 2}
	e.Start, e.End = e.Time.Add(-2*time.Second), e.Time
	m := parsed(t, ECS{}.JSON(nil, e))
	for path, want := range map[string]any{"event.dataset": "sundew.session", "event.duration": 2e9, "event.reason": "visitor", "source.bytes": 12.0, "event.start": "2026-11-22T20:12:40.113482901Z"} {
		if got := at(t, m, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got := fmtJSON(t, at(t, m, "sundew.ops")); got != `["a=2","b=1"]` {
		t.Errorf("ops %s", got)
	}
	m = parsed(t, ECS{}.JSON(nil, &event.Event{V: 1, Kind: event.KindStatus, What: "heartbeat", Boot: "b", Seq: 7}))
	if at(t, m, "event.kind") != "state" || at(t, m, "event.action") != "heartbeat" || at(t, m, "event.id") != "b-7" || at(t, m, "source") != nil {
		t.Errorf("status: %v", m)
	}
}

// A whole line is one line whatever the visitor sent.
func TestECSIsOneLine(t *testing.T) {
	e := conpotEvent("http", "")
	e.Target = &event.Target{Kind: event.TargetPath, Ref: "/a\nb\u2028<script>"}
	if line := (ECS{}).JSON([]byte("before\n"), e); strings.Count(string(line), "\n") != 2 || !strings.HasPrefix(string(line), "before\n{") {
		t.Errorf("%q", line)
	}
}

func fmtJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
