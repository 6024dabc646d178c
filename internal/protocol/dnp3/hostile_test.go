package dnp3

import (
	"bytes"
	"net"
	"runtime"
	"testing"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// A request of one fragment that names all points some hundred times is answered
// with a fragment that says so, not with megabytes that wait for confirmations.
func TestRepeatedHeadersAreBounded(t *testing.T) {
	o := feeder(t)
	for name, header := range map[string][]byte{
		"class 0":    {60, 1, 6},
		"analogs":    {30, 0, 6},
		"attributes": {0, 254, 6},
		"deadbands":  {34, 0, 6},
	} {
		q := &request{Fragment: wire.Fragment{Function: wire.Read}, view: o.device.Process.View(), now: o.now(), answer: newComposer(o.Fragment)}
		var err error
		if q.list, err = wire.ParseObjects(wire.Read, bytes.Repeat(header, 680)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v := &visitor{outstation: o}
		v.read(q)
		size := 0
		for _, p := range q.answer.parts() {
			size += len(p.objects)
		}
		if size > 2*maxAnswer {
			t.Errorf("%s: an answer of %d octets", name, size)
		}
		if q.iin&wire.ParameterError == 0 {
			t.Errorf("%s: the answer does not say that it is not whole", name)
		}
	}
}

// Handles of a large file cost nothing, and what all visitors write at once has
// an end; a file that is closed gives its room back.
func TestOpenFilesAreBounded(t *testing.T) {
	o := feeder(t)
	const size = maxFile - 1024
	if !o.files.put(storedFile{name: "/BIG", content: make([]byte, size), written: true}) {
		t.Fatal("no room for one file")
	}
	open := func(v *visitor) uint32 {
		q := &request{answer: newComposer(2048), act: event.Act{Detail: &detail{}}}
		if err := v.openFile(q, wire.FileCommand{Name: "/BIG", Mode: wire.FileModeAppend, MaxBlock: 1024}.Append(nil)); err != nil {
			t.Fatal(err)
		}
		return v.lastFile
	}
	write := func(v *visitor, handle uint32) bool {
		block := wire.FileBlock{Handle: handle, Block: v.handles[handle].next, Data: make([]byte, 512)}.Append(nil)
		q := &request{answer: newComposer(2048), act: event.Act{Detail: &detail{}}}
		v.writeFile(q, wire.Object{Header: wire.Header{Group: 70, Variation: 5, Qualifier: wire.Size16<<4 | uint8(wire.Variable), Count: 1},
			Data: append([]byte{byte(len(block)), byte(len(block) >> 8)}, block...)})
		return q.act.Outcome != event.Refused
	}
	here, _ := net.Pipe()
	s := session.Open(session.Config{Conn: here, Journal: &prototest.Journal{}})
	var all []*visitor
	before, wrote := heap(), 0
	for range 100 {
		v := &visitor{outstation: o, s: s}
		all = append(all, v)
		for range maxHandles {
			open(v)
		}
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("400 handles take %d octets", grown)
	}
	for _, v := range all {
		for h := range v.handles {
			if write(v, h) {
				wrote++
			}
		}
	}
	if limit := maxWriting / (size + 512); wrote != limit {
		t.Errorf("%d files of 1 MiB are written at once, want %d", wrote, limit)
	}
	for _, v := range all {
		for _, f := range v.handles {
			o.files.give(f.held)
		}
	}
	if o.files.writing != 0 {
		t.Errorf("%d octets are held when all is closed", o.files.writing)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A panic while a request is carried out ends its session, and must not leave the
// device locked for everybody.
func TestPanicLeavesTheDeviceToOthers(t *testing.T) {
	o := feeder(t)
	o.device.Clock = device.NewClock(device.ClockState{}, 0, func(device.ClockState) error { panic("clock") })
	v := &visitor{outstation: o}
	q := &request{
		Fragment: wire.Fragment{Function: wire.Write}, act: event.Act{Detail: &detail{}},
		list: wire.Objects{{Header: wire.Header{Group: 50, Variation: 1, Qualifier: uint8(wire.Count8), Count: 1}, Data: make([]byte, 6)}},
	}
	here, _ := net.Pipe()
	v.s = session.Open(session.Config{Conn: here, Journal: &prototest.Journal{}})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing panicked")
			}
		}()
		v.serve(q, nil)
	}()
	if !o.mu.TryLock() {
		t.Error("the device stays locked")
	}
}
