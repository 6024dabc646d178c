package prototest

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// parseSteps reads the lines of a conversation.
func parseSteps(text string) ([]step, error) {
	var steps []step
	n := 0
	for l := range strings.Lines(text) {
		n++
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' {
			continue
		}
		s, err := parseStep(l)
		if err != nil {
			return nil, fmt.Errorf("conversation line %d: %w", n, err)
		}
		s.line = n
		if k := len(steps); s.mark == '<' && k > 0 && steps[k-1].mark == '<' && steps[k-1].side == s.side {
			steps[k-1].want = append(steps[k-1].want, s.want...)
			continue
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(l string) (step, error) {
	s := step{text: l}
	if l[0] == '|' {
		s.side = true
		l = strings.TrimSpace(l[1:])
		if l == "connect" {
			s.mark = 'c'
			return s, nil
		}
	}
	if l == "" || !strings.ContainsRune("><~=!@", rune(l[0])) {
		return s, fmt.Errorf("unknown mark in %q", l)
	}
	s.mark = l[0]
	rest := strings.TrimSpace(l[1:])
	switch s.mark {
	case '>', '<':
		p, err := parseOctets(rest)
		if err != nil {
			return s, err
		}
		if s.mark == '<' {
			s.want = [][]want{p}
			return s, nil
		}
		for _, w := range p {
			if w.any {
				return s, fmt.Errorf(".. in what the visitor sends")
			}
			s.octets = append(s.octets, w.octet)
		}
	default:
		s.text = rest
	}
	return s, nil
}

// parseOctets reads hex, "quoted text" and .. in any order; "*N" after a
// quoted text or an octet repeats it N times.
func parseOctets(s string) ([]want, error) {
	var out []want
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var part []want
		switch {
		case s[0] == '#':
			return out, nil
		case s[0] == '"':
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, fmt.Errorf("text %s: %w", s, err)
			}
			text, _ := strconv.Unquote(q)
			part, s = literal([]byte(text)), s[len(q):]
		case strings.HasPrefix(s, ".."):
			part, s = []want{{any: true}}, s[2:]
		case len(s) >= 2:
			b, err := hex.DecodeString(s[:2])
			if err != nil {
				return nil, fmt.Errorf("octets %q: %w", s, err)
			}
			part, s = literal(b), s[2:]
		default:
			return nil, fmt.Errorf("odd hex digit %q", s)
		}
		if strings.HasPrefix(s, "*") {
			num, rest, _ := strings.Cut(s[1:], " ")
			n, err := strconv.Atoi(num)
			if err != nil || n < 1 || n*len(part) > 1<<24 {
				return nil, fmt.Errorf("repetition *%s", num)
			}
			one := part
			for range n - 1 {
				part = append(part, one...)
			}
			s = rest
		}
		out = append(out, part...)
	}
	return out, nil
}

func literal(b []byte) []want {
	out := make([]want, len(b))
	for i, c := range b {
		out[i].octet = c
	}
	return out
}

// matches says whether got is what is wanted.
func matches(w []want, got []byte) bool {
	if len(w) != len(got) {
		return false
	}
	for i := range w {
		if !w[i].any && w[i].octet != got[i] {
			return false
		}
	}
	return true
}

// format writes octets as a conversation has them: text where they are text.
func format(b []byte) string {
	text := len(b) > 0
	for _, c := range b {
		if c != '\r' && c != '\n' && c != '\t' && (c < 0x20 || c > 0x7e) {
			text = false
			break
		}
	}
	if text {
		return strconv.Quote(string(b))
	}
	return hex.EncodeToString(b)
}

func formatWant(w []want) string {
	var b strings.Builder
	for _, o := range w {
		if o.any {
			b.WriteString("..")
		} else {
			fmt.Fprintf(&b, "%02x", o.octet)
		}
	}
	return b.String()
}
