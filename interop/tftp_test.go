//go:build interop

package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const tftpPort = 6969

func TestTFTP(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	port := fmt.Sprint(tftpPort)
	oracle(t, s, dissection{network: "udp", port: tftpPort, protocol: "tftp", decodeAs: "udp.port==6969,tftp"}, func() {
		t.Run("errors", func(t *testing.T) {
			out, _ := try(t, "tftp", "-m", "binary", s.addr, port, "-c", "get", "none", filepath.Join(t.TempDir(), "none"))
			contains(t, out, "File not found")
		})
		t.Run("nmap", func(t *testing.T) {
			names := filepath.Join(t.TempDir(), "names")
			if err := os.WriteFile(names, []byte("startup-config\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, "nmap", "-Pn", "-n", "-sU", "--script-timeout", "30s", "-p", port, "--script", "+tftp-enum", "--script-args", "tftp-enum.filelist="+names, s.addr)
		})
	})
	for _, n := range []int{0, 511, 512, 513, 33<<20 + 1} {
		t.Run(fmt.Sprintf("tftp-hpa/%d", n), func(t *testing.T) {
			file, octets := random(t, n)
			name := filepath.Base(file)
			run(t, "tftp", "-m", "binary", s.addr, port, "-c", "put", file, name)
			run(t, "tftp", "-m", "binary", s.addr, port, "-c", "get", name, file+".back")
			same(t, file+".back", octets)
		})
		t.Run(fmt.Sprintf("atftp/blksize/%d", n), func(t *testing.T) {
			file, octets := random(t, n)
			name := "b" + filepath.Base(file)
			run(t, "atftp", "--option", "blksize 1400", "-p", "-l", file, "-r", name, s.addr, port)
			run(t, "atftp", "--option", "blksize 1400", "--option", "tsize 0", "-g", "-r", name, "-l", file+".back", s.addr, port)
			same(t, file+".back", octets)
		})
	}
	t.Run("curl", func(t *testing.T) {
		contains(t, run(t, "curl", "-sS", "--max-time", "20", "tftp://"+s.at(tftpPort)+"/startup-config"), "hostname")
		back := filepath.Join(t.TempDir(), "fw")
		run(t, "curl", "-sS", "--max-time", "40", "--tftp-blksize", "1428", "-o", back, "tftp://"+s.at(tftpPort)+"/M874_V06.02.00.sfw")
		if i, err := os.Stat(back); err != nil || i.Size() != 33<<20+1 {
			t.Errorf("the firmware file: %v %v", i, err)
		}
	})
	ops := s.ops("tftp")
	for _, op := range []string{"read_request", "write_request", "data", "acknowledgement", "option_acknowledgement"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

// At default limits one visitor gets and puts a file.
func TestTFTPWithinLimits(t *testing.T) {
	s := start(t, "default")
	port := fmt.Sprint(tftpPort)
	file, octets := random(t, 100_000)
	run(t, "tftp", "-m", "binary", s.addr, port, "-c", "put", file, "limits.bin")
	run(t, "tftp", "-m", "binary", s.addr, port, "-c", "get", "limits.bin", file+".back")
	same(t, file+".back", octets)
}
