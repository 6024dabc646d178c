package main

import (
	"os"
	"regexp"
	"strings"
)

// Directories of the container image: its own volume, and where Conpot's users
// mount the folder for its log.
const (
	imageData  = "/var/lib/sundew"
	conpotLogs = "/var/log/conpot"
)

// inImage says whether this is the container image, which says so itself.
func inImage() bool { return os.Getenv("SUNDEW_IMAGE") == "1" }

// inConpotsPlace says whether this container was started by a line made for
// Conpot: the folder for its log is mounted, and no volume of ours.
func inConpotsPlace() bool {
	if !inImage() {
		return false
	}
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	mounted := mounts(string(b))
	return mounted[conpotLogs] && !mounted[imageData]
}

// mounts reads the mount points of /proc/self/mountinfo (proc(5): field 4 is what
// is mounted, field 5 where). A volume without a name, which an engine makes by
// itself for what the image declares, is left out.
func mounts(info string) map[string]bool {
	unnamed := regexp.MustCompile(`/volumes/[0-9a-f]{64}/_data$`)
	out := map[string]bool{}
	for l := range strings.Lines(info) {
		if f := strings.Fields(l); len(f) > 4 && !unnamed.MatchString(f[3]) {
			out[f[4]] = true
		}
	}
	return out
}

// conpotSink is the log that Conpot's users look for, where they mounted a folder
// for it.
func conpotSink() sinkSettings {
	return sinkSettings{Driver: "conpotjson", Settings: map[string]any{"path": conpotLogs + "/conpot.json"}}
}
