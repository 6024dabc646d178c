//go:build interop

package interop

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const bacnetPort = 47808

func TestBACnet(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	clients := func() {
		t.Run("node-bacnet", func(t *testing.T) { bacnetNode(t, s) })
		t.Run("@bacnet-js/client", func(t *testing.T) { bacnetJS(t, s) })
		t.Run("bacpypes3", func(t *testing.T) { bacnetPypes(t, s) })
		t.Run("nmap", func(t *testing.T) {
			contains(t, s.nmap(t, bacnetPort, "-sU", "--script", "+bacnet-info"), "Vendor ID: ", "Object-identifier: ", "Firmware: FW=V5.10.", "Model Name: PXC100ED")
		})
	}
	oracle(t, s, dissection{network: "udp", port: bacnetPort, protocol: "bacnet"}, clients)
	ops := s.ops("bacnet")
	for _, op := range []string{"who_is", "read_property", "read_property_multiple", "write_property", "subscribe_cov", "confirmed_cov_notification",
		"read_range", "atomic_write_file", "atomic_read_file", "device_communication_control", "segment_ack", "get_event_information"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

// spare is a port for a client that must bind one.
func spare() string { return fmt.Sprint(20000 + rand.IntN(9000)) }

func bacnetNode(t *testing.T, s *sundew) {
	out := node(t, "node-bacnet", `
const Bacnet = require('node-bacnet');
const c = new Bacnet({ port: Number(process.argv[2]), apduTimeout: 3000, broadcastAddress: process.argv[1] });
const at = { address: process.argv[1] };
const ask = f => new Promise((done, failed) => f((e, v) => e ? failed(e) : done(v)));
const output = { type: 4, instance: 2 }, device = { type: 8, instance: 4194303 };
(async () => {
  const seen = new Promise(done => c.on('iAm', m => done(m)));
  c.whoIs({ address: process.argv[1] });
  console.log('vendor', (await seen).payload.vendorId);
  let v = await ask(cb => c.readProperty(at, device, 76, cb)); console.log('objects', v.values.length > 30);
  v = await ask(cb => c.readPropertyMultiple(at, [{ objectId: { type: 0, instance: 1 }, properties: [{ id: 8 }] }], cb)); console.log('all', v.values[0].values.length > 15);
  await ask(cb => c.writeProperty(at, output, 85, [{ type: 9, value: 0 }], { priority: 8 }, cb));
  v = await ask(cb => c.readProperty(at, output, 87, cb)); console.log('slots', JSON.stringify(v.values.map(x => x.value)));
  await ask(cb => c.writeProperty(at, output, 85, [{ type: 0, value: null }], { priority: 8 }, cb));
  v = await ask(cb => c.readProperty(at, output, 85, cb)); console.log('back', v.values[0].value);
  v = await ask(cb => c.readRange(at, { type: 20, instance: 1 }, 1, 10, cb)); console.log('records', v.itemCount);
  v = await ask(cb => c.readFile(at, { type: 10, instance: 1 }, 0, 100, cb)); console.log('file', v.buffer.toString().includes('[Ahu01]'));
  await c.readProperty(at, { type: 0, instance: 77 }, 85, e => console.log('unknown', String(e.message || e)));
  setTimeout(() => { c.close(); process.exit(0); }, 300);
})().catch(e => { console.error(e); process.exit(1); });
`, s.addr, spare())
	contains(t, out, "vendor 7", "objects true", "all true", "slots [null,null,null,null,null,null,null,0,null,null,null,null,null,null,1,null]", "back 1", "records 10", "file true", "unknown")
}

func bacnetJS(t *testing.T, s *sundew) {
	out := node(t, "@bacnet-js/client", `
const { default: Client } = require('@bacnet-js/client');
const c = new Client({ port: Number(process.argv[2]), apduTimeout: 3000 });
const at = { address: process.argv[1] };
(async () => {
  let v = await c.readProperty(at, { type: 8, instance: 4194303 }, 77); console.log('name', v.values[0].value.length > 0);
  v = await c.readPropertyMultiple(at, [{ objectId: { type: 8, instance: 4194303 }, properties: [{ id: 8 }] }]); console.log('all', v.values[0].values.length > 20);
  await c.writeProperty(at, { type: 1, instance: 2 }, 85, [{ type: 4, value: 80 }], { priority: 8 });
  v = await c.readProperty(at, { type: 1, instance: 2 }, 85); console.log('speed', v.values[0].value);
  await c.writeProperty(at, { type: 1, instance: 2 }, 85, [{ type: 0, value: null }], { priority: 8 });
  try { await c.writeProperty(at, { type: 0, instance: 1 }, 85, [{ type: 4, value: 1 }], {}); console.log('taken'); } catch (e) { console.log('denied', e.message); }
  c.close(); process.exit(0);
})().catch(e => { console.error(e); process.exit(1); });
`, s.addr, spare())
	contains(t, out, "name true", "all true", "speed 80", "denied")
}

func bacnetPypes(t *testing.T, s *sundew) {
	out := python(t, "bacpypes3", bacnetScript, s.at(bacnetPort), "127.0.0.1/8:"+spare())
	contains(t, out, "vendor 7", "values that do not decode: 0", "speed 80.0 60.0", "records 20", "notified", "written AtomicWriteFileACK", "read 3", "events", "control SimpleAckPDU", "silent []", "control SimpleAckPDU")
	if strings.Contains(out, "Traceback") {
		t.Errorf("bacpypes3 complains:\n%s", out)
	}
}

// bacnetScript reads every property of every object, which takes several
// segments of 480 octets, and decodes each by its type; then it writes, reads a
// log, subscribes, moves a file in segments, and silences the device.
const bacnetScript = `
import asyncio, sys
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.primitivedata import ObjectIdentifier, Null, Real
from bacpypes3.constructeddata import ListOf
from bacpypes3.apdu import *
from bacpypes3.basetypes import *
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.vendor import get_vendor_info

async def main():
    me = DeviceObject(objectIdentifier=("device", 599), objectName="tester", vendorIdentifier=15, maxApduLengthAccepted=480, segmentationSupported="segmentedBoth", maxSegmentsAccepted=64)
    app = NormalApplication(me, IPv4Address(sys.argv[2]))
    to = Address(sys.argv[1])
    async def ask(r):
        r.pduDestination = to
        return await app.request(r)
    them = (await app.who_is(address=to, timeout=2))[0]
    device = them.iAmDeviceIdentifier
    print("vendor", them.vendorID)
    objects = await app.read_property(to, device, "object-list")
    r = await ask(ReadPropertyMultipleRequest(listOfReadAccessSpecs=[ReadAccessSpecification(objectIdentifier=o, listOfPropertyReferences=[PropertyReference(propertyIdentifier="all")]) for o in objects]))
    bad = 0
    for one in r.listOfReadAccessResults:
        kind = get_vendor_info(0).get_object_class(one.objectIdentifier[0])
        for e in one.listOfResults:
            t = kind.get_property_type(e.propertyIdentifier)
            try:
                assert not e.readResult.propertyAccessError
                e.readResult.propertyValue.cast_out(t)
            except Exception as x:
                print("bad", one.objectIdentifier, e.propertyIdentifier, x)
                bad += 1
    print("values that do not decode:", bad)
    await app.write_property(to, "analog-output,2", "present-value", Real(80.0), priority=8)
    up = await app.read_property(to, "analog-output,2", "present-value")
    await app.write_property(to, "analog-output,2", "present-value", Null(()), priority=8)
    print("speed", up, await app.read_property(to, "analog-output,2", "present-value"))
    r = await ask(ReadRangeRequest(objectIdentifier=ObjectIdentifier("trend-log,12"), propertyIdentifier="log-buffer", range=Range(byPosition=RangeByPosition(referenceIndex=1, count=20))))
    print("records", len(r.itemData.cast_out(ListOf(LogRecord))))
    async with app.change_of_value(to, ObjectIdentifier("analog-output,2"), 7, True, 60) as changes:
        print("notified", await asyncio.wait_for(changes.get_value(), 5))
    r = await ask(AtomicWriteFileRequest(fileIdentifier=ObjectIdentifier("file,1"), accessMethod=AtomicWriteFileRequestAccessMethodChoice(streamAccess=AtomicWriteFileRequestAccessMethodChoiceStreamAccess(fileStartPosition=-1, fileData=b"x" * 3000))))
    print("written", type(r).__name__)
    r = await ask(AtomicReadFileRequest(fileIdentifier=ObjectIdentifier("file,1"), accessMethod=AtomicReadFileRequestAccessMethodChoice(streamAccess=AtomicReadFileRequestAccessMethodChoiceStreamAccess(fileStartPosition=0, requestedOctetCount=4000))))
    print("read", len(r.accessMethod.streamAccess.fileData))
    r = await ask(GetEventInformationRequest())
    print("events", len(r.listOfEventSummaries))
    print("control", type(await ask(DeviceCommunicationControlRequest(enableDisable="disable", timeDuration=1))).__name__)
    print("silent", await app.who_is(address=to, timeout=1))
    print("control", type(await ask(DeviceCommunicationControlRequest(enableDisable="enable"))).__name__)
    app.close()

asyncio.run(main())
`
