// Package control lets commands ask a running sensor, through a socket in its
// data directory that only its user can open.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// File is the socket's name in the data directory.
const File = "control.sock"

// timeout bounds one question and its answer.
const timeout = 5 * time.Second

// ErrNotRunning says that no sensor answers in a data directory.
var ErrNotRunning = errors.New("no sensor is running there")

// A Handler answers one kind of question. Its answer is encoded as JSON; ask is
// the question's own object, absent if it has none.
type Handler func(ctx context.Context, ask json.RawMessage) (any, error)

// A Server answers questions, one for each connection.
type Server struct {
	listener net.Listener
	handlers map[string]Handler
}

// question and answer are what goes over the socket, one object each.
type question struct {
	About string          `json:"about"`
	Ask   json.RawMessage `json:"ask,omitempty"`
}

type answer struct {
	Error  string          `json:"error,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// maxQuestion bounds a question, in octets.
const maxQuestion = 64 << 10

// Listen opens the socket in dir. A socket left by a sensor that has crashed is
// replaced; the caller holds the journal's lock, so that no other sensor lives.
// handlers has a member for everything that can be asked about.
func Listen(dir string, handlers map[string]Handler) (*Server, error) {
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
	return &Server{l, handlers}, nil
}

// Run answers until ctx is done and removes the socket.
func (s *Server) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { s.listener.Close() })
	defer stop()
	var asked sync.WaitGroup
	defer asked.Wait()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed: nothing else ends a unix listener
		}
		asked.Go(func() {
			defer c.Close()
			defer context.AfterFunc(ctx, func() { c.Close() })()
			c.SetDeadline(time.Now().Add(timeout))
			json.NewEncoder(c).Encode(s.answer(ctx, c)) // whoever asked and left needs no answer
		})
	}
}

func (s *Server) answer(ctx context.Context, c net.Conn) answer {
	var q question
	if err := json.NewDecoder(io.LimitReader(c, maxQuestion)).Decode(&q); err != nil {
		return answer{Error: "the question is no JSON object: " + err.Error()}
	}
	h, ok := s.handlers[q.About]
	if !ok {
		return answer{Error: fmt.Sprintf("this sensor knows nothing about %q; is it of another version than the command?", q.About)}
	}
	v, err := h(ctx, q.Ask)
	if err != nil {
		return answer{Error: err.Error()}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Answer: b}
}

// Ask asks the sensor in dir about something and fills into with the answer; a
// nil ask or into is none.
func Ask(ctx context.Context, dir, about string, ask, into any) error {
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
	q := question{About: about}
	if ask != nil {
		if q.Ask, err = json.Marshal(ask); err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	if err := json.NewEncoder(c).Encode(q); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	var a answer
	if err := json.NewDecoder(c).Decode(&a); err != nil {
		return fmt.Errorf("control: the sensor's answer: %w", err)
	}
	if a.Error != "" {
		return errors.New("the sensor says: " + a.Error)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.Answer, into); err != nil {
		return fmt.Errorf("control: the sensor's answer: %w", err)
	}
	return nil
}
