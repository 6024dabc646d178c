//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

const ipmiPort = 6230

// ipmitool runs it as an administrator, over IPMI 2.0 unless args say otherwise.
func (s *sundew) ipmitool(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, "ipmitool", s.ipmiArgs("ADMIN", args...)...)
}

func (s *sundew) ipmiArgs(password string, args ...string) []string {
	if args[0] != "-I" {
		args = append([]string{"-I", "lanplus", "-C", "3"}, args...)
	}
	return append([]string{"-H", s.addr, "-p", fmt.Sprint(ipmiPort), "-U", "ADMIN", "-P", password, "-R", "2"}, args...)
}

func TestIPMI(t *testing.T) {
	s := start(t, "ipmi-bmc", "--latency", "off") // with limits: one honest client must do
	oracle(t, s, dissection{network: "udp", port: ipmiPort, protocol: "rmcp", decodeAs: fmt.Sprintf("udp.port==%d,rmcp", ipmiPort)}, func() {
		t.Run("ipmitool sessions", func(t *testing.T) { ipmiSessions(t, s) })
		t.Run("ipmitool inventory", func(t *testing.T) { ipmiInventory(t, s) })
		t.Run("ipmitool users", func(t *testing.T) { ipmiUsers(t, s) })
		t.Run("ipmitool chassis", func(t *testing.T) { ipmiChassis(t, s) })
		t.Run("nmap", func(t *testing.T) {
			out := s.nmap(t, ipmiPort, "-sU", "--script", "+ipmi-version,+ipmi-cipher-zero")
			contains(t, out, "IPMI-2.0", "VULNERABLE")
		})
		t.Run("FreeIPMI", func(t *testing.T) { ipmiFree(t, s) })
		t.Run("pyghmi", func(t *testing.T) { ipmiPyghmi(t, s) })
		t.Run("python-ipmi", func(t *testing.T) { ipmiPython(t, s) })
	})
	ops := s.ops("ipmi")
	for _, op := range []string{"presence_ping", "open_session", "rakp_message_1", "rakp_message_3", "get_session_challenge", "activate_session", "get_device_id", "get_sdr", "get_sensor_reading", "chassis_control", "set_user_password"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
	if ops["unrecorded"] > 0 || ops["malformed"] > 0 {
		t.Errorf("octets of honest clients that no act explains: %v", ops)
	}
}

func ipmiSessions(t *testing.T, s *sundew) {
	for _, suite := range []string{"0", "1", "2", "3", "6", "7", "8"} {
		contains(t, s.ipmitool(t, "-I", "lanplus", "-C", suite, "mc", "info"), "Manufacturer ID           : 10876", "IPMI Version              : 2.0")
	}
	for _, auth := range []string{"NONE", "MD5", "PASSWORD"} {
		contains(t, s.ipmitool(t, "-I", "lan", "-A", auth, "mc", "info"), "Manufacturer ID           : 10876")
	}
	for _, lan := range []string{"lanplus", "lan"} {
		out, err := try(t, "ipmitool", s.ipmiArgs("wrong", "-I", lan, "mc", "info")...)
		if err == nil {
			t.Errorf("%s: a wrong password is let in: %s", lan, out)
		}
		contains(t, out, "Unable to establish")
	}
}

func ipmiInventory(t *testing.T, s *sundew) {
	contains(t, s.ipmitool(t, "lan", "print", "1"), "IP Address Source       : Static Address", "RMCP+ Cipher Suites     : 0,1,2,3,6,7,8,11,12", "MAC Address             : 00:")
	contains(t, s.ipmitool(t, "sdr", "list"), "CPU Temp", "degrees C", "FAN1", "RPM", "VBAT", "Chassis Intru")
	if out := s.ipmitool(t, "sensor"); strings.Count(out, "| ok") < 12 {
		t.Errorf("few sensors read:\n%s", out)
	}
	contains(t, s.ipmitool(t, "fru"), "Board Product         : X9SCM-F", "Product Serial        : S1")
	contains(t, s.ipmitool(t, "sel", "list"), "Chassis intrusion", "Log area reset/cleared")
	contains(t, s.ipmitool(t, "channel", "getciphers", "ipmi", "1"), "hmac_sha1_96", "aes_cbc_128")
	contains(t, s.ipmitool(t, "mc", "selftest"), "passed")
	contains(t, s.ipmitool(t, "session", "info", "active"), "ADMINISTRATOR")
	if out, err := try(t, "ipmitool", s.ipmiArgs("ADMIN", "sol", "activate")...); err == nil || !strings.Contains(out, "SOL payload disabled") {
		t.Errorf("serial over LAN: %s", out)
	}
	if out, err := try(t, "ipmitool", s.ipmiArgs("ADMIN", "-I", "lanplus", "raw", "0x30", "0x70")...); err == nil || !strings.Contains(out, "rsp=0xc1") {
		t.Errorf("an OEM command: %s", out)
	}
}

func ipmiUsers(t *testing.T, s *sundew) {
	s.ipmitool(t, "user", "set", "name", "5", "eve")
	s.ipmitool(t, "user", "set", "password", "5", "hunter22")
	s.ipmitool(t, "channel", "setaccess", "1", "5", "ipmi=on", "link=on", "privilege=4")
	s.ipmitool(t, "user", "enable", "5")
	contains(t, s.ipmitool(t, "user", "list", "1"), "ADMIN  ", "eve  ")
	contains(t, s.ipmitool(t, "user", "test", "5", "16", "hunter22"), "Success")
	out := run(t, "ipmitool", "-H", s.addr, "-p", fmt.Sprint(ipmiPort), "-I", "lanplus", "-U", "eve", "-P", "hunter22", "chassis", "power", "status")
	contains(t, out, "Chassis Power is on")
	for _, e := range s.events("--protocol", "ipmi") {
		if e.Op == "rakp_message_3" && e.Cred != nil && e.Cred.User == "eve" {
			if e.Class != event.Auth || e.Cred.Secret != "hunter22" {
				t.Errorf("the login is recorded as %s %+v", e.Class, e.Cred)
			}
			return
		}
	}
	t.Error("the login of the new user is not in the journal")
}

func ipmiChassis(t *testing.T, s *sundew) {
	contains(t, s.ipmitool(t, "chassis", "status"), "System Power         : on", "Power Restore Policy : previous")
	s.ipmitool(t, "chassis", "identify", "5")
	s.ipmitool(t, "chassis", "bootdev", "pxe")
	contains(t, s.ipmitool(t, "chassis", "bootparam", "get", "5"), "Force PXE")
	s.ipmitool(t, "chassis", "power", "off")
	contains(t, s.ipmitool(t, "chassis", "power", "status"), "is off")
	contains(t, s.ipmitool(t, "sdr", "list"), "no reading")
	s.ipmitool(t, "chassis", "power", "on")
	contains(t, s.ipmitool(t, "chassis", "power", "status"), "is on")
	s.ipmitool(t, "chassis", "power", "cycle")
	time.Sleep(5 * time.Second)
	contains(t, s.ipmitool(t, "chassis", "power", "status"), "is on")
	s.ipmitool(t, "sel", "clear")
	contains(t, s.ipmitool(t, "sel", "info"), "Entries          : 1")
}

func ipmiPyghmi(t *testing.T, s *sundew) {
	out := python(t, "pyghmi", `
import sys
from pyghmi.ipmi import command
c = command.Command(bmc=sys.argv[1], port=int(sys.argv[2]), userid="ADMIN", password="ADMIN")
print("power", c.get_power()["powerstate"])
print("boot", c.get_bootdev()["bootdev"])
print("user", c.get_user(2)["name"])
print("net", c.get_net_configuration()["mac_address"])
n = 0
for r in c.get_sensor_data():
    n += r.value is not None
print("readings", n > 8)
print("fru", c.get_inventory_of_component("System")["Board model"])
print("events", sum(1 for _ in c.get_event_log()))
c.ipmi_session.logout()
`, s.addr, fmt.Sprint(ipmiPort))
	contains(t, out, "power on", "user ADMIN", "net 00:", "readings True", "fru X9SCM-F", "events ")
}

func ipmiPython(t *testing.T, s *sundew) {
	out := python(t, "pyipmi", `
import sys, pyipmi, pyipmi.interfaces
i = pyipmi.interfaces.create_interface("rmcp", slave_address=0x81, host_target_address=0x20, keep_alive_interval=0)
c = pyipmi.create_connection(i)
c.session.set_session_type_rmcp(host=sys.argv[1], port=int(sys.argv[2]))
c.session.set_auth_type_user("ADMIN", "ADMIN")
c.target = pyipmi.Target(ipmb_address=0x20)
c.open()
c.session.establish()
d = c.get_device_id()
print("manufacturer", d.manufacturer_id, d.fw_revision)
print("power", c.get_chassis_status().power_on)
print("sdr", sum(1 for _ in c.sdr_repository_entries()))
print("sel", len(c.get_sel_entries()))
c.session.close()
`, s.addr, fmt.Sprint(ipmiPort))
	contains(t, out, "manufacturer 10876", "power True", "sdr 23", "sel ")
}

// ipmiFree asks with what ipmitool cannot do: MD2 and suites 11 and 12.
func ipmiFree(t *testing.T, s *sundew) {
	t.Setenv("HOME", t.TempDir()) // its cache of SDRs
	args := func(more ...string) []string {
		return append([]string{"-h", s.at(ipmiPort), "-u", "ADMIN", "-p", "ADMIN", "-l", "ADMIN"}, more...)
	}
	for _, auth := range []string{"MD2", "MD5", "STRAIGHT_PASSWORD_KEY", "NONE"} {
		contains(t, run(t, "bmc-info", args("-D", "LAN", "-a", auth)...), "Device ID             : 32")
	}
	for _, suite := range []string{"0", "3", "8", "11", "12"} {
		contains(t, run(t, "bmc-info", args("-D", "LAN_2_0", "-I", suite)...), "Device ID             : 32")
	}
	contains(t, run(t, "ipmi-sensors", args("-D", "LAN_2_0", "--output-sensor-state")...), "CPU Temp        | Temperature       | Nominal")
	contains(t, run(t, "ipmi-fru", args("-D", "LAN_2_0")...), "FRU Board Product Name: X9SCM-F")
	out, err := try(t, "bmc-info", "-h", s.at(ipmiPort), "-u", "ADMIN", "-p", "wrong", "-l", "ADMIN", "-D", "LAN_2_0")
	if err == nil || !strings.Contains(out, "password invalid") {
		t.Errorf("a wrong password: %s", out)
	}
}
