package main

import (
	"context"
	"fmt"

	"github.com/sundew-ics/sundew/internal/analysis/enrich"
)

// feedsCmd keeps the lists of known scanners.
type feedsCmd struct {
	Update feedsUpdateCmd `cmd:"" help:"Fetch the lists of addresses that known research scanners use. It asks GitHub, when you run it and never otherwise."`
}

type feedsUpdateCmd struct {
	Data string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory; the lists go to its feeds folder. Default: the platform's state directory."`
	URL  string `name:"url" placeholder:"URL" default:"${feeds_url}" help:"Where the lists are: NAME/list.json of MISP's warning lists (${default})."`
}

// Run implements kong's command.
func (c *feedsUpdateCmd) Run(ctx context.Context, t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	err := enrich.UpdateFeeds(ctx, c.URL, directory(c.Data).path("feeds"), func(f enrich.Feed, n int, err error) {
		if err == nil {
			fmt.Fprintf(t.out, "%-32s %d prefixes\n", f.Scanner, n)
		}
	})
	if err != nil {
		return fmt.Errorf("these lists could not be fetched, what was there before is kept:\n%w", err)
	}
	_, err = fmt.Fprintln(t.out, "New visitors are compared with the new lists; `sundew reindex` does so for former ones.")
	return err
}
