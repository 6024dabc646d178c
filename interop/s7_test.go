//go:build interop

package interop

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

const s7Port = 10201

func TestS7(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	clients := func() {
		t.Run("nmap", func(t *testing.T) {
			out := s.nmap(t, s7Port, "--script", "+s7-info")
			contains(t, out, "Module: 6ES7 315-2EH14-0AB0", "System Name:")
			if !regexp.MustCompile(`Serial Number: S [CQ]-[0-9A-Z]{4}\d{8}\b`).MatchString(out) {
				t.Errorf("no serial number as Siemens forms them in %s", out)
			}
		})
		t.Run("node-snap7", func(t *testing.T) { s7Snap(t, s) })
		t.Run("nodes7", func(t *testing.T) { s7Nodes(t, s) })
		t.Run("python-snap7", func(t *testing.T) { s7Python(t, s) })
	}
	oracle(t, s, dissection{network: "tcp", port: s7Port, protocol: "s7comm", decodeAs: fmt.Sprintf("tcp.port==%d,tpkt", s7Port)}, clients)
	ops := s.ops("s7comm")
	for _, op := range []string{"connect_request", "setup_communication", "read_szl", "list_blocks", "read_var", "write_var"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

// s7Snap is what an engineer does with snap7: identify, list, upload, stop,
// start, set the clock.
func s7Snap(t *testing.T, s *sundew) {
	out := node(t, "node-snap7", `
const lib = require('node-snap7'); const c = new lib.S7Client(); c.SetParam(2, Number(process.argv[2]));
const text = () => c.ErrorText(c.LastError());
c.ConnectTo(process.argv[1], 0, 2, err => {
  if (err) { console.log('connect', c.ErrorText(err)); process.exit(1); }
  console.log('blocks', JSON.stringify(c.ListBlocks()));
  console.log('list', c.ListBlocksOfType(c.Block_DB).length > 0);
  console.log('info', JSON.stringify(c.GetAgBlockInfo(c.Block_OB, 1)));
  const up = c.FullUpload(c.Block_OB, 1, 4096); console.log('upload', up && up.length > 36, text());
  console.log('cpu', JSON.stringify(c.GetCpuInfo())); console.log('cp', JSON.stringify(c.GetCpInfo()));
  console.log('order', JSON.stringify(c.GetOrderCode())); console.log('protection', JSON.stringify(c.GetProtection()));
  console.log('time', c.GetPlcDateTime()); console.log('set time', c.SetPlcDateTime(new Date()), text());
  console.log('szl', c.ReadSZLList().length);
  console.log('stop', c.PlcStop(), c.PlcStatus()); console.log('hot', c.PlcHotStart(), c.PlcStatus());
  console.log('write', c.DBWrite(1, 4, 4, Buffer.from('40233333', 'hex')), text(), c.DBRead(1, 4, 4).toString('hex'));
  console.log('beyond', c.DBRead(999, 0, 4), text());
  console.log('compress', c.Compress(10000), text());
  c.Disconnect();
});`, s.addr, fmt.Sprint(s7Port))
	contains(t, out, `"OBCount":`, "upload true OK", `"SerialNumber":"S `, "6ES7 315-2EH14-0AB0", "szl 112", "stop true 4", "hot true 8", "set time true", "write true OK 40233333")
}

func s7Nodes(t *testing.T, s *sundew) {
	out := node(t, "nodes7", `
const Client = require('nodes7'); const c = new Client({ silent: true });
c.initiateConnection({ port: Number(process.argv[2]), host: process.argv[1], rack: 0, slot: 2, timeout: 5000 }, err => {
  if (err) { console.log('connect', err); process.exit(1); }
  c.setTranslationCB(tag => ({ level: 'DB1,REAL0', setpoint: 'DB1,REAL4' })[tag]);
  c.addItems(['level', 'setpoint']);
  c.readAllItems((bad, values) => { console.log('bad', bad, 'level', values.level > 0); c.dropConnection(() => process.exit(0)); });
});`, s.addr, fmt.Sprint(s7Port))
	contains(t, out, "bad false level true")
}

// s7Python leaves out get_cpu_state and delete: python-snap7 3.3 has jobs of its
// own for them, which are cut short or laid out wrongly and which a CPU refuses.
func s7Python(t *testing.T, s *sundew) {
	out := python(t, "snap7", `
import sys, snap7
c = snap7.client.Client(); c.connect(sys.argv[1], 0, 2, int(sys.argv[2])); assert c.get_connected()
print("serial", c.get_cpu_info().SerialNumber)
print("read", len(c.db_read(1, 0, 8)))
c.db_write(1, 4, bytearray.fromhex("40200000")); print("back", bytes(c.db_read(1, 4, 4)).hex())
c.disconnect()`, s.addr, fmt.Sprint(s7Port))
	contains(t, out, "serial b'S ", "read 8", "back 40200000")
}

// The personas that are no 300, each alone.
func TestS7Personas(t *testing.T) {
	for _, c := range []struct {
		persona, calls string
		want           []string
	}{
		{"s7-1200", `
  const at = (slot, next) => c.ConnectTo(process.argv[1], 0, slot, err => next(err ? 'refused' : 'connected'));
  at(2, said => { console.log('slot 2', said); at(1, said => { console.log('slot 1', said);
    console.log('order', c.GetOrderCode().Code); console.log('cpu', c.GetCpuInfo()); console.log('state', c.PlcStatus());
    console.log('stop', c.PlcStop()); console.log('blocks', c.ListBlocks());
    console.log('write', c.DBWrite(1, 4, 4, Buffer.from('3fe00000', 'hex')), c.DBRead(1, 4, 4).toString('hex')); c.Disconnect(); }); });`,
			[]string{"slot 2 refused", "slot 1 connected", "order 6ES7 214-1AG40-0XB0", "cpu false", "state 8", "stop false", "blocks false", "write true 3fe00000"}},
		{"s7-200", `
  c.SetConnectionParams(process.argv[1], 0x1000, 0x1001);
  c.Connect(err => { console.log('connected', !err, 'pdu', c.PDULength()); console.log('order', c.GetOrderCode());
    console.log('system', c.ReadArea(3, 0, 0, 20, 2).toString('latin1'));
    console.log('write', c.DBWrite(1, 100, 4, Buffer.from('40200000', 'hex')), c.DBRead(1, 100, 4).toString('hex'));
    console.log('stop', c.PlcStop(), 'start', c.PlcHotStart()); c.Disconnect(); });`,
			[]string{"connected true pdu 240", "order false", "system CPU 224XP REL 02.0", "write true 40200000", "stop true start true"}},
	} {
		t.Run(c.persona, func(t *testing.T) {
			s := start(t, c.persona, "--limits", "off", "--latency", "off")
			contains(t, node(t, "node-snap7", `
const lib = require('node-snap7'); const c = new lib.S7Client(); c.SetParam(2, Number(process.argv[2]));`+c.calls, s.addr, fmt.Sprint(s7Port)), c.want...)
			if c.persona == "s7-1200" {
				contains(t, s.nmap(t, s7Port, "--script", "+s7-info"), "Module: 6ES7 214-1AG40-0XB0", "Version: 4.")
			}
		})
	}
}

// TestS7BufferPage: the CPU's web page has the diagnostic buffer that S7 reads,
// what a visitor just did included.
func TestS7BufferPage(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	out := node(t, "node-snap7", `
const lib = require('node-snap7'); const c = new lib.S7Client(); c.SetParam(2, Number(process.argv[2]));
c.ConnectTo(process.argv[1], 0, 2, err => {
  if (err) { console.log('connect', c.ErrorText(err)); process.exit(1); }
  c.PlcStop();
  console.log(c.ReadSZL(0xa0, 0).toString('hex')); c.Disconnect();
});`, s.addr, fmt.Sprint(s7Port))
	const head, entry = 8, 40 // hex digits: record length and count, then 20 octets each
	list := strings.TrimSpace(out)
	if len(list) < head+10*entry || (len(list)-head)%entry != 0 {
		t.Fatalf("list 00A0 is %q", list)
	}
	resp, err := http.Get("http://" + s.at(8080) + "/Portal2000.htm")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	at := 0
	for e := list[head:]; len(e) > 0; e = e[entry:] {
		d := e[24:] // year month day hour minute second, milliseconds, weekday
		row := fmt.Sprintf("%s:%s:%s.%s</td><td class=\"table_cell\">%s.%s.20%s<", d[6:8], d[8:10], d[10:12], d[12:15], d[4:6], d[2:4], d[:2])
		next := strings.Index(page[at:], row)
		if next < 0 {
			t.Fatalf("the page does not have entry %s (%s) behind octet %d:\n%s", e[:entry], row, at, page)
		}
		at += next + len(row)
	}
	contains(t, page, "STOP caused by PG stop operation", "16# 4304")
}

// TestS7Intrusion plays an intrusion and asks whether the record tells its
// story: identify, list, upload all, stop, download a changed OB1, start, write.
func TestS7Intrusion(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	out := node(t, "node-snap7", `
const lib = require('node-snap7'); const c = new lib.S7Client(); c.SetParam(2, Number(process.argv[2]));
c.ConnectTo(process.argv[1], 0, 2, err => {
  if (err) { console.log('connect', c.ErrorText(err)); process.exit(1); }
  c.GetCpuInfo(); c.ListBlocks();
  let kept = 0;
  for (const type of [c.Block_OB, c.Block_DB, c.Block_FC, c.Block_FB]) for (const n of c.ListBlocksOfType(type) || []) if (c.FullUpload(type, n, 65536)) kept++;
  console.log('uploaded', kept);
  const ob1 = c.FullUpload(c.Block_OB, 1, 65536);
  console.log('stop', c.PlcStop());
  const evil = Buffer.from(ob1); evil.write('MALLORY', 60 < evil.length ? evil.length - 20 : 0, 'latin1');
  console.log('download', c.Download(-1, evil), c.ErrorText(c.LastError()));
  const back = c.FullUpload(c.Block_OB, 1, 65536);
  console.log('start', c.PlcColdStart(), 'back', back && back.includes('MALLORY'));
  console.log('write', c.DBWrite(1, 4, 4, Buffer.from('40600000', 'hex')));
  c.Disconnect();
});`, s.addr, fmt.Sprint(s7Port))
	contains(t, out, "stop true", "download true OK", "start true back true", "write true")
	var session string
	classes := map[event.Class]int{}
	artifacts := map[string]bool{}
	for _, e := range s.events("--protocol", "s7comm") {
		if e.Kind != event.KindAct {
			continue
		}
		session = e.Session
		classes[e.Class]++
		if e.Artifact != nil {
			artifacts[e.Artifact.SHA256] = true
		}
	}
	for _, c := range []event.Class{event.Identify, event.Enumerate, event.ProgramUpload, event.Mode, event.ProgramDownload, event.Write} {
		if classes[c] == 0 {
			t.Errorf("the record has no act of class %s: %v", c, classes)
		}
	}
	if session == "" {
		t.Fatal("nothing was recorded")
	}
	text, err := exec.Command(built, "events", "--data", s.dir, "--session", session[:23]).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), "list_blocks", "start_upload block OB1", "plc_stop", "run -> stop", "download_block block OB1 kept", "insert_block", "write_var", "raw.setpoint")
	changed := false
	for sum := range artifacts {
		b, err := os.ReadFile(filepath.Join(s.dir, "artifacts", sum[:2], sum[2:]))
		if err != nil {
			t.Errorf("artefact %s: %v", sum, err)
		}
		changed = changed || strings.Contains(string(b), "MALLORY")
	}
	if !changed || len(artifacts) < 2 {
		t.Errorf("%d artefacts; they should hold the program as it was and the changed block", len(artifacts))
	}
}
