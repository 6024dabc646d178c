package journal

import (
	"bytes"
	"os"
	"strconv"
	"testing"
)

// What a flood has used of a buffer goes back; what is kept is still there to use.
func TestBufferGivesBack(t *testing.T) {
	b, err := newBuffer(bufferSize)
	if err != nil {
		t.Fatal(err)
	}
	defer freeBuffer(b)
	line := bytes.Repeat([]byte{'x'}, 64<<10)
	fill := func() {
		for len(b) < bufferSize {
			b = append(b, line...)
		}
	}
	before := residentPages(t)
	fill()
	if used := residentPages(t) - before; used < bufferSize/os.Getpagesize() {
		t.Fatalf("a full buffer takes %d pages", used)
	}
	b = emptied(b)
	if left, slack := residentPages(t)-before, 256; left > bufferKept/os.Getpagesize()+slack {
		t.Errorf("%d pages are left of it", left)
	}
	fill()
	if len(b) != bufferSize || bytes.Count(b, line[:1]) != bufferSize {
		t.Error("the buffer does not hold what was appended to it again")
	}
}

// residentPages is how many pages of this process are in memory.
func residentPages(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	n, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
