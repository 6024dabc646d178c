package export

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sundew-ics/sundew/internal/store"
)

// Tables of CSV.
const (
	Sessions    = "sessions"
	Acts        = "acts"
	Credentials = "credentials"
	Artifacts   = "artifacts"
)

// table is one of CSV's: its columns, and how its rows are had.
type table struct {
	head []string
	rows func(ctx context.Context, put func(cells ...any) error) error
}

// CSV writes a table as RFC 4180 says. With guard, no cell that a spreadsheet
// would take for a formula is left as it is: see Guard.
func (j *Job) CSV(ctx context.Context, w io.Writer, what string, guard bool) error {
	t, err := j.table(what)
	if err != nil {
		return err
	}
	return j.writeCSV(ctx, w, t, guard)
}

func (j *Job) writeCSV(ctx context.Context, w io.Writer, t *table, guard bool) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(t.head); err != nil {
		return err
	}
	row := make([]string, 0, len(t.head))
	err := t.rows(ctx, func(cells ...any) error {
		row = row[:0]
		for _, c := range cells {
			v := cell(c)
			if _, text := c.(string); text && guard {
				v = Guard(v)
			}
			row = append(row, v)
		}
		j.count()
		return out.Write(row)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// Guard is a cell that no spreadsheet takes for a formula: one that begins as a
// formula does gets an apostrophe in front.
func Guard(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \t\r\n")) // the wide ones are read as the others
	if strings.ContainsRune("=+-@\uFF1D\uFF0B\uFF0D\uFF20", first) || s != "" && (s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}

// cell is a value as text: what is unknown is empty, times are RFC 3339.
func cell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	case uint16: // a port
		if v == 0 {
			return ""
		}
		return strconv.Itoa(int(v))
	case uint32: // an autonomous system
		if v == 0 {
			return ""
		}
		return strconv.FormatUint(uint64(v), 10)
	case float64:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return fmt.Sprint(v)
}

func (j *Job) table(what string) (*table, error) {
	occasion := []string{"session", "origin", "seq", "at", "sensor", "persona", "protocol", "src", "country", "asn", "scanner", "label"}
	with := func(more ...string) []string { return append(occasion[:len(occasion):len(occasion)], more...) }
	switch what {
	case Sessions:
		return &table{[]string{"session", "origin", "opened", "closed", "sensor", "persona", "device", "service", "protocol", "transport", "src", "src_port", "dst_port", "parent", "reason", "acts",
			"octets_in", "octets_out", "country", "asn", "as_org", "net_type", "scanner", "scanner_proof", "label", "score", "automation", "severity", "tool", "fingerprint"}, j.sessionRows}, nil
	case Acts:
		return &table{with("op", "class", "outcome", "target_kind", "target", "value", "severity", "count"), j.actRows}, nil
	case Credentials:
		return &table{with("user", "secret", "method", "accepted"), j.tryRows}, nil
	case Artifacts:
		return &table{with("sha256", "size", "name", "kind"), j.deliveryRows}, nil
	}
	return nil, fmt.Errorf("there is no table %q: %s, %s, %s, %s", what, Sessions, Acts, Credentials, Artifacts)
}

func (j *Job) sessionRows(ctx context.Context, put func(...any) error) error {
	return j.Store.EachSession(ctx, j.Filter, func(s *store.Session) error {
		j.Anon.session(s)
		return put(s.ID, s.Origin, s.Opened, s.Closed, s.Sensor, s.Persona, s.Device, s.Service, s.Protocol, s.Transport, j.Anon.Source(s.Src), s.SrcPort, s.DstPort, s.Parent, s.Reason, s.Acts,
			s.OctetsIn, s.OctetsOut, s.Country, s.ASN, s.ASOrg, s.NetType, s.Scanner, s.ScannerProof, s.Label, s.Score, s.Automation, s.Severity, s.Tool, s.Print)
	})
}

// of are the cells of an occasion and those behind it.
func (j *Job) of(o *store.Occasion, more ...any) []any {
	return append([]any{o.Session, o.Origin, o.Seq, o.At, o.Sensor, o.Persona, o.Protocol, j.Anon.Source(o.Src), o.Country, o.ASN, o.Scanner, o.Label}, more...)
}

func (j *Job) actRows(ctx context.Context, put func(...any) error) error {
	return j.Store.EachAct(ctx, j.Filter, func(a *store.Act) error {
		j.Anon.act(a)
		return put(j.of(&a.Occasion, a.Op, a.Class, a.Outcome, a.TargetKind, a.Target, a.Value, a.Severity, a.Count)...)
	})
}

func (j *Job) tryRows(ctx context.Context, put func(...any) error) error {
	return j.Store.EachTry(ctx, j.Filter, func(v *store.Try) error {
		return put(j.of(&v.Occasion, v.User, j.Anon.Secret(v.Secret), v.Method, v.Accepted)...)
	})
}

func (j *Job) deliveryRows(ctx context.Context, put func(...any) error) error {
	return j.Store.EachDelivery(ctx, j.Filter, func(v *store.Delivery) error {
		return put(j.of(&v.Occasion, v.SHA256, v.Size, j.Anon.text(v.Name, v.Src, ""), v.Kind)...)
	})
}
