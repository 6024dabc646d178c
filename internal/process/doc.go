// Package process is the simulated plant: named tags that move by physics.
//
// Every service of a site reads and writes the same tags. A [Process] publishes
// snapshots: View returns the present one without waiting, and it never changes,
// so one View answers one request. A tick computes every tag from the snapshot
// before, never from half of the new one; a chain of n tags answers after n
// ticks. Write changes any number of tags or none, at once.
//
// # Motion
//
// A tag's motion is one of these (MotionSpec; keys of `motion = { … }`):
//
//	(none)                          constant: the start value
//	expr = E                        the value of E: number, truth or text by the tag's type
//	schedule = [{at, days, value}]  by plant time, interpolated; hold = true: in steps
//	walk = sd, around = E, tau      random walk; sd after one second; with tau, it returns to around
//	lag = E, tau, rate              runs after E: first order, or by at most rate a second, or both
//	integrate = E                   changes by E a second
//	set = E, reset = E              latch; reset wins
//	delay = E, on, off              follows E once that has lasted
//	total = E, per = "1h"           sums a rate, or the time for which E is true; rolls over at the limit
//	edge = E, when, width           a number counts rise, fall or both of E; a bool pulses
//
// and noise = sd may be added to the motion of any number: services see it,
// expressions do not. E is an expr-lang expression over tag names as they stand
// ("(raw.inflow - pump1.flow) / 38.5"); numbers of every type are floats in it.
// It also knows self (the tag's own value), dt (seconds of a tick), hour
// (0 to 24), weekday (Sunday is 0), yearday, and, besides expr-lang's functions,
// clamp(x, lo, hi), sqrt, exp, log and sin.
//
// Physics goes on from values in float64, before resolution, noise and the tag's
// type, so that small steps are not lost in a float32; every value is clamped to
// the range and to the type. NaN, ±Inf and failed expressions keep the old value
// and are counted (Faults). Noise depends on seed, tag and tick alone.
//
// # Disturbance
//
// What a write does depends on the motion:
//
//	constant, expr, schedule, delay, pulse    the value is held; after Drift the motion resumes
//	walk, lag, integrate                      sets the state; physics goes on and is its own way back
//	latch                                     sets the state; after Drift it is undone unless set or reset acted since
//	total, edge count                         sets the state; after Drift what was added is taken off again
//
// Drift counts from the last write to the tag. It is a step and not a slow
// return: it stands for the operator who puts the setpoint right.
//
// A tag with a program moves only while the mode tag of that device reads "run".
// Otherwise it takes its stop value, or without one holds; its timers stand.
//
// # Restart
//
// MarshalState keeps values, sums, timers and disturbances; RestoreState goes on
// from there as if no time had passed, whatever the persona changed meanwhile.
package process
