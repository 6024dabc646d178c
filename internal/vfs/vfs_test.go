package vfs

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

const tree = `# a comment
path,mode,owner,group,age,repeat,source,size
/,0755,root,root,900d,,,
/open/,0777,ftp,ftp,800d,,,
/open/readme,0644,root,root,300d,,text:readme.txt,
/own/,0755,anna,staff,100d,,,
/own/a.txt,0640,anna,staff,90d,,file:readme.txt,
/own/deep/,0700,anna,staff,90d,,,
/own/deep/b.bin,0644,anna,staff,90d,,noise:HEAD ,10000
/own/copy.zip,0644,anna,staff,10d,,zip:/own/deep,
/log/,0755,root,root,800d,,,
/log/{20060102}.csv,0644,root,root,,5x1d,csv:1h|level 2.5 0.5 2,
/log/m_{20060102}.log,0644,root,root,,3x1d,log:messages.txt|50,
/log/weekly_{20060102}.img,0644,root,root,,2x7d,noise:W,70
`

func config(state State, now *time.Time) Config {
	return Config{
		Files: fstest.MapFS{
			"tree.csv": {Data: []byte(tree)}, "readme.txt": {Data: []byte("I am ${name}\n")}, "messages.txt": {Data: []byte("pump on\npump off\n")},
		},
		Tree: "tree.csv", Expand: func(s string) (string, error) { return strings.ReplaceAll(s, "${name}", "NAS"), nil },
		Now: func() time.Time { return *now }, Old: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Seed: [32]byte{1}, State: state,
	}
}

func newFS(t *testing.T) (*FS, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 22, 15, 34, 0, 0, time.UTC)
	f, err := New(config(prototest.NewState(), &now))
	if err != nil {
		t.Fatal(err)
	}
	return f, &now
}

func none(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist }

func read(t *testing.T, v *View, path string, offset int64) string {
	t.Helper()
	r, i, err := v.Open(User{Name: "root"}, path, offset, none)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil || int64(len(b)) != max(i.Size-offset, 0) {
		t.Errorf("%s: %d octets, size %d: %v", path, len(b), i.Size, err)
	}
	return string(b)
}

func paths(t *testing.T, v *View, dir string) string {
	t.Helper()
	list, err := v.List(User{Name: "root"}, dir)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	var names []string
	for _, i := range list {
		names = append(names, i.Name())
	}
	return strings.Join(names, " ")
}

func TestShippedTree(t *testing.T) {
	f, _ := newFS(t)
	v := f.For("192.0.2.1")
	if got := paths(t, v, "/"); got != "log open own" {
		t.Errorf("root has %s", got)
	}
	if got := read(t, v, "/open/readme", 0); got != "I am NAS\n" {
		t.Errorf("text: %q", got)
	}
	if got := read(t, v, "/own/a.txt", 5); got != "${name}\n" {
		t.Errorf("file from an offset: %q", got)
	}
	whole := read(t, v, "/own/deep/b.bin", 0)
	for _, off := range []int64{1, 4, 5, 4095, 4096, 4097, 9999, 10000} {
		if read(t, v, "/own/deep/b.bin", off) != whole[off:] {
			t.Errorf("noise differs from %d on", off)
		}
	}
	z, err := zip.NewReader(bytes.NewReader([]byte(read(t, v, "/own/copy.zip", 0))), int64(len(read(t, v, "/own/copy.zip", 0))))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "own/deep/b.bin" {
		t.Fatalf("archive: %v", err)
	}
	i, _ := v.Stat(User{Name: "root"}, "/own/a.txt")
	if d := i.Time.Weekday(); d == time.Saturday || d == time.Sunday || i.Time.Hour() < 6 || i.Time.Hour() > 15 {
		t.Errorf("written at %v", i.Time)
	}
}

func TestSeriesGoWithTime(t *testing.T) {
	f, now := newFS(t)
	v := f.For("192.0.2.1")
	if got := paths(t, v, "/log"); got != "20261118.csv 20261119.csv 20261120.csv 20261121.csv 20261122.csv m_20261120.log m_20261121.log m_20261122.log weekly_20261109.img weekly_20261116.img" {
		t.Errorf("log has %s", got)
	}
	old, today := read(t, v, "/log/20261121.csv", 0), read(t, v, "/log/20261122.csv", 0)
	if n := strings.Count(old, "\r\n"); n != 25 {
		t.Errorf("a day has %d lines", n)
	}
	if n := strings.Count(today, "\r\n"); n != 17 {
		t.Errorf("half a day has %d lines", n)
	}
	*now = now.Add(10 * time.Hour) // tomorrow
	if got := paths(t, v, "/log"); !strings.Contains(got, "20261123.csv") || strings.Contains(got, "20261118.csv") || !strings.Contains(got, "m_20261123.log") {
		t.Errorf("the next day log has %s", got)
	}
	if grown := read(t, v, "/log/20261122.csv", 0); !strings.HasPrefix(grown, today) || len(grown) <= len(today) {
		t.Error("what was written changes later")
	}
	if read(t, v, "/log/20261121.csv", 0) != old {
		t.Error("an old file changes")
	}
}

func TestPermissions(t *testing.T) {
	f, _ := newFS(t)
	v := f.For("192.0.2.1")
	anna, ben, eve := User{"anna", "staff"}, User{"ben", "staff"}, User{"eve", "eve"}
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"owner writes":           {v.MayCreate(anna, "/own/a.txt"), nil},
		"group reads only":       {v.MayCreate(ben, "/own/a.txt"), fs.ErrPermission},
		"others see nothing":     {second(v.Stat(eve, "/own/deep/b.bin")), fs.ErrPermission},
		"no search, no content":  {second(v.List(ben, "/own/deep")), fs.ErrPermission},
		"anybody in an open one": {v.MayCreate(eve, "/open/x"), nil},
		"no write in the root":   {v.Mkdir(eve, "/x"), fs.ErrPermission},
		"not the owner":          {v.Chmod(eve, "/open/readme", 0o777), fs.ErrPermission},
		"through a file":         {second(v.Stat(eve, "/open/readme/x")), ErrNotDir},
		"a directory is no file": {v.MayCreate(eve, "/open"), ErrDir},
		"no such directory":      {v.Mkdir(eve, "/open/a/b"), fs.ErrNotExist},
		"not empty":              {v.Remove(User{Name: "root"}, "/own", true), ErrNotEmpty},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestChangesAreTheVisitorsOwnAndStay(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 34, 0, 0, time.UTC)
	state := prototest.NewState()
	f, err := New(config(state, &now))
	if err != nil {
		t.Fatal(err)
	}
	v, other, u := f.For("192.0.2.1"), f.For("192.0.2.2"), User{"anna", "staff"}
	for name, err := range map[string]error{
		"put": v.Put(u, "/open/up.bin", "abcd", 7), "remove": v.Remove(u, "/own/a.txt", false), "mkdir": v.Mkdir(u, "/own/n"),
		"rename": v.Rename(u, "/own/deep", "/own/n/deeper"), "mode": v.Chmod(u, "/own/n/deeper/b.bin", 0o600),
		"over": v.Put(User{Name: "root"}, "/open/readme", "ef", 2),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if f, err = New(config(state, &now)); err != nil {
		t.Fatal(err)
	}
	kept := func(sum string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("content of " + sum)), nil
	}
	v = f.For("192.0.2.1")
	if got := paths(t, v, "/own") + "; " + paths(t, v, "/own/n/deeper") + "; " + paths(t, v, "/open"); got != "copy.zip n; b.bin; readme up.bin" {
		t.Errorf("he finds %s", got)
	}
	r, i, err := v.Open(u, "/open/up.bin", 2, kept)
	if err != nil || i.Size != 7 {
		t.Fatalf("%+v %v", i, err)
	}
	if b, _ := io.ReadAll(r); string(b) != "ntent of abcd" {
		t.Errorf("he reads %q", b)
	}
	if i, err := v.Stat(u, "/own/n/deeper/b.bin"); err != nil || i.Size != 10000 || i.Mode != 0o600 {
		t.Errorf("moved: %+v %v", i, err)
	}
	if len(read(t, v, "/own/n/deeper/b.bin", 0)) != 10000 {
		t.Error("what was moved has lost its content")
	}
	if got := paths(t, other, "/own") + "; " + paths(t, other, "/open"); got != "a.txt copy.zip deep; readme" {
		t.Errorf("another visitor finds %s", got)
	}
}

func TestQuota(t *testing.T) {
	f, now := newFS(t)
	v, u := f.For("192.0.2.1"), User{"ftp", "ftp"}
	if err := v.Put(u, "/open/big", "aa", maxOctets+1); !errors.Is(err, ErrQuota) {
		t.Errorf("too big: %v", err)
	}
	if _, err := v.Stat(u, "/open/big"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused file is there: %v", err)
	}
	var err error
	n := 0
	for ; err == nil && n < 2*maxChanges; n++ {
		err = v.Mkdir(u, "/open/d"+strings.Repeat("x", n%200)+string(rune('a'+n/200)))
	}
	if !errors.Is(err, ErrQuota) || n != maxChanges+1 {
		t.Errorf("%d directories: %v", n, err)
	}
	for i := range maxVisitors + 5 {
		*now = now.Add(time.Second)
		if err := f.For("s"+strings.Repeat("i", i)).Mkdir(u, "/open/x"); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.changes) != maxVisitors || paths(t, v, "/open") != "readme" {
		t.Errorf("%d visitors are remembered", len(f.changes))
	}
}

func TestWrongTables(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct{ old, new, want string }{
		"mode":      {"/open/,0777", "/open/,0999", "tree.csv:4: mode"},
		"age":       {"800d", "800y", "tree.csv:4: age"},
		"source":    {"file:readme.txt", "url:readme.txt", "source"},
		"no file":   {"file:readme.txt", "file:none.txt", "none.txt"},
		"no parent": {"/own/deep/,0700,anna,staff,90d,,,\n", "", "/own/deep/b.bin is in no directory"},
		"no root":   {"/,0755,root,root,900d,,,\n", "", "no row for /"},
		"repeat":    {"5x1d", "5", "repeat"},
		"braces":    {"/log/{20060102}.csv", "/log/x.csv", "braces"},
		"column":    {"level 2.5 0.5 2", "level 2.5", "column"},
		"lines":     {"|50", "|none", "lines"},
		"twice":     {"/own/a.txt", "/open/readme", "already"},
	} {
		cfg := config(prototest.NewState(), &now)
		cfg.Files = fstest.MapFS{
			"tree.csv": {Data: []byte(strings.Replace(tree, c.old, c.new, 1))}, "readme.txt": {Data: []byte("x")}, "messages.txt": {Data: []byte("x")},
		}
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("/a/b", "../../../c/./d//")
	f.Add("/", "..")
	f.Fuzz(func(t *testing.T, cwd, name string) {
		dir, err := Resolve("/", cwd)
		if err != nil {
			return
		}
		p, err := Resolve(dir, name)
		if err != nil {
			return
		}
		if again, err := Resolve("/", p); err != nil || again != p || p[0] != '/' || strings.Contains(p+"/", "/../") {
			t.Fatalf("%q in %q is %q, then %q %v", name, cwd, p, again, err)
		}
	})
}
