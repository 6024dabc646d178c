package catalog

import (
	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/conpotjson"
)

// Sinks returns every sink driver.
func Sinks() []sink.Driver {
	return []sink.Driver{
		conpotjson.Driver(),
	}
}
