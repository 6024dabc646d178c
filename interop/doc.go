// Package interop points clients that others wrote at the built binary. Each is
// a subtest, skipped with a reason only where the client is not installed;
// interop/setup installs them all.
//
// `make interop` runs the tests with build tag interop, `make bench` the
// measurements with build tag bench.
package interop
