// Package personas holds the personas that come with the sensor.
package personas

import (
	"embed"
	"io/fs"
)

//go:embed */*
var shipped embed.FS

// Default is the persona of who names none.
const Default = "pumping-station"

// FS returns the shipped personas, a folder each.
func FS() fs.FS { return shipped }
