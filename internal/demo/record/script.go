package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A script is what one visitor says.
//
//	== name persona/device/service[/network]
//	# a note
//	> 0001 0000…           octets, in hex
//	> "GET / HTTP/1.0\r\n"  or in Go's notation of strings
//	= name 4:8             keeps octets 4 to 7 of the last answer as {name}
//	= name /expression/    or what its first group matches in it
//	@ pasv                 opens FTP's data connection of the last answer; what comes is read
//	@ send "text"          and sends this over it
//	@ link 0 99            DNP3: asks so many outstations for their link status, in one segment
//	@ dnp3 c4 0a00 0100 …  DNP3: one frame with its checksums; {to} is the outstation of persona
//
// {ns} and {nr} are IEC 60870-5-104's sequence numbers.
type script struct {
	name, service string
	steps         []step
}

type step struct{ mark, text string }

func readScripts(file string) ([]*script, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []*script
	for i, l := range strings.Split(string(b), "\n") {
		mark, rest, _ := strings.Cut(strings.TrimSpace(l), " ")
		switch mark {
		case "", "#":
		case "==":
			f := strings.Fields(rest)
			if len(f) != 2 {
				return nil, fmt.Errorf("%s:%d: == name service", file, i+1)
			}
			list = append(list, &script{name: f[0], service: f[1]})
		case ">", "=", "@":
			if len(list) == 0 {
				return nil, fmt.Errorf("%s:%d: before the first script", file, i+1)
			}
			s := list[len(list)-1]
			s.steps = append(s.steps, step{mark, rest})
		default:
			return nil, fmt.Errorf("%s:%d: mark %q", file, i+1, mark)
		}
	}
	return list, nil
}

// A visit is a script being played.
type visit struct {
	conn  net.Conn       // TCP
	udp   net.PacketConn // UDP: answers may come from another port
	to    net.Addr
	last  []byte
	kept  map[string][]byte
	ns    int
	nr    int
	data  net.Conn
	ics   bool // counts IEC 104's frames
	addrs string
}

// quiet is how long nothing must come for an answer to be over.
const quiet = 120 * time.Millisecond

func (s *script) play(at service) (port int, err error) {
	v := &visit{kept: map[string][]byte{}, ics: at.Protocol == "iec104", addrs: at.Addr}
	if at.Network == "udp" {
		if v.udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			return 0, err
		}
		defer v.udp.Close()
		if v.to, err = net.ResolveUDPAddr("udp", at.Addr); err != nil {
			return 0, err
		}
		port = v.udp.LocalAddr().(*net.UDPAddr).Port
	} else {
		if v.conn, err = net.Dial("tcp", at.Addr); err != nil {
			return 0, err
		}
		defer v.conn.Close()
		port = v.conn.LocalAddr().(*net.TCPAddr).Port
		if at.Protocol == "ftp" {
			v.read(time.Second)
		}
	}
	for _, st := range s.steps {
		if err := v.step(st); err != nil {
			return port, fmt.Errorf("%s %s: %w", st.mark, st.text, err)
		}
	}
	return port, nil
}

func (v *visit) step(st step) error {
	switch st.mark {
	case ">":
		b, err := v.octets(st.text)
		if err != nil {
			return err
		}
		return v.say(b)
	case "=":
		return v.keep(st.text)
	}
	word, rest, _ := strings.Cut(st.text, " ")
	switch word {
	case "pasv":
		return v.passive()
	case "send":
		b, err := v.octets(rest)
		if err != nil {
			return err
		}
		_, err = v.data.Write(b)
		err = errors.Join(err, v.data.Close())
		v.read(300 * time.Millisecond)
		return err
	case "link":
		var b []byte
		for i := range 100 {
			b = append(b, frame([]byte{0x05, 0x64, 5, 0xc9, byte(i), 0, 0, 0}, nil)...)
		}
		return v.say(b)
	case "dnp3":
		b, err := v.octets(rest)
		if err != nil || len(b) < 5 {
			return errors.Join(err, errors.New("control, destination, source, data"))
		}
		return v.say(frame(append([]byte{0x05, 0x64, byte(len(b))}, b[:5]...), b[5:]))
	}
	return errors.New("no such thing")
}

var hole = regexp.MustCompile(`\{([a-z0-9]+)\}`)

// octets reads a text in hex, or in quotes, with what was kept in its holes.
func (v *visit) octets(text string) ([]byte, error) {
	quoted := strings.HasPrefix(text, `"`)
	text = hole.ReplaceAllStringFunc(text, func(h string) string {
		name := h[1 : len(h)-1]
		switch name {
		case "ns":
			v.ns++
			return fmt.Sprintf("%02x%02x", (v.ns-1)<<1&0xff, (v.ns-1)>>7)
		case "nr":
			return fmt.Sprintf("%02x%02x", v.nr<<1&0xff, v.nr>>7)
		}
		if quoted {
			return string(v.kept[name])
		}
		return hex.EncodeToString(v.kept[name])
	})
	if quoted {
		s, err := strconv.Unquote(text)
		return []byte(s), err
	}
	return hex.DecodeString(strings.ReplaceAll(text, " ", ""))
}

func (v *visit) say(b []byte) (err error) {
	if v.udp != nil {
		_, err = v.udp.WriteTo(b, v.to)
	} else {
		_, err = v.conn.Write(b)
	}
	if err != nil {
		return err
	}
	v.read(time.Second)
	return nil
}

// read takes an answer: what comes until it is quiet.
func (v *visit) read(patience time.Duration) {
	v.last = v.last[:0]
	buf := make([]byte, 64<<10)
	for wait := patience; ; wait = quiet {
		var n int
		var err error
		if v.udp != nil {
			v.udp.SetReadDeadline(time.Now().Add(wait))
			var from net.Addr
			if n, from, err = v.udp.ReadFrom(buf); err == nil {
				v.to = from
			}
		} else {
			v.conn.SetReadDeadline(time.Now().Add(wait))
			n, err = v.conn.Read(buf)
		}
		v.last = append(v.last, buf[:n]...)
		if err != nil {
			break
		}
	}
	for b := v.last; v.ics && len(b) >= 6 && len(b) >= 2+int(b[1]); b = b[2+int(b[1]):] {
		if b[2]&1 == 0 {
			v.nr++
		}
	}
}

// keep names a part of the last answer.
func (v *visit) keep(text string) error {
	name, what, _ := strings.Cut(text, " ")
	if e, ok := strings.CutPrefix(what, "/"); ok {
		m := regexp.MustCompile(strings.TrimSuffix(e, "/")).FindSubmatch(v.last)
		if m == nil {
			return fmt.Errorf("not in %q", v.last)
		}
		v.kept[name] = append([]byte(nil), m[1]...)
		return nil
	}
	var from, to int
	if _, err := fmt.Sscanf(what, "%d:%d", &from, &to); err != nil || to > len(v.last) || from > to {
		return fmt.Errorf("the answer has %d octets", len(v.last))
	}
	v.kept[name] = append([]byte(nil), v.last[from:to]...)
	return nil
}

// passive opens the data connection that an answer to PASV names.
func (v *visit) passive() error {
	m := regexp.MustCompile(`\((?:\d+,){4}(\d+),(\d+)\)`).FindSubmatch(v.last)
	if m == nil {
		return fmt.Errorf("no port in %q", v.last)
	}
	high, _ := strconv.Atoi(string(m[1]))
	low, _ := strconv.Atoi(string(m[2]))
	host, _, err := net.SplitHostPort(v.addrs)
	if err != nil {
		return err
	}
	v.data, err = net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(high<<8|low)))
	return err
}

// frame is a DNP3 link frame with its checksums (IEEE 1815 §9.2.4).
func frame(head, data []byte) []byte {
	out := sum(append([]byte(nil), head...), head)
	for len(data) > 0 {
		n := min(16, len(data))
		out = sum(append(out, data[:n]...), data[:n])
		data = data[n:]
	}
	return out
}

func sum(out, block []byte) []byte {
	var crc uint16
	for _, c := range block {
		crc ^= uint16(c)
		for range 8 {
			if crc&1 == 1 {
				crc = crc>>1 ^ 0xA6BC
			} else {
				crc >>= 1
			}
		}
	}
	crc = ^crc
	return append(out, byte(crc), byte(crc>>8))
}
