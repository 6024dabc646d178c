//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
)

const modbusPort = 5020

func TestModbus(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	clients := func() {
		t.Run("mbpoll", func(t *testing.T) { modbusMbpoll(t, s) })
		t.Run("pymodbus", func(t *testing.T) { modbusPymodbus(t, s) })
		t.Run("modbus-serial", func(t *testing.T) { modbusSerial(t, s) })
		t.Run("nmap", func(t *testing.T) { modbusNmap(t, s) })
	}
	oracle(t, s, dissection{network: "tcp", port: modbusPort, protocol: "mbtcp", decodeAs: fmt.Sprintf("tcp.port==%d,mbtcp", modbusPort), prefs: []string{fmt.Sprintf("mbtcp.tcp.port:%d", modbusPort)}}, clients)
	ops := s.ops("modbus")
	for _, op := range []string{"read_holding_registers", "write_single_register", "read_device_identification"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

func modbusMbpoll(t *testing.T, s *sundew) {
	args := func(more ...string) []string {
		return append([]string{"-m", "tcp", "-p", fmt.Sprint(modbusPort), "-a", "1", "-0", "-1", "-o", "2"}, append(more, s.addr)...)
	}
	contains(t, run(t, "mbpoll", args("-t", "4", "-r", "0", "-c", "4")...), "[0]:", "[3]:")
	run(t, "mbpoll", args("-t", "0", "-r", "0", "-c", "1")...)
	out, _ := try(t, "mbpoll", args("-t", "4", "-r", "60000", "-c", "1")...)
	contains(t, out, "Illegal data address")
}

func modbusPymodbus(t *testing.T, s *sundew) {
	out := python(t, "pymodbus", `
import sys
from pymodbus.client import ModbusTcpClient
c = ModbusTcpClient(sys.argv[1], port=int(sys.argv[2])); assert c.connect()
r = c.read_holding_registers(0, count=2, device_id=1); assert not r.isError(), r
print("registers", r.registers)
r = c.read_device_information(read_code=1, object_id=0); assert not r.isError(), r
print("identity", r.information)
r = c.write_register(0, r.information and 12345 or 0, device_id=1)
print("write", r)
r = c.read_holding_registers(60000, count=1, device_id=1); assert r.isError() and r.exception_code == 2, r
c.close()
`, s.addr, fmt.Sprint(modbusPort))
	contains(t, out, "registers [", "identity {")
}

func modbusSerial(t *testing.T, s *sundew) {
	out := node(t, "modbus-serial", `
const M = require('modbus-serial'); const c = new M();
(async () => {
  await c.connectTCP(process.argv[1], { port: Number(process.argv[2]) }); c.setID(1);
  const r = await c.readHoldingRegisters(0, 4); console.log('registers', r.data.length);
  const k = await c.readCoils(0, 1); console.log('coils', k.data.length > 0);
  c.close(() => {});
})().catch(e => { console.error(e); process.exit(1); });
`, s.addr, fmt.Sprint(modbusPort))
	contains(t, out, "registers 4", "coils true")
}

func modbusNmap(t *testing.T, s *sundew) {
	out := s.nmap(t, modbusPort, "--script", "+modbus-discover")
	contains(t, out, "sid 0x1", "Device identification")
	if strings.Contains(out, "ERROR") {
		t.Errorf("nmap complains:\n%s", out)
	}
}
