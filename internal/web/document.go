package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:embed openapi.json
var document []byte

// A parameter is one that a route takes in its query, as the document has it.
type parameter struct {
	Ref    string `json:"$ref"`
	Name   string `json:"name"`
	In     string `json:"in"`
	Schema struct {
		schema
		Items    schema `json:"items"`
		MaxItems int    `json:"maxItems"`
	} `json:"schema"`
}

type schema struct {
	Type      string   `json:"type"`
	Enum      []string `json:"enum"`
	Minimum   *int64   `json:"minimum"`
	Maximum   *int64   `json:"maximum"`
	MaxLength int      `json:"maxLength"`
}

// parameters are each route's, by its method and path: "GET /sessions".
type parameters map[string]map[string]parameter

// readDocument reads the parameters of all routes.
func readDocument() (parameters, error) {
	var d struct {
		Paths map[string]map[string]struct {
			Parameters []parameter `json:"parameters"`
		} `json:"paths"`
		Components struct {
			Parameters map[string]parameter `json:"parameters"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("web: openapi.json: %w", err)
	}
	out := parameters{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			list := map[string]parameter{}
			for _, p := range op.Parameters {
				if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					p = d.Components.Parameters[name]
				}
				if p.In == "query" {
					list[p.Name] = p
				}
			}
			out[strings.ToUpper(method)+" "+path] = list
		}
	}
	return out, nil
}

// check says what is wrong with a request's query, going by the document: names
// that there are not, values that cannot be.
func (ps parameters) check(route string, q url.Values) error {
	list := ps[route]
	for name, values := range q {
		p, ok := list[name]
		if !ok {
			return &problem{Type: "query", Status: 400, Title: "There is no such parameter", Parameter: name, Detail: fmt.Sprintf("%s takes %s", route, names(list))}
		}
		s, most := p.Schema.schema, 1
		if s.Type == "array" {
			s, most = p.Schema.Items, max(1, p.Schema.MaxItems)
		}
		if len(values) > most {
			return &problem{Type: "query", Status: 400, Title: "Too often given", Parameter: name, Detail: fmt.Sprintf("at most %d times", most)}
		}
		for _, v := range values {
			if why := s.wrong(v); why != "" && !loose(name, v) {
				return &problem{Type: "query", Status: 400, Title: "The value cannot be used", Parameter: name, Detail: why}
			}
		}
	}
	return nil
}

// loose says whether a filter's value is a pattern or a negation, which lists of
// values do not hold.
func loose(name, v string) bool {
	return (name == "class" || name == "automation" || name == "asn") && (strings.HasPrefix(v, "-") || strings.Contains(v, "*")) && len(v) <= 256
}

func names(list map[string]parameter) string {
	var out []string
	for name := range list {
		out = append(out, name)
	}
	if len(out) == 0 {
		return "none"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// wrong says why a value does not fit.
func (s *schema) wrong(v string) string {
	most := s.MaxLength
	if most == 0 {
		most = 256
	}
	switch {
	case len(v) > most:
		return fmt.Sprintf("longer than %d octets", most)
	case s.Enum != nil && !slices.Contains(s.Enum, v):
		return "one of " + strings.Join(s.Enum, ", ")
	case s.Type == "boolean" && v != "true" && v != "false":
		return "true or false"
	case s.Type == "integer":
		n, err := strconv.ParseInt(v, 10, 64)
		switch {
		case err != nil:
			return "a whole number"
		case s.Minimum != nil && n < *s.Minimum:
			return fmt.Sprintf("at least %d", *s.Minimum)
		case s.Maximum != nil && n > *s.Maximum:
			return fmt.Sprintf("at most %d", *s.Maximum)
		}
	}
	return ""
}
