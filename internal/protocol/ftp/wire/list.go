package wire

import (
	"fmt"
	"strings"
	"time"
)

// An Entry is a file or directory in a listing.
type Entry struct {
	Name         string
	Dir          bool
	Mode         uint32 // permission bits
	Owner, Group string
	Size         int64
	Time         time.Time
}

// AppendUnix appends a line as `ls -l` prints it; within half a year of now the
// time of day stands where the year would.
func (e Entry) AppendUnix(b []byte, now time.Time) []byte {
	kind, links := byte('-'), 1
	if e.Dir {
		kind, links = 'd', 2
	}
	bits := []byte("?rwxrwxrwx")
	bits[0] = kind
	for i := range 9 {
		if e.Mode>>(8-i)&1 == 0 {
			bits[1+i] = '-'
		}
	}
	layout := "Jan _2 15:04"
	if age := now.Sub(e.Time); age > 180*24*time.Hour || age < -24*time.Hour {
		layout = "Jan _2  2006"
	}
	return fmt.Appendf(b, "%s %3d %-8s %-8s %8d %s %s\r\n", bits, links, e.Owner, e.Group, e.Size, e.Time.Format(layout), e.Name)
}

// AppendDOS appends a line as IIS and Windows CE print it.
func (e Entry) AppendDOS(b []byte) []byte {
	size := fmt.Sprintf("%20d", e.Size)
	if e.Dir {
		size = fmt.Sprintf("%-20s", "      <DIR>")
	}
	return fmt.Appendf(b, "%s %s %s\r\n", e.Time.Format("01-02-06  03:04PM"), size, e.Name)
}

// FactNames are the facts of AppendFacts, in its order.
const FactNames = "modify;perm;size;type;UNIX.group;UNIX.mode;UNIX.owner;"

// AppendFacts appends the facts of an MLST or MLSD line that are wanted
// (RFC 3659 §7), a space and the name. Perm is what the visitor may do (§7.5.5).
func (e Entry) AppendFacts(b []byte, wanted, perm, kind string) []byte {
	for name := range strings.SplitSeq(strings.TrimSuffix(wanted, ";"), ";") {
		value := ""
		switch name {
		case "modify":
			value = e.Time.UTC().Format(TimeVal)
		case "perm":
			value = perm
		case "size":
			if e.Dir {
				continue
			}
			value = fmt.Sprint(e.Size)
		case "type":
			value = kind
		case "UNIX.group":
			value = e.Group
		case "UNIX.mode":
			value = fmt.Sprintf("0%03o", e.Mode)
		case "UNIX.owner":
			value = e.Owner
		default:
			continue
		}
		b = fmt.Appendf(b, "%s=%s;", name, value)
	}
	return append(append(b, ' '), e.Name...)
}

// TimeVal is the layout of MDTM, MFMT and the fact modify (RFC 3659 §2.3).
const TimeVal = "20060102150405"
