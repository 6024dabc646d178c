package render

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

func conpotEvent(protocol string, request string) *event.Event {
	return &event.Event{
		V: 1, Kind: event.KindAct, Time: time.Date(2026, 11, 22, 20, 12, 42, 113482901, time.UTC), Seq: 4, AtUS: 7,
		Session: "s", Boot: "b", Sensor: "lon-1", Protocol: protocol, Transport: "tcp",
		Src: &event.Endpoint{IP: netip.MustParseAddr("198.51.100.23"), Port: 49220}, Dst: &event.Endpoint{IP: netip.MustParseAddr("2001:db8::5"), Port: 102},
		Op: "op", Class: event.Read, Outcome: event.Answered, Request: hex.EncodeToString([]byte(request)), RequestLen: len(request),
	}
}

func parsed(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return m
}

func TestConpotKeys(t *testing.T) {
	want := strings.Fields("timestamp sensorid id src_ip src_port dst_ip dst_port public_ip data_type request response event_type x_sundew")
	line := ConpotJSON(nil, conpotEvent("modbus", "\x00\x01"), Conpot{})
	dec := json.NewDecoder(strings.NewReader(string(line)))
	var keys []string
	depth := 0
	for i := 0; ; {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		if d, ok := tok.(json.Delim); ok {
			if d == '{' || d == '[' {
				depth++
			} else {
				depth--
			}
			if depth > 1 || d == '}' {
				i++
			}
			continue
		}
		if depth == 1 {
			if i%2 == 0 {
				keys = append(keys, tok.(string))
			}
			i++
		}
	}
	if !slices.Equal(keys, want) {
		t.Errorf("keys %q, want %q", keys, want)
	}
}

func TestConpotValues(t *testing.T) {
	m := parsed(t, ConpotJSON(nil, conpotEvent("modbus", "\x00\x01"), Conpot{}))
	for key, want := range map[string]any{
		"timestamp": "2026-11-22T20:12:42.113482Z", "sensorid": "lon-1", "id": "s", "src_ip": "198.51.100.23", "src_port": 49220.0,
		"dst_ip": "2001:db8::5", "dst_port": 102.0, "public_ip": nil, "data_type": "modbus", "request": "0001", "response": "", "event_type": "op",
	} {
		if m[key] != want {
			t.Errorf("%s is %v, want %v", key, m[key], want)
		}
	}
	m = parsed(t, ConpotJSON(nil, conpotEvent("modbus", ""), Conpot{SensorID: "tpot", PublicIP: "192.0.2.1"}))
	if m["sensorid"] != "tpot" || m["public_ip"] != "192.0.2.1" {
		t.Errorf("settings: %v", m)
	}
}

func TestConpotTypes(t *testing.T) {
	for protocol, want := range map[string]string{
		"modbus": "modbus", "s7comm": "s7comm", "snmp": "snmp", "http": "http", "bacnet": "bacnet", "ipmi": "ipmi", "ftp": "ftp", "tftp": "tftp", "enip": "enip", "dnp3": "dnp3",
		"iec104": "IEC104", "atg": "guardian_ast", "kamstrup": "kamstrup_protocol", "kamstrup_management": "kamstrup_management_protocol",
	} {
		if m := parsed(t, ConpotJSON(nil, conpotEvent(protocol, ""), Conpot{})); m["data_type"] != want {
			t.Errorf("%s is %v, want %s", protocol, m["data_type"], want)
		}
	}
}

func TestConpotRequests(t *testing.T) {
	for _, c := range []struct{ protocol, octets, want string }{
		{"ftp", "USER anonymous\r\n", "USER anonymous\r\n"},
		{"http", "GET /\tä \"x\" HTTP/1.1", "GET /\tä \"x\" HTTP/1.1"},
		{"atg", "\x01I20100\n", `\x01I20100` + "\n"},
		{"kamstrup_management", "\x00\xff\\\u0085", `\x00\xff\\\xc2\x85`},
		{"tftp", "\x00\x01boot\x00octet\x00", "0001626f6f74006f6374657400"},
		{"kamstrup", "\x80\x3f", "803f"},
	} {
		if m := parsed(t, ConpotJSON(nil, conpotEvent(c.protocol, c.octets), Conpot{})); m["request"] != c.want {
			t.Errorf("%s: %q, want %q", c.protocol, m["request"], c.want)
		}
	}
}

func TestConpotKinds(t *testing.T) {
	for kind, want := range map[event.Kind]string{event.KindOpen: "NEW_CONNECTION", event.KindClose: "CONNECTION_LOST"} {
		e := conpotEvent("http", "")
		e.Kind, e.Op = kind, ""
		if m := parsed(t, ConpotJSON(nil, e, Conpot{})); m["event_type"] != want || m["request"] != "" || m["response"] != "" {
			t.Errorf("%s: %v", kind, m)
		}
	}
	if line := ConpotJSON([]byte("x"), &event.Event{Kind: event.KindStatus, What: "start"}, Conpot{}); string(line) != "x" {
		t.Errorf("status: %q", line)
	}
}

func TestConpotRest(t *testing.T) {
	e := conpotEvent("modbus", "\x00")
	e.Detail = json.RawMessage(`{"unit":1}`)
	e.Ops = map[string]int{"read_coils": 2, "diagnostics": 1}
	e.Cred = &event.Cred{User: `a\x00`}
	x := parsed(t, ConpotJSON(nil, e, Conpot{}))["x_sundew"].(map[string]any)
	for _, key := range []string{"request", "response", "src", "dst", "session", "sensor", "protocol", "op", "ts"} {
		if v, there := x[key]; there {
			t.Errorf("%s is said twice: %v", key, v)
		}
	}
	got, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"at_us":7,"boot":"b","class":"read","cred":{"user":"a\\x00"},"detail":{"modbus":{"unit":1}},"id":"s-4","kind":"act",` +
		`"ops":["diagnostics=1","read_coils=2"],"outcome":"answered","request_len":1,"seq":4,"transport":"tcp","v":1}`
	if string(got) != want {
		t.Errorf("x_sundew\n%s, want\n%s", got, want)
	}
}
