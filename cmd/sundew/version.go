package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCmd prints version and build.
type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run implements kong's command.
func (c *versionCmd) Run(t *terminal) error {
	if c.JSON {
		return printJSON(t, map[string]string{"version": version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	_, err := fmt.Fprintf(t.out, "sundew %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is the module's version, or for a build from a checkout its revision.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, dirty := "devel", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "-changed"
			}
		}
	}
	return revision + dirty
}
