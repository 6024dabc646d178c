//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

const s7Port = 10201

func TestS7(t *testing.T) {
	s := start(t, "default", "--limits", "off", "--latency", "off")
	clients := func() {
		t.Run("nmap", func(t *testing.T) {
			contains(t, s.nmap(t, s7Port, "--script", "+s7-info"), "Module: 6ES7 315-2EH14-0AB0", "System Name:", "Serial Number: S C-")
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
	contains(t, out, `"OBCount":`, "upload true OK", `"SerialNumber":"S C-`, "6ES7 315-2EH14-0AB0", "szl 112", "stop true 4", "hot true 8", "set time true", "write true OK 40233333")
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

func s7Python(t *testing.T, s *sundew) {
	out := python(t, "snap7", `
import sys, snap7
c = snap7.client.Client(); c.connect(sys.argv[1], 0, 2, int(sys.argv[2])); assert c.get_connected()
print("state", c.get_cpu_state())
print("read", len(c.db_read(1, 0, 8)))
c.db_write(1, 4, bytearray.fromhex("40200000")); print("back", bytes(c.db_read(1, 4, 4)).hex())
c.disconnect()`, s.addr, fmt.Sprint(s7Port))
	contains(t, out, "read 8", "back 40200000")
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
