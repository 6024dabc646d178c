package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Run writes, fsyncs, rotates, compresses and deletes until ctx ends; then it
// writes and fsyncs what was appended, and returns. Followers see the last line
// and end. An error says that lines could not be written in the end.
func (j *Journal) Run(ctx context.Context) error {
	j.mu.Lock()
	if j.running || j.closed {
		j.mu.Unlock()
		return errors.New("journal: Run twice")
	}
	j.running = true
	j.mu.Unlock()

	// The keeper may append by way of Config.Status, so it ends before the writer.
	late, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { j.writeLoop(late) })
	all.Go(func() { j.syncLoop(late) })
	j.keepLoop(ctx)
	stop()
	all.Wait()
	return j.finish()
}

// writeLoop takes the buffer when somebody waits for it, else 20 ms after its
// first line.
func (j *Journal) writeLoop(ctx context.Context) {
	timer := time.NewTimer(0) // lines may have come before Run
	defer timer.Stop()
	armed := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.wake:
			if !j.hurry() {
				if !armed {
					timer.Reset(writeEvery)
					armed = true
				}
				continue
			}
		case <-timer.C:
		}
		armed = false
		timer.Stop()
		if err := j.flush(); err != nil {
			timer.Reset(retryEvery)
			armed = true
		}
	}
}

func (j *Journal) hurry() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.urgent && j.failing == nil
}

// flush writes the batch that a failure left over, if any, then the lines
// appended since. A batch is written to its last octet before the next is
// begun, so a line that was cut short by a full disk is completed in place.
func (j *Journal) flush() error {
	j.fileMu.Lock()
	defer j.fileMu.Unlock()
	for {
		if len(j.out) == 0 && !j.take() {
			return nil
		}
		if err := j.writeOut(); err != nil {
			j.failed(err)
			return err
		}
		if j.due() {
			if err := j.rotate(); err != nil {
				// The old segment goes on; the next batch tries again.
				j.cfg.Log.Error("cannot begin a journal segment", "err", err)
			}
		}
	}
}

// take makes the lines appended so far the batch to write.
func (j *Journal) take() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.urgent = false
	if len(j.fill) == 0 {
		return false
	}
	j.out, j.fill, j.outDone = j.fill, j.out[:0], 0
	j.batch++
	j.room.Broadcast()
	return true
}

func (j *Journal) writeOut() error {
	j.writing.Store(true)
	defer j.writing.Store(false)
	j.stall.Reset(stallAfter)
	defer j.stall.Stop()
	at := j.end.Offset // only the holder of fileMu changes it
	for j.outDone < len(j.out) {
		n, err := j.file.WriteAt(j.out[j.outDone:], at+int64(j.outDone))
		j.outDone += n
		if err != nil {
			return err
		}
	}
	j.mu.Lock()
	j.writing.Store(false)
	j.end.Offset += int64(len(j.out))
	j.out, j.outDone = emptied(j.out), 0
	j.written = j.batch - 1
	if j.dirty.IsZero() {
		j.dirty = time.Now()
	}
	recovered := j.failing != nil
	j.failing = nil
	j.done.Broadcast()
	j.mu.Unlock()
	signal(j.sync)
	if recovered {
		j.cfg.Log.Info("journal is written again", "dir", j.cfg.Dir)
	}
	return nil
}

// failed lets everybody who waits go on: visitors are served, the batch stays
// in memory, and once both buffers are full lines are dropped and counted.
func (j *Journal) failed(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail(err)
}

// stalled is failed for a write(2) that has not returned in good time.
func (j *Journal) stalled() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.writing.Load() {
		j.fail(fmt.Errorf("write takes longer than %v", stallAfter))
	}
}

func (j *Journal) fail(err error) {
	first := j.failing == nil
	j.failing = err
	j.done.Broadcast()
	j.room.Broadcast()
	if first {
		j.cfg.Log.Error("journal cannot be written; visitors are served, lines wait in memory and are then dropped", "dir", j.cfg.Dir, "err", err)
	}
}

// due says whether the active segment is to be closed.
func (j *Journal) due() bool {
	return j.end.Offset >= j.cfg.SegmentBytes || j.end.Offset > 0 && time.Since(j.born) >= j.cfg.SegmentAge
}

// rotate closes the active segment, fsynced, and begins the next. The holder of
// fileMu calls it.
func (j *Journal) rotate() error {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	if err := j.file.Sync(); err != nil {
		return err
	}
	next := j.end.Segment + 1
	f, err := j.open(filepath.Join(j.cfg.Dir, segmentName(next)))
	if err != nil {
		return err
	}
	if err := syncDir(j.cfg.Dir); err != nil {
		return errors.Join(err, f.Close())
	}
	old := j.file
	j.file, j.born = f, time.Now()
	j.mu.Lock()
	j.hashes.setSize(j.end.Segment, j.end.Offset)
	j.end = Cursor{Segment: next}
	j.publish(j.end)
	j.mu.Unlock()
	signal(j.tidy)
	return old.Close()
}

// Rotate closes the active segment now, unless it is empty.
func (j *Journal) Rotate() error {
	if err := j.flush(); err != nil {
		return explain(j.cfg.Dir, err)
	}
	j.fileMu.Lock()
	defer j.fileMu.Unlock()
	if j.end.Offset == 0 {
		return nil
	}
	if err := j.rotate(); err != nil {
		return explain(j.cfg.Dir, err)
	}
	return nil
}

// finish writes what is left. What the disk does not take is cut off at the
// last whole line and counted.
func (j *Journal) finish() error {
	err := j.flush()
	if err != nil {
		j.abandon()
	}
	err = errors.Join(err, j.syncNow())
	j.mu.Lock()
	j.running = false
	j.mu.Unlock()
	j.shut()
	if err != nil {
		return explain(j.cfg.Dir, err)
	}
	return nil
}

func (j *Journal) abandon() {
	j.fileMu.Lock()
	defer j.fileMu.Unlock()
	whole := int64(bytes.LastIndexByte(j.out[:j.outDone], '\n') + 1)
	if err := j.file.Truncate(j.end.Offset + whole); err != nil {
		j.cfg.Log.Error("cannot cut the journal's last line off", "err", err)
		whole = 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	left := bytes.Count(j.out[whole:], []byte{'\n'}) + bytes.Count(j.fill, []byte{'\n'})
	j.drops[NoClass] += uint64(left)
	j.end.Offset += whole
	j.out, j.fill, j.outDone = j.out[:0], j.fill[:0], 0
	j.cfg.Log.Error("journal lines lost at the end", "lines", left)
}
