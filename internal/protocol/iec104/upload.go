package iec104

import (
	"bytes"
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// transfer is a file on its way from the visitor.
type transfer struct {
	open    bool
	at      address
	name    uint16
	done    []byte // of acknowledged sections
	section []byte
}

// upload takes a file in the steps of 101 §7.4.11.3: file ready, section ready,
// segments, last segment, last section.
func (c *call) upload(at address, p wire.FilePart) []outgoing {
	t := &c.transfer
	if c.asdu.Type == wire.FileReady {
		if int(p.Length) > c.MaxUpload {
			return c.refuse(wire.FileTransfer, "length")
		}
		*t = transfer{open: true, at: at, name: p.File}
		return []outgoing{c.part(at, wire.CallFile, wire.FilePart{File: p.File, Qualifier: wire.RequestFile})}
	}
	if !t.open || t.at != at || t.name != p.File {
		return c.refuse(wire.FileTransfer, "no_file_ready")
	}
	switch c.asdu.Type {
	case wire.SectionReady:
		t.section = nil
		return []outgoing{c.part(at, wire.CallFile, wire.FilePart{File: p.File, Section: p.Section, Qualifier: wire.RequestSect})}
	case wire.Segment:
		if len(t.done)+len(t.section)+len(p.Data) > c.MaxUpload {
			*t = transfer{}
			return c.refuse(wire.FileTransfer, "length")
		}
		t.section = append(t.section, p.Data...)
		c.detail.Reply = 0
		c.act.Outcome = event.Answered
		return []outgoing{}
	}
	return c.uploaded(at, p)
}

// uploaded answers the end of a section, or of the file, which is then kept.
func (c *call) uploaded(at address, p wire.FilePart) []outgoing {
	t := &c.transfer
	ack := wire.FilePart{File: p.File, Section: p.Section, Qualifier: wire.AckSectionOK}
	if p.Qualifier&0x0F != wire.LastOfFile {
		if checksum(t.section) != p.Checksum {
			ack.Qualifier = wire.AckSectionBad
			c.act.Outcome, c.detail.Why = event.Refused, "checksum"
		} else {
			t.done = append(t.done, t.section...)
		}
		t.section = nil
		return []outgoing{c.part(at, wire.AckFile, ack)}
	}
	ack.Qualifier = wire.AckFileOK
	name := fmt.Sprintf("%s-%d", at, p.File)
	kept, err := c.s.Keep(name, "iec104-file", bytes.NewReader(t.done))
	if err != nil {
		c.s.Log.Warn("an uploaded file is not kept", "err", err)
	} else {
		c.act.Artifact = &kept
	}
	*t = transfer{}
	return []outgoing{c.part(at, wire.AckFile, ack)}
}
