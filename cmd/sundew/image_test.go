package main

import (
	"strings"
	"testing"
)

// Lines as Docker 24 writes them: a named volume, one without a name, a folder.
func TestMounts(t *testing.T) {
	got := mounts(`612 611 8:1 /var/lib/docker/volumes/sensor/_data /var/lib/sundew rw,relatime - ext4 /dev/sda1 rw
613 611 8:1 /srv/logs /var/log/conpot rw,relatime - ext4 /dev/sda1 rw
614 611 8:1 /var/lib/docker/volumes/` + strings.Repeat("0a", 32) + `/_data /data rw,relatime - ext4 /dev/sda1 rw
short
`)
	if !got["/var/lib/sundew"] || !got["/var/log/conpot"] || got["/data"] || len(got) != 2 {
		t.Errorf("%v", got)
	}
}
