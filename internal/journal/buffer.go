package journal

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// The two buffers are not the collector's: it would take their sixteen megabytes for
// memory in use and work harder for the rest. They are there in full from the start,
// since growing one under the lock would hold up all who append, but take memory
// only where lines have been.

// bufferKept is how much of a buffer is kept for the next batch, in octets.
const bufferKept = 1 << 20

// newBuffer is an empty buffer for n octets, never to be appended to beyond them.
func newBuffer(n int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("journal: a buffer of %d octets: %w", n, err)
	}
	return b[:0], nil
}

// emptied is b without its lines; what a flood has used of it goes back to the system.
func emptied(b []byte) []byte {
	if len(b) > bufferKept {
		unix.Madvise(b[bufferKept:cap(b)], unix.MADV_DONTNEED) // without it the memory is only kept
	}
	return b[:0]
}

// freeBuffer ends a buffer.
func freeBuffer(b []byte) {
	if cap(b) > 0 {
		unix.Munmap(b[:cap(b)])
	}
}
