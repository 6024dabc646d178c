package wire

// Bits returns how many bits an object of a group and variation has (IEEE 1815
// annex A), and whether that is known and the same for all of them.
func Bits(group, variation uint8) (int, bool) {
	switch group {
	case 110, 111, 112, 113: // the variation is the length
		return 8 * int(variation), variation != 0
	case 60:
		return 0, true
	case 80:
		return 1, variation == 1
	}
	sizes := octets(group)
	if variation == 0 || int(variation) > len(sizes) {
		return 0, false
	}
	switch n := sizes[variation-1]; n {
	case 'b':
		return 1, true
	case 'd':
		return 2, true
	case '-':
		return 0, false
	default:
		return 8 * unletter(n), true
	}
}

// unletter reads a size written as one character: digits, then letters from A = 10.
func unletter(c byte) int {
	if c >= 'A' {
		return int(c-'A') + 10
	}
	return int(c - '0')
}

// octets returns the sizes of a group's variations from 1 on, one character
// each: octets, b for one bit, d for two, - for none.
func octets(group uint8) string {
	switch group {
	case 1, 10:
		return "b1"
	case 2:
		return "173"
	case 3:
		return "d1"
	case 4:
		return "173"
	case 11:
		return "17"
	case 12:
		return "BBb"
	case 13:
		return "17"
	case 20:
		return "53534242"
	case 21:
		return "5353B9B942"
	case 22, 23:
		return "5353B9B9"
	case 30:
		return "534259"
	case 31:
		return "53B94259"
	case 32, 33:
		return "53B959BF"
	case 34:
		return "244"
	case 40:
		return "5359"
	case 41:
		return "5359"
	case 42, 43:
		return "53B959BF"
	case 50:
		return "6A6B"
	case 51:
		return "66"
	case 52:
		return "22"
	}
	return ""
}
