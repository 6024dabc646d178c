// Command image makes the container image without a container engine: for each
// architecture an archive for `docker load`, and one OCI layout of all of them.
// The same binaries give the same octets.
//
//	image -o DIR -tag NAME:TAG -ports FILE BINARY-amd64 BINARY-arm64
//
// FILE is what `sundew personas show NAME --json` prints: the ports to expose. The
// authorities' certificates of this host go into the image, for sinks over TLS.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	uid  = 65532
	data = "var/lib/sundew"
	// roots is where Debian keeps the authorities' certificates, and Go looks.
	roots = "etc/ssl/certs/ca-certificates.crt"
)

func main() {
	out := flag.String("o", "bin/image", "directory to make")
	tag := flag.String("tag", "sundew:latest", "name and tag of the archives' image")
	ports := flag.String("ports", "", "file with the default persona as JSON")
	flag.Parse()
	if err := build(*out, *tag, *ports, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func build(out, tag, ports string, binaries []string) error {
	ref, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	exposed, err := exposedPorts(ports)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var index v1.ImageIndex = empty.Index
	for _, binary := range binaries {
		_, arch, ok := strings.Cut(filepath.Base(binary), "-")
		if !ok {
			return fmt.Errorf("%s: the name ends in -ARCH", binary)
		}
		img, err := image(binary, arch, exposed)
		if err != nil {
			return fmt.Errorf("%s: %w", binary, err)
		}
		if err := tarball.WriteToFile(filepath.Join(out, "sundew-"+arch+".tar"), ref, img); err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	_, err = layout.Write(filepath.Join(out, "oci"), index)
	return err
}

// image is one architecture's: a layer with the binary and little else.
func image(binary, arch string, exposed map[string]struct{}) (v1.Image, error) {
	layer, err := content(binary)
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), static.NewLayer(layer, types.OCIUncompressedLayer))
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", arch, v1.Time{Time: time.Unix(0, 0)}
	file.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", uid, uid), Entrypoint: []string{"/sundew"}, Cmd: []string{"run"}, WorkingDir: "/",
		Env:     []string{"PATH=/", "SUNDEW_IMAGE=1", "SUNDEW_PORTS=unprivileged", "SUNDEW_DASHBOARD=off"},
		Volumes: map[string]struct{}{"/" + data: {}}, ExposedPorts: exposed, StopSignal: "SIGTERM",
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "/sundew", "health"}, Interval: 30 * time.Second, Timeout: 5 * time.Second, StartPeriod: 5 * time.Second, Retries: 3},
		Labels:      map[string]string{"org.opencontainers.image.title": "sundew"},
	}
	return mutate.ConfigFile(img, file)
}

// content is the tar of the layer.
func content(binary string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h tar.Header, body []byte) error {
		h.Size, h.ModTime, h.Format = int64(len(body)), time.Unix(0, 0), tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			return err
		}
		_, err := w.Write(body)
		return err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	type entry struct {
		tar.Header
		body []byte
	}
	user := fmt.Sprintf("%d:%d", uid, uid)
	entries := []entry{
		{tar.Header{Name: "sundew", Mode: 0o755}, program},
		{tar.Header{Name: "etc/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
		{tar.Header{Name: "etc/passwd", Mode: 0o644}, []byte("root:x:0:0::/:/none\nsundew:x:" + user + "::/" + data + ":/none\n")},
		{tar.Header{Name: "etc/group", Mode: 0o644}, []byte("root:x:0:\nsundew:x:" + strings.Split(user, ":")[0] + ":\n")},
		{tar.Header{Name: "var/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
		{tar.Header{Name: "var/lib/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
		{tar.Header{Name: data + "/", Mode: 0o700, Typeflag: tar.TypeDir, Uid: uid, Gid: uid}, nil},
		{tar.Header{Name: "var/log/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
	}
	if pem, err := os.ReadFile("/" + roots); err == nil {
		entries = append(entries,
			entry{tar.Header{Name: "etc/ssl/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
			entry{tar.Header{Name: "etc/ssl/certs/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
			entry{tar.Header{Name: roots, Mode: 0o644}, pem})
	} else {
		fmt.Fprintln(os.Stderr, "image: this host has no /"+roots+": sinks over TLS need ca_file")
	}
	for _, e := range entries {
		if err := add(e.Header, e.body); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// exposedPorts reads the unprivileged ports of a persona's services.
func exposedPorts(file string) (map[string]struct{}, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var p struct {
		Devices []struct {
			Services []struct {
				Network      string
				Unprivileged int
			}
		}
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	out := map[string]struct{}{}
	for _, d := range p.Devices {
		for _, s := range d.Services {
			out[fmt.Sprintf("%d/%s", s.Unprivileged, s.Network)] = struct{}{}
		}
	}
	return out, nil
}
