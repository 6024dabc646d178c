package wire

// crc returns the check of a link layer block (IEEE 1815 §9.2.4.3): the
// polynomial x16+x13+x12+x11+x10+x8+x6+x5+x2+1, reflected, complemented.
func crc(p []byte) uint16 {
	// The remainder of each four bits, so that no table outlives the call.
	table := [16]uint16{
		0x0000, 0xCE58, 0xD1A9, 0x1FF1, 0xEE4B, 0x2013, 0x3FE2, 0xF1BA,
		0x918F, 0x5FD7, 0x4026, 0x8E7E, 0x7FC4, 0xB19C, 0xAE6D, 0x6035,
	}
	var c uint16
	for _, b := range p {
		c ^= uint16(b)
		c = c>>4 ^ table[c&15]
		c = c>>4 ^ table[c&15]
	}
	return ^c
}
