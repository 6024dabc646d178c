package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// What was packed once is read for ever: the dictionary is what it was.
func TestFindingsDictionary(t *testing.T) {
	if sum := sha256.Sum256(findingsDict); hex.EncodeToString(sum[:]) != "a530000ed33d7f90eb75715a0bc6ea6e539490896de728fa52560a44f27fb81d" {
		t.Errorf("the dictionary has changed (%x): stores that exist are not read any more", sum)
	}
}

func TestFindingsPacked(t *testing.T) {
	want := &analysis.Finding{Label: "brute_force", Score: 0.25, Automation: "human", Severity: 4, OpSeq: "login", Ops: 1, UA: "<agent>",
		Evidence: []analysis.Evidence{{Rule: "R-BRUTE", Text: "34 attempts to log in, 32 different pairs of name and secret", Seqs: []int{1, 2, 3}}}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	packed := p.EncodeAll(text, nil)
	if 2*len(packed) > len(text) {
		t.Errorf("%d octets of %d", len(packed), len(text))
	}
	for _, row := range [][]byte{text, packed} {
		if got, err := unpackFinding(row); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for _, row := range [][]byte{nil, packed[:len(packed)-1], []byte("{"), []byte("x")} {
		if got, err := unpackFinding(row); err == nil {
			t.Errorf("%q is %+v", row, got)
		}
	}
}
