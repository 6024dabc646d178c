package export

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report/export/stix"
	"github.com/sundew-ics/sundew/internal/store"
)

// IntelOptions are STIX's and MISP's.
type IntelOptions struct {
	TLP      string // a level of TLP 2.0: "green"
	Identity string // whose observations these are
	Limit    int    // of sources, those that did the gravest first
	Made     time.Time
}

// validFor is how long an indicator holds after its source was last seen: most
// addresses change hands.
const validFor = 30 * 24 * time.Hour

// bundle is a STIX export that grows.
type bundle struct {
	*stix.Writer
	j        *Job
	o        IntelOptions
	marking  string
	identity string
	patterns map[string]bool
}

// STIX writes a bundle of STIX 2.1: what each source was seen doing, indicators
// for those that are no research scanners, techniques and files. It has no
// destination. more says that there are sources beyond the limit.
func (j *Job) STIX(ctx context.Context, w io.Writer, o IntelOptions) (more bool, err error) {
	list, more, err := j.intel(ctx, o.Limit)
	if err != nil {
		return false, err
	}
	marks := stix.Markings()
	i := slices.IndexFunc(marks, func(m stix.Marking) bool { return m.Name == o.TLP })
	if i < 0 {
		return false, fmt.Errorf("there is no TLP level %q", o.TLP)
	}
	mark := marks[i].Object()
	b := &bundle{stix.NewWriter(w, stix.Name("bundle", o.Identity, stix.Time(o.Made))), j, o, mark.ID(), stix.Name("identity", o.Identity), map[string]bool{}}
	b.Add(mark, stix.Object{
		"type": "identity", "spec_version": "2.1", "id": b.identity, "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
		"name": o.Identity, "identity_class": "organization", "object_marking_refs": []string{b.marking},
	})
	first, last := list[0].First, list[0].Last
	for _, s := range list {
		b.source(s)
		j.count()
		if s.First.Before(first) {
			first = s.First
		}
		if s.Last.After(last) {
			last = s.Last
		}
	}
	if err := b.files(ctx); err != nil {
		return false, err
	}
	b.Add(b.domain("report", stix.Name("report", o.Identity, stix.Time(first), stix.Time(last)), o.Made, o.Made, stix.Object{
		"name":         fmt.Sprintf("Visitors of an ICS honeypot, %s to %s", first.Format(time.DateOnly), last.Format(time.DateOnly)),
		"report_types": []string{"observed-data"}, "published": stix.Time(o.Made), "object_refs": slices.Clone(b.Refs()),
	}))
	return more, b.Close()
}

// domain is a domain or relationship object with what all of ours have.
func (b *bundle) domain(kind, id string, created, modified time.Time, more stix.Object) stix.Object {
	more["type"], more["spec_version"], more["id"] = kind, "2.1", id
	more["created"], more["modified"] = stix.Time(created), stix.Time(modified)
	more["created_by_ref"], more["object_marking_refs"] = b.identity, []string{b.marking}
	return more
}

// source writes what was seen of one, and what follows.
func (b *bundle) source(s *source) {
	shown := b.j.shown(s.Src)
	addr := stix.Address(shown)
	refs := []string{addr.ID()}
	if s.ASN != 0 {
		as := stix.AS(s.ASN, s.ASOrg)
		addr["belongs_to_refs"] = []string{as.ID()}
		b.Add(as)
		refs = append(refs, as.ID())
	}
	b.Add(addr)
	for _, t := range s.traffic {
		v := "ipv4"
		if s.Src.Is6() {
			v = "ipv6"
		}
		o := stix.Traffic(addr.ID(), t.DstPort, []string{v, t.Transport, t.Protocol}, t.First, t.Last)
		o["src_byte_count"], o["dst_byte_count"] = t.OctetsIn, t.OctetsOut
		b.Add(o)
		refs = append(refs, o.ID())
	}
	labels := []string{strings.ReplaceAll(s.Label, "_", "-")}
	if s.Scanner != "" {
		labels = append(labels, "benign", "research-scanner")
	}
	seen := b.domain("observed-data", stix.Name("observed-data", b.o.Identity, shown.String(), stix.Time(s.First)), s.First, s.Last, stix.Object{
		"first_observed": stix.Time(s.First), "last_observed": stix.Time(s.Last), "number_observed": min(s.Sessions, 999_999_999), "object_refs": refs, "labels": labels,
	})
	b.Add(seen)
	if s.indicator {
		b.indicate(s, addr, seen.ID())
	} else {
		for _, t := range s.techniques {
			b.technique(t)
		}
	}
}

// indicate writes an indicator, that it was seen, and what it indicates.
func (b *bundle) indicate(s *source, addr stix.Object, seen string) {
	value := s.Src.String()
	name := []string{b.o.Identity, value}
	kind, _ := addr["type"].(string)
	ind := b.domain("indicator", stix.Name("indicator", name...), s.First, s.Last, stix.Object{
		"name": "ICS honeypot visitor " + value, "indicator_types": []string{"malicious-activity"},
		"description": fmt.Sprintf("%d sessions over %s; the gravest: %s, severity %d of 10.", s.Sessions, strings.Join(s.Protocols, ", "), s.Label, s.Severity),
		"pattern":     "[" + kind + ":value = '" + value + "']", "pattern_type": "stix",
		"valid_from": stix.Time(s.First), "valid_until": stix.Time(s.Last.Add(validFor)), "confidence": confidence(s.Label),
	})
	b.Add(ind, b.domain("sighting", stix.Name("sighting", name...), s.First, s.Last, stix.Object{
		"sighting_of_ref": ind.ID(), "observed_data_refs": []string{seen}, "where_sighted_refs": []string{b.identity},
		"first_seen": stix.Time(s.First), "last_seen": stix.Time(s.Last), "count": min(s.Sessions, 999_999_999),
	}))
	for _, t := range s.techniques {
		p := b.technique(t)
		if p == "" {
			continue
		}
		b.Add(b.domain("relationship", stix.Name("relationship", append(name, t)...), s.First, s.Last, stix.Object{
			"relationship_type": "indicates", "source_ref": ind.ID(), "target_ref": p,
		}))
	}
}

// technique writes an attack-pattern and returns its id. The id is ours: of
// MITRE's only the external one is known here.
func (b *bundle) technique(id string) string {
	e, ok := b.j.Rules.Attack().Entry(id)
	if !ok {
		return ""
	}
	own := stix.Name("attack-pattern", id)
	if b.patterns[id] {
		return own
	}
	b.patterns[id] = true
	chain := "mitre-attack"
	if e.Domain == "ics" {
		chain = "mitre-ics-attack"
	}
	var phases []stix.Object
	for _, t := range e.Tactics {
		phases = append(phases, stix.Object{"kill_chain_name": chain, "phase_name": t})
	}
	at := time.Date(2026, 4, 28, 0, 0, 0, 0, time.UTC) // ATT&CK 19
	b.Add(b.domain("attack-pattern", own, at, at, stix.Object{
		"name": e.Name, "kill_chain_phases": phases,
		"external_references": []stix.Object{{"source_name": "mitre-attack", "external_id": id, "url": "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/")}},
	}))
	return own
}

// files writes what visitors brought, research scanners left out.
func (b *bundle) files(ctx context.Context) error {
	f := b.j.Filter
	f.Research = "hide"
	list, err := b.j.Store.Files(ctx, f, b.o.Limit)
	for _, v := range list {
		b.file(&v)
	}
	return err
}

func (b *bundle) file(v *store.File) {
	o := stix.File(v.SHA256, v.Size)
	b.Add(o, b.domain("observed-data", stix.Name("observed-data", b.o.Identity, v.SHA256, stix.Time(v.First)), v.First, v.Last, stix.Object{
		"first_observed": stix.Time(v.First), "last_observed": stix.Time(v.Last), "number_observed": min(v.Times, 999_999_999), "object_refs": []string{o.ID()},
		"labels": []string{"brought-by-visitor"},
	}))
}
