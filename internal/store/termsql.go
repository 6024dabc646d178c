package store

import "strings"

// restrict adds the term to a condition on rows of sessions.
func (t *Term) restrict(w *where) {
	not := ""
	if t.Not {
		not = "NOT "
	}
	switch home := t.Key.home(); home {
	case "places", "networks", "verdicts":
		w.and("sessions." + strings.TrimSuffix(home, "s") + " " + not + "IN (SELECT key FROM " + home + " WHERE " + t.own(w) + ")")
	case "sources":
		inner := &where{args: w.args}
		t.addresses(inner)
		w.args = inner.args
		w.and("sessions.source " + not + "IN (SELECT key FROM sources" + inner.String() + ")")
	default:
		w.and(not + "(" + t.row(w) + ")")
	}
}

// own is the term as a condition on rows of its home.
func (t *Term) own(w *where) string {
	switch t.Key {
	case KeyASN:
		return t.number(w, "asn")
	case KeySeverity:
		return t.number(w, "severity")
	case KeyScore:
		return t.number(w, "score")
	case KeyTechnique:
		var any []string
		for _, v := range t.Text {
			any = append(any, w.marked(`LOWER(' ' || techniques || ' ') LIKE ? ESCAPE '\'`, "% "+like(v)+" %"))
		}
		return either(any)
	}
	var any []string
	for _, column := range t.Key.columns() {
		any = append(any, t.texts(w, column))
	}
	return either(any)
}

// row is the term as a condition on a row of sessions itself, or of its acts.
func (t *Term) row(w *where) string {
	switch t.Key {
	case KeySession:
		return t.texts(w, "sessions.id")
	case KeyReason:
		return t.texts(w, "sessions.reason")
	case KeyFingerprint:
		return t.texts(w, "sessions.fingerprint")
	case KeyPort:
		return t.number(w, "dst_port")
	case KeyActs:
		return t.number(w, "sessions.acts")
	case KeyOctetsIn:
		return t.number(w, "octets_in")
	case KeyOctetsOut:
		return t.number(w, "octets_out")
	case KeyDuration:
		return "closed <> 0 AND (" + t.number(w, "closed - opened") + ")"
	case KeyClass:
		return t.acts(w, "operation IN (SELECT key FROM operations WHERE "+t.texts(w, "class")+")")
	case KeyOp:
		return t.acts(w, "operation IN (SELECT key FROM operations WHERE "+t.texts(w, "op")+")")
	case KeyOutcome:
		return t.acts(w, "operation IN (SELECT key FROM operations WHERE "+t.texts(w, "outcome")+")")
	case KeyTargetKind:
		return t.acts(w, t.texts(w, "target_kind"))
	case KeyTarget:
		return t.acts(w, t.texts(w, "target"))
	case KeyValue:
		return t.acts(w, t.texts(w, "value"))
	case KeyUser:
		return "sessions.key IN (SELECT session FROM credentials WHERE " + t.texts(w, "username") + ")"
	case KeySecret:
		return "sessions.key IN (SELECT session FROM credentials WHERE " + t.texts(w, "secret") + ")"
	case KeyFile:
		return "sessions.key IN (SELECT session FROM artifacts WHERE " + either([]string{t.texts(w, "sha256"), t.texts(w, "name")}) + ")"
	}
	return "1 = 0"
}

func (t *Term) acts(w *where, condition string) string {
	return "EXISTS (SELECT 1 FROM acts WHERE acts.session = sessions.key AND (" + condition + "))"
}

// texts sets a column against the term's values, those without a pattern together.
func (t *Term) texts(w *where, column string) string {
	var any, plain []string
	for _, v := range t.Text {
		if strings.Contains(v, "*") {
			any = append(any, w.marked("LOWER("+column+`) LIKE ? ESCAPE '\'`, like(v)))
			continue
		}
		plain = append(plain, v)
	}
	if len(plain) > 0 {
		any = append(any, choice(w, column, plain))
	}
	return either(any)
}

// number sets a column against the term's numbers.
func (t *Term) number(w *where, column string) string {
	op := "="
	switch t.Op {
	case ">=", "<=", ">", "<":
		op = t.Op
	}
	var any []string
	for _, v := range t.Int {
		any = append(any, w.marked(column+" "+op+" ?", v))
	}
	return either(any)
}

// either is conditions of which one must hold; without any, none holds.
func either(any []string) string {
	if len(any) == 0 {
		return "1 = 0"
	}
	return strings.Join(any, " OR ")
}

// like is a pattern as LIKE has it, in lower case.
func like(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`).Replace(strings.ToLower(pattern))
}
