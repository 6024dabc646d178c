package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// IndexName is the name of the index in a store's directory.
const IndexName = indexName

// Erased says what Erase does.
type Erased struct {
	Sightings int   `json:"sightings"` // lines of the index
	Files     int   `json:"files"`     // that nobody else has brought
	Octets    int64 `json:"octets"`    // of those
}

// Erase takes the sightings that pick picks out of the index of the store in dir,
// which nobody may have open, and deletes the files that no other sighting and
// not keep names. dry: only counts. It can be run again after an interruption.
func Erase(dir string, pick func(line []byte) bool, keep func(sum string) bool, dry bool) (Erased, error) {
	var done Erased
	path := filepath.Join(dir, indexName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err != nil {
		return done, fmt.Errorf("artifact: %w", err)
	}
	defer f.Close()
	gone, err := Orphans(f, pick)
	if err != nil {
		return done, err
	}
	done.Sightings = gone.sightings
	for sum := range gone.sums {
		if keep(sum) || !isHash(sum) {
			continue
		}
		file := filepath.Join(dir, sum[:2], sum[2:])
		info, err := os.Stat(file)
		if err != nil {
			continue // nothing was kept, or an earlier attempt has deleted it
		}
		done.Files++
		done.Octets += info.Size()
		if dry {
			continue
		}
		if err := os.Remove(file); err != nil {
			return done, fmt.Errorf("artifact: %w", err)
		}
	}
	if dry || done.Sightings == 0 {
		return done, nil
	}
	return done, replaceIndex(f, path, pick)
}

func replaceIndex(f *os.File, path string, pick func([]byte) bool) error {
	info, err := f.Stat()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("artifact: %w", err)
	}
	tmp, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return fmt.Errorf("artifact: %w", err)
	}
	err = FilterIndex(f, tmp, pick)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("artifact: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// FilterIndex copies an index without the lines that pick picks.
func FilterIndex(r io.Reader, w io.Writer, pick func(line []byte) bool) error {
	for line, err := range wholeLines(r) {
		if err != nil {
			return err
		}
		if pick(line) {
			continue
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// Gone is what an index loses with some of its lines.
type Gone struct {
	sightings int
	sums      map[string]bool
}

// Sightings is how many lines go.
func (g *Gone) Sightings() int { return g.sightings }

// Has says whether no line that stays names a file.
func (g *Gone) Has(sum string) bool { return g.sums[sum] }

// Orphans finds the files that only lines that pick picks name.
func Orphans(r io.Reader, pick func(line []byte) bool) (*Gone, error) {
	g := &Gone{sums: map[string]bool{}}
	stays := map[string]bool{}
	for line, err := range wholeLines(r) {
		if err != nil {
			return nil, fmt.Errorf("artifact: index: %w", err)
		}
		var s Sighting
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("artifact: index: %w", err)
		}
		if !pick(line) {
			stays[s.SHA256] = true
			continue
		}
		g.sightings++
		g.sums[s.SHA256] = true
	}
	for sum := range stays {
		delete(g.sums, sum)
	}
	return g, nil
}
