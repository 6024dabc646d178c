package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Assemble translates statement list, in the mnemonics of STEP 7 (English), into
// MC7 code: one statement a line, a label before a colon, comments behind "//".
// It knows what station programs are made of: bit logic, load and transfer,
// comparison, arithmetic, timers, calls without parameters and jumps.
func Assemble(lines []string) ([]byte, error) {
	a := assembler{labels: map[string]int{}}
	for n, line := range lines {
		line, _, _ = strings.Cut(line, "//")
		if label, rest, ok := strings.Cut(line, ": "); ok && !strings.Contains(label, "#") {
			a.labels[strings.TrimSpace(label)] = len(a.code)
			line = rest
		}
		fields := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), ";"))
		if len(fields) == 0 {
			continue
		}
		if err := a.statement(fields[0], fields[1:]); err != nil {
			return nil, fmt.Errorf("line %d: %q: %w", n+1, strings.TrimSpace(line), err)
		}
	}
	return a.code, a.link()
}

type assembler struct {
	code   []byte
	labels map[string]int
	jumps  []jump
}

// A jump waits for its label: at is where its statement begins.
type jump struct {
	at    int
	label string
}

// link fills in the jump distances, counted in words from the jump itself.
func (a *assembler) link() error {
	for _, j := range a.jumps {
		to, ok := a.labels[j.label]
		if !ok {
			return fmt.Errorf("no label %q", j.label)
		}
		binary.BigEndian.PutUint16(a.code[j.at+2:], uint16((to-j.at)/2))
	}
	return nil
}

func (a *assembler) emit(b ...byte) { a.code = append(a.code, b...) }

func (a *assembler) statement(op string, arg []string) error {
	if code, ok := plainCode(strings.Join(append([]string{op}, arg...), " ")); ok {
		a.emit(byte(code>>8), byte(code))
		return nil
	}
	switch op {
	case "JU", "JC", "JCN", "JZ", "JN":
		if len(arg) != 1 {
			return fmt.Errorf("a jump needs a label")
		}
		a.jumps = append(a.jumps, jump{len(a.code), arg[0]})
		first, second := jumpCode(op)
		a.emit(first, second, 0, 0)
		return nil
	case "L", "T":
		return a.loadTransfer(op, arg)
	case "UC", "CC", "OPN", "SD", "SE", "SP", "SS", "SF", "BLD":
		return a.numbered(op, arg)
	}
	return a.bitLogic(op, arg)
}

// numbered emits a statement whose operand is a numbered object.
func (a *assembler) numbered(op string, arg []string) error {
	key := op
	if len(arg) == 2 {
		key += " " + arg[0]
	}
	first, ok := map[string]byte{
		"UC FC": 0x3d, "CC FC": 0x1d, "UC FB": 0x75, "CC FB": 0x55, "OPN DB": 0x20, "BLD": 0x10,
		"SD T": 0x24, "SE T": 0x1c, "SP T": 0x34, "SS T": 0x2c, "SF T": 0x14,
	}[key]
	if !ok || len(arg) == 0 {
		return fmt.Errorf("unknown operand")
	}
	n, err := strconv.ParseUint(arg[len(arg)-1], 10, 8)
	if err != nil {
		return err
	}
	a.emit(first, byte(n))
	return nil
}

// bitLogic emits A, AN, O, ON, X, XN, S, R, =, FP and FN on a bit, a timer or a counter.
func (a *assembler) bitLogic(op string, arg []string) error {
	if len(arg) != 2 {
		return fmt.Errorf("unknown statement")
	}
	if arg[0] == "T" || arg[0] == "C" {
		return a.timerLogic(op, arg)
	}
	octet, bit, ok := strings.Cut(arg[1], ".")
	addr, err1 := strconv.ParseUint(octet, 10, 16)
	n, err2 := strconv.ParseUint(bit, 10, 3)
	area, known := areaCode(arg[0])
	if !ok || err1 != nil || err2 != nil || !known {
		return fmt.Errorf("not the address of a bit")
	}
	if short, ok := map[string]byte{"A": 0, "O": 8, "S": 0x10, "=": 0x18, "AN": 0x20, "ON": 0x28, "R": 0x30}[op]; ok {
		switch {
		case arg[0] == "M" && addr < 256:
			a.emit(0x80+short+byte(n), byte(addr))
			return nil
		case (arg[0] == "I" || arg[0] == "Q") && addr < 128:
			a.emit(0xc0+short+byte(n), byte(addr)|map[string]byte{"Q": 0x80}[arg[0]])
			return nil
		}
	}
	code, ok := map[string]uint16{
		"A": 0x0000, "AN": 0x0080, "O": 0x0100, "ON": 0x0180, "X": 0x0500, "XN": 0x0580,
		"S": 0x0900, "R": 0x0980, "=": 0x4100, "FP": 0x4900, "FN": 0x4980,
	}[op]
	if !ok {
		return fmt.Errorf("unknown statement")
	}
	a.emit(byte(code>>8), byte(code)+area+byte(n), byte(addr>>8), byte(addr))
	return nil
}

func (a *assembler) timerLogic(op string, arg []string) error {
	first, ok := map[string]byte{
		"A T": 0xf8, "O T": 0xf9, "AN T": 0xfc, "ON T": 0xfd, "R T": 0x3c,
		"A C": 0xb8, "O C": 0xb9, "AN C": 0xbc, "ON C": 0xbd, "R C": 0x7c, "S C": 0x5c, "CU C": 0x6c, "CD C": 0x54,
	}[op+" "+arg[0]]
	n, err := strconv.ParseUint(arg[1], 10, 8)
	if !ok || err != nil {
		return fmt.Errorf("unknown statement")
	}
	a.emit(first, byte(n))
	return nil
}

// loadTransfer emits L and T of a byte, word or double word, and L of a constant.
func (a *assembler) loadTransfer(op string, arg []string) error {
	if len(arg) == 1 && op == "L" {
		return a.constant(arg[0])
	}
	if len(arg) != 2 {
		return fmt.Errorf("an operand and its address")
	}
	addr, err := strconv.ParseUint(arg[1], 10, 16)
	if err != nil {
		return err
	}
	if op == "L" && (arg[0] == "T" || arg[0] == "C") {
		a.emit(map[string]byte{"T": 0x02, "C": 0x42}[arg[0]], byte(addr))
		return nil
	}
	width := strings.IndexByte("BWD", arg[0][len(arg[0])-1])
	name := arg[0][:len(arg[0])-1]
	area, known := areaCode(name)
	if width < 0 || !known {
		return fmt.Errorf("unknown operand")
	}
	transfer := byte(0)
	if op == "T" {
		transfer = 1
	}
	switch {
	case name == "M" && addr < 256:
		a.emit(byte(0x0a+8*width)+transfer, byte(addr))
	case (name == "I" || name == "Q") && addr < 128:
		a.emit(byte(0x4a+8*width)+transfer, byte(addr)|map[string]byte{"Q": 0x80}[name])
	default:
		a.emit(0x7e, area|byte(width+1)|transfer<<2, byte(addr>>8), byte(addr))
	}
	return nil
}
