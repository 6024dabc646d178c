package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sundew": main})
}

// TestScripts plays the command line as a user types it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("SUNDEW_CONFIG", "")
			countries, err := filepath.Abs("../../internal/analysis/enrich/testdata/GeoLite2-Country.mmdb")
			if err != nil {
				return err
			}
			e.Setenv("COUNTRIES", countries)
			e.Setenv("SUNDEW_USER", strconv.Itoa(os.Getuid())) // nobody else gets into the scripts' folders
			return nil
		},
	})
}
