//go:build interop

package interop

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/personas"
)

// withHTTPS copies the default persona and gives its PLC's pages a TLS service.
func withHTTPS(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "station")
	station, err := fs.Sub(personas.FS(), personas.Default)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, station); err != nil {
		t.Fatal(err)
	}
	rewrite := func(file, old, new, to string) {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(b), old) {
			t.Fatalf("%s has no %q: %v", file, old, err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rewrite("plc/http.toml", "\nversion = ", "\ntls = true\nversion = ", "plc/https.toml")
	https := "[[device.service]]\nprotocol = \"http\"\nname = \"https\"\nfile = \"plc/https.toml\"\nport = 443\nalt = 8443\n\n"
	s7 := "[[device.service]]\nprotocol = \"s7comm\""
	rewrite("persona.toml", s7, https+s7, "persona.toml")
	return dir
}

// TestTLS asks a page over TLS, and speaks plain HTTP at the TLS port.
func TestTLS(t *testing.T) {
	s := start(t, withHTTPS(t), "--limits", "off", "--latency", "off")
	contains(t, run(t, "curl", "-sS", "-k", "-i", "--max-time", "10", "https://"+s.at(8443)+"/Portal0000.htm"), " 200", "<html")
	if out, err := try(t, "curl", "-sS", "--max-time", "10", "https://"+s.at(8443)+"/"); err == nil {
		t.Errorf("a self-signed certificate was trusted: %s", out)
	}
	exchange(t, s.at(8443), []byte("GET / HTTP/1.0\r\n\r\n"), 2e9)
	var plaintext, refused bool
	for _, e := range s.events("--protocol", "http") {
		plaintext = plaintext || e.Kind == event.KindOpen && e.Octets == "tls" && strings.HasPrefix(e.TLS.JA4, "t1")
		refused = refused || e.Op == "tls_handshake" && e.Outcome == event.Refused && strings.HasPrefix(e.Request, "474554")
	}
	if !plaintext || !refused {
		t.Errorf("recorded: a TLS session with JA4 %v, the failed handshake with its octets %v", plaintext, refused)
	}
}
