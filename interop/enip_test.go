//go:build interop

package interop

import (
	"fmt"
	"testing"
)

const enipPort = 44818

func TestEnip(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	clients := func() {
		t.Run("nmap", func(t *testing.T) {
			contains(t, s.nmap(t, enipPort, "--script", "+enip-info"), "Rockwell Automation", "1769-L18ER/B", "deviceIp")
		})
		t.Run("pycomm3", func(t *testing.T) { enipPycomm3(t, s) })
		t.Run("pylogix", func(t *testing.T) { enipPylogix(t, s) })
		t.Run("cpppo", func(t *testing.T) { enipCpppo(t, s) })
		t.Run("st-ethernet-ip", func(t *testing.T) { enipNode(t, s, "st-ethernet-ip") })
		t.Run("ethernet-ip", func(t *testing.T) { enipNode(t, s, "ethernet-ip") })
	}
	oracle(t, s, dissection{network: "tcp", port: enipPort, protocol: "enip"}, clients)
	ops := s.ops("enip")
	for _, op := range []string{"list_identity", "register_session", "large_forward_open", "get_instance_attribute_list", "read_template", "read_tag", "write_tag", "read_modify_write_tag", "multiple_service_packet"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

func TestEnipUDP(t *testing.T) {
	s := start(t, "default", "--latency", "off") // with limits: one honest client is answered
	oracle(t, s, dissection{network: "udp", port: enipPort, protocol: "enip"}, func() {
		contains(t, s.nmap(t, enipPort, "-sU", "--script", "+enip-info"), "Rockwell Automation", "1769-L18ER/B", "deviceIp")
	})
}

// The persona that runs alone.
func TestEnipCompactLogix(t *testing.T) {
	s := start(t, "compactlogix", "--limits", "off", "--latency", "off")
	out := python(t, "pycomm3", `
import sys
from pycomm3 import LogixDriver
with LogixDriver(sys.argv[1]) as p:
    assert p.info['product_name'].startswith('1769-L33ER'), p.info
    names = [t['tag_name'] for t in p.get_tag_list('*')]
    assert 'Mixer1' in names and 'Program:Mixer.Step' in names, names
    m = p.read('Mixer1'); assert not m.error and m.value['Agitator']['Speed_SP'] == 92.0, m
    w = p.write('Mixer1.Agitator.Speed_SP', 100.0); assert not w.error, w
    assert p.read('Mixer1.Agitator.Speed_SP').value == 100.0
    r = p.read('Recipes{12}'); assert not r.error and r.value[0]['Name'] == 'HD-40 LEMON', r
    print('read', len(names))
`, s.addr)
	contains(t, out, "read ")
}

func enipPycomm3(t *testing.T, s *sundew) {
	out := python(t, "pycomm3", `
import sys
from pycomm3 import LogixDriver
with LogixDriver(sys.argv[1]) as p:
    i = p.info
    assert i['vendor'].startswith('Rockwell') and i['product_code'] == 154 and i['keyswitch'] == 'REMOTE RUN', i
    tags = {t['tag_name']: t for t in p.get_tag_list('*')}
    assert tags['FIT101']['data_type_name'] == 'AI_Channel' and tags['Recipe_Name']['data_type_name'] == 'STRING', tags
    assert 'Program:Dosing.Stroke_Table' in tags and set(i['programs']) == {'MainProgram', 'Dosing', 'UV'}, i
    print('tags', len(tags))
    r = p.read('CL2_Residual_SP'); assert not r.error and r.type == 'REAL', r
    w = p.write('CL2_Residual_SP', 0.75); assert not w.error, w
    assert p.read('AIC301.SP').value == 0.75
    u = p.read('UV1'); assert not u.error and 'Lamp_Hours' in u.value, u
    u.value['Power_SP'] = 77.5
    w = p.write('UV1', u.value); assert not w.error, w
    assert p.read('UV1.Power_SP').value == 77.5
    a = p.read('Trend_Residual{240}'); assert not a.error and len(a.value) == 240, a
    w = p.write('Trend_Residual[10]{200}', [1.5] * 200); assert not w.error, w
    assert p.read('Trend_Residual[209]').value == 1.5
    w = p.write(('Recipe_Name', 'SUMMER'), ('HMI_Page', 7), ('Heartbeat.3', True), ('Feed_Pump_Run[5]', True), ('Program:Dosing.Stroke_Table[2]', 26))
    assert all(not x.error for x in w), w
    r = p.read('Recipe_Name', 'HMI_Page', 'Heartbeat.3', 'Feed_Pump_Run[5]', 'Program:Dosing.Stroke_Table{3}')
    assert [x.value for x in r] == ['SUMMER', 7, True, True, [0, 12, 26]], r
    assert p.read('Dose_Table[4,1]').value == 4.400000095367432
    assert p.read('NoSuchTag').error and p.write('CL2_Feed_LPH', 1.0).error
    assert not p.set_plc_time().error and not p.get_plc_time().error
    print('done')
`, s.addr)
	contains(t, out, "tags ", "done")
}

func enipPylogix(t *testing.T, s *sundew) {
	out := python(t, "pylogix", `
import sys
from pylogix import PLC
with PLC(sys.argv[1]) as c:
    l = c.GetTagList(); assert l.Status == 'Success' and any(t.TagName == 'FIT101' and t.DataType == 'AI_Channel' for t in l.Value), l
    assert 'Program:UV' in c.GetProgramsList().Value
    r = c.Read('Trend_Residual[0]', 240); assert r.Status == 'Success' and len(r.Value) == 240, r
    w = c.Write('Batch_Total_Liters', 5 << 40); assert w.Status == 'Success' and c.Read('Batch_Total_Liters').Value == 5 << 40, w
    w = c.Write('Feed_Pump_Run[7]', True); assert w.Status == 'Success' and c.Read('Feed_Pump_Run[7]').Value is True, w
    w = c.Write('Recipe_Name', 'B2'); assert w.Status == 'Success' and c.Read('Recipe_Name').Value == 'B2', w
    m = c.Read(['HMI_Page', 'Program:Dosing.Flow_Pacing_Ratio', 'Nope']); assert [x.Status for x in m] == ['Success', 'Success', 'Path segment error'], m
    assert c.GetPLCTime().Status == 'Success' and c.SetPLCTime().Status == 'Success'
    d = c.GetDeviceProperties(); assert d.Value.ProductName.startswith('1769-L18ER'), d
    print('done')
`, s.addr)
	contains(t, out, "done")
}

func enipCpppo(t *testing.T, s *sundew) {
	out := python(t, "cpppo", `
import sys
from cpppo.server.enip import client
with client.connector(host=sys.argv[1], timeout=5) as c:
    c.list_identity()
    r, _ = client.await_response(c, timeout=5)
    print('identity', r.enip.CIP.list_identity.CPF.item[0].identity_object.product_name)
    for i, d, o, rep, sts, val in c.synchronous(operations=client.parse_operations(['HMI_Page', 'Stroke'])):
        print(d, sts, val)
`, s.addr)
	contains(t, out, "identity 1769-L18ER/B")
}

func enipNode(t *testing.T, s *sundew, module string) {
	out := node(t, module, fmt.Sprintf(`
const { Controller, Tag } = require(%q);
(async () => {
  const c = new Controller(); await c.connect(process.argv[1], 0);
  console.log('name', c.properties.name);
  const t = new Tag('HMI_Page'); await c.readTag(t); console.log('page', t.value);
  t.value = 11; await c.writeTag(t); await c.readTag(t); console.log('page', t.value);
  const p = new Tag('Warmup_Timer_ACC', 'UV'); await c.readTag(p); console.log('timer', p.value);
  process.exit(0);
})().catch(e => { console.error(e); process.exit(1); });
`, module), s.addr)
	contains(t, out, "name 1769-L18ER/B", "page 11", "timer 90000")
}
