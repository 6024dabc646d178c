package journal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// recover puts the directory in order after whatever ended the last writer, and
// opens the active segment.
func (j *Journal) recover() error {
	dir := j.cfg.Dir
	for _, pattern := range []string{"*" + tempSuffix, filepath.Join(cursorDir, "*"+tempSuffix)} {
		stale, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range stale {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	var err error
	if j.hashes, err = readHashes(dir); err != nil {
		return err
	}
	list, err := pieces(dir)
	if err != nil {
		return err
	}
	active, next := uint64(0), j.hashes.newest()+1
	for i, p := range list {
		next = max(next, p.n+1)
		if p.suffix != plainSuffix {
			continue
		}
		if i+1 < len(list) && list[i+1].n == p.n && list[i+1].suffix == packedSuffix {
			// Packing ended before it could delete the plain file.
			if err := os.Remove(filepath.Join(dir, segmentName(p.n))); err != nil {
				return err
			}
			continue
		}
		active = p.n
		j.hashes.setSize(p.n, p.size)
	}
	if active == 0 || active+1 < next {
		active = next
	}
	return j.openActive(active)
}

func (j *Journal) openActive(n uint64) error {
	path := filepath.Join(j.cfg.Dir, segmentName(n))
	size, err := j.mend(n)
	if err != nil {
		return err
	}
	if j.file, err = j.open(path); err != nil {
		return err
	}
	// What was in the file when its writer was killed may not be on the disk yet.
	if err := errors.Join(j.file.Sync(), syncDir(j.cfg.Dir)); err != nil {
		j.file.Close()
		return err
	}
	j.end = Cursor{n, size}
	j.synced = j.end
	j.born = time.Now()
	if size > 0 {
		if first, err := (&Reader{j.cfg.Dir}).firstTime(n); err == nil {
			j.born = first
		}
	}
	return nil
}

// mend cuts a torn tail off segment n into a file of its own and returns the
// segment's length. A tail is torn from the first line on that is not whole: a
// crash leaves a line without its end, power loss also octets of zero.
func (j *Journal) mend(n uint64) (int64, error) {
	f, err := os.OpenFile(filepath.Join(j.cfg.Dir, segmentName(n)), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	whole, err := wholeLines(f)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil || info.Size() == whole {
		return whole, err
	}
	name := numbered(n, tornSuffix)
	torn, err := os.OpenFile(filepath.Join(j.cfg.Dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(torn, io.NewSectionReader(f, whole, info.Size()-whole))
	if err := errors.Join(err, torn.Sync(), torn.Close(), f.Truncate(whole), f.Sync()); err != nil {
		return 0, err
	}
	octets := info.Size() - whole
	j.cfg.Log.Warn("journal had a torn tail", "file", name, "octets", octets)
	j.notice(event.Status{What: "lost", Detail: tornDetail{name, octets}})
	return whole, nil
}

// wholeLines is the length of the lines at the start of r that are whole.
func wholeLines(r io.Reader) (int64, error) {
	br := bufio.NewReaderSize(r, event.MaxLine)
	var whole int64
	for {
		line, err := br.ReadSlice('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
			return whole, nil
		}
		if err != nil {
			return 0, err
		}
		if line[0] != '{' || !bytes.HasSuffix(line, []byte("}\n")) && !padded(line) || bytes.IndexByte(line, 0) >= 0 {
			return whole, nil
		}
		whole += int64(len(line))
	}
}

// padded says whether line is a tombstone, which ends in spaces.
func padded(line []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(line, " \n"), []byte("}"))
}
