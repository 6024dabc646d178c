package event

// Schema returns the JSON Schema (draft 2020-12) of a line of the record.
func Schema() map[string]any {
	text, number, truth := m{"type": "string"}, m{"type": "integer"}, m{"type": "boolean"}
	list := m{"type": "array", "items": text}
	hex := m{"type": "string", "pattern": "^([0-9a-f]{2})*$"}
	hash := m{"type": "string", "pattern": "^[0-9a-f]{64}$"}
	instant := m{"type": "string", "format": "date-time", "pattern": "Z$"}
	end := object(m{"ip": text, "port": number}, "ip", "port")
	props := m{
		"v": m{"const": Version}, "kind": enum([]Kind{KindOpen, KindAct, KindClose, KindStatus}),
		"ts": instant, "at_us": number, "seq": number,
		"session": text, "boot": text, "sensor": text, "protocol": text,
		"transport": enum([]string{"tcp", "udp"}), "src": end, "dst": end,

		"persona": text, "device": text, "build": text, "listener": text, "parent": text, "probe": text,
		"octets": enum([]string{"wire", "tls", "sealed"}), "tls": m{"type": "object"},

		"op": text, "class": enum(Classes()), "outcome": enum(Outcomes()),
		"target": object(m{"kind": enum(TargetKinds()), "ref": text}, "kind", "ref"),
		"tags":   list, "values": list, "previous": list,
		"cred":     object(m{"user": text, "secret": text, "method": text}),
		"artifact": object(m{"sha256": hash, "size": number, "name": text, "kind": text, "truncated": truth}, "sha256", "size"),
		"detail":   m{"type": "object"},
		"request":  hex, "request_len": number, "request_sha256": hash,
		"response": hex, "response_len": number, "response_sha256": hash,
		"truncated": truth, "took_us": number, "count": number,

		"start": instant, "end": instant, "duration_us": number, "reason": enum(CloseReasons()),
		"octets_in": number, "octets_out": number, "acts": number,
		"ops": m{"type": "object", "additionalProperties": number}, "sequence": list, "error": text,

		"what": enum(StatusWhats()),
	}
	s := object(props, "v", "kind", "ts", "seq", "boot", "sensor")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Sundew event record, version 1"
	s["allOf"] = []m{
		kindNeeds(KindStatus, "what"),
		kindNeeds(KindAct, "session", "protocol", "src", "dst", "op", "class", "outcome", "request", "response"),
		kindNeeds(KindOpen, "session", "protocol", "src", "dst", "persona", "device", "octets"),
		kindNeeds(KindClose, "session", "protocol", "src", "dst", "start", "end", "reason"),
	}
	return s
}

type m = map[string]any

func object(props m, required ...string) m {
	o := m{"type": "object", "properties": props}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func enum[T ~string](values []T) m { return m{"enum": values} }

// kindNeeds says which members an event of a kind has.
func kindNeeds(k Kind, members ...string) m {
	return m{
		"if":   m{"properties": m{"kind": m{"const": k}}},
		"then": m{"required": members},
	}
}
