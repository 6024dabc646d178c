//go:build interop

package interop

import (
	"fmt"
	"testing"
)

const iec104Port = 2404

func TestIEC104(t *testing.T) {
	s := start(t, "substation-rtu", "--limits", "off") // with latency: c104 misses an answer that is faster than its own thread
	clients := func() {
		t.Run("nmap", func(t *testing.T) {
			contains(t, s.nmap(t, iec104Port, "--script", "+iec-identify"), "ASDU address: ", "Information objects: ")
		})
		t.Run("c104", func(t *testing.T) { iec104Master(t, s) })
		t.Run("scapy", func(t *testing.T) { iec104Scapy(t, s) })
	}
	oracle(t, s, dissection{network: "tcp", port: iec104Port, protocol: "iec60870_104"}, clients)
	ops := s.ops("iec104")
	for _, op := range []string{"testfr_act", "startdt_act", "general_interrogation", "counter_interrogation", "double_command", "clock_synchronization", "return_information", "activation_termination", "spontaneous", "read"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

// iec104Master connects as a control centre (c104 is lib60870-C): interrogates,
// sets the clock, opens a breaker with select and
// execute, sees its return information, and is refused what is not there.
func iec104Master(t *testing.T, s *sundew) {
	out := python(t, "c104", `
import socket, struct, sys, time, c104
host, port = sys.argv[1], int(sys.argv[2])
# The addresses differ between installations: the first double point is 101 above the base.
raw = socket.create_connection((host, port)); raw.settimeout(1)
raw.sendall(bytes.fromhex("680407000000680e0000000064010600ffff00000014")); time.sleep(0.5)
data = raw.recv(65536); raw.close(); ca = base = None
while data:
    frame, data = data[:data[1] + 2], data[data[1] + 2:]
    if len(frame) > 15 and frame[6] == 3 and ca is None:
        ca, base = struct.unpack("<H", frame[10:12])[0], int.from_bytes(frame[12:15], "little") - 101
client = c104.Client(tick_rate_ms=50, command_timeout_ms=10000)
con = client.add_connection(ip=host, port=port, init=c104.Init.NONE)
st = con.add_station(common_address=ca)
f1 = st.add_point(io_address=base + 103, type=c104.Type.M_DP_NA_1)
current = st.add_point(io_address=base + 305, type=c104.Type.M_ME_NC_1)
energy = st.add_point(io_address=base + 501, type=c104.Type.M_IT_NA_1)
q0 = st.add_point(io_address=base + 1002 + 1, type=c104.Type.C_DC_NA_1, command_mode=c104.CommandMode.SELECT_AND_EXECUTE)
bare = st.add_point(io_address=base + 1006, type=c104.Type.C_DC_NA_1, command_mode=c104.CommandMode.DIRECT)
none = st.add_point(io_address=base + 1999, type=c104.Type.C_SC_NA_1)
client.start()
for i in range(100):
    if con.is_connected and not con.is_muted: break # connected is before STARTDT con
    if con.is_connected and i % 20 == 19: con.unmute() # under load it stays muted now and then
    time.sleep(0.1)
assert con.is_connected and not con.is_muted, con.state
assert con.interrogation(common_address=ca), "interrogation"
assert con.counter_interrogation(common_address=ca), "counter interrogation"
print("closed", f1.value == c104.Double.ON, "energy", int(energy.value.counter if hasattr(energy.value, "counter") else energy.value) > 1000)
assert con.clock_sync(common_address=ca), "clock"
assert current.read(), "read"
time.sleep(0.3)
print("current", current.value > 5)
q0.value = c104.Double.OFF
assert q0.transmit(cause=c104.Cot.ACTIVATION), "select and execute"
time.sleep(2.5)
assert f1.read(), "read"
time.sleep(0.3) # c104 confirms before it has stored the value
print("reported", f1.value == c104.Double.OFF)
assert current.read()
time.sleep(0.3)
print("opened", current.value < 3)
bare.value = c104.Double.OFF
print("without select", bare.transmit(cause=c104.Cot.ACTIVATION))
none.value = True
print("not there", none.transmit(cause=c104.Cot.ACTIVATION))
con.disconnect()
client.stop()
`, s.addr, fmt.Sprint(iec104Port))
	contains(t, out, "closed True energy True", "current True", "reported True", "opened True", "without select False", "not there False")
}

// iec104Scapy has what we send parsed by scapy's own dissector.
func iec104Scapy(t *testing.T, s *sundew) {
	out := python(t, "scapy", `
import socket, sys, time
from scapy.contrib.scada.iec104 import *
s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); s.settimeout(1)
s.sendall(bytes(IEC104_U_Message(startdt_act=1)))
s.sendall(bytes.fromhex("680e0000000064010600ffff00000014"))
time.sleep(0.5)
data = s.recv(65536); kinds = {}; n = 0
while data:
    frame, data = data[:data[1] + 2], data[data[1] + 2:]
    p = iec104_decode(frame)
    kind = type(p).__name__
    assert kind.startswith("IEC104_"), (kind, frame.hex())
    n += 1
    kinds[kind] = kinds.get(kind, 0) + 1
    if kind.startswith("IEC104_I_Message"):
        assert p.type_id in IEC104_IO_CLASSES and len(p.io) > 0 and not p.haslayer("Raw"), p.show(dump=True)
print("frames", n >= 10, kinds)
`, s.addr, fmt.Sprint(iec104Port))
	contains(t, out, "frames True")
}
