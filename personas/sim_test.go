package personas_test

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
	"os"

	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/personas"
)

func TestSim(t *testing.T) {
	if os.Getenv("SIM") == "" { t.Skip() }
	sub, _ := fs.Sub(personas.FS(), "pumping-station")
	fsys := noServices{sub}
	start := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	p, err := persona.Load(fsys, "pumping-station", persona.Installation{Seed: []byte("0123456789abcdefX"), Born: start})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range p.Devices { fmt.Printf("%+v\n%+v\n", d.Identity, d.Clock) }
	pr, err := p.NewProcess()
	if err != nil {
		t.Fatal(err)
	}
	for i := range pr.Tags() {
		tag := pr.Tags()[i]
		r, _ := pr.Ref(tag.Name)
		_ = r
	}
	w0 := time.Now()
	start = pr.View().Time()
	for s := 0; s < 86400*3; s++ {
		pr.Step(start.Add(time.Duration(s+1) * time.Second))
		if s%3600 == 0 {
			v := pr.View()
			f := func(n string) float64 { r, ok := pr.Ref(n); if !ok { t.Fatal(n) }; return v.Float(r) }
			fmt.Printf("%s raw %.2f clr %.2f in %.1f out %.1f up %.1f cmd %.0f P %.2f/%.2f cl %.2f dose %.2f A %.1f %.1f st %.0f %.0f h %.1f %.1f act %v kW %.1f U %.1f\n", v.Time().Format("Mon 15:04"), f("raw.level"), f("clear.level"), f("raw.inflow"), f("outlet.flow"), f("raw.outflow"), f("inlet.command"), f("pump.pressure"), f("outlet.pressure"), f("chlorine.residual"), f("chlorine.dose"), f("pump1.current"), f("pump2.current"), f("pump1.starts"), f("pump2.starts"), f("pump1.hours"), f("pump2.hours"), f("alarm.active"), f("site.power"), f("mains.voltage"))
		}
	}
	fmt.Println(time.Since(w0), pr.Faults(), pr.Faulty())
}

type noServices struct{ fs.FS }

func (n noServices) Open(name string) (fs.File, error) {
	f, err := n.FS.Open(name)
	if err != nil {
		return fstest.MapFS{name: &fstest.MapFile{}}.Open(name)
	}
	return f, err
}
