// Package process is the simulated plant: named tags that move by physics.
package process
