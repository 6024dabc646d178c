package sundew

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// policy states for every package what it may import of this module. It is the
// architecture: do not edit it to make a build pass. "own" is a room's own
// wire; a word ending in /* is every package below.
const policy = `
octet                 :
octet/octettest       :
layer/*               : octet layer/*
protocol/*/wire       : octet layer/*
event                 :
process               :
state                 :
vfs                   :
device                : process
session               : event layer/*
protocol              : device session event process
protocol/prototest    : protocol device process session event octet/octettest
protocol/*            : own protocol device process session event octet layer/* vfs
sensor                : protocol session event
persona/conpot        :
persona               : device process
journal               : event
artifact              : event
artifact/zipcrypto    :
control               :
sandbox               :
doctor                :
firewall              :
backup                :
intake                : event journal backup protocol
analysis              : event analysis/attack analysis/tool
analysis/attack       : event
analysis/tool         :
analysis/enrich       : analysis
store                 : event journal analysis
report/figure         :
report/document       : event store analysis report report/figure
report/export/pcapng  : event
report/export/stix    :
report/export         : event journal store analysis analysis/attack render report/export/*
redact                : event journal store artifact backup
report                : event store analysis artifact render
web                   : event store analysis analysis/attack report process artifact
render                : event analysis
demo/tape             : event
demo/record           : event demo/tape
demo                  : event demo/tape
sink                  : event journal analysis render
sink/sinktest         : event
sink/*                : event journal analysis render sink
alert                 : event journal analysis sink sink/webhook
catalog               : protocol protocol/* sink sink/* analysis render
`

const module = "github.com/sundew-ics/sundew"

// codecs may import none of these: they are octets in, octets out.
var forbiddenInCodecs = []string{"net", "os", "log/slog", "sync"}

type rule struct {
	pattern string
	allowed []string
}

func rules() []rule {
	var out []rule
	for l := range strings.Lines(policy) {
		pattern, allowed, ok := strings.Cut(strings.TrimSpace(l), ":")
		if ok {
			out = append(out, rule{strings.TrimSpace(pattern), strings.Fields(allowed)})
		}
	}
	return out
}

// match finds the most specific line for a package: the first whose pattern
// fits, and the text has the specific ones first.
func match(rules []rule, pkg string) *rule {
	for i, r := range rules {
		if ok, _ := path.Match(r.pattern, pkg); ok {
			return &rules[i]
		}
	}
	return nil
}

func allowed(r *rule, pkg, imported string) bool {
	return slices.ContainsFunc(r.allowed, func(a string) bool {
		if a == "own" {
			return strings.HasPrefix(imported, pkg+"/")
		}
		ok, _ := path.Match(a, imported)
		return ok
	})
}

func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-e", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	rules := rules()
	for l := range strings.Lines(string(out)) {
		words := strings.Fields(l)
		pkg, inside := strings.CutPrefix(words[0], module+"/internal/")
		if !inside {
			continue // cmd, personas, interop: they compose
		}
		r := match(rules, pkg)
		if r == nil {
			t.Errorf("%s has no line in the policy: say in deps_test.go what it may import", pkg)
			continue
		}
		codec := pkg == "octet" || strings.HasPrefix(pkg, "layer/") || strings.HasSuffix(pkg, "/wire")
		for _, i := range words[1:] {
			if codec && slices.Contains(forbiddenInCodecs, i) {
				t.Errorf("%s is a codec and must not import %s", pkg, i)
			}
			if own, ours := strings.CutPrefix(i, module+"/"); ours {
				if own = strings.TrimPrefix(own, "internal/"); !allowed(r, pkg, own) {
					t.Errorf("%s must not import %s", pkg, own)
				}
			}
		}
	}
}
