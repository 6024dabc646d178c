// Package control lets commands ask a running sensor how it does, through a
// socket in its data directory that only its user can open.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// File is the socket's name in the data directory.
const File = "control.sock"

// timeout bounds one question and its answer.
const timeout = 5 * time.Second

// ErrNotRunning says that no sensor answers in a data directory.
var ErrNotRunning = errors.New("no sensor is running there")

// A Server answers questions with a JSON document.
type Server struct {
	listener net.Listener
	answer   func() any
}

// Listen opens the socket in dir. A socket left by a sensor that has crashed is
// replaced; the caller holds the journal's lock, so that no other sensor lives.
func Listen(dir string, answer func() any) (*Server, error) {
	path := filepath.Join(dir, File)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control: %w", err), l.Close())
	}
	return &Server{l, answer}, nil
}

// Run answers until ctx is done and removes the socket.
func (s *Server) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { s.listener.Close() })
	defer stop()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed: nothing else ends a unix listener
		}
		c.SetDeadline(time.Now().Add(timeout))
		json.NewEncoder(c).Encode(s.answer()) // whoever asked and left needs no answer
		c.Close()
	}
}

// Ask fills into with the answer of the sensor in dir.
func Ask(ctx context.Context, dir string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", filepath.Join(dir, File))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: %w; start one with `sundew run --data %s`", dir, ErrNotRunning, dir)
	}
	if err != nil {
		return fmt.Errorf("control: %w; run as the sensor's user", err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(timeout))
	if err := json.NewDecoder(c).Decode(into); err != nil {
		return fmt.Errorf("control: the sensor's answer: %w", err)
	}
	return nil
}
