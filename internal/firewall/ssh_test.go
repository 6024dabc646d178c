package firewall

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
)

func TestSSHPorts(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  []uint16
	}{
		"nothing":              {nil, []uint16{22}},
		"commented":            {map[string]string{"etc/ssh/sshd_config": "#Port 2022\n"}, []uint16{22}},
		"two":                  {map[string]string{"etc/ssh/sshd_config": "Port 2022\nport=\"22\" # old\n"}, []uint16{22, 2022}},
		"address with port":    {map[string]string{"etc/ssh/sshd_config": "ListenAddress 192.0.2.1:2022\nListenAddress [2001:db8::1]:2023\n"}, []uint16{2022, 2023}},
		"address without port": {map[string]string{"etc/ssh/sshd_config": "ListenAddress 192.0.2.1:2022\nListenAddress 2001:db8::1\n"}, []uint16{22, 2022}},
		"address, then port":   {map[string]string{"etc/ssh/sshd_config": "ListenAddress 0.0.0.0\nPort 2022\n"}, []uint16{2022}},
		"port, then address":   {map[string]string{"etc/ssh/sshd_config": "Port 2022\nListenAddress [::]\n"}, []uint16{2022}},
		"included": {map[string]string{
			"etc/ssh/sshd_config":           "Include /etc/ssh/sshd_config.d/*.conf\nInclude more /nowhere/*.conf\n",
			"etc/ssh/sshd_config.d/10.conf": "Port 2022\n",
			"etc/ssh/sshd_config.d/20.bak":  "Port 2099\n",
			"etc/ssh/more":                  "Port 2023\n",
		}, []uint16{2022, 2023}},
		"systemd's socket": {map[string]string{
			"etc/systemd/system/ssh.socket.d/port.conf":             "[Socket]\nListenStream=\nListenStream=2022\n",
			"run/systemd/generator/ssh.socket.d/addresses-new.conf": "ListenStream=[::]:2023\n",
		}, []uint16{22, 2022, 2023}},
		"nonsense": {map[string]string{"etc/ssh/sshd_config": "Port\nPort 70000\nPort x\n"}, []uint16{22}},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for f, text := range c.files {
				root[f] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := SSHPorts(root)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestSSHPortsOfACircle(t *testing.T) {
	root := fstest.MapFS{"etc/ssh/sshd_config": {Data: []byte("Include sshd_config\n")}}
	if got, err := SSHPorts(root); err == nil {
		t.Errorf("a file that includes itself: %v", got)
	}
}

func TestLoginPort(t *testing.T) {
	for in, want := range map[string]uint16{"": 0, "192.0.2.9 50000 192.0.2.1 2022": 2022, "2001:db8::9 50000 2001:db8::1 22": 22, "a b c d": 0, "a b c": 0, "a b c 0": 0} {
		if got, ok := LoginPort(in); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v", in, got, ok)
		}
	}
}

// A server that was told its port on the command line is found by its socket;
// what others listen on, what only loopback reaches, and connections are not.
func TestListening(t *testing.T) {
	link := func(to string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink} }
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const tail = " 00000000:00000000 00:00000000 00000000     0        0 "
	root := fstest.MapFS{
		"proc/77/comm": text("sshd\n"), "proc/77/fd/0": link("/dev/null"), "proc/77/fd/3": link("socket:[301]"), "proc/77/fd/4": link("socket:[302]"), "proc/77/fd/5": link("socket:[303]"), "proc/77/fd/6": link("socket:[304]"),
		"proc/88/comm": text("nginx\n"), "proc/88/fd/3": link("socket:[401]"),
		"proc/99/comm": text("sshd\n"), // its files are not ours to read
		"proc/net/tcp": text("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
			"   0: 00000000:08AE 00000000:0000 0A" + tail + "301 1\n" +
			"   1: 0100007F:177A 00000000:0000 0A" + tail + "302 1\n" +
			"   2: 0200000A:08AF 0300000A:C350 01" + tail + "303 1\n" +
			"   3: 00000000:0050 00000000:0000 0A" + tail + "401 1\n"),
		"proc/net/tcp6": text("   0: 00000000000000000000000000000000:08B0 00000000000000000000000000000000:0000 0A" + tail + "304 1\n"),
	}
	if got := Listening(root, "sshd", "dropbear"); !slices.Equal(got, []uint16{2222, 2224}) {
		t.Errorf("%v", got)
	}
	if got := Listening(fstest.MapFS{}, "sshd"); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}
