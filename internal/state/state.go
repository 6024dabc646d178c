// Package state keeps what visitors changed on the devices over restarts: a
// folder for each device, a JSON file for each key.
package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultQuota is what one device may keep, in octets of JSON.
	DefaultQuota = 4 << 20
	// keyOctets is counted for each key besides its value, so that many small
	// ones use up the quota too.
	keyOctets = 256
	// pause is how long saves are gathered before they are written.
	pause = 500 * time.Millisecond
	// suffix is that of the files.
	suffix = ".json"
)

var (
	// ErrQuota is what Save returns once the device's quota is used up.
	ErrQuota = errors.New("the device's state is full")
	// ErrKey is what Load and Save return for a key that is not
	// "<service>.<name>" in small letters, digits, _ and -.
	ErrKey = errors.New("not a state key")
)

var dotted = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)

// A Device is the state of one device. It is safe for concurrent use.
type Device struct {
	dir   string
	quota int
	wake  chan struct{}

	mu     sync.Mutex // of all below
	values map[string][]byte
	dirty  map[string]bool
	octets int

	writing sync.Mutex // held while files are written
}

// Open reads the state in dir, which it makes where it is missing. A file that
// is no JSON is set aside as NAME.bad and named in the error, which then comes
// with a Device that can be used. A quota of 0 is DefaultQuota.
func Open(dir string, quota int) (*Device, error) {
	if quota == 0 {
		quota = DefaultQuota
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	d := &Device{
		dir: dir, quota: quota, wake: make(chan struct{}, 1),
		values: make(map[string][]byte), dirty: make(map[string]bool),
	}
	var bad []error
	for _, e := range entries {
		key, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || !validKey(key) || !e.Type().IsRegular() {
			continue
		}
		if err := d.read(key); err != nil {
			bad = append(bad, err)
		}
	}
	return d, errors.Join(bad...)
}

// read takes in one file, or sets it aside.
func (d *Device) read(key string) error {
	path := d.path(key)
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if !json.Valid(b) {
		if err := os.Rename(path, path+".bad"); err != nil {
			return fmt.Errorf("state: %s is no JSON and cannot be set aside: %w", path, err)
		}
		return fmt.Errorf("state: %s is no JSON; it was set aside as %s.bad, and the device starts without it", path, filepath.Base(path))
	}
	d.values[key] = b
	d.octets += len(b) + keyOctets
	return nil
}

func (d *Device) path(key string) string { return filepath.Join(d.dir, key+suffix) }

// validKey says whether key is "<service>.<name>" and so a file name everywhere.
func validKey(key string) bool {
	return len(key) <= 120 && dotted.MatchString(key)
}

// Load fills into with the value of key and leaves it alone where there is none.
func (d *Device) Load(key string, into any) error {
	if !validKey(key) {
		return fmt.Errorf("%w: %q", ErrKey, key)
	}
	d.mu.Lock()
	b, ok := d.values[key]
	d.mu.Unlock()
	if !ok {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("state: %s: %w", d.path(key), err)
	}
	return nil
}

// Save keeps v under key: at once for Load, on disk within a second; nil forgets
// the key. It fails with ErrQuota, and keeps the value before, once the device's
// quota is used up.
func (d *Device) Save(key string, v any) error {
	if !validKey(key) {
		return fmt.Errorf("%w: %q", ErrKey, key)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state: %s: %w", key, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old, had := d.values[key]
	gone := string(b) == "null"
	if string(old) == string(b) || gone && !had {
		return nil
	}
	octets := d.octets + len(b) - len(old)
	if !had {
		octets += keyOctets
	}
	switch {
	case gone:
		delete(d.values, key)
		d.octets -= len(old) + keyOctets
	case octets > d.quota && octets > d.octets:
		return ErrQuota
	default:
		d.values[key], d.octets = b, octets
	}
	d.dirty[key] = true
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// Run writes what was saved until ctx ends, and once more then. Saves that
// follow each other closely become one. It returns the error of the last
// writing; failed writings before are tried again and told to warn.
func (d *Device) Run(ctx context.Context, warn func(error)) error {
	for {
		select {
		case <-ctx.Done():
			return d.Flush()
		case <-d.wake:
		}
		select {
		case <-ctx.Done():
			return d.Flush()
		case <-time.After(pause):
		}
		if err := d.Flush(); err != nil {
			warn(err)
			d.again(ctx)
		}
	}
}

// again waits after a failed writing and has it tried once more.
func (d *Device) again(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Flush writes what was saved and is not on disk yet.
func (d *Device) Flush() error {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.mu.Lock()
	todo := make(map[string][]byte, len(d.dirty))
	for key := range d.dirty {
		todo[key] = d.values[key]
	}
	clear(d.dirty)
	d.mu.Unlock()
	var failed []error
	for key, b := range todo {
		if err := d.write(key, b); err != nil {
			failed = append(failed, err)
			d.mu.Lock()
			d.dirty[key] = true
			d.mu.Unlock()
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// write makes a key's file what is kept of it, or removes it where nothing is.
func (d *Device) write(key string, b []byte) error {
	if b != nil {
		return replace(d.path(key), b)
	}
	if err := os.Remove(d.path(key)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// replace writes b under path so that a crash leaves the old file or the new one.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".saving-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// Reset forgets all values, on disk too.
func (d *Device) Reset() error {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	var failed []error
	for key := range d.values {
		if err := os.Remove(d.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	clear(d.values)
	clear(d.dirty)
	d.octets = 0
	return errors.Join(failed...)
}
