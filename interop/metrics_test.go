//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// prometheus finds a program of Prometheus's where interop/setup unpacked it.
func prometheus(t *testing.T, name string) string {
	t.Helper()
	p, err := filepath.Abs("../.cache/prometheus/usr/bin/" + name)
	if err == nil {
		_, err = os.Stat(p)
	}
	if err != nil {
		t.Skipf("skipped: %s is not there; run interop/setup", name)
	}
	return p
}

func TestAlertRules(t *testing.T) {
	t.Parallel()
	promtool := prometheus(t, "promtool")
	contains(t, run(t, promtool, "check", "config", "../deploy/monitoring/prometheus.yml"), "SUCCESS")
	contains(t, run(t, promtool, "test", "rules", "../deploy/monitoring/alerts_test.yml"), "SUCCESS")
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// The figures are good for Prometheus's own lint and for a real Prometheus,
// which then answers every question of dashboard and alerts that can have an answer.
func TestMetrics(t *testing.T) {
	t.Parallel()
	server, promtool := prometheus(t, "prometheus"), prometheus(t, "promtool")
	port := freePort(t)
	backups := t.TempDir()
	if os.Getuid() == 0 {
		if err := os.Chown(backups, 65532, 65532); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, "pumping-station", "--metrics", fmt.Sprintf("127.0.0.1:%d", port), "--backup-dir", backups)
	run(t, "curl", "-s", "http://"+s.at(8800)+"/")
	run(t, "mbpoll", "-m", "tcp", "-a", "1", "-p", "5020", "-0", "-r", "0", "-c", "2", "-1", s.addr)
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := get(t, base+path); code != 200 || body != "ok\n" {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	_, text := get(t, base+"/metrics")
	lint := exec.Command(promtool, "check", "metrics")
	lint.Stdin = strings.NewReader(text)
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}

	dir := t.TempDir()
	conf := strings.ReplaceAll(read(t, "../deploy/monitoring/prometheus.yml"), "127.0.0.1:9187", fmt.Sprintf("127.0.0.1:%d", port))
	conf = strings.ReplaceAll(conf, "30s", "1s")
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "alerts.yml"), []byte(read(t, "../deploy/monitoring/alerts.yml")), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	api := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	prom := exec.CommandContext(ctx, server, "--config.file", filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path", filepath.Join(dir, "tsdb"), "--web.listen-address", api)
	if err := prom.Start(); err != nil {
		t.Fatal(err)
	}
	defer prom.Wait()
	defer cancel()
	ask := func(q string) []json.RawMessage {
		r, err := http.Get("http://" + api + "/api/v1/query?query=" + url.QueryEscape(q))
		if err != nil {
			return nil
		}
		defer r.Body.Close()
		var a struct {
			Status, Error string
			Data          struct{ Result []json.RawMessage }
		}
		json.NewDecoder(r.Body).Decode(&a)
		if a.Status == "error" {
			t.Errorf("%s: %s", q, a.Error)
		}
		return a.Data.Result
	}
	for deadline := time.Now().Add(30 * time.Second); len(ask(`count_over_time(up[1m]) > 3`)) == 0; time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Prometheus has no figures of the sensor after 30 s")
		}
	}
	if got := ask(`sum(sundew_acts_total{service="modbus"}) > 0`); len(got) != 1 {
		t.Errorf("modbus acts: %s", got)
	}
	silent := regexp.MustCompile(`dropped|sink_lag|memory_limit|refused|class!~|backup_timestamp`) // what nothing has happened to have
	for _, m := range regexp.MustCompile(`"expr": "((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(read(t, "../deploy/monitoring/grafana/dashboards/sundew.json"), -1) {
		q, err := unquote(m[1])
		if err != nil {
			t.Fatal(err)
		}
		q = strings.ReplaceAll(q, "$instance", ".*")
		if got := ask(q); len(got) == 0 && !silent.MatchString(q) {
			t.Errorf("the dashboard asks %s, and nothing answers", q)
		}
	}
	for _, m := range regexp.MustCompile(`sundew_\w+`).FindAllString(read(t, "../deploy/monitoring/alerts.yml"), -1) {
		if !strings.Contains(text, m) && !silent.MatchString(m) {
			t.Errorf("an alert asks for %s, which the sensor does not tell", m)
		}
	}
}

func unquote(s string) (out string, err error) {
	err = json.Unmarshal([]byte(`"`+s+`"`), &out)
	return out, err
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
