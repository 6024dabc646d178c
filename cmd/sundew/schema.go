package main

import "github.com/sundew-ics/sundew/internal/event"

// schemaCmd prints the JSON Schema of the record.
type schemaCmd struct{}

// Run implements kong's command.
func (c *schemaCmd) Run(t *terminal) error { return printJSON(t, event.Schema()) }
