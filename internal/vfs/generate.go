package vfs

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A column of readings swings about its mean once a day, with some noise.
type column struct {
	name        string
	mean, swing float64
	decimals    int
}

func (f *FS) readings(parts []string) (func(string, time.Time, time.Time) content, error) {
	step, err := time.ParseDuration(parts[0])
	if err != nil || step < time.Second || len(parts) < 2 {
		return nil, fmt.Errorf("csv:%s: write csv:STEP|NAME MEAN SWING DECIMALS and further columns", strings.Join(parts, "|"))
	}
	var columns []column
	for _, p := range parts[1:] {
		var c column
		if _, err := fmt.Sscan(p, &c.name, &c.mean, &c.swing, &c.decimals); err != nil {
			return nil, fmt.Errorf("column %q: write NAME MEAN SWING DECIMALS", p)
		}
		columns = append(columns, c)
	}
	return func(path string, from, to time.Time) content {
		return &made{make: func() []byte { return table(f.seed(path), columns, from, to, step) }}
	}, nil
}

// table has a line a step: date, time, and the columns with decimal commas.
func table(seed [32]byte, columns []column, from, to time.Time, step time.Duration) []byte {
	r := rand.New(rand.NewChaCha8(seed))
	b := []byte("Date;Time")
	walk := make([]float64, len(columns))
	for _, c := range columns {
		b = append(b, ';')
		b = append(b, c.name...)
	}
	b = append(b, "\r\n"...)
	for t := from; t.Before(to); t = t.Add(step) {
		b = t.AppendFormat(b, "02.01.2006;15:04:05")
		day := float64(t.Hour()*60+t.Minute()) / 1440
		for i, c := range columns {
			walk[i] = 0.97*walk[i] + 0.03*r.NormFloat64()
			v := c.mean + c.swing*(0.7*math.Sin(2*math.Pi*(day-0.3))+2*walk[i])
			if c.mean-c.swing >= 0 {
				v = max(v, 0)
			}
			at := len(b) + 1
			b = strconv.AppendFloat(append(b, ';'), v, 'f', c.decimals, 64)
			if dot := bytes.IndexByte(b[at:], '.'); dot >= 0 {
				b[at+dot] = ','
			}
		}
		b = append(b, "\r\n"...)
	}
	return b
}

func (f *FS) messages(parts []string) (func(string, time.Time, time.Time) content, error) {
	if len(parts) != 2 {
		return nil, fmt.Errorf("log:%s: write log:FILE|LINES", strings.Join(parts, "|"))
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || n < 1 || n > 100000 {
		return nil, fmt.Errorf("log: %q is no number of lines", parts[1])
	}
	b, err := fs.ReadFile(f.cfg.Files, parts[0])
	if err != nil {
		return nil, err
	}
	text, err := f.cfg.Expand(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	return func(path string, from, to time.Time) content {
		return &made{make: func() []byte { return journal(f.seed(path), lines, n, from, to) }}
	}, nil
}

// journal has n lines a day at times that only grow.
func journal(seed [32]byte, lines []string, n int, from, to time.Time) []byte {
	r := rand.New(rand.NewChaCha8(seed))
	mean := float64(24*time.Hour) / float64(n)
	var b []byte
	for t := from; ; {
		t = t.Add(time.Duration(r.ExpFloat64() * mean))
		message := lines[r.IntN(len(lines))]
		if !t.Before(to) {
			return b
		}
		b = t.AppendFormat(b, "2006-01-02 15:04:05 ")
		b = append(append(b, strings.TrimRight(message, "\r")...), '\n')
	}
}
