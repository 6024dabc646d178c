//go:build interop

package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

func TestDNP3(t *testing.T) {
	s := start(t, "feeder-outstation", "--limits", "off", "--latency", "off")
	own := dnp3Address(t, s)
	for _, network := range []string{"tcp", "udp"} {
		t.Run(network, func(t *testing.T) {
			d := dissection{network: network, port: dnp3Port, protocol: "dnp3"}
			oracle(t, s, d, func() {
				t.Run("yadnp3", func(t *testing.T) { dnp3Master(t, s, own, network) })
			})
		})
	}
	ops := s.ops("dnp3")
	for _, op := range []string{"request_link_status", "read", "confirm", "select", "operate", "direct_operate", "enable_unsolicited", "unsolicited_response", "write", "open_file", "record_current_time", "immediate_freeze", "cold_restart"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
	kept := 0
	for _, e := range s.events("--protocol", "dnp3") {
		if e.Kind == event.KindAct && e.Artifact != nil && e.Class == event.FileWrite {
			kept++
		}
	}
	if kept == 0 {
		t.Error("no written file was kept")
	}
}

// TestFloodDNP3 is TestFlood for a service whose address every installation has
// of its own: all classes and all attributes are asked for.
func TestFloodDNP3(t *testing.T) {
	s := start(t, "feeder-outstation", "--latency", "off")
	question := dnp3Question("c001 3c02 06 3c03 06 3c04 06 3c01 06 00fe 00 0000")(t, s)
	in, out := flood(t, s.at(dnp3Port), question, 12*time.Second)
	ratio := float64(out) / float64(in)
	t.Logf("%d octets in, %d out: %.3f", in, out, ratio)
	if ratio > 0.3 || out == 0 {
		t.Errorf("the service draws out %.2f of what a forger sends", ratio)
	}
}

// dnp3Master runs a master that others wrote through what it can do.
func dnp3Master(t *testing.T, s *sundew, own uint16, network string) {
	out := python(t, "opendnp3", dnp3Script, s.addr, fmt.Sprint(dnp3Port), fmt.Sprint(own), network)
	contains(t, out,
		"STARTUP_INTEGRITY_POLL SUCCESS", "LAN_TIME_SYNC SUCCESS", "ENABLE_UNSOLICITED SUCCESS", "DISABLE_UNSOLICITED SUCCESS",
		"static Binary 16", "static DoubleBitBinary 1", "static Analog 16", "static Counter 5", "static FrozenCounter 3",
		"static BinaryOutputStatus 11", "static AnalogOutputStatus 2", "static OctetString 2",
		"trip SUCCESS", "open True", "event DoubleBitBinary", "close SUCCESS", "absent NOT_SUPPORTED", "pickup SUCCESS", "range OUT_OF_RANGE",
		"unsolicited True", "attribute 252 Schweitzer Engineering Laboratories",
		"settings [INFO]", "RELAYTYPE=SEL-651R-2", "written True", "frozen True", "restart 25000", "link True")
}

const dnp3Script = `
import sys, time, collections, threading
import opendnp3 as o
host, port, link, network = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
class SOE(o.ISOEHandler):
    def __init__(s): super().__init__(); s.static, s.events, s.attrs, s.unsol, s.state, s.frozen = collections.Counter(), collections.Counter(), {}, False, None, 0
    def BeginFragment(s, info): s.unsol = s.unsol or info.unsolicited
    def EndFragment(s, info): pass
    def OnDeviceAttribute(s, info, set, variation, value): s.attrs[variation] = value.stringValue
    def Process(s, info, values):
        for v in values:
            kind = type(v).__name__.removeprefix('Indexed')
            (s.events if info.isEventVariation else s.static)[kind] += 1
            if kind == 'DoubleBitBinary': s.state = str(v.value.value)
            if kind == 'FrozenCounter': s.frozen = max(s.frozen, v.value.value)
class App(o.IMasterApplication):
    def __init__(s): super().__init__(); s.done = []
    def OnTaskComplete(s, info): s.done.append(str(info.type).split('.')[1] + ' ' + str(info.result).split('.')[1])
m = o.DNP3Manager(1)
if network == 'tcp':
    ch = m.AddTCPClient('c', o.levels.NOTHING, o.ChannelRetry.Default(), [o.IPEndpoint(host, port)], '0.0.0.0', None)
else:
    ch = m.AddUDPChannel('c', o.levels.NOTHING, o.ChannelRetry.Default(), o.IPEndpoint('127.0.0.1', 0), o.IPEndpoint(host, port), None)
cfg = o.MasterStackConfig(); cfg.link.LocalAddr = 3; cfg.link.RemoteAddr = link
cfg.master.disableUnsolOnStartup = True; cfg.master.timeSyncMode = o.TimeSyncMode.LAN
soe, app = SOE(), App()
ma = ch.AddMaster('m', soe, app, cfg); ma.Enable()
def until(f, n=80):
    for _ in range(n):
        if f(): return True
        time.sleep(0.1)
    return False
def wait(call, *args):
    e, r = threading.Event(), []
    call(*args, lambda x: (r.append(x), e.set()))
    if not e.wait(10): raise SystemExit('no answer to %s' % call)
    return r[0]
until(lambda: 'ENABLE_UNSOLICITED SUCCESS' in app.done)
for d in app.done: print(d)
for k, n in soe.static.items(): print('static', k, n)
def command(name, f, c, i):
    r = wait(f, c, i).to_list(); print(name, *[str(x.status).split('.')[1] for x in r])
trip = o.ControlRelayOutputBlock(o.OperationType.PULSE_ON, o.TripCloseCode.TRIP)
close = o.ControlRelayOutputBlock(o.OperationType.PULSE_ON, o.TripCloseCode.CLOSE)
command('trip', ma.SelectAndOperate, trip, 0)
soe.unsol = False
print('open', until(lambda: 'OFF' in soe.state), soe.state)
print('unsolicited', until(lambda: soe.unsol))
command('close', ma.DirectOperate, close, 0)
until(lambda: 'DETERMINED_ON' in soe.state)
command('absent', ma.DirectOperate, trip, 99)
command('pickup', ma.SelectAndOperate, o.AnalogOutputInt32(700), 0)
command('range', ma.DirectOperate, o.AnalogOutputInt32(9000), 0)
ma.ScanClasses(o.ClassField(False, True, True, True), soe); time.sleep(1)
for k, n in soe.events.items(): print('event', k, n)
ma.ScanAllObjects(o.GroupVariationID(0, 254), soe); until(lambda: 252 in soe.attrs)
print('attribute 252', soe.attrs.get(252))
r = wait(ma.ReadFile, '/SETTINGS/SET_1.TXT'); print('settings', bytes(r.data).decode())
p = o.FilePermissions()
e, w = threading.Event(), []
ma.WriteFile('/UP/NEW.TXT', b'A' * 3000, p, lambda x: (w.append(x), e.set())); e.wait(10)
r = wait(ma.ReadFile, '/UP/NEW.TXT'); print('written', bytes(r.data) == b'A' * 3000)
ma.Freeze(o.FreezeType.ImmediateFreeze, [o.Header.AllObjects(20, 0)]); time.sleep(0.5)
ma.ScanAllObjects(o.GroupVariationID(21, 1), soe); print('frozen', until(lambda: soe.frozen > 1000))
print('link', wait(ma.CheckLinkStatus))
r = wait(ma.Restart, o.RestartType.COLD); print('restart', r.restartTime)
sys.stdout.flush()
import os; os._exit(0)
`
