package export

import (
	"context"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/sundew-ics/sundew/internal/store"
)

// Rows of a group and of one write: what bounds the memory of an export.
const (
	groupRows  = 20_000
	batchRows  = 500
	pageOctets = 64 << 10
)

// sessionRow and actRow are the columns. Times are microseconds, UTC.
type sessionRow struct {
	Session      string  `parquet:"session"`
	Origin       string  `parquet:"origin,dict"`
	Opened       int64   `parquet:"opened,timestamp(microsecond)"`
	Closed       *int64  `parquet:"closed,timestamp(microsecond),optional"`
	Sensor       string  `parquet:"sensor,dict"`
	Persona      string  `parquet:"persona,dict"`
	Device       string  `parquet:"device,dict"`
	Service      string  `parquet:"service,dict"`
	Protocol     string  `parquet:"protocol,dict"`
	Transport    string  `parquet:"transport,dict"`
	Src          string  `parquet:"src,dict"`
	SrcPort      int32   `parquet:"src_port"`
	DstPort      int32   `parquet:"dst_port"`
	Parent       string  `parquet:"parent"`
	Reason       string  `parquet:"reason,dict"`
	Acts         int64   `parquet:"acts"`
	OctetsIn     int64   `parquet:"octets_in"`
	OctetsOut    int64   `parquet:"octets_out"`
	Country      string  `parquet:"country,dict"`
	ASN          int64   `parquet:"asn"`
	ASOrg        string  `parquet:"as_org,dict"`
	NetType      string  `parquet:"net_type,dict"`
	Scanner      string  `parquet:"scanner,dict"`
	ScannerProof string  `parquet:"scanner_proof,dict"`
	Label        string  `parquet:"label,dict"`
	Score        float64 `parquet:"score"`
	Automation   string  `parquet:"automation,dict"`
	Severity     int32   `parquet:"severity"`
	Tool         string  `parquet:"tool,dict"`
	Fingerprint  string  `parquet:"fingerprint,dict"`
}

type actRow struct {
	Session    string `parquet:"session,dict"`
	Origin     string `parquet:"origin,dict"`
	Seq        int32  `parquet:"seq"`
	At         int64  `parquet:"at,timestamp(microsecond)"`
	Sensor     string `parquet:"sensor,dict"`
	Persona    string `parquet:"persona,dict"`
	Protocol   string `parquet:"protocol,dict"`
	Src        string `parquet:"src,dict"`
	Country    string `parquet:"country,dict"`
	ASN        int64  `parquet:"asn"`
	Scanner    string `parquet:"scanner,dict"`
	Label      string `parquet:"label,dict"`
	Op         string `parquet:"op,dict"`
	Class      string `parquet:"class,dict"`
	Outcome    string `parquet:"outcome,dict"`
	TargetKind string `parquet:"target_kind,dict"`
	Target     string `parquet:"target"`
	Value      string `parquet:"value"`
	Severity   int32  `parquet:"severity"`
	Count      int32  `parquet:"count"`
}

// Parquet writes the table sessions or acts, compressed with Zstandard.
func (j *Job) Parquet(ctx context.Context, w io.Writer, what string) error {
	switch what {
	case Sessions:
		return writeParquet(j, w, func(put func(sessionRow) error) error {
			return j.Store.EachSession(ctx, j.Filter, func(s *store.Session) error { return put(j.sessionRow(s)) })
		})
	case Acts:
		return writeParquet(j, w, func(put func(actRow) error) error {
			return j.Store.EachAct(ctx, j.Filter, func(a *store.Act) error { return put(j.actRow(a)) })
		})
	}
	return fmt.Errorf("there is no Parquet table %q: %s, %s", what, Sessions, Acts)
}

func writeParquet[T any](j *Job, w io.Writer, rows func(put func(T) error) error) error {
	out := parquet.NewGenericWriter[T](w, parquet.Compression(&zstd.Codec{Concurrency: 1}), parquet.PageBufferSize(pageOctets), parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("sundew", "1", ""))
	batch := make([]T, 0, batchRows)
	flush := func() error {
		_, err := out.Write(batch)
		batch = batch[:0]
		return err
	}
	err := rows(func(r T) error {
		j.count()
		if batch = append(batch, r); len(batch) < batchRows {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	return out.Close()
}

func (j *Job) sessionRow(s *store.Session) sessionRow {
	j.Anon.session(s)
	r := sessionRow{s.ID, s.Origin, s.Opened.UnixMicro(), nil, s.Sensor, s.Persona, s.Device, s.Service, s.Protocol, s.Transport, j.Anon.Source(s.Src), int32(s.SrcPort), int32(s.DstPort), s.Parent, s.Reason,
		int64(s.Acts), s.OctetsIn, s.OctetsOut, s.Country, int64(s.ASN), s.ASOrg, s.NetType, s.Scanner, s.ScannerProof, s.Label, s.Score, s.Automation, int32(s.Severity), s.Tool, s.Print}
	if !s.Closed.IsZero() {
		us := s.Closed.UnixMicro()
		r.Closed = &us
	}
	return r
}

func (j *Job) actRow(a *store.Act) actRow {
	j.Anon.act(a)
	return actRow{a.Session, a.Origin, int32(a.Seq), a.At.UnixMicro(), a.Sensor, a.Persona, a.Protocol, j.Anon.Source(a.Src), a.Country, int64(a.ASN), a.Scanner, a.Label,
		a.Op, a.Class, a.Outcome, a.TargetKind, a.Target, a.Value, int32(a.Severity), int32(a.Count)}
}
