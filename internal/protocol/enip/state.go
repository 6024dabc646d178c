package enip

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/session"
)

// What the device keeps over restarts, by its keys in State: octets of tags by
// their paths, and attributes as class/instance/attribute, in base64.
const (
	keyTags       = "enip.tags"
	keyAttributes = "enip.attributes"
)

const saveEvery = time.Second // bounds how often a visitor's writes reach the disk

// preserved returns an attribute as a visitor set it, else its first value.
func (d *server) preserved(class, instance uint32, id uint16, first []byte) []byte {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if v, ok := d.kept[attributeKey(class, instance, id)]; ok {
		return v
	}
	return first
}

// preserve keeps an attribute that a visitor sets.
func (d *server) preserve(class, instance uint32, id uint16, value []byte) cip.Status {
	d.mu.Lock()
	d.kept[attributeKey(class, instance, id)] = bytes.Clone(value)
	d.mu.Unlock()
	d.dirty.Store(true)
	return cip.Success
}

func attributeKey(class, instance uint32, id uint16) string {
	return fmt.Sprintf("%02X/%d/%d", class, instance, id)
}

// each yields every tag that has octets.
func (d *server) each(yield func(*tag) bool) {
	for _, s := range d.scopes {
		for _, t := range s.list {
			if t.mem != nil && !yield(t) {
				return
			}
		}
	}
}

// load takes up what was kept. What no longer fits the settings is let go.
func (d *server) load() error {
	tags, attributes := map[string]string{}, map[string]string{}
	if err := d.state.Load(keyTags, &tags); err != nil {
		return err
	}
	if err := d.state.Load(keyAttributes, &attributes); err != nil {
		return err
	}
	for t := range d.each {
		t.first = bytes.Clone(t.mem)
		v, err := base64.StdEncoding.DecodeString(tags[t.path()])
		if err != nil {
			return fmt.Errorf("%s: %w", t.path(), err)
		}
		if len(v) == len(t.mem) {
			copy(t.mem, v)
			t.changed = true
		}
	}
	for key, s := range attributes {
		v, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		d.kept[key] = v
	}
	return nil
}

// keep saves what visitors changed: at once where the last time is long enough
// ago, otherwise with a later frame or at the end of a session.
func (d *server) keep(s *session.Session, end bool) {
	now := time.Now().UnixNano()
	if !end && now-d.saved.Load() < int64(saveEvery) || !d.dirty.Swap(false) {
		return
	}
	d.saved.Store(now)
	tags, attributes := map[string]string{}, map[string]string{}
	d.mu.RLock()
	for t := range d.each {
		if t.changed {
			tags[t.path()] = base64.StdEncoding.EncodeToString(t.mem)
		}
	}
	for key, v := range d.kept {
		attributes[key] = base64.StdEncoding.EncodeToString(v)
	}
	d.mu.RUnlock()
	if err := d.state.Save(keyTags, tags); err != nil {
		s.Log.Warn("enip tags are not kept over a restart", "err", err)
	}
	if err := d.state.Save(keyAttributes, attributes); err != nil {
		s.Log.Warn("enip attributes are not kept over a restart", "err", err)
	}
}

// forget gives everything its first value again.
func (d *server) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for t := range d.each {
		copy(t.mem, t.first)
		t.changed = false
	}
	clear(d.kept)
	d.dirty.Store(true)
}
