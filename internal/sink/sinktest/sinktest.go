// Package sinktest has what the tests of sinks share: settings from text,
// events to send, and certificates.
package sinktest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/sundew-ics/sundew/internal/event"
)

// Decode reads a sink's settings as its configuration has them: an unknown key
// is an error.
func Decode(text string) func(any) error {
	return func(into any) error {
		return toml.NewDecoder(bytes.NewReader([]byte(text))).DisallowUnknownFields().Decode(into)
	}
}

// Events are a session of three lines: opened, a write with hostile text, closed.
func Events() []event.Event {
	at := time.Date(2026, 11, 22, 20, 12, 42, 113482901, time.UTC)
	base := event.Event{
		V: 1, Session: "0199-s", Boot: "0199-b", Sensor: "lon-1", Protocol: "modbus", Transport: "tcp",
		Src: &event.Endpoint{IP: netip.MustParseAddr("198.51.100.23"), Port: 49220}, Dst: &event.Endpoint{IP: netip.MustParseAddr("192.0.2.5"), Port: 502},
	}
	opened, act, closed := base, base, base
	opened.Kind, opened.Time, opened.Persona = event.KindOpen, at, "pumping-station"
	act.Kind, act.Time, act.Seq = event.KindAct, at.Add(time.Second), 1
	act.Op, act.Class, act.Outcome = "write_single_register", event.Write, event.Answered
	act.Target = &event.Target{Kind: event.TargetRegister, Ref: `40001"]\x0a<script>`}
	act.Request, act.Response, act.RequestLen, act.ResponseLen = "000100000006010600000001", "000100000006010600000001", 12, 12
	act.Cred = &event.Cred{User: "admin", Secret: "hunter2", Method: "form"}
	closed.Kind, closed.Time, closed.Seq = event.KindClose, at.Add(2*time.Second), 2
	closed.Start, closed.End, closed.DurationUS, closed.Reason, closed.Acts = at, closed.Time, 2000000, "visitor", 1
	closed.Ops = map[string]int{"write_single_register": 1}
	return []event.Event{opened, act, closed}
}

// Certificate makes a certificate for 127.0.0.1 and writes it, as its own
// authority, to a PEM file.
func Certificate(t *testing.T) (pair tls.Certificate, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}

// SecretFile writes a secret to a file, as an operator does: with a line's end.
func SecretFile(t *testing.T, secret string) string {
	t.Helper()
	f := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(f, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}
