package persona

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/process"
)

// A Summary is one line of a list of personas.
type Summary struct {
	Name, Title, Summary string
	Devices              []string // their titles, or names
}

// List returns the personas in the folders of fsys, by name.
func List(fsys fs.FS) ([]Summary, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("personas: %w", err)
	}
	var list []Summary
	for _, e := range entries {
		folder, err := fs.Sub(fsys, e.Name())
		if err != nil || !e.IsDir() || !isPersona(folder) {
			continue
		}
		s, err := Describe(folder, e.Name())
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Describe returns what persona.toml says of a persona, without loading it.
func Describe(fsys fs.FS, name string) (Summary, error) {
	var file siteFile
	if err := DecodeStrict(fsys, siteName, &file); err != nil {
		return Summary{}, fmt.Errorf("persona %s: %w", name, err)
	}
	s := Summary{Name: name, Title: file.Site.Title, Summary: file.Site.Summary}
	for _, d := range file.Devices {
		if d.Title == "" {
			d.Title = d.Name
		}
		s.Devices = append(s.Devices, d.Title)
	}
	return s, nil
}

// Find returns the persona that an operator named: one of the shipped ones, or
// the path of a folder. A path has a separator or begins with a dot; another
// word is a folder only where no shipped persona has that name.
func Find(shipped fs.FS, arg string) (name string, fsys fs.FS, err error) {
	if !strings.ContainsAny(arg, `/\`) && !strings.HasPrefix(arg, ".") && fs.ValidPath(arg) {
		if folder, err := fs.Sub(shipped, arg); err == nil && isPersona(folder) {
			return arg, folder, nil
		}
	}
	path, err := filepath.Abs(arg)
	if err != nil {
		return "", nil, fmt.Errorf("persona %s: %w", arg, err)
	}
	folder := os.DirFS(path)
	if isPersona(folder) {
		return filepath.Base(path), folder, nil
	}
	return "", nil, unknownPersona(shipped, arg)
}

func isPersona(fsys fs.FS) bool {
	info, err := fs.Stat(fsys, siteName)
	return err == nil && info.Mode().IsRegular()
}

// unknownPersona says which personas there are.
func unknownPersona(shipped fs.FS, arg string) error {
	list, err := List(shipped)
	if err != nil {
		return errors.Join(fmt.Errorf("no persona %q", arg), err)
	}
	var names []string
	set := make(map[string]bool)
	for _, s := range list {
		names = append(names, s.Name)
		set[s.Name] = true
	}
	slices.Sort(names)
	hint := "there are: " + strings.Join(names, ", ") + ", and any folder with a " + siteName
	if near := process.Nearest(arg, maps.Keys(set)); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near) + hint
	}
	return fmt.Errorf("no persona %q: %s", arg, hint)
}
