//go:build interop

package interop

import (
	"regexp"
	"strconv"
	"testing"
)

// The unit's exposure, by systemd's own measure, is at most 2.0.
func TestSystemdUnit(t *testing.T) {
	out := run(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "../deploy/systemd/sundew.service")
	m := regexp.MustCompile(`Overall exposure level for sundew.service: ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no verdict in %s", out)
	}
	if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > 2.0 {
		t.Errorf("exposure %s", m[1])
	}
	if out, _ := try(t, "systemd-analyze", "verify", "../deploy/systemd/sundew.service"); regexp.MustCompile(`sundew.service:\d+: `).MatchString(out) {
		t.Errorf("systemd does not understand a line: %s", out)
	}
}
