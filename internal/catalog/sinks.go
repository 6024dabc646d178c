package catalog

import (
	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/conpotjson"
	"github.com/sundew-ics/sundew/internal/sink/elastic"
	"github.com/sundew-ics/sundew/internal/sink/hpfeeds"
	"github.com/sundew-ics/sundew/internal/sink/stdout"
	"github.com/sundew-ics/sundew/internal/sink/syslog"
	"github.com/sundew-ics/sundew/internal/sink/webhook"
)

// Sinks returns every sink driver.
func Sinks() []sink.Driver {
	return []sink.Driver{
		conpotjson.Driver(),
		elastic.Driver(),
		hpfeeds.Driver(),
		stdout.Driver(),
		syslog.Driver(),
		webhook.Driver(),
	}
}
