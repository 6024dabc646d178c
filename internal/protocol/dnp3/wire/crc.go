package wire

// crc returns the check of a link layer block (IEEE 1815 §9.2.4.3): the
// polynomial x16+x13+x12+x11+x10+x8+x6+x5+x2+1, reflected, complemented.
func crc(p []byte) uint16 {
	// The remainder of each four bits, so that no table outlives the call.
	table := [16]uint16{
		0x0000, 0xB26B, 0x29AF, 0x9BC4, 0x535E, 0xE135, 0x7AF1, 0xC89A,
		0xA6BC, 0x14D7, 0x8F13, 0x3D78, 0xF5E2, 0x4789, 0xDC4D, 0x6E26,
	}
	var c uint16
	for _, b := range p {
		c ^= uint16(b)
		c = c>>4 ^ table[c&15]
		c = c>>4 ^ table[c&15]
	}
	return ^c
}
