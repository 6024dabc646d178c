//go:build interop

package interop

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// debPackage is what `make deb` made.
func debPackage(t *testing.T, arch string) string {
	t.Helper()
	found, _ := filepath.Glob("../bin/sundew_*_" + arch + ".deb")
	if len(found) != 1 {
		t.Skipf("skipped: %d packages for %s in bin; run `make deb`", len(found), arch)
	}
	return found[0]
}

// The package is installed, serves, is removed, purged and installed again, by
// Debian's own dpkg, in a root that has this host's files and keeps none of ours.
func TestDebianPackage(t *testing.T) {
	file := debPackage(t, "amd64")
	m := newMachine(t, ownRoot(t, t.TempDir()))
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.feed(string(octets), "sh", "-c", "cat > /sundew.deb")
	sh := func(script string) string { t.Helper(); return strings.TrimSpace(m.feed("", "sh", "-c", script)) }
	for _, name := range []string{"dpkg", "systemd-sysusers", "systemd-tmpfiles", "deb-systemd-helper"} {
		if err := m.within("which", name).Run(); err != nil {
			t.Skipf("skipped: this host has no %s", name)
		}
	}

	const all = "find /etc /usr /var /run /lib -xdev -name '*sundew*' | sort"
	before := sh(all)

	sh("dpkg -i /sundew.deb")
	if out := sh("dpkg --verify sundew"); out != "" {
		t.Errorf("dpkg --verify: %s", out)
	}
	contains(t, sh("getent passwd sundew"), "/var/lib/sundew", "nologin")
	const kept = "sundew:sundew 700"
	if got := sh("stat -c '%U:%G %a' /var/lib/sundew"); got != kept {
		t.Errorf("/var/lib/sundew is %s", got)
	}
	const link = "/etc/systemd/system/multi-user.target.wants/sundew.service"
	contains(t, sh("readlink -f "+link), "/lib/systemd/system/sundew.service")
	contains(t, sh("dpkg-query -W -f '${Conffiles}' sundew"), "/etc/sundew/sundew.toml")
	contains(t, sh("sundew version"), "sundew ")
	contains(t, sh("setpriv --reuid sundew --regid sundew --clear-groups sundew check --config /etc/sundew/sundew.toml --data /var/lib/sundew --ports unprivileged"), "ok: this sensor can run")
	for _, f := range []string{"man/man1/sundew.1.gz", "bash-completion/completions/sundew", "zsh/vendor-completions/_sundew", "fish/vendor_completions.d/sundew.fish", "doc/sundew/copyright", "doc/sundew/changelog.gz"} {
		sh("test -s /usr/share/" + f)
	}
	serves(t, m)

	sh("echo 'sensor = \"mine\"' >> /etc/sundew/sundew.toml")
	sh("dpkg -i /sundew.deb") // as an upgrade: what the operator changed stays
	contains(t, sh("cat /etc/sundew/sundew.toml"), "mine")
	sh("dpkg -r sundew")
	sh("test ! -e /usr/bin/sundew && test ! -e /usr/lib/systemd/system/sundew.service && test -s /etc/sundew/sundew.toml && test -s /var/lib/sundew/seed")
	sh("dpkg -P sundew")
	sh("test ! -e /etc/sundew && test ! -e " + link + " && test ! -L " + link)
	sh("test -s /var/lib/sundew/seed && test -d /var/lib/sundew/journal") // evidence
	if got := sh("stat -c '%U:%G %a' /var/lib/sundew"); got != kept {
		t.Errorf("after the purge /var/lib/sundew is %s", got)
	}
	if after := sh(all + " | sed '/^.var.lib.sundew/d'"); after != before {
		t.Errorf("left after the purge: %s; before there was %q", after, before)
	}
	sh("dpkg -i /sundew.deb && dpkg -r sundew && dpkg -i /sundew.deb && sundew version")
}

// serves runs the installed sensor as its unit does, and visits it.
func serves(t *testing.T, m *machine) {
	t.Helper()
	unit := m.feed("", "sed", "-n", "s/^ExecStart=//p", "/usr/lib/systemd/system/sundew.service")
	args := append([]string{"--reuid", "sundew", "--regid", "sundew", "--clear-groups", "--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service"}, strings.Fields(unit)...)
	cmd := m.within("setpriv", args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, &log)
		}
	}()
	m.feed("", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do sundew health && exit 0; sleep 0.5; done; exit 1")
	contains(t, m.run("mbpoll", "-m", "tcp", "-a", "1", "-0", "-r", "0", "-c", "1", "-1", "127.0.0.1"), "[0]:")
}

// Debian's own judge has nothing to say.
func TestLintian(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		out, err := try(t, "lintian", "--fail-on", "error,warning", "--allow-root", debPackage(t, arch))
		if out = strings.TrimSpace(out); err != nil || out != "" {
			t.Errorf("%s: %v: %s", arch, err, out)
		}
	}
}

// The same files give the same octets, whatever their times and the umask.
func TestDebianPackageIsReproducible(t *testing.T) {
	file := debPackage(t, "amd64")
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) string {
		return strings.TrimSpace(run(t, "dpkg-deb", "-f", file, name))
	}
	dir, made := t.TempDir(), t.TempDir()
	for _, f := range []string{"sundew-amd64", "deb/sundew.1", "deb/sundew.bash", "deb/sundew.zsh", "deb/sundew.fish"} {
		b, err := os.ReadFile("../bin/" + f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(made, filepath.Base(f)), b, 0o600); err != nil { // of now, and of another mode
			t.Fatal(err)
		}
	}
	written := strings.TrimSpace(run(t, "sh", "-c", "dpkg-deb --fsys-tarfile "+file+" | tar -tv --full-time --utc -f - ./usr/bin/sundew | awk '{ print $4, $5 }'"))
	date := strings.TrimSpace(run(t, "date", "-u", "-d", written, "+%s"))
	cmd := exec.Command("go", "run", "./deb", "-o", dir, "-version", field("Version"), "-date", date, "-maintainer", field("Maintainer"), "-generated", made, filepath.Join(made, "sundew-amd64"))
	cmd.Dir = "../tools"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("another package of the same files (%d octets, %d): %v", len(got), len(want), err)
	}
}
