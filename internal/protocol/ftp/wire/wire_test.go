package wire

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestCommand(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Command]{
		{Name: "RFC 959 §5.4 USER", Hex: "55534552 20 66747020 0d0a", Want: Command{"USER", "ftp "}},
		{Name: "no argument", Hex: "51554954 0d0a", Want: Command{"QUIT", ""}},
		{Name: "an octet FF is doubled (RFC 854)", Hex: "4d4b4420 ffff 0d0a", Want: Command{"MKD", "\xff"}},
	})
	for line, want := range map[string]Command{
		"noop\n":                   {"NOOP", ""},
		"Retr a b\r\n":             {"RETR", "a b"},
		"\xff\xf4\xff\xf2ABOR\r\n": {"ABOR", ""},
		"\xff\xfb\x01USER x\r\n":   {"USER", "x"},
		"STOR  x\r\n":              {"STOR", " x"},
		"\r\n":                     {"", ""},
		"\xff\n":                   {"", ""},
		"size " + strings.Repeat("a", 600) + "\n": {"SIZE", strings.Repeat("a", 600)},
	} {
		if got, err := Parse([]byte(line)); err != nil || got != want {
			t.Errorf("%q: %+v %v", line, got, err)
		}
	}
	for _, line := range []string{"", "NOOP", "NOOP\nQUIT\n"} {
		if c, err := Parse([]byte(line)); err == nil {
			t.Errorf("%q parses to %+v", line, c)
		}
	}
}

func FuzzCommand(f *testing.F) {
	octettest.Fuzz(f, Parse, "555345520d0a", "fff4fff241424f520d0a", "52455452 20 61 0a")
}

func TestReply(t *testing.T) {
	octettest.Vectors(t, ParseReply, []octettest.Vector[Reply]{
		{Name: "RFC 959 §4.2, one line", Hex: "323230 20 6f6b 0d0a", Want: Text(220, "ok")},
		{Name: "RFC 959 §4.2, several", Hex: "323131 2d 61 0d0a 20 62 0d0a 323131 20 63 0d0a", Want: Text(211, "a\nb\nc")},
	})
}

func FuzzReply(f *testing.F) {
	octettest.Fuzz(f, ParseReply, "323230206f6b0d0a", "3231312d610d0a20620d0a32313120630d0a")
}

func TestAddresses(t *testing.T) {
	for arg, want := range map[string]string{
		"192,0,2,77,156,64": "192.0.2.77:40000",
		"1,2,3,4,0,21":      "1.2.3.4:21",
	} {
		got, err := ParsePort(arg)
		if err != nil || got.String() != want || FormatPort(got) != arg {
			t.Errorf("%s: %v %v", arg, got, err)
		}
	}
	for _, arg := range []string{"", "1234", "1,2,3,4,5", "1,2,3,4,5,256", "a,2,3,4,5,6", "1,2,3,4,5,6,7"} {
		if got, err := ParsePort(arg); err == nil {
			t.Errorf("%q is %v", arg, got)
		}
	}
	for arg, want := range map[string]netip.AddrPort{ // RFC 2428 §2
		"|1|132.235.1.2|6275|":           netip.MustParseAddrPort("132.235.1.2:6275"),
		"|2|1080::8:800:200C:417A|5282|": netip.MustParseAddrPort("[1080::8:800:200c:417a]:5282"),
		"!1!127.0.0.1!80!":               netip.MustParseAddrPort("127.0.0.1:80"),
	} {
		if got, err := ParseEPRT(arg); err != nil || got != want {
			t.Errorf("%s: %v %v", arg, got, err)
		}
	}
	for arg, want := range map[string]error{
		"|3|1.2.3.4|5|": ErrFamily, "|1|::1|5|": ErrAddress, "|2|1.2.3.4|5|": ErrAddress, "||||": ErrFamily,
		"|1|1.2.3.4|70000|": ErrAddress, "": ErrAddress, "|": ErrAddress, "|2|fe80::1%x|5|": ErrAddress,
	} {
		if got, err := ParseEPRT(arg); err != want {
			t.Errorf("%q is %v, %v", arg, got, err)
		}
	}
}

func FuzzAddresses(f *testing.F) {
	f.Add("1,2,3,4,5,6")
	f.Add("|1|1.2.3.4|5|")
	f.Fuzz(func(t *testing.T, arg string) {
		if a, err := ParsePort(arg); err == nil {
			if again, err := ParsePort(FormatPort(a)); err != nil || again != a {
				t.Errorf("%q: %v, then %v", arg, a, again)
			}
		}
		ParseEPRT(arg)
	})
}

func TestListing(t *testing.T) {
	at := time.Date(2026, 7, 5, 17, 51, 9, 0, time.UTC)
	file := Entry{Name: "a b.csv", Mode: 0o644, Owner: "plc", Group: "users", Size: 49, Time: at}
	dir := Entry{Name: "log", Dir: true, Mode: 0o750, Owner: "root", Group: "root", Size: 4096, Time: at.AddDate(-1, 0, 0)}
	now := at.AddDate(0, 2, 0)
	for got, want := range map[string]string{
		string(file.AppendUnix(nil, now)):                        "-rw-r--r--   1 plc      users          49 Jul  5 17:51 a b.csv\r\n",
		string(dir.AppendUnix(nil, now)):                         "drwxr-x---   2 root     root         4096 Jul  5  2025 log\r\n",
		string(file.AppendDOS(nil)):                              "07-05-26  05:51PM                   49 a b.csv\r\n",
		string(dir.AppendDOS(nil)):                               "07-05-25  05:51PM       <DIR>          log\r\n",
		string(file.AppendFacts(nil, FactNames, "r", "file")):    "modify=20260705175109;perm=r;size=49;type=file;UNIX.group=users;UNIX.mode=0644;UNIX.owner=plc; a b.csv",
		string(dir.AppendFacts(nil, "type;size;x", "el", "dir")): "type=dir; log",
	} {
		if got != want {
			t.Errorf("\n got %q\nwant %q", got, want)
		}
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{"a\nb\r\nc\r": "a\r\nb\r\nc\r", "\n\n": "\r\n\r\n", "": ""} {
		if got := string(ToNet(nil, []byte(in), 0)); got != want {
			t.Errorf("ToNet %q: %q", in, got)
		}
	}
	if got := string(ToNet(nil, []byte("\nx"), '\r')); got != "\nx" {
		t.Errorf("a line end cut in two: %q", got)
	}
}

// What was sent as text comes back the same, wherever it is cut.
func FuzzASCII(f *testing.F) {
	f.Add([]byte("a\nb\r\n\r"), 2)
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		if cut < 0 || cut > len(p) {
			return
		}
		a, held := FromNet(p[:cut], false)
		b, held := FromNet(p[cut:], held)
		whole, heldWhole := FromNet(p, false)
		if !bytes.Equal(append(a, b...), whole) || held != heldWhole {
			t.Fatalf("%q cut at %d: %q %q, whole %q", p, cut, a, b, whole)
		}
		if bytes.IndexByte(p, '\r') < 0 {
			if back, _ := FromNet(ToNet(nil, p, 0), false); !bytes.Equal(back, p) {
				t.Fatalf("%q comes back as %q", p, back)
			}
		}
	})
}
