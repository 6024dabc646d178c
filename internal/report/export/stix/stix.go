// Package stix writes bundles of STIX 2.1 objects.
//
// Every id is a UUIDv5: those of cyber-observables as the specification derives
// them, so that they equal anybody else's of the same thing; the others from
// names of ours, so that an export made again updates what an earlier one gave.
package stix

import (
	"bytes"
	"crypto/sha1" // what UUIDv5 is made with
	"encoding/hex"
	"encoding/json"
	"io"
	"net/netip"
	"strings"
	"time"
)

// An Object is one of a bundle, by the names of the specification.
type Object map[string]any

// ID is the object's.
func (o Object) ID() string { id, _ := o["id"].(string); return id }

// observableSpace is the namespace of §2.9; ownSpace is ours.
const (
	observableSpace = "00abedb4-aa42-466c-9c01-fed23315a9b7"
	ownSpace        = "7d3c6a1e-5b0f-4c55-9f0e-2f6f4f6d1c90"
)

// uuid5 is RFC 9562 §5.5.
func uuid5(space string, name []byte) string {
	ns, _ := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	sum := sha1.Sum(append(ns, name...))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Name gives an object of a type the id that belongs to its name.
func Name(kind string, name ...string) string {
	return kind + "--" + uuid5(ownSpace, []byte(kind+"\x00"+strings.Join(name, "\x00")))
}

// Time is a timestamp in the form of §3.2.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// observable makes a cyber-observable of the members that its id depends on.
func observable(kind string, identity map[string]any) Object {
	o := Object{"type": kind, "spec_version": "2.1", "id": kind + "--" + uuid5(observableSpace, canonical(identity))}
	for k, v := range identity {
		o[k] = v
	}
	return o
}

// canonical is RFC 8785 for what we have: ASCII keys, strings, small integers.
func canonical(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // nothing here can fail
		return nil
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// Address is an ipv4-addr or ipv6-addr: an address, or a network.
func Address(p netip.Prefix) Object {
	kind := "ipv4-addr"
	if p.Addr().Is6() {
		kind = "ipv6-addr"
	}
	value := p.String()
	if p.IsSingleIP() {
		value = p.Addr().String()
	}
	return observable(kind, map[string]any{"value": value})
}

// AS is an autonomous-system.
func AS(number uint32, name string) Object {
	o := observable("autonomous-system", map[string]any{"number": number})
	if name != "" {
		o["name"] = name
	}
	return o
}

// File is a file by its SHA-256.
func File(sum string, size int64) Object {
	o := observable("file", map[string]any{"hashes": map[string]any{"SHA-256": sum}})
	o["size"] = size
	return o
}

// Traffic is network-traffic from a source to a port, without the destination.
func Traffic(src string, port uint16, protocols []string, first, last time.Time) Object {
	o := observable("network-traffic", map[string]any{"src_ref": src, "dst_port": port, "protocols": protocols, "start": Time(first), "end": Time(last)})
	o["is_active"] = false // as it must be where there is an end
	return o
}

// A Marking is a level of TLP 2.0.
type Marking struct{ Name, id string }

// Markings are the levels, those that are shared the most widely first, with
// the ids that OASIS gave them.
func Markings() []Marking {
	return []Marking{
		{"clear", "94868c89-83c2-464b-929b-a1a8aa3c8487"},
		{"green", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"},
		{"amber", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"},
		{"amber+strict", "939a9414-2ddd-4d32-a0cd-375ea402b003"},
		{"red", "e828b379-4e03-4974-9ac4-e53a884c97c1"},
	}
}

// Object is the marking's definition.
func (m Marking) Object() Object {
	return Object{
		"type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--" + m.id, "created": "2022-10-01T00:00:00.000Z",
		"name": "TLP:" + strings.ToUpper(m.Name),
		"extensions": map[string]any{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": map[string]any{
			"extension_type": "property-extension", "tlp_2_0": m.Name}},
	}
}

// A Writer writes a bundle, an object at a time; one that was written is not
// written again.
type Writer struct {
	out  io.Writer
	seen map[string]bool
	ids  []string // of domain objects and observables, for a report
	err  error
}

// NewWriter begins a bundle.
func NewWriter(out io.Writer, id string) *Writer {
	w := &Writer{out: out, seen: map[string]bool{}}
	_, w.err = io.WriteString(out, `{"type":"bundle","id":"`+id+`","objects":[`)
	return w
}

// Add writes objects.
func (w *Writer) Add(list ...Object) {
	for _, o := range list {
		id := o.ID()
		if w.err != nil || w.seen[id] {
			continue
		}
		text := "\n"
		if len(w.seen) > 0 {
			text = ",\n"
		}
		w.seen[id] = true
		if o["type"] != "marking-definition" {
			w.ids = append(w.ids, id)
		}
		_, w.err = w.out.Write(append([]byte(text), canonical(o)...))
	}
}

// Refs are the ids of what was written, markings left out.
func (w *Writer) Refs() []string { return w.ids }

// Close ends the bundle.
func (w *Writer) Close() error {
	if w.err == nil {
		_, w.err = io.WriteString(w.out, "\n]}\n")
	}
	return w.err
}
