package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// seeds are lines of every kind, and some that are not as we write them.
func seeds(t testing.TB) []string {
	t.Helper()
	lines := []string{
		`{"v":1,"kind":"act","ts":"2026-11-22T20:12:42.113482901Z","at_us":41703210,"seq":4,"session":"0199","boot":"b","sensor":"s","protocol":"s7comm","transport":"tcp","src":{"ip":"198.51.100.23","port":49220},"dst":{"ip":"2001:db8::1","port":102},"op":"start_upload","class":"program_upload","outcome":"answered","target":{"kind":"block","ref":"OB1"},"tags":["a","b"],"values":["50","é"],"previous":[],"cred":{"user":"a\\x00","secret":"","method":"x"},"artifact":{"sha256":"ab","size":3,"name":"n","kind":"k"},"detail":{"pdu_ref":5,"deep":[{"a":"}\""}]},"request":"0300","response":"03","request_len":2,"response_len":1,"truncated":true,"took_us":4710,"count":1}`,
		`{"v":1,"kind":"session.open","ts":"2026-11-22T20:12:42Z","seq":0,"session":"x","boot":"b","sensor":"s","src":{"ip":"::1","port":1},"persona":"p","device":"d","build":"b","listener":"l","octets":"wire","tls":{"sni":"x"}}`,
		`{"v":1,"kind":"session.close","ts":"2026-11-22T20:12:42Z","seq":9,"start":"2026-11-22T20:12:42Z","end":"2026-11-22T20:12:43Z","duration_us":5,"reason":"visitor","octets_in":24,"octets_out":30,"acts":2,"ops":{"a":2},"sequence":["a"],"error":"e"}`,
		`{"v":1,"kind":"status","what":"start","detail":{"a":1},"unknown":{"x":[1,2,{"y":null}]},"more":-1.5e3}`,
		`{"v":1,"KIND":"act"}`, `{"v":1,"seq":null}`, `{"v":1,"seq":1.0}`, `{"v":01}`, `{"v":1}x`, `{"v":1,}`, `{"v":1,"op":"\u00e9\n"}`, "{\"v\":1,\"op\":\"\xff\"}",
		`{"v":1,"src":{"ip":"198.51.100.300","port":1}}`, `{"v":1,"src":{"port":70000}}`, `{"v":1,"src":null}`, `{"v":1,"detail":{"a":}}`, `{"v":1,"x":tru}`, ` { "v" : 1 , "tags" : [ "a" , "b" ] } `, `{}`, `[]`, ``, `{"v":1,"tags":["a",]}`,
	}
	files, err := filepath.Glob("../journal/testdata/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(string(b), "\n")...)
	}
	return lines
}

// same says whether fast says of a line what encoding/json does, or nothing.
func same(t *testing.T, line string) (read bool) {
	t.Helper()
	var a, b Event
	if !fast([]byte(line), &a) {
		return false
	}
	if err := json.Unmarshal([]byte(line), &b); err != nil {
		t.Errorf("%s: read, and encoding/json says %v", line, err)
		return true
	}
	if len(b.Tags) == 0 && len(a.Tags) == 0 {
		b.Tags = a.Tags
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s:\n%+v\n%+v", line, a, b)
	}
	return true
}

func TestFast(t *testing.T) {
	n := 0
	for _, l := range seeds(t) {
		if same(t, l) {
			n++
		}
	}
	if n < 5 {
		t.Errorf("only %d lines were read", n)
	}
}

func FuzzFast(f *testing.F) {
	for _, l := range seeds(f) {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, line string) { same(t, line) })
}

func BenchmarkParse(b *testing.B) {
	line := []byte(seeds(b)[0])
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}
