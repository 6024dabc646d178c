//go:build geo

package enrich

import _ "embed"

// geo is read where it lies in the binary: an embed.FS would copy all of it.
//
//go:embed data/geo.mmdb
var geo []byte

// builtIn is the database that the binary carries.
func builtIn() []byte { return geo }
