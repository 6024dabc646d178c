// Command deb makes the Debian packages, one for each binary. The same files, the
// same version and date give the same octets.
//
//	deb -o DIR -version VERSION -date SECONDS -generated DIR BINARY-amd64 BINARY-arm64
//
// It runs in tools/, and takes what is not generated from the repository.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

func main() {
	var b build
	flag.StringVar(&b.out, "o", "../bin", "directory for the packages")
	flag.StringVar(&b.version, "version", "", "the package's version, as Debian writes it")
	flag.StringVar(&b.maintainer, "maintainer", "", "NAME <ADDRESS>")
	flag.StringVar(&b.generated, "generated", "", "directory with sundew.1 and the completions sundew.bash, sundew.zsh, sundew.fish")
	seconds := flag.Int64("date", 0, "SOURCE_DATE_EPOCH: seconds since 1970, of every file in the package")
	flag.Parse()
	b.date = time.Unix(*seconds, 0).UTC()
	for _, binary := range flag.Args() {
		if err := b.pack(binary); err != nil {
			fmt.Fprintf(os.Stderr, "deb: %s: %v\n", binary, err)
			os.Exit(1)
		}
	}
}

// build is what all architectures have in common.
type build struct {
	out, version, maintainer, generated string
	date                                time.Time
}

const description = `ICS/SCADA honeypot
 Pretends to be a small plant of industrial devices (Modbus, S7comm, BACnet,
 EtherNet/IP, SNMP, IEC 60870-5-104, DNP3, IPMI and more), answers what
 scanners and intruders ask of them, and keeps every octet as evidence.
 .
 The service is enabled, and starts at the next boot or when it is told to.`

// pack makes one architecture's package.
func (b *build) pack(binary string) error {
	_, arch, ok := strings.Cut(filepath.Base(binary), "-")
	if !ok {
		return errors.New("the name ends in -ARCH")
	}
	contents, err := b.contents(binary)
	if err != nil {
		return err
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "sundew", Arch: arch, Platform: "linux", Version: b.version, VersionSchema: "none", MTime: b.date,
		Section: "net", Priority: "optional", Maintainer: b.maintainer, Homepage: "https://github.com/sundew-ics/sundew", Description: description,
		Overridables: nfpm.Overridables{
			Depends:    []string{"init-system-helpers (>= 1.54)", "systemd | systemd-standalone-sysusers", "systemd | systemd-standalone-tmpfiles"},
			Recommends: []string{"ca-certificates"},
			Contents:   contents,
			Scripts:    nfpm.Scripts{PostInstall: debian("postinst"), PreRemove: debian("prerm"), PostRemove: debian("postrm")},
			Deb:        nfpm.Deb{Compression: "xz"},
		},
	})
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return err
	}
	var octets bytes.Buffer
	if err := deb.Default.Package(info, &octets); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.out, fmt.Sprintf("sundew_%s_%s.deb", b.version, arch)), octets.Bytes(), 0o644)
}

func debian(name string) string { return filepath.Join("../deploy/debian", name) }

// contents lists the package's files, by hier(7) and Debian's policy.
func (b *build) contents(binary string) (files.Contents, error) {
	const doc = "/usr/share/doc/sundew/"
	out := files.Contents{
		b.file(binary, "/usr/bin/sundew", 0o755),
		b.file("../deploy/systemd/sundew.service", "/usr/lib/systemd/system/sundew.service", 0o644),
		b.file(debian("sysusers.conf"), "/usr/lib/sysusers.d/sundew.conf", 0o644),
		b.file(debian("tmpfiles.conf"), "/usr/lib/tmpfiles.d/sundew.conf", 0o644),
		b.file(b.made("sundew.bash"), "/usr/share/bash-completion/completions/sundew", 0o644),
		b.file(b.made("sundew.zsh"), "/usr/share/zsh/vendor-completions/_sundew", 0o644),
		b.file(b.made("sundew.fish"), "/usr/share/fish/vendor_completions.d/sundew.fish", 0o644),
		b.file(debian("lintian-overrides"), "/usr/share/lintian/overrides/sundew", 0o644),
		b.file(debian("copyright"), doc+"copyright", 0o644),
		b.file("../docs/dependencies.md", doc+"dependencies.md", 0o644),
		b.file("../CHANGELOG.md", doc+"CHANGELOG.md", 0o644),
	}
	config := b.file(debian("sundew.toml"), "/etc/sundew/sundew.toml", 0o644)
	config.Type = files.TypeConfig
	out = append(out, config)
	for _, d := range []string{"operate", "security", "sinks", "personas", "events"} {
		out = append(out, b.file("../docs/"+d+".md", doc+d+".md", 0o644))
	}
	page, err := os.ReadFile(b.made("sundew.1"))
	if err != nil {
		return nil, err
	}
	for _, z := range []struct {
		name, to string
		octets   []byte
	}{
		{"sundew.1.gz", "/usr/share/man/man1/sundew.1.gz", page},
		{"changelog.gz", doc + "changelog.gz", b.changelog()},
	} {
		if err := compress(b.made(z.name), z.octets); err != nil {
			return nil, err
		}
		out = append(out, b.file(b.made(z.name), z.to, 0o644))
	}
	return out, nil
}

// made is a generated file's path.
func (b *build) made(name string) string { return filepath.Join(b.generated, name) }

func (b *build) file(from, to string, mode fs.FileMode) *files.Content {
	return &files.Content{Source: from, Destination: to, Type: files.TypeFile, FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: b.date}}
}

// changelog is what deb-changelog(5) asks for.
func (b *build) changelog() []byte {
	return fmt.Appendf(nil, "sundew (%s) unstable; urgency=medium\n\n  * What has changed is in CHANGELOG.md beside this file.\n\n -- %s  %s\n",
		b.version, b.maintainer, b.date.Format(time.RFC1123Z))
}

// compress writes a file as gzip -n would: without a name and a time.
func compress(file string, octets []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(octets); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
