package persona

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// fill returns a pattern with # as a digit, @ as a capital letter, % as a
// capital hex digit and * as a digit or capital letter; all else stands.
func (d *draw) fill(pattern string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	out := []byte(pattern)
	for i, c := range out {
		switch c {
		case '#':
			out[i] = alphabet[d.IntN(10)]
		case '@':
			out[i] = alphabet[10+d.IntN(26)]
		case '%':
			out[i] = alphabet[d.IntN(16)]
		case '*':
			out[i] = alphabet[d.IntN(36)]
		}
	}
	return string(out)
}

// siemensSerial returns a SIMATIC serial number, "S C-" and the date of
// production in two signs, two signs of the line, four digits and the year
// again (personas.md §1.7, which found no exception among 133).
func (d *draw) siemensSerial() string {
	plant := "C"
	if d.IntN(100) < 8 {
		plant = "Q"
	}
	// The letters' shares are those of §1.7.
	const line = "UUUUUUUUTTTTVVVVEEWWSLBCPKMFDXA"
	return "S " + plant + "-" + d.siemensDate() + line[d.IntN(len(line)):][:1] + d.fill("*####") + strconv.Itoa(d.made.Year())
}

// siemensDate returns the production date's two signs: the year by DIN EN
// 60062 and the month as 1 to 9, O, N, D.
func (d *draw) siemensDate() string {
	const years = "TUVWXABCDEFHJKLMNPRS" // from 2005; G, I, O and Q are left out
	const months = "123456789OND"
	year := min(max(d.made.Year()-2005, 0), len(years)-1)
	month := d.made.Month() - 1
	return years[year:year+1] + months[month:month+1]
}

// rockwellSerial returns a CIP serial number of eight hex digits: its first
// octet tells the family (personas.md §11.4).
func (d *draw) rockwellSerial(family string) (string, error) {
	switch family {
	case "bridge": // 1756-ENBT, -EN2T
		return d.fill("00%%%%%%"), nil
	case "controllogix":
		return []string{"C0", "D0"}[d.IntN(2)] + d.fill("%%%%%%"), nil
	case "compactlogix":
		return d.fill("60%%%%%%"), nil
	case "micrologix":
		return d.fill("40%%%%%%"), nil
	}
	return "", fmt.Errorf("family = %q: use bridge, controllogix, compactlogix or micrologix", family)
}

// mac returns a hardware address of one of the makers' prefixes. Its last octet
// leaves room for the ports of the device, which count up from it.
func (d *draw) mac(ouis []string) (string, error) {
	if len(ouis) == 0 {
		return "", nil
	}
	oui := ouis[d.IntN(len(ouis))]
	if b, err := hex.DecodeString(strings.ReplaceAll(oui, ":", "")); err != nil || len(b) != 3 {
		return "", fmt.Errorf("oui = %q: write three octets, as in \"00:0E:8C\"", oui)
	}
	return fmt.Sprintf("%s:%02X:%02X:%02X", strings.ToUpper(oui), d.IntN(256), d.IntN(256), d.IntN(248)), nil
}

// number returns a number from min to max, with decimals, zeros before it up to
// digits, and added to the site value named by base.
func (d *draw) number(c *recipe) (string, error) {
	lo := c.between("min", 0, -math.MaxInt32, math.MaxUint32)
	hi := c.between("max", 0, -math.MaxInt32, math.MaxUint32)
	decimals := int(c.between("decimals", 0, 0, 6))
	digits := int(c.between("digits", 1, 1, 12))
	base := 0.0
	if c.has("base") {
		var err error
		name := c.text("base")
		if base, err = strconv.ParseFloat(d.site[name], 64); err != nil {
			return "", fmt.Errorf("base = %q: the site has no such number; add it to [values]", name)
		}
	}
	if lo >= hi {
		return "", errors.New("needs min = … and a greater max = …")
	}
	step := math.Pow10(-decimals)
	x := base + lo + step*math.Floor(d.Float64()*((hi-lo)/step+1))
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if pad := digits - len(s); pad > 0 && x >= 0 {
		s = strings.Repeat("0", pad) + s
	}
	return s, nil
}

// A network is the private one that the site's devices believe to be in.
type network struct {
	prefix  netip.Prefix
	gateway netip.Addr
	first   int // host number of the first device without one
}

// network draws the site's network: a private /24 as engineers number them.
func (d *draw) network() network {
	var b [4]byte
	switch n := d.IntN(100); {
	case n < 50:
		b = [4]byte{192, 168, byte(1 + d.IntN(253))}
	case n < 85:
		b = [4]byte{10, byte(1 + d.IntN(253)), byte(d.IntN(250))}
	default:
		b = [4]byte{172, byte(16 + d.IntN(16)), byte(d.IntN(250))}
	}
	n := network{prefix: netip.PrefixFrom(netip.AddrFrom4(b), 24), first: 10 * (1 + d.IntN(5))}
	n.gateway = n.host([]int{1, 254}[d.IntN(2)])
	return n
}

// host returns the address of a host number.
func (n network) host(number int) netip.Addr {
	b := n.prefix.Addr().As4()
	b[3] = byte(number)
	return netip.AddrFrom4(b)
}

// address returns the site's gateway (host = "gateway") or the host of a number.
func (d *draw) address(c *recipe) (string, error) {
	c.used["host"] = true
	if c.keys["host"] == "gateway" {
		return d.net.gateway.String(), nil
	}
	return d.net.host(int(c.between("host", 0, 2, 253))).String(), nil
}

// uptime returns how long a device has been running: log-normal, 5 to 400 days
// (personas.md §11.8).
func (d *draw) uptime() time.Duration {
	days := min(max(math.Exp(math.Log(45)+0.9*d.NormFloat64()), 5), 400)
	return time.Duration(days * 24 * float64(time.Hour)).Truncate(time.Second)
}

// drift returns how fast a clock runs wrong, in parts per million: a crystal's.
func (d *draw) drift() float64 { return min(max(15*d.NormFloat64(), -60), 60) }

// offset returns how wrong a clock is that somebody once set by hand.
func (d *draw) offset() time.Duration {
	s := min(max(70*d.NormFloat64(), -480), 480)
	return time.Duration(s * float64(time.Second)).Truncate(time.Millisecond)
}

// place returns the name of a place that is not on the map.
func (d *draw) place() string {
	const first = "Arn Bral Cald Dorn Ebb Fenn Gral Hask Ild Jarn Kelm Lorn Marb Nold Orm Pell Quern Rusk Stav Tarn Ulv Varn Wend Yarl Zell"
	const second = "a e er en in o on"
	const third = "bach beck broek by dale feld ford gard ham hav holt kirch land lund mark mere moor sted stein thal torp vik wald wick"
	part := func(list string) string {
		words := strings.Split(list, " ")
		return words[d.IntN(len(words))]
	}
	return part(first) + part(second) + part(third)
}

// person returns initials and an invented family name.
func (d *draw) person() string {
	const initials = "ABCDEFGHJKLMNPRSTW"
	return initials[d.IntN(len(initials)):][:1] + ". " + d.place()
}
