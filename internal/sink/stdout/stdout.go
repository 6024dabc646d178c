// Package stdout is a sink that prints events on standard output, for containers
// whose log is collected.
package stdout

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Driver is the catalogue's entry.
func Driver() sink.Driver {
	return sink.Driver{Name: "stdout", Doc: "JSON lines on standard output", New: func(decode func(any) error) (sink.Sink, error) { return open(decode, os.Stdout) }}
}

type printer struct {
	sink.Selection
	out io.Writer
	buf []byte
}

func open(decode func(any) error, out io.Writer) (sink.Sink, error) {
	s := &printer{out: out}
	if err := decode(&s.Selection); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("stdout: %w", err)
	}
	return s, nil
}

// Write prints a batch.
func (s *printer) Write(_ context.Context, batch []event.Event) error {
	s.buf = s.buf[:0]
	for i := range batch {
		if s.Takes(&batch[i]) {
			s.buf = s.Append(s.buf, &batch[i])
		}
	}
	if _, err := s.out.Write(s.buf); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}

// Close leaves standard output open: it is not ours.
func (s *printer) Close() error { return nil }
