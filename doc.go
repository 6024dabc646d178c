// Package sundew holds the module's policy tests. The program is cmd/sundew.
package sundew
