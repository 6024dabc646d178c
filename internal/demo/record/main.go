// Command record plays the demo's scripts against a sundew binary on loopback and
// writes what the journal then holds as tapes. `make demo-tapes` runs it; the
// tapes are committed, so that the demo needs no sensor.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sundew-ics/sundew/internal/demo/tape"
	"github.com/sundew-ics/sundew/internal/event"
)

func main() {
	binary := flag.String("sundew", "bin/sundew", "the binary to record from")
	scripts := flag.String("scripts", "internal/demo/record/scripts.txt", "what visitors say")
	out := flag.String("o", "internal/demo/tapes.jsonl", "where the tapes go")
	flag.Parse()
	if err := record(*binary, *scripts, *out); err != nil {
		log.Fatal(err)
	}
}

// personas are those that the scripts name, each on an address of its own.
var personas = []string{"pumping-station@127.0.0.1", "substation-rtu@127.0.0.2", "fuel-station@127.0.0.3", "feeder-outstation@127.0.0.4"}

func record(binary, scripts, out string) error {
	list, err := readScripts(scripts)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sundew-record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stop, err := start(binary, dir)
	if err != nil {
		return err
	}
	services, err := listening(dir)
	names := map[string]string{} // by protocol and the visitor's port
	for _, s := range list {
		if err != nil {
			break
		}
		at, ok := services[s.service]
		if !ok {
			err = fmt.Errorf("script %s: no service %s", s.name, s.service)
			break
		}
		var port int
		if port, err = s.play(at); err != nil {
			err = fmt.Errorf("script %s: %w", s.name, err)
		}
		names[fmt.Sprint(at.Network, port)] = s.name
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	tapes, err := read(dir, names, services)
	if err != nil {
		return err
	}
	return write(out, list, tapes)
}

// start runs the binary until the returned function is called.
func start(binary, dir string) (stop func() error, err error) {
	// A fixed seed makes the installation, and so the addresses in the scripts, the same each time.
	seed := sha256.Sum256([]byte("the demo's tapes"))
	if err := os.WriteFile(filepath.Join(dir, "seed"), seed[:], 0o600); err != nil {
		return nil, err
	}
	args := []string{"run", "--ports", "unprivileged", "--limits", "off", "--sandbox", "off", "--sensor", "tape", "--log", "error", "--data", dir}
	for _, p := range personas {
		args = append(args, "--persona", p)
	}
	cmd := exec.Command(binary, args...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ctrl-C") {
			go func() {
				for lines.Scan() {
				}
			}()
			time.Sleep(300 * time.Millisecond)
			return func() error {
				time.Sleep(time.Second)
				return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
			}, nil
		}
	}
	return nil, errors.Join(errors.New("the sensor did not start"), cmd.Wait())
}

// A service is where one listens.
type service struct {
	Persona, Device, Service, Protocol, Network, Addr string
	StandardPort                                      uint16 `json:"standard_port"`
}

// lines reads the journal.
func lines(dir string) ([]event.Event, error) {
	files, err := filepath.Glob(filepath.Join(dir, "journal", "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var out []event.Event
	for _, f := range files {
		if filepath.Base(f) == "hashes.jsonl" {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for l := range bytes.Lines(b) {
			e, err := event.Parse(l)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// listening lists the services by persona/device/service, and by that with the
// network behind it.
func listening(dir string) (map[string]service, error) {
	all, err := lines(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]service{}
	for _, e := range all {
		if e.What != "start" {
			continue
		}
		var d struct{ Services []service }
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return nil, err
		}
		for _, s := range d.Services {
			name := s.Persona + "/" + s.Device + "/" + s.Service
			out[name+"/"+s.Network] = s
			if _, ok := out[name]; !ok {
				out[name] = s
			}
		}
	}
	return out, nil
}

// read turns the journal into tapes, by the scripts' names.
func read(dir string, names map[string]string, services map[string]service) (map[string]*tape.Tape, error) {
	all, err := lines(dir)
	if err != nil {
		return nil, err
	}
	ports := map[string]uint16{}
	for _, s := range services {
		ports[s.Persona+"/"+s.Device+"/"+s.Service] = s.StandardPort
	}
	sessions, parents := map[string]*tape.Tape{}, map[string]string{}
	var order []string
	for i := range all {
		e := &all[i]
		switch e.Kind {
		case event.KindOpen:
			t := &tape.Tape{Persona: e.Persona, Device: e.Device, Service: e.Listener, Protocol: e.Protocol, Transport: e.Transport, Octets: e.Octets,
				Port: ports[e.Persona+"/"+e.Device+"/"+e.Listener], Name: names[fmt.Sprint(e.Transport, e.Src.Port)]}
			if e.Parent != "" {
				t.Port, t.Name = e.Dst.Port, ""
			}
			sessions[e.Session], parents[e.Session] = t, e.Parent
			order = append(order, e.Session)
		case event.KindAct:
			if err := add(sessions[e.Session], e, dir); err != nil {
				return nil, err
			}
		case event.KindClose:
			sessions[e.Session].Reason = e.Reason
		}
	}
	out := map[string]*tape.Tape{}
	for _, id := range order {
		t := sessions[id]
		if p := sessions[parents[id]]; p != nil {
			p.Sides = append(p.Sides, *t)
			p.Files = append(p.Files, t.Files...)
			p.Sides[len(p.Sides)-1].Files = nil
			continue
		}
		if t.Name == "" {
			return nil, fmt.Errorf("session %s belongs to no script", id)
		}
		out[t.Name] = t
	}
	return out, nil
}

func add(t *tape.Tape, e *event.Event, dir string) error {
	t.Acts = append(t.Acts, tape.Act{Op: e.Op, Class: e.Class, Outcome: e.Outcome, Target: e.Target, Tags: e.Tags, Values: e.Values, Previous: e.Previous,
		Cred: e.Cred, Artifact: e.Artifact, Detail: e.Detail, Request: e.Request, Response: e.Response, TookUS: e.TookUS})
	if a := e.Artifact; a != nil {
		b, err := os.ReadFile(filepath.Join(dir, "artifacts", a.SHA256[:2], a.SHA256[2:]))
		if err != nil {
			return err
		}
		t.Files = append(t.Files, tape.File{Artifact: *a, Content: b})
	}
	return nil
}

// write puts the tapes into a file in the order of the scripts.
func write(file string, list []*script, tapes map[string]*tape.Tape) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, s := range list {
		t := tapes[s.name]
		if t == nil {
			return fmt.Errorf("script %s left no session", s.name)
		}
		if err := enc.Encode(t); err != nil {
			return err
		}
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
