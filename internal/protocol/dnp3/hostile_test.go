package dnp3

import (
	"bytes"
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
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
