package sink

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What lets one post to a URL is often in it: no error may tell more than the server.
func TestPostNamesTheServerAlone(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such hook", http.StatusForbidden)
	}))
	defer refuses.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := l.Addr().String()
	l.Close()
	c, err := (&TLS{}).Client(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for name, server := range map[string]string{"refuses": refuses.Listener.Addr().String(), "away": away} {
		req, err := http.NewRequest(http.MethodPost, "http://joe:pass@"+server+"/secret-path?token=secret-query", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Post(c, req, 100)
		if err == nil || !strings.Contains(err.Error(), "http://"+server) {
			t.Errorf("%s: %v does not name the server", name, err)
			continue
		}
		for _, secret := range []string{"secret-path", "secret-query", "joe", "pass"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v tells %q", name, err, secret)
			}
		}
	}
}
