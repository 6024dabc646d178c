package persona_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/fstest"
)

// writeFolder writes files below dir.
func writeFolder(dir string, files fstest.MapFS) error {
	return fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return os.WriteFile(path, files[name].Data, 0o600)
	})
}

// Each generator makes what its devices show, and not always the same.
func TestGenerators(t *testing.T) {
	for _, c := range []struct {
		recipe string
		want   string // what all values match
		least  int    // different values of 60 installations
	}{
		// personas.md §1.7, for the years 2013 to 2019
		{`generate = "siemens-s"`, `^S [CQ]-[DEFHJKL][1-9OND][A-Z][0-9A-Z]\d{4}201[3-9]$`, 60},
		{`generate = "siemens-snmp"`, `^SZV[DEFHJKL][1-9OND][A-Z]{2}\d{7}$`, 60},
		{`generate = "siemens-cp"`, `^VP[DEFHJKL][1-9OND]\d{6}$`, 60},
		{`generate = "siemens-mmc"`, `^MMC [0-9A-F]{8}$`, 60},
		// personas.md §11.4
		{`generate = "rockwell", family = "bridge"`, `^00[0-9A-F]{6}$`, 60},
		{`generate = "rockwell", family = "controllogix"`, `^[CD]0[0-9A-F]{6}$`, 60},
		{`generate = "rockwell", family = "compactlogix"`, `^60[0-9A-F]{6}$`, 60},
		{`generate = "rockwell", family = "micrologix"`, `^40[0-9A-F]{6}$`, 60},
		{`generate = "mac", oui = ["28:63:36", "ac:64:17"]`, `^(28:63:36|AC:64:17)(:[0-9A-F]{2}){3}$`, 60},
		{`generate = "address", host = 17`, `^(192\.168|10\.\d+|172\.(1[6-9]|2\d|3[01]))\.\d+\.17$`, 30},
		{`generate = "hex", digits = 12`, `^[0-9A-F]{12}$`, 60},
		{`generate = "hex"`, `^[0-9A-F]{8}$`, 60},
		{`generate = "number", min = 3, max = 12, digits = 2`, `^(0[3-9]|1[0-2])$`, 6},
		{`generate = "number", min = -1, max = 1, decimals = 1`, `^-?[01]\.\d$`, 12},
		{`generate = "pattern", pattern = "AB-##@%*x"`, `^AB-\d\d[A-Z][0-9A-F][0-9A-Z]x$`, 60},
		{`generate = "choice", of = ["a", "b", "c"]`, `^[abc]$`, 3},
		{`generate = "place"`, `^[A-Z][a-z]{5,13}$`, 50},
		{`generate = "person"`, `^[A-Z]\. [A-Z][a-z]{5,13}$`, 50},
	} {
		t.Run(c.recipe, func(t *testing.T) {
			want := regexp.MustCompile(c.want)
			seen := make(map[string]bool)
			for seed := range 60 {
				p := load(t, installation(fmt.Sprint(seed)), `label = "${serial}/${code}"`, "label = { "+c.recipe+" }")
				v := p.Devices[0].Identity.Values["label"]
				if !want.MatchString(v) {
					t.Fatalf("%q does not match %s", v, c.want)
				}
				seen[v] = true
			}
			if len(seen) < c.least {
				t.Errorf("%d different values, want %d", len(seen), c.least)
			}
		})
	}
}

// A number can count from a value of the site, so that two counters agree.
func TestNumberFromBase(t *testing.T) {
	p := load(t, installation("a"), `code = "X-${place}"`, `code = { generate = "number", min = 1000, max = 9000 }`,
		`label = "${serial}/${code}"`, `label = { generate = "number", base = "code", min = 1, max = 9 }`)
	var code, label int
	if _, err := fmt.Sscan(p.Devices[0].Identity.Values["code"], &code); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(p.Devices[0].Identity.Values["label"], &label); err != nil {
		t.Fatal(err)
	}
	if label <= code || label > code+9 {
		t.Errorf("base %d, number %d", code, label)
	}
}
