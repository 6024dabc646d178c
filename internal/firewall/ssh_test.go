package firewall

import (
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
