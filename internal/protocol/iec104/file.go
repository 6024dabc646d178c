package iec104

import (
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// maxFile is the longest file that the length field of a file can state.
const maxFile = 1<<24 - 1

// file is one of the device's directory. It has one section.
type file struct {
	address
	name uint16
	data []byte
	made time.Time
}

// buildFiles reads the files of the directory. What stands in them as ${name}
// is the device's.
func (d *server) buildFiles() error {
	for i, row := range d.Files {
		at, err := d.address(row.Station, row.Address)
		if err != nil {
			return fmt.Errorf("files: row %d: %w", i+1, err)
		}
		if row.Name < 1 || row.Name > 65535 {
			return fmt.Errorf("files: row %d: name = %d: use 1 to 65535", i+1, row.Name)
		}
		age, err := time.ParseDuration(row.Age)
		if err != nil || age < 0 {
			return fmt.Errorf("files: row %d: age = %q: write how old it is, as in \"312h\"", i+1, row.Age)
		}
		b, err := fs.ReadFile(d.folder, row.File)
		if err != nil {
			return fmt.Errorf("files: row %d: %w", i+1, err)
		}
		text, err := d.device.Identity.Expand(string(b))
		if err != nil {
			return fmt.Errorf("files: %s: %w", row.File, err)
		}
		if len(text) == 0 || len(text) > maxFile {
			return fmt.Errorf("files: %s has %d octets; use 1 to %d", row.File, len(text), maxFile)
		}
		d.files = append(d.files, &file{address: at, name: uint16(row.Name), data: []byte(text), made: d.device.Identity.Boot.Add(-age)})
	}
	return nil
}

// fileOperation is the name of an act of types 120 to 127.
func fileOperation(a *wire.ASDU) string {
	q := byte(0)
	if p, ok := filePart(a); ok {
		q = p.Qualifier & 0x0F
	}
	switch a.Type {
	case wire.FileReady:
		return "file_ready"
	case wire.SectionReady:
		return "section_ready"
	case wire.CallFile:
		return callOperation(q)
	case wire.LastSegment:
		if q == wire.LastOfFile {
			return "last_section"
		}
		return "last_segment"
	case wire.AckFile:
		if q >= wire.AckSectionOK {
			return "ack_section"
		}
		return "ack_file"
	case wire.Segment:
		return "segment"
	case wire.Directory:
		return "directory"
	}
	return "query_log"
}

// callOperation is the name of a call by its SCQ.
func callOperation(q byte) string {
	switch q {
	case wire.SelectFile:
		return "select_file"
	case wire.RequestFile:
		return "call_file"
	case wire.AbortFile:
		return "deactivate_file"
	case wire.DeleteFile:
		return "delete_file"
	case wire.SelectSection:
		return "select_section"
	case wire.RequestSect:
		return "call_section"
	case wire.AbortSection:
		return "deactivate_section"
	}
	return "call_directory"
}

// filePart is the first object's element.
func filePart(a *wire.ASDU) (wire.FilePart, bool) {
	if len(a.Objects) == 0 {
		return wire.FilePart{}, false
	}
	return wire.ParseFilePart(a.Type, a.Objects[0].Data)
}

// fileTransfer answers types 120 to 127 (101 §7.4.11).
func (c *call) fileTransfer() []outgoing {
	p, ok := filePart(&c.asdu)
	if !ok { // 126, 127: a controlled station has nothing to do with them
		return c.refuse(c.asdu.Cause, "direction")
	}
	at := address{c.asdu.Common, c.asdu.Objects[0].Address}
	switch c.asdu.Type {
	case wire.CallFile:
		if c.asdu.Cause == wire.Requested {
			return c.directory(at)
		}
		return c.callFile(at, p)
	case wire.AckFile:
		return c.acknowledged(at, p)
	}
	return c.upload(at, p)
}

// lastOfDirectory is LFD of SOF (101 §7.2.6.38).
const lastOfDirectory = 0x20

// directory answers the call of the directory, of one object or, of address 0, all.
func (c *call) directory(at address) []outgoing {
	var list []*file
	for _, f := range c.files {
		if f.common == at.common && (at.object == 0 || f.object == at.object) {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return c.refuse(wire.UnknownObject, "object")
	}
	var out []outgoing
	for i := 0; i < len(list); {
		a := wire.ASDU{Type: wire.Directory, Cause: wire.Requested, Originator: c.asdu.Originator, Common: at.common}
		for ; i < len(list) && a.Number < wire.Directory.Room(false); i++ {
			f, status := list[i], byte(0)
			if i == len(list)-1 {
				status = lastOfDirectory
			}
			made := wire.TimeOf(f.made)
			n := len(f.data)
			data := append([]byte{byte(f.name), byte(f.name >> 8), byte(n), byte(n >> 8), byte(n >> 16), status}, made[:]...)
			a.Objects = append(a.Objects, wire.Object{Address: f.object, Data: data})
			a.Number++
		}
		out = append(out, outgoing{asdu: a.Append(nil)})
	}
	c.reply(wire.Requested, false)
	return out
}

// part is an answer of file transfer.
func (c *call) part(at address, t wire.Type, p wire.FilePart) outgoing {
	a := wire.ASDU{Type: t, Number: 1, Cause: wire.FileTransfer, Originator: c.asdu.Originator, Common: at.common}
	a.Objects = []wire.Object{{Address: at.object, Data: p.Append(nil, t)}}
	return outgoing{asdu: a.Append(nil)}
}

// notReady is the negative bit of FRQ and SRQ (101 §7.2.6.28).
const notReady = 0x80

// callFile answers the calls by which a file is read.
func (c *call) callFile(at address, p wire.FilePart) []outgoing {
	if _, there := c.fileAt(at, 0); !there {
		return c.refuse(wire.UnknownObject, "object")
	}
	f, there := c.fileAt(at, p.File)
	if !there {
		c.act.Outcome, c.detail.Why = event.Refused, "file"
		return []outgoing{c.part(at, wire.FileReady, wire.FilePart{File: p.File, Qualifier: notReady})}
	}
	size := uint32(len(f.data))
	switch p.Qualifier & 0x0F {
	case wire.SelectFile:
		return []outgoing{c.part(at, wire.FileReady, wire.FilePart{File: f.name, Length: size})}
	case wire.RequestFile, wire.SelectSection:
		return []outgoing{c.part(at, wire.SectionReady, wire.FilePart{File: f.name, Section: 1, Length: size})}
	case wire.RequestSect:
		if p.Section != 1 {
			return []outgoing{c.part(at, wire.SectionReady, wire.FilePart{File: f.name, Section: p.Section, Qualifier: notReady})}
		}
		return c.segments(f)
	case wire.AbortFile, wire.AbortSection:
		c.queue = slices.DeleteFunc(c.queue, func(o outgoing) bool {
			return wire.Type(o.asdu[0]) == wire.Segment || wire.Type(o.asdu[0]) == wire.LastSegment
		})
		return nil
	}
	return c.refuse(wire.FileTransfer, "qualifier")
}

// fileAt returns the file of an address and name; name 0 is any.
func (d *server) fileAt(at address, name uint16) (*file, bool) {
	for _, f := range d.files {
		if f.address == at && (name == 0 || f.name == name) {
			return f, true
		}
	}
	return nil, false
}

// segments sends a section and its end.
func (c *call) segments(f *file) []outgoing {
	var out []outgoing
	for rest := f.data; len(rest) > 0; {
		n := min(len(rest), wire.MaxSegment)
		out = append(out, c.part(f.address, wire.Segment, wire.FilePart{File: f.name, Section: 1, Data: rest[:n]}))
		rest = rest[n:]
	}
	return append(out, c.part(f.address, wire.LastSegment, wire.FilePart{File: f.name, Section: 1, Qualifier: wire.LastOfSection, Checksum: checksum(f.data)}))
}

// checksum is CHS (101 §7.2.6.37).
func checksum(p []byte) (sum uint8) {
	for _, c := range p {
		sum += c
	}
	return sum
}

// acknowledged goes on once the visitor has a section.
func (c *call) acknowledged(at address, p wire.FilePart) []outgoing {
	f, there := c.fileAt(at, p.File)
	if !there {
		return c.refuse(wire.UnknownObject, "object")
	}
	switch p.Qualifier & 0x0F {
	case wire.AckSectionOK:
		return []outgoing{c.part(at, wire.LastSegment, wire.FilePart{File: f.name, Section: 1, Qualifier: wire.LastOfFile, Checksum: checksum(f.data)})}
	case wire.AckSectionBad:
		return []outgoing{c.part(at, wire.SectionReady, wire.FilePart{File: f.name, Section: 1, Length: uint32(len(f.data))})}
	}
	return nil
}
