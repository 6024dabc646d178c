package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/store"
)

// sessionCmd tells one session.
type sessionCmd struct {
	Data string `placeholder:"DIR" env:"SUNDEW_DATA" help:"The sensor's directory. Default: the platform's state directory."`
	ID   string `arg:"" help:"The session's id, or the beginning of it."`
	Hex  bool   `help:"Show all octets, not the first of each act."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// transcript is a session with its lines.
type transcript struct {
	store.Session
	Events []event.Event `json:"events"`
}

// Run implements kong's command.
func (c *sessionCmd) Run(ctx context.Context, t *terminal) error {
	a, err := ask(ctx, t, c.Data, false)
	if err != nil {
		return err
	}
	defer a.close()
	s, err := a.Session(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("%w; `sundew sessions` lists them", err)
	}
	tr := transcript{Session: s}
	if tr.Events, err = store.Transcript(ctx, string(a.dir), &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, tr)
	}
	return c.print(t, &tr)
}

func (c *sessionCmd) print(t *terminal, tr *transcript) error {
	p := &eventPrinter{out: t.out, colour: t.colour}
	s := &tr.Session
	fmt.Fprintf(t.out, "Session   %s\nVisitor   %s port %d%s\nService   %s of %s (%s), %s port %d, sensor %s%s\n", visible(s.ID), s.Src, s.SrcPort, visible(whence(&s.Source)),
		visible(s.Service), visible(s.Device), visible(s.Persona), visible(s.Protocol), s.DstPort, visible(s.Sensor), from(s.Origin))
	fmt.Fprintf(t.out, "Time      %s UTC", at(s.Opened))
	if !s.Closed.IsZero() {
		fmt.Fprintf(t.out, ", %.3f s, ended by %s", s.Closed.Sub(s.Opened).Seconds(), visible(s.Reason))
	}
	fmt.Fprintf(t.out, "\nOctets    %d in, %d out, %d acts\n", s.OctetsIn, s.OctetsOut, s.Acts)
	if f := s.Finding; f != nil {
		printFinding(t, p, f)
	}
	fmt.Fprintln(t.out)
	d := catalog.Decoder(s.Protocol)
	var before int64
	for i := range tr.Events {
		e := &tr.Events[i]
		if e.Kind != event.KindAct {
			continue
		}
		fmt.Fprintf(t.out, "%10.3f s  +%-9s %s\n", float64(e.AtUS)/1e6, span(e.AtUS-before), p.act(e))
		before = e.AtUS
		if text := details(e.Detail); text != "" {
			fmt.Fprintln(t.out, "              "+visible(text))
		}
		c.octets(t, p, d, e)
	}
	return nil
}

// from says which imported journal something is of.
func from(origin string) string {
	if origin == "" {
		return ""
	}
	return ", imported as " + visible(origin)
}

func whence(s *analysis.Source) string {
	var parts []string
	for _, v := range []string{s.Country, s.ASOrg, s.NetType} {
		if v != "" {
			parts = append(parts, v)
		}
	}
	if s.Scanner != "" {
		parts = append(parts, "scanner of "+s.Scanner+" ("+s.ScannerProof+")")
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func printFinding(t *terminal, p *eventPrinter, f *analysis.Finding) {
	fmt.Fprintf(t.out, "Label     %s, targeted %.2f, severity %d, pace %s (median gap %.3f s, variation %.2f)\n",
		p.paint(yellow, f.Label), f.Score, f.Severity, f.Automation, float64(f.Timing.MedianGapUS)/1e6, f.Timing.CV)
	for _, e := range f.Evidence {
		delta := ""
		if e.Delta != 0 {
			delta = fmt.Sprintf(" (%+.2f)", e.Delta)
		}
		acts := ""
		if len(e.Seqs) > 0 {
			acts = fmt.Sprintf(", acts %v", e.Seqs)
		}
		fmt.Fprintf(t.out, "          %s%s: %s%s\n", e.Rule, delta, visible(e.Text), acts)
	}
	if f.Fingerprint != "" {
		tool := "unknown tool"
		if f.Tool != "" {
			tool = f.Tool + " (" + f.ToolProof + ")"
		}
		fmt.Fprintf(t.out, "Tool      %s; fingerprint %s of %s\n", tool, f.FingerprintHash, visible(f.Fingerprint))
	}
	for _, x := range f.Techniques {
		fmt.Fprintf(t.out, "ATT&CK    %s (%s), %d acts, first %d\n", x.ID, x.Confidence, x.Count, x.FirstSeq)
	}
}

func span(us int64) string {
	if us < 1_000_000 {
		return fmt.Sprintf("%.1f ms", float64(us)/1000)
	}
	return fmt.Sprintf("%.2f s", float64(us)/1e6)
}

// octets shows both directions: the decoded fields, where the octets begin with
// a whole frame, and the octets themselves.
func (c *sessionCmd) octets(t *terminal, p *eventPrinter, d protocol.Decoder, e *event.Event) {
	for _, way := range []struct {
		mark, text string
		n          int
		visitor    bool
	}{{">", e.Request, e.RequestLen, true}, {"<", e.Response, e.ResponseLen, false}} {
		b, err := hex.DecodeString(way.text)
		if err != nil || len(b) == 0 {
			continue
		}
		if d != nil {
			if f, _, err := d.Next(way.visitor, b); err == nil && len(f.Fields) > 0 {
				var parts []string
				for _, x := range f.Fields {
					parts = append(parts, x.Name+"="+x.Value)
				}
				fmt.Fprintln(t.out, "            "+way.mark+" "+visible(strings.Join(parts, " ")))
			}
		}
		shown := b
		if !c.Hex && len(shown) > 64 {
			shown = shown[:64]
		}
		for i := 0; i < len(shown); i += 32 {
			fmt.Fprintln(t.out, p.paint(dim, fmt.Sprintf("            %s %04x  %-96x %s", way.mark, i, spaced(shown[i:min(i+32, len(shown))]), printable(shown[i:min(i+32, len(shown))]))))
		}
		if len(shown) < way.n {
			fmt.Fprintln(t.out, p.paint(dim, fmt.Sprintf("              … %d octets in all", way.n)))
		}
	}
}

// spaced prints octets as pairs of digits.
type spaced []byte

// Format implements fmt.Formatter.
func (s spaced) Format(f fmt.State, _ rune) {
	text := fmt.Sprintf("% x", []byte(s))
	if w, ok := f.Width(); ok {
		text += strings.Repeat(" ", max(0, w-len(text)))
	}
	fmt.Fprint(f, text)
}

func printable(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if out[i] = c; c < ' ' || c > '~' {
			out[i] = '.'
		}
	}
	return string(out)
}
