package enip

import (
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

func TestSettingsErrors(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"key", `keyswitch = "x"`, "keyswitch"},
		{"slot", `slot = 31`, "slot"},
		{"large size", `large_size = 5000`, "large_size"},
		{"latency", `restart = "-1s"`, "restart"},
		{"gateway", `network = { gateway = "x" }`, "gateway"},
		{"prefix", `network = { prefix = 31 }`, "prefix"},
		{"host", `network = { host = "${nothing}" }`, "nothing"},
		{"program twice", `programs = [{ name = "A" }, { name = "a" }]`, "name of its own"},
		{"routine twice", `programs = [{ name = "A", routines = ["R", "r"] }]`, "twice"},
		{"type of itself", `types = [{ name = "A", members = [{ name = "X", type = "A" }] }]`, `no type "A"`},
		{"type without members", `types = [{ name = "A" }]`, "members"},
		{"type twice", `types = [{ name = "DINT" }]`, "name of its own"},
		{"member twice", `types = [{ name = "A", members = [{ name = "X", type = "INT" }, { name = "x", type = "INT" }] }]`, "name of its own"},
		{"tag without a type", `tags = [{ name = "A", type = "X" }]`, `no type "X"`},
		{"tag twice", `tags = [{ name = "A", type = "INT" }, { name = "a", type = "INT" }]`, "twice"},
		{"tag name", `tags = [{ name = "1A", type = "INT" }]`, "name"},
		{"program that is not there", `tags = [{ name = "A", type = "INT", program = "P" }]`, `no program "P"`},
		{"process tag that is not there", `tags = [{ name = "A", type = "INT", tag = "no" }]`, `no tag "no"`},
		{"text in a number", `tags = [{ name = "A", type = "INT", tag = "plc.mode" }]`, "holds"},
		{"number in a text", `tags = [{ name = "A", type = "STRING", tag = "level" }]`, "holds"},
		{"member that is not there", `tags = [{ name = "A", type = "STRING", bind = { X = "level" } }]`, "no single value"},
		{"index beyond the end", `tags = [{ name = "A", type = "INT", array = [2], values = [1, 2, 3] }]`, "no single value"},
		{"values without an array", `tags = [{ name = "A", type = "INT", values = [1] }]`, "no single value"},
		{"bits of a REAL", `tags = [{ name = "A", type = "REAL", bits = ["level"] }]`, "whole number"},
		{"value of another type", `tags = [{ name = "A", type = "INT", value = "x" }]`, "no INT"},
		{"access", `tags = [{ name = "A", type = "INT", access = "x" }]`, "access"},
		{"size", `tags = [{ name = "A", type = "DINT", array = [1000, 1000] }]`, "too large"},
		{"dimensions", `tags = [{ name = "A", type = "DINT", array = [1, 1, 1, 1] }]`, "three"},
		{"bracket", `tags = [{ name = "A", type = "DINT", array = [1], set = { "[0" = 1 } }]`, "without a ]"},
		{"assembly", `assemblies = [{ instance = 1, tag = "A" }]`, `no tag "A"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newServer(prototest.Env(t, []byte(testTags), []byte(testIdentity+c.settings), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	for _, id := range []string{"", `identity = { code = 1, revision = "1", serial = "1", name = "x" }`, `identity = { code = 1, revision = "1.1", serial = "g", name = "x" }`,
		`identity = { code = 1, revision = "1.1", serial = "1" }`} {
		if _, err := newServer(prototest.Env(t, nil, []byte(id), nil)); err == nil {
			t.Errorf("%q is taken", id)
		}
	}
}
