package journal

import (
	"context"
	"time"
)

// syncLoop fsyncs the active segment 200 ms after something was written to it.
func (j *Journal) syncLoop(ctx context.Context) {
	timer := time.NewTimer(syncEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.sync:
		}
		timer.Reset(syncEvery)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := j.syncNow(); err != nil {
			j.cfg.Log.Error("journal cannot be fsynced; followers wait", "dir", j.cfg.Dir, "err", err)
			signal(j.sync)
		}
	}
}

// syncNow fsyncs what has been written and shows it to followers. Writes go on
// meanwhile.
func (j *Journal) syncNow() error {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	// rotate changes file and end under syncMu, so the two belong together.
	j.mu.Lock()
	end, since := j.end, time.Now()
	j.mu.Unlock()
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.publish(end)
	if j.end != end {
		j.dirty = since
	}
	return nil
}

// publish lets followers read up to end. The holder of mu calls it.
func (j *Journal) publish(end Cursor) {
	j.dirty = time.Time{}
	if j.synced == end {
		return
	}
	j.synced = end
	close(j.changed)
	j.changed = make(chan struct{})
}
