package web

import (
	"maps"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/store"
)

// A key is a word that a query can ask about.
type key struct {
	name    string
	aliases []string
	text    string // what it is, for people
	kind    kind
	key     store.Key
	closed  func() []string // the values that there are, where no others can be
	known   []string        // some that there may be
	scale   int64           // of numbers: what 1 is in the store
}

// kind is how a key's values are written.
type kind int

const (
	isText   kind = iota
	isNumber      // with >=, <=, >, < besides :
	isSource      // addresses and networks
	isSpan        // 90s, 5m, 2h
)

// keys are all that a query can ask about.
func keys() []key {
	return []key{
		{name: "label", aliases: []string{"l"}, text: "what the visit was", key: store.KeyLabel, closed: analysis.Labels},
		{name: "protocol", aliases: []string{"proto", "p"}, text: "the protocol", key: store.KeyProtocol},
		{name: "class", aliases: []string{"c"}, text: "what one of its acts attempted", key: store.KeyClass, closed: classes},
		{name: "op", aliases: []string{"operation"}, text: "an operation, as the protocol names it", key: store.KeyOp},
		{name: "severity", aliases: []string{"sev"}, text: "the gravest act, 0 to 10", kind: isNumber, key: store.KeySeverity},
		{name: "src", aliases: []string{"ip", "source", "addr"}, text: "the visitor's address or network", kind: isSource, key: store.KeySrc},
		{name: "country", aliases: []string{"cc"}, text: "country of the address's registration", key: store.KeyCountry},
		{name: "asn", aliases: []string{"as"}, text: "autonomous system", kind: isNumber, key: store.KeyASN},
		{name: "org", text: "who operates the network", key: store.KeyOrg},
		{name: "net", aliases: []string{"network"}, text: "kind of network", key: store.KeyNetwork, known: []string{"hosting", "residential", "education", "private"}},
		{name: "scanner", text: "organisation of a known research scanner", key: store.KeyScanner},
		{name: "proof", text: "how well the scanner is known", key: store.KeyProof, closed: func() []string { return []string{"confirmed", "claimed", "opaque"} }},
		{name: "tool", text: "the tool that it was made with", key: store.KeyTool},
		{name: "fp", aliases: []string{"fingerprint", "print"}, text: "fingerprint hash of the tool", key: store.KeyFingerprint},
		{name: "automation", aliases: []string{"auto", "pace"}, text: "whose pace it had", key: store.KeyAutomation, closed: analysis.Automations},
		{name: "technique", aliases: []string{"attack", "t"}, text: "an ATT&CK technique that it shows", key: store.KeyTechnique},
		{name: "target", text: "what one of its acts aimed at", key: store.KeyTarget},
		{name: "kind", text: "the sort of thing that it aimed at", key: store.KeyTargetKind, closed: targetKinds},
		{name: "value", text: "a value that it wrote", key: store.KeyValue},
		{name: "outcome", text: "what became of one of its acts", key: store.KeyOutcome, closed: outcomes},
		{name: "user", text: "a user name that it tried", key: store.KeyUser},
		{name: "secret", aliases: []string{"password", "pass"}, text: "a password that it tried", key: store.KeySecret},
		{name: "file", aliases: []string{"artifact", "sha256"}, text: "a file that it brought, by hash or name", key: store.KeyFile},
		{name: "sensor", text: "the sensor", key: store.KeySensor},
		{name: "persona", text: "the persona", key: store.KeyPersona},
		{name: "device", text: "the device", key: store.KeyDevice},
		{name: "service", text: "the service", key: store.KeyService},
		{name: "port", text: "the port that it came to", kind: isNumber, key: store.KeyPort},
		{name: "transport", text: "tcp or udp", key: store.KeyTransport, closed: func() []string { return []string{"tcp", "udp"} }},
		{name: "session", aliases: []string{"id"}, text: "the session's id, or its beginning and *", key: store.KeySession},
		{name: "score", text: "how targeted, 0 to 1", kind: isNumber, key: store.KeyScore, scale: 1000},
		{name: "acts", text: "number of acts", kind: isNumber, key: store.KeyActs},
		{name: "in", text: "octets that it sent", kind: isNumber, key: store.KeyOctetsIn},
		{name: "out", text: "octets that we sent", kind: isNumber, key: store.KeyOctetsOut},
		{name: "duration", aliases: []string{"dur"}, text: "how long it stayed: 90s, 5m, 2h", kind: isSpan, key: store.KeyDuration},
		{name: "reason", text: "how it ended", key: store.KeyReason, closed: func() []string { return append(event.CloseReasons(), "crash") }},
		{name: "text", text: "a word of the scanner's name, the network's operator or its kind; what has no key is this", key: store.KeyText},
	}
}

// findKey finds a key by its name or another name of it.
func findKey(list []key, name string) *key {
	name = strings.ToLower(name)
	for i, k := range list {
		if k.name == name {
			return &list[i]
		}
		for _, a := range k.aliases {
			if a == name {
				return &list[i]
			}
		}
	}
	return nil
}

// nearest is the key whose name is most like one that is none; "": none is like it.
func nearest(list []key, name string) string {
	names := map[string]string{}
	for _, k := range list {
		for _, n := range append([]string{k.name}, k.aliases...) {
			names[n] = k.name
		}
	}
	return names[process.Nearest(strings.ToLower(name), maps.Keys(names))]
}

func classes() []string {
	var out []string
	for _, c := range event.Classes() {
		out = append(out, string(c))
	}
	return out
}

func outcomes() []string {
	var out []string
	for _, o := range event.Outcomes() {
		out = append(out, string(o))
	}
	return out
}

func targetKinds() []string {
	var out []string
	for _, k := range event.TargetKinds() {
		out = append(out, string(k))
	}
	return out
}
