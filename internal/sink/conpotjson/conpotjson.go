// Package conpotjson is a sink that writes Conpot's JSON log, so that T-Pot and
// other pipelines made for it read Sundew's events unchanged.
package conpotjson

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/render"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Driver is the catalogue's entry.
func Driver() sink.Driver {
	return sink.Driver{Name: "conpotjson", Doc: "Conpot's JSON log, for T-Pot and existing pipelines", New: open}
}

type settings struct {
	Path     string `toml:"path"`      // the file; required
	PublicIP string `toml:"public_ip"` // what the log gives as public_ip; default: null
	SensorID string `toml:"sensorid"`  // default: the sensor's name
}

type file struct {
	settings
	f   *os.File // nil: to be opened
	buf []byte
}

func open(decode func(any) error) (sink.Sink, error) {
	s := &file{}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	if s.Path == "" {
		return nil, errors.New(`conpotjson: path is missing: the file to write, such as path = "/var/log/sundew/conpot.json"`)
	}
	if s.PublicIP != "" {
		if _, err := netip.ParseAddr(s.PublicIP); err != nil {
			return nil, fmt.Errorf("conpotjson: public_ip: %w", err)
		}
	}
	return s, s.reopen() // an unwritable path stops the start, not the first event
}

// Write appends a line per event that Conpot's log has a form for. A batch that
// the disk does not take whole is taken back, so that it can come again.
func (s *file) Write(_ context.Context, batch []event.Event) error {
	s.buf = s.buf[:0]
	for i := range batch {
		s.buf = render.ConpotJSON(s.buf, &batch[i], render.Conpot{SensorID: s.SensorID, PublicIP: s.PublicIP})
	}
	if len(s.buf) == 0 {
		return nil
	}
	if s.moved() {
		if err := s.reopen(); err != nil {
			return err
		}
	}
	info, err := s.f.Stat()
	if err != nil {
		return fmt.Errorf("conpotjson: %w", err)
	}
	if n, err := s.f.Write(s.buf); err != nil {
		if n > 0 {
			err = errors.Join(err, s.f.Truncate(info.Size()))
		}
		return fmt.Errorf("conpotjson: %w", err)
	}
	return nil
}

// moved says whether the file at the path is no longer the one open: logrotate
// renamed or deleted it.
func (s *file) moved() bool {
	if s.f == nil {
		return true
	}
	there, err := os.Stat(s.Path)
	if err != nil {
		return true
	}
	here, err := s.f.Stat()
	return err != nil || !os.SameFile(there, here)
}

// reopen opens the path for appending. Like Conpot's log it is readable by
// others, since a log shipper runs as another user.
func (s *file) reopen() error {
	if err := s.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(s.Path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("conpotjson: %w; make the directory writable for user %d (chown), or set another path", err, os.Geteuid())
	}
	if err != nil {
		return fmt.Errorf("conpotjson: %w", err)
	}
	s.f = f
	return nil
}

// Close closes the file.
func (s *file) Close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	return err
}

// Reach implements sink.Reacher.
func (s *file) Reach() sink.Reach { return sink.Reach{Dirs: []string{filepath.Dir(s.Path)}} }
