package intake

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxLogLine bounds a line of Conpot's log, in octets.
const maxLogLine = 4 << 20

// logsIn lists Conpot's logs in a directory: conpot.json, and what was rotated.
func logsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	form := regexp.MustCompile(`\.json(\.\d+|[.-]\d{8})?(\.gz)?$`)
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && form.MatchString(e.Name()) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// logFile is an open log, unpacked.
type logFile struct {
	io.Reader
	f *os.File
}

// Close closes the file.
func (l *logFile) Close() error { return l.f.Close() }

// openLog opens a log, gzipped or not.
func openLog(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(f, 64<<10)
	head, err := br.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.Close())
	}
	if len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
		}
		return &logFile{z, f}, nil
	}
	return &logFile{br, f}, nil
}

// byAge sorts logs by the time of their first line that has one.
func byAge(paths []string) error {
	first := map[string]time.Time{}
	for _, p := range paths {
		in, err := openLog(p)
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(io.LimitReader(in, 2*maxLogLine))
		lines.Buffer(nil, maxLogLine)
		for lines.Scan() {
			if l, err := parseLog(lines.Bytes()); err == nil {
				first[p] = l.at
				break
			}
		}
		in.Close()
	}
	slices.SortStableFunc(paths, func(a, b string) int { return first[a].Compare(first[b]) })
	return nil
}

// logLine is a line of Conpot's JSON log.
type logLine struct {
	Timestamp string          `json:"timestamp"`
	SensorID  string          `json:"sensorid"`
	ID        string          `json:"id"`
	SrcIP     string          `json:"src_ip"`
	SrcPort   port            `json:"src_port"`
	DstIP     string          `json:"dst_ip"`
	DstPort   port            `json:"dst_port"`
	DataType  string          `json:"data_type"`
	Request   json.RawMessage `json:"request"`
	Response  json.RawMessage `json:"response"`
	EventType string          `json:"event_type"`
	Sundew    json.RawMessage `json:"x_sundew"`

	at       time.Time
	own      bool // at is the line's own time, not its session's
	src, dst netip.AddrPort
	size     int
}

// port is a number, as one or as text, or null.
type port uint16

// UnmarshalJSON implements json.Unmarshaler.
func (p *port) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" || text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	*p = port(n)
	return err
}

// parseLog reads a line and says what it lacks.
func parseLog(b []byte) (*logLine, error) {
	l := &logLine{size: len(b)}
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("no line of JSON: %w", err)
	}
	if l.ID == "" || l.DataType == "" {
		return nil, errors.New("no id or data_type")
	}
	var err error
	if l.at, err = time.Parse(time.RFC3339Nano, l.Timestamp); err == nil {
		l.own = true
	} else if l.at, err = time.Parse("2006-01-02T15:04:05.999999999", l.Timestamp); err != nil {
		return nil, fmt.Errorf("timestamp %.40q", l.Timestamp)
	}
	l.at = l.at.UTC()
	ip, err := netip.ParseAddr(l.SrcIP)
	if err != nil {
		return nil, fmt.Errorf("src_ip %.60q", l.SrcIP)
	}
	l.src = netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(l.SrcPort))
	ip, err = netip.ParseAddr(l.DstIP)
	if err != nil {
		ip = netip.IPv4Unspecified()
	}
	l.dst = netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(l.DstPort))
	return l, nil
}

// protocolOf is a data_type in our words.
func protocolOf(dataType string) string {
	switch dataType {
	case "IEC104":
		return "iec104"
	case "guardian_ast":
		return "atg"
	case "kamstrup_protocol":
		return "kamstrup"
	case "kamstrup_management_protocol":
		return "kamstrup_management"
	}
	name := strings.ReplaceAll(nameOf(dataType), "-", "_")
	if name == "" {
		name = "unknown"
	}
	return name
}
