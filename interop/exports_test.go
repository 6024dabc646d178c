//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is a data directory with the journal that the exports' own tests use.
func fixture(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/report/export/testdata/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "journal", "0000000001.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// exported writes a format of the fixture and returns the file's name.
func exported(t *testing.T, data, name string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	run(t, built, append([]string{"export", "--data", data, "-o", file}, args...)...)
	return file
}

// TestSTIX has OASIS's validator look bundles over: no error, as recorded and
// anonymised. Its warnings are about what the standard leaves free.
func TestSTIX(t *testing.T) {
	t.Parallel()
	data := fixture(t)
	for _, args := range [][]string{{"stix"}, {"stix", "--anonymize"}, {"stix", "--tlp", "amber+strict"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := python(t, "stix2validator", `
import sys, stix2validator
r = stix2validator.validate_file(sys.argv[1], stix2validator.ValidationOptions(version="2.1"))
print("valid", r.is_valid, *[str(e) for o in r.object_results for e in o.errors])
`, exported(t, data, "bundle.json", args...))
			contains(t, out, "valid True\n")
		})
	}
}

// TestMISP has MISP's own library read events: every object is of a template
// that it knows, with relations that the template has.
func TestMISP(t *testing.T) {
	t.Parallel()
	data := fixture(t)
	for _, args := range [][]string{{"misp"}, {"misp", "--anonymize"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := python(t, "pymisp", `
import sys, pymisp
e = pymisp.MISPEvent(strict_validation=True); e.load_file(sys.argv[1])
for o in e.objects:
    assert o._known_template, o.name
    d = o._definition
    assert (o.template_uuid, o.template_version) == (d["uuid"], str(d["version"])), (o.name, d["version"])
    for a in o.attributes:
        want = d["attributes"][a.object_relation]
        assert a.type == want["misp-attribute"], a
        assert a.category in want.get("categories", [a.category]), a
assert len({o.uuid for o in e.objects}) == len(e.objects)
print("objects", len(e.objects))
`, exported(t, data, "event.json", args...))
			contains(t, out, "objects 18")
		})
	}
}

// TestDuckDB runs the recipes of examples/duckdb over exports, and asserts that
// another reader of Parquet sees times, types and numbers as they are.
func TestDuckDB(t *testing.T) {
	t.Parallel()
	data, dir := fixture(t), t.TempDir()
	for file, args := range map[string][]string{
		"sessions.parquet": {"parquet"}, "acts.parquet": {"parquet", "--what", "acts"}, "events.jsonl": {"jsonl", "--enriched"},
		"sessions.csv": {"csv"}, "acts.csv": {"csv", "--what", "acts"},
	} {
		if err := os.Rename(exported(t, data, file, args...), filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	recipes, err := filepath.Abs("../examples/duckdb")
	if err != nil {
		t.Fatal(err)
	}
	out := python(t, "duckdb", `
import duckdb, glob, os, sys
os.chdir(sys.argv[1])
for f in sorted(glob.glob(sys.argv[2] + "/*.sql")):
    print("recipe", os.path.basename(f), len(duckdb.sql(open(f).read()).fetchall()))
types = dict(duckdb.sql("SELECT name, logical_type FROM parquet_schema('sessions.parquet')").fetchall())
print("opened", types["opened"]); print("src", types["src"])
print("encodings", *sorted({e for (e,) in duckdb.sql("SELECT encodings FROM parquet_metadata('sessions.parquet') WHERE path_in_schema = 'protocol'").fetchall()}))
same = duckdb.sql("SELECT count(*) FROM 'sessions.parquet' p JOIN read_csv('sessions.csv') c ON p.session = c.session::VARCHAR AND p.src = c.src AND epoch_us(p.opened) = epoch_us(c.opened) AND p.severity = c.severity").fetchall()[0][0]
print("same sessions", same, duckdb.sql("SELECT count(*) FROM 'sessions.parquet'").fetchall()[0][0])
print("same acts", duckdb.sql("SELECT count(*) FROM 'acts.parquet' p JOIN read_csv('acts.csv', all_varchar = true) c ON p.session = c.session AND p.seq = c.seq::INT AND p.op = c.op AND p.target = coalesce(ltrim(c.target, ''''), '')").fetchall()[0][0], duckdb.sql("SELECT count(*) FROM 'acts.parquet'").fetchall()[0][0])
`, dir, recipes)
	contains(t, out, "same sessions 14 14", "same acts 31 31", "opened TimestampType(isAdjustedToUTC=1", "MICROS=MicroSeconds()", "RLE_DICTIONARY")
	for l := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(l, "recipe "); ok && strings.HasSuffix(strings.TrimSpace(name), " 0") && !strings.HasPrefix(name, "returning") {
			t.Errorf("a recipe answers nothing: %s", name)
		}
	}
	t.Log(out)
}
