package render

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
)

// ECS says what an event in the Elastic Common Schema is to hold beyond what
// every one does.
type ECS struct {
	Destination bool // destination.ip: it tells where the sensor is
	Secrets     bool // sundew.cred.secret
}

// ECSVersion is the schema's version whose fields are used.
const ECSVersion = "8.17.0"

// ecsEvent is an event in ECS's words. What ECS has no field for is under sundew.
type ecsEvent struct {
	Time        string         `json:"@timestamp"`
	ECS         ecsSchema      `json:"ecs"`
	Event       ecsCore        `json:"event"`
	Message     string         `json:"message"`
	Observer    ecsObserver    `json:"observer"`
	Source      *ecsEndpoint   `json:"source,omitempty"`
	Destination *ecsEndpoint   `json:"destination,omitempty"`
	Network     *ecsNetwork    `json:"network,omitempty"`
	User        *ecsName       `json:"user,omitempty"`
	File        *ecsFile       `json:"file,omitempty"`
	Threat      *ecsThreat     `json:"threat,omitempty"`
	Related     map[string]any `json:"related,omitempty"`
	Sundew      map[string]any `json:"sundew"`
}

type ecsSchema struct {
	Version string `json:"version"`
}

type ecsCore struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Category []string `json:"category"`
	Type     []string `json:"type"`
	Action   string   `json:"action,omitempty"`
	Outcome  string   `json:"outcome,omitempty"`
	Sequence int      `json:"sequence"`
	Module   string   `json:"module"`
	Dataset  string   `json:"dataset"`
	Start    string   `json:"start,omitempty"`
	End      string   `json:"end,omitempty"`
	Duration int64    `json:"duration,omitempty"` // nanoseconds
	Reason   string   `json:"reason,omitempty"`
}

type ecsObserver struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Vendor  string `json:"vendor"`
	Product string `json:"product"`
	Version string `json:"version,omitempty"`
}

type ecsEndpoint struct {
	IP      string  `json:"ip,omitempty"`
	Address string  `json:"address,omitempty"`
	Port    uint16  `json:"port,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	Geo     *ecsGeo `json:"geo,omitempty"`
	AS      *ecsAS  `json:"as,omitempty"`
}

type ecsGeo struct {
	Country string `json:"country_iso_code"`
}

type ecsAS struct {
	Number       uint32   `json:"number"`
	Organization *ecsName `json:"organization,omitempty"`
}

// ecsThreat has parallel lists, as the schema wants them.
type ecsThreat struct {
	Framework string     `json:"framework"`
	Technique ecsEntries `json:"technique"`
	Tactic    *ecsNames  `json:"tactic,omitempty"`
}

type ecsEntries struct {
	ID   []string `json:"id"`
	Name []string `json:"name"`
}

type ecsNames struct {
	Name []string `json:"name"`
}

type ecsNetwork struct {
	Transport string `json:"transport"`
	Protocol  string `json:"protocol"`
	Direction string `json:"direction"`
}

type ecsName struct {
	Name string `json:"name"`
}

type ecsFile struct {
	Name string            `json:"name,omitempty"`
	Size int64             `json:"size"`
	Hash map[string]string `json:"hash"`
}

// An Enrichment is what analysis says of an event's source and session.
type Enrichment struct {
	analysis.Source
	Label, Automation, Tool string
	Score                   float64
	Techniques              []Technique // that the event proves
}

// A Technique is one of ATT&CK.
type Technique struct {
	ID, Name string
	Tactics  []string
}

// JSON appends e as one line in the Elastic Common Schema.
func (o ECS) JSON(b []byte, e *event.Event) []byte { return o.Enriched(b, e, nil) }

// Enriched appends e as JSON does, with what is known of it; more may be nil.
func (o ECS) Enriched(b []byte, e *event.Event, more *Enrichment) []byte {
	x := ecsEvent{
		Time: e.Time.UTC().Format(time.RFC3339Nano), ECS: ecsSchema{ECSVersion}, Message: ecsMessage(e),
		Event:    ecsCore{ID: e.ID(), Kind: "event", Action: e.Op, Sequence: e.Seq, Module: "sundew", Dataset: "sundew." + ecsDataset(e.Kind)},
		Observer: ecsObserver{Type: "honeypot", Name: e.Sensor, Vendor: "Sundew", Product: "Sundew", Version: e.Build},
		Sundew:   o.own(e), Related: map[string]any{},
	}
	x.Event.Category, x.Event.Type = ecsCategory(e)
	if e.Kind == event.KindStatus {
		x.Event.Kind, x.Event.Action = "state", e.What
	}
	x.Event.Outcome = ecsOutcome(e.Outcome)
	if e.Src != nil {
		x.Source = &ecsEndpoint{IP: e.Src.IP.String(), Address: e.Src.IP.String(), Port: e.Src.Port, Bytes: e.OctetsIn}
		x.Related["ip"] = []string{e.Src.IP.String()}
		x.Network = &ecsNetwork{e.Transport, e.Protocol, "inbound"}
	}
	if e.Dst != nil {
		x.Destination = &ecsEndpoint{Port: e.Dst.Port, Bytes: e.OctetsOut}
		if o.Destination {
			x.Destination.IP, x.Destination.Address = e.Dst.IP.String(), e.Dst.IP.String()
		}
	}
	if e.Kind == event.KindClose {
		x.Event.Start, x.Event.End = e.Start.UTC().Format(time.RFC3339Nano), e.End.UTC().Format(time.RFC3339Nano)
		x.Event.Duration, x.Event.Reason = e.DurationUS*1000, e.Reason
	}
	if e.Cred != nil && e.Cred.User != "" {
		x.User = &ecsName{e.Cred.User}
		x.Related["user"] = []string{e.Cred.User}
	}
	if a := e.Artifact; a != nil {
		x.File = &ecsFile{a.Name, a.Size, map[string]string{"sha256": a.SHA256}}
		x.Related["hash"] = []string{a.SHA256}
	}
	x.enrich(more)
	return appendLine(b, x)
}

func (x *ecsEvent) enrich(more *Enrichment) {
	if more == nil {
		return
	}
	if x.Source != nil {
		if more.Country != "" {
			x.Source.Geo = &ecsGeo{more.Country}
		}
		if more.ASN != 0 {
			x.Source.AS = &ecsAS{Number: more.ASN}
			if more.ASOrg != "" {
				x.Source.AS.Organization = &ecsName{more.ASOrg}
			}
		}
	}
	if len(more.Techniques) > 0 {
		x.Threat = &ecsThreat{Framework: "MITRE ATT&CK"}
		tactics := map[string]bool{}
		for _, t := range more.Techniques {
			x.Threat.Technique.ID = append(x.Threat.Technique.ID, t.ID)
			x.Threat.Technique.Name = append(x.Threat.Technique.Name, t.Name)
			for _, v := range t.Tactics {
				tactics[v] = true
			}
		}
		if len(tactics) > 0 {
			x.Threat.Tactic = &ecsNames{slices.Sorted(maps.Keys(tactics))}
		}
	}
	found := map[string]any{"label": more.Label, "automation": more.Automation, "score": more.Score}
	for key, v := range map[string]string{"tool": more.Tool, "net_type": more.NetType, "scanner": more.Scanner, "scanner_proof": more.ScannerProof} {
		if v != "" {
			found[key] = v
		}
	}
	x.Sundew["analysis"] = found
}

// appendLine appends v as JSON, without HTML's escapes, and a newline.
func appendLine(b []byte, v any) []byte {
	w := bytes.NewBuffer(b)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // nothing in these types can fail
		return b
	}
	return w.Bytes()
}

func ecsDataset(k event.Kind) string {
	switch k {
	case event.KindOpen, event.KindClose:
		return "session"
	case event.KindStatus:
		return "status"
	}
	return "act"
}

// ecsMessage is the line for people that log viewers show.
func ecsMessage(e *event.Event) string {
	switch e.Kind {
	case event.KindOpen:
		return e.Protocol + " session opened"
	case event.KindClose:
		return e.Protocol + " session closed: " + e.Reason + ", " + strconv.Itoa(e.Acts) + " acts"
	case event.KindStatus:
		return "sensor " + e.What
	}
	m := e.Protocol + " " + e.Op
	if e.Target != nil && e.Target.Ref != "" {
		m += " " + e.Target.Ref
	}
	return m + " " + string(e.Outcome)
}

// ecsCategory gives the allowed values of event.category and event.type.
func ecsCategory(e *event.Event) (category, kind []string) {
	switch e.Kind {
	case event.KindStatus:
		return []string{"host"}, []string{"info"}
	case event.KindOpen:
		return []string{"network", "session"}, []string{"connection", "start"}
	case event.KindClose:
		return []string{"network", "session"}, []string{"connection", "end"}
	}
	kind = []string{"access"}
	category = []string{"network"}
	switch {
	case e.Class == event.Connect:
		kind = []string{"connection"}
	case e.Class == event.Auth:
		category, kind = []string{"network", "authentication"}, []string{"start"}
	case e.Class == event.Malformed, e.Class == event.Foreign, e.Class == event.Report, e.Class == event.Other:
		kind = []string{"info"}
	case !e.Class.Passive() && e.Class != event.ProgramUpload && e.Class != event.FileRead:
		category, kind = []string{"network", "intrusion_detection"}, []string{"change"}
	}
	if e.Outcome == event.Refused {
		kind = append(kind, "denied")
	}
	return category, kind
}

func ecsOutcome(o event.Outcome) string {
	switch o {
	case event.Answered:
		return "success"
	case event.Refused:
		return "failure"
	case event.Ignored, event.Dropped:
		return "unknown"
	}
	return ""
}

// own is what only the record says. Elasticsearch gives every key one type, so
// detail is a text and counted ops are a list.
func (o ECS) own(e *event.Event) map[string]any {
	m := map[string]any{"kind": e.Kind, "boot": e.Boot}
	put := func(key string, v string) {
		if v != "" {
			m[key] = v
		}
	}
	put("session", e.Session)
	put("class", string(e.Class))
	put("outcome", string(e.Outcome))
	put("persona", e.Persona)
	put("device", e.Device)
	put("listener", e.Listener)
	put("parent", e.Parent)
	put("request", e.Request)
	put("response", e.Response)
	put("detail", string(e.Detail))
	put("error", e.Error)
	if e.Kind == event.KindAct {
		m["at_us"], m["took_us"] = e.AtUS, e.TookUS
		m["request_len"], m["response_len"] = e.RequestLen, e.ResponseLen
	}
	if e.Count > 1 {
		m["count"] = e.Count
	}
	if e.Target != nil {
		m["target"] = e.Target
	}
	if len(e.Tags) > 0 {
		m["tags"] = e.Tags
	}
	if len(e.Values) > 0 {
		m["values"], m["previous"] = e.Values, e.Previous
	}
	if e.Truncated {
		m["truncated"] = true
	}
	if e.Cred != nil {
		cred := map[string]string{"user": e.Cred.User, "method": e.Cred.Method}
		if o.Secrets {
			cred["secret"] = e.Cred.Secret
		}
		m["cred"] = cred
	}
	if len(e.Sequence) > 0 {
		m["sequence"] = e.Sequence
	}
	if ops := countedOps(e); len(ops) > 0 {
		m["ops"] = ops
	}
	return m
}
