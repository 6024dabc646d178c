package store

import (
	"reflect"
	"testing"
)

// What is forgotten is read anew, and is the same.
func TestForget(t *testing.T) {
	s, _ := filled(t, 100)
	before, err := s.Totals(t.Context(), Filter{})
	if err != nil || before.Sessions == 0 {
		t.Fatal(before, err)
	}
	s.Forget()
	if n := len(s.rollup.acts.list) + len(s.rollup.sums) + len(s.rollup.parts); n != 0 {
		t.Errorf("%d things are remembered", n)
	}
	if after, err := s.Totals(t.Context(), Filter{}); err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("%+v %v, before %+v", after, err, before)
	}
}
