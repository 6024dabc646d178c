package vfs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

// Asking for a generated file costs nothing before it is fetched.
func TestOpeningGeneratesNothing(t *testing.T) {
	n := 0
	r := (&made{make: func() []byte { n++; return []byte("content") }}).open()
	if n != 0 {
		t.Error("content is made when its file is opened")
	}
	if err := skip(r, 3); err != nil {
		t.Fatal(err)
	}
	var b [9]byte
	if k, _ := r.Read(b[:]); string(b[:k]) != "tent" || n != 1 {
		t.Errorf("%q, made %d times", b[:k], n)
	}
}

// Long names do not make room for more of them.
func TestPathsOfAVisitorAreBounded(t *testing.T) {
	f, _ := newFS(t)
	v, octets := f.For("192.0.2.7"), 0
	for i := 0; ; i++ {
		path := fmt.Sprintf("/%s%d", strings.Repeat("\x01", 200), i)
		err := v.Mkdir(User{Name: "root"}, path)
		if errors.Is(err, ErrQuota) {
			break
		}
		if octets += len(path); err != nil || octets > maxPaths {
			t.Fatalf("%d octets of paths, %v", octets, err)
		}
	}
	if err := f.For("192.0.2.8").Mkdir(User{Name: "root"}, "/new"); err != nil {
		t.Errorf("another visitor: %v", err)
	}
}

// slowState takes its time.
type slowState struct {
	State
	saves int
}

func (s *slowState) Save(key string, v any) error {
	s.saves++
	time.Sleep(100 * time.Millisecond)
	return s.State.Save(key, v)
}

// Sessions that end one after another do not have the sensor do nothing but save.
func TestSavingLeavesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Date(2026, 11, 22, 15, 34, 0, 0, time.UTC)
		state := &slowState{State: prototest.NewState()}
		f, err := New(config(state, &now))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			f.For("192.0.2.7").Mkdir(User{Name: "root"}, fmt.Sprintf("/d%d", i))
			f.Sync()
			time.Sleep(100 * time.Millisecond)
		}
		if state.saves > 12 {
			t.Errorf("%d saves of 100 ms in 10 s", state.saves)
		}
	})
}
