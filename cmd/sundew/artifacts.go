package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/artifact/zipcrypto"
)

// artifactsCmd is about what visitors brought.
type artifactsCmd struct {
	List artifactsListCmd `cmd:"" default:"withargs" help:"List them."`
	Get  artifactsGetCmd  `cmd:"" help:"Take one out, in an encrypted ZIP archive."`
}

// archivePassword is the one that people who exchange malware use.
const archivePassword = "infected"

// artifactsGetCmd takes a file out.
type artifactsGetCmd struct {
	Data   string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	SHA256 string `arg:"" name:"sha256" help:"Its SHA-256, as the list gives it."`
	Output string `short:"o" required:"" placeholder:"FILE.zip" help:"Where to; the archive's password is infected."`
}

// Run implements kong's command.
func (c *artifactsGetCmd) Run(t *terminal) error {
	if c.Data == "" {
		c.Data = dataDir()
	}
	f, err := artifact.Get(directory(c.Data).path("artifacts"), c.SHA256)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("nothing is kept under %q; `sundew artifacts` lists what there is", c.SHA256)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	err = writeFile(c.Output, func(w io.Writer) error {
		return zipcrypto.Write(w, c.SHA256, archivePassword, info.ModTime().Truncate(time.Second), f)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: %d octets of a visitor's, encrypted; the password is %s. Open it where nothing can be harmed.\n", c.Output, info.Size(), archivePassword)
	return err
}

// writeFile makes a file that is whole or not there, for its owner alone.
func writeFile(name string, fill func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".sundew-*") // mode 0600
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
