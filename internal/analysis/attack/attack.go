// Package attack maps operations of our rooms to MITRE ATT&CK techniques, most
// of them of ATT&CK for ICS. The mapping is data: operations.tsv, over the ids of
// techniques.tsv. Only what an act's own octets prove is mapped; a technique
// that needs an assumption about intent has confidence M.
package attack

// Version is the ATT&CK release whose ids are used. V18 aliases go with each id
// that release 19 replaced.
const Version = "19"

// Operations is the version of our table of operations.
const Operations = 2

// A Technique is an ATT&CK technique that an act proves.
type Technique struct {
	ID         string `json:"id"`            // "T1692.001"
	V18        string `json:"v18,omitempty"` // id in release 18 where it differs: "T0855"
	Domain     string `json:"domain"`        // "ics" or "enterprise"
	Confidence string `json:"confidence"`    // "H": the operation is the technique; "M": its usual meaning
}
