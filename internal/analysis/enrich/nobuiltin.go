//go:build !geo

package enrich

// builtIn is nothing: `make geo` makes the database, and make builds with the tag
// geo where it is.
func builtIn() []byte { return nil }
