package alert

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What cannot be delivered is logged without what lets one in.
func TestErrorsHaveNoSecrets(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	open := strings.Replace(srv.URL, "http://", "http://me:hunter2@", 1) + "/T0/token"
	for _, c := range []struct {
		name    string
		prepare func()
	}{{"refused", func() {}}, {"gone", srv.Close}} {
		c.prepare()
		a, err := New(Config{Settings: Settings{To: "webhook", URL: open}})
		if err != nil {
			t.Fatal(err)
		}
		err = a.Test(t.Context(), "s", time.Now())
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "token") || !strings.Contains(err.Error(), srv.Listener.Addr().String()) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
