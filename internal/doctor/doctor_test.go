package doctor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/fstest"
)

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

// levels are those of a host's findings, in order.
func levels(found []Finding) (out []Level) {
	for _, f := range found {
		out = append(out, f.Level)
	}
	return out
}

func TestSSHD(t *testing.T) {
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		want  []Level
	}{
		{"none", fstest.MapFS{}, []Level{Skip}},
		{"as shipped", fstest.MapFS{"etc/ssh/sshd_config": file("#PasswordAuthentication yes\nUsePAM yes\n")}, []Level{Warn, OK}},
		{"keys only", fstest.MapFS{"etc/ssh/sshd_config": file("PasswordAuthentication no\nPermitRootLogin no\n")}, []Level{OK, OK}},
		{"a cloud's own file comes first", fstest.MapFS{
			"etc/ssh/sshd_config":                    file("Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication no\n"),
			"etc/ssh/sshd_config.d/50-cloudimg.conf": file("passwordauthentication = yes\nPermitRootLogin \"yes\"\n"),
		}, []Level{Warn, Warn}},
		{"for some only", fstest.MapFS{"etc/ssh/sshd_config": file("Match User bob\nPasswordAuthentication no\n")}, []Level{Warn, OK}},
		{"names itself", fstest.MapFS{"etc/ssh/sshd_config": file("Include sshd_config\nPasswordAuthentication no\n")}, []Level{OK, OK}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := levels(Host{Files: c.files}.sshd()); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestUpdates(t *testing.T) {
	on, off := file(`APT::Periodic::Unattended-Upgrade "1";`), file(`APT::Periodic::Unattended-Upgrade "0";`)
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		want  Level
	}{
		{"no apt", fstest.MapFS{}, Skip},
		{"nothing said", fstest.MapFS{"etc/apt/sources.list": file("")}, Warn},
		{"on", fstest.MapFS{"etc/apt/apt.conf.d/20auto-upgrades": on}, OK},
		{"on, then off", fstest.MapFS{"etc/apt/apt.conf.d/20auto-upgrades": on, "etc/apt/apt.conf.d/99local": off}, Warn},
		{"a remark", fstest.MapFS{"etc/apt/apt.conf.d/20auto-upgrades": file(`// APT::Periodic::Unattended-Upgrade "1";`)}, Warn},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (Host{Files: c.files}).updates(); got.Level != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestFirewall(t *testing.T) {
	says := func(nft, iptables string) func(context.Context, string, ...string) ([]byte, error) {
		return func(_ context.Context, name string, _ ...string) ([]byte, error) {
			out := map[string]string{"nft": nft, "iptables-save": iptables}[name]
			if out == "" {
				return nil, errors.New(name + ": not found")
			}
			return []byte(out), nil
		}
	}
	for _, c := range []struct {
		name string
		host Host
		want Level
	}{
		{"not root", Host{}, Skip},
		{"no tools", Host{Root: true, Output: says("", "")}, Skip},
		{"policy", Host{Root: true, Output: says("table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 22 accept\n\t}\n}\n", "")}, OK},
		{"last rule", Host{Root: true, Output: says("table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 22 accept\n\t\tcounter packets 0 bytes 0 drop\n\t}\n}\n", "")}, OK},
		{"open", Host{Root: true, Output: says("table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 23 drop\n\t}\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n", "")}, Warn},
		{"iptables", Host{Root: true, Output: says("", "*filter\n:INPUT DROP [0:0]\n")}, OK},
		{"iptables, open", Host{Root: true, Output: says("", "*filter\n:INPUT ACCEPT [0:0]\n")}, Warn},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.host.firewall(t.Context()); got.Level != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestInside(t *testing.T) {
	if got := levels(Host{Inside: true}.Check(t.Context())); !slices.Equal(got, []Level{Skip}) {
		t.Errorf("in a container: %v", got)
	}
}
