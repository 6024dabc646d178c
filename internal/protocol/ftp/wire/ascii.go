package wire

// ToNet appends p to b with the line ends of TYPE A (RFC 959 §3.1.1.1): a
// newline without a carriage return gets one. Last is the octet before p.
func ToNet(b, p []byte, last byte) []byte {
	for _, c := range p {
		if c == '\n' && last != '\r' {
			b = append(b, '\r')
		}
		b = append(b, c)
		last = c
	}
	return b
}

// FromNet takes the carriage returns before newlines out of p and
// returns what is left. Held says whether a carriage return waits for the next
// octet, and is passed on from call to call.
func FromNet(p []byte, held bool) (out []byte, stillHeld bool) {
	out = make([]byte, 0, len(p)+1)
	for _, c := range p {
		if held && c != '\n' {
			out = append(out, '\r')
		}
		held = c == '\r'
		if !held {
			out = append(out, c)
		}
	}
	return out, held
}
