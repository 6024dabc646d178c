package web

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// Health is how the running sensor does. Octets are counted in octets.
type Health struct {
	Sensor     string            `json:"sensor"`
	Build      string            `json:"build"`
	Personas   []string          `json:"personas"`
	Started    time.Time         `json:"started"`
	Now        time.Time         `json:"now"`
	Well       bool              `json:"well"`  // it records
	Ready      bool              `json:"ready"` // all its services listen, and there is room
	Trouble    string            `json:"trouble,omitempty"`
	RSS        int64             `json:"rss"`
	Memory     int64             `json:"memory_limit,omitempty"`
	CPU        float64           `json:"cpu_s"`
	Files      int               `json:"files"`
	FilesLimit uint64            `json:"files_limit"`
	Panics     uint64            `json:"panics"`
	Journal    JournalHealth     `json:"journal"`
	Disk       DiskHealth        `json:"disk"`
	Artifacts  int64             `json:"artifact_octets"`
	Dropped    map[string]uint64 `json:"dropped"`
	Followers  map[string]int64  `json:"followers"` // octets behind
	Backup     *BackupHealth     `json:"backup,omitempty"`
	Sandbox    []SandboxHealth   `json:"sandbox"`

	Listeners []Listening `json:"-"`
}

// JournalHealth is the journal's part.
type JournalHealth struct {
	Octets     int64   `json:"octets"`
	Quota      int64   `json:"quota"`
	Segments   int     `json:"segments"`
	PerDay     int64   `json:"per_day,omitempty"`
	Failing    string  `json:"failing,omitempty"`
	DaysToFull float64 `json:"days_to_full,omitempty"`
}

// DiskHealth is the disk's.
type DiskHealth struct {
	Free  uint64 `json:"free"`
	Total uint64 `json:"total"`
}

// BackupHealth is the daily backup's.
type BackupHealth struct {
	When  time.Time `json:"when,omitzero"`
	Error string    `json:"error,omitempty"`
}

// SandboxHealth is one measure of the sandbox.
type SandboxHealth struct {
	Name   string `json:"name"`
	Held   bool   `json:"held"`
	Detail string `json:"detail"`
}

// Listening is a service of the running sensor.
type Listening struct {
	Persona, Device, Service, Protocol, Network string

	Up      bool
	Addrs   []netip.AddrPort
	Now     int // sessions under way
	Served  uint64
	Refused uint64
	Reasons map[string]uint64 // Refused, by the limit that was reached
	Acts    map[string]uint64 // by class
	Last    time.Time
}

// listener is a service that listens, or has listened.
type listener struct {
	Origin     string            `json:"origin,omitempty"`
	Sensor     string            `json:"sensor"`
	Persona    string            `json:"persona"`
	Device     string            `json:"device"`
	Service    string            `json:"service"`
	Protocol   string            `json:"protocol"`
	Network    string            `json:"network,omitempty"`
	Addrs      []string          `json:"addrs,omitempty"`
	Up         bool              `json:"up"`
	Now        *int              `json:"sessions_now,omitempty"`
	Served     *uint64           `json:"served,omitempty"`
	Refused    *uint64           `json:"refused,omitempty"`
	RefusedFor map[string]uint64 `json:"refused_for,omitempty"`
	Acts       map[string]uint64 `json:"acts,omitempty"`
	Last       time.Time         `json:"last,omitzero"`
	Since      time.Time         `json:"since"`
	Listened   float64           `json:"listened_hours"`
	First      time.Time         `json:"first_visit,omitzero"`
	FirstScan  time.Time         `json:"first_scanner,omitzero"`
	Scanner    string            `json:"scanner,omitempty"`
	Sessions   int64             `json:"sessions"`
	Sources    int64             `json:"sources"`
}

// reached is when and where a known research scanner has found us.
type reached struct {
	Name      string    `json:"name"`
	Proof     string    `json:"proof"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Sessions  int64     `json:"sessions"`
	Sources   int64     `json:"sources"`
	Protocols []string  `json:"protocols"`
	Sensors   []string  `json:"sensors"`
}

// sensorsPage is how sensors do.
type sensorsPage struct {
	Period struct {
		From time.Time `json:"from,omitzero"`
		To   time.Time `json:"to,omitzero"`
	} `json:"period"`
	Running   *Health    `json:"running,omitempty"`
	Why       string     `json:"why,omitempty"`
	Listeners []listener `json:"listeners"`
	Scanners  []reached  `json:"scanners"`
	Notes     []note     `json:"notes"`
	Lag       struct {
		Store *int64 `json:"store_octets,omitempty"`
	} `json:"lag"`
}

func (a *ask) sensors() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	p := &sensorsPage{Listeners: []listener{}, Scanners: []reached{}}
	p.Period.From, p.Period.To = f.From, f.To
	if a.cfg.Running != nil {
		h := a.cfg.Running.Health()
		p.Running = &h
	} else {
		p.Why = "this is served from a sensor's directory, not by the sensor itself: `sundew status` asks a running one"
	}
	if a.cfg.Behind != nil {
		n := a.cfg.Behind()
		p.Lag.Store = &n
	}
	contacts, err := a.db.Contacts(a.ctx, f, a.now)
	if err != nil {
		return nil, err
	}
	ever := contacts
	if !f.From.IsZero() {
		g := f
		g.From, g.To = time.Time{}, time.Time{}
		if ever, err = a.db.Contacts(a.ctx, g, a.now); err != nil {
			return nil, err
		}
	}
	for i, c := range contacts {
		if i < len(ever) { // the same services in the same order
			c.First, c.Scanner, c.Who = ever[i].First, ever[i].Scanner, ever[i].Who
		}
		p.Listeners = append(p.Listeners, listenerOf(&c))
	}
	if p.Running != nil {
		p.merge(p.Running)
	} else if err := p.open(a); err != nil {
		return nil, err
	}
	if p.Scanners, err = a.scanners(f); err != nil {
		return nil, err
	}
	p.Notes, err = a.notes(f, maxListed)
	return p, err
}

func listenerOf(c *store.Contact) listener {
	return listener{
		Origin: c.Origin, Sensor: c.Sensor, Persona: c.Persona, Device: c.Device, Service: c.Service, Protocol: c.Protocol, Since: c.Since, Listened: c.Listened.Hours(),
		First: c.First, FirstScan: c.Scanner, Scanner: c.Who, Sessions: c.Sessions, Sources: c.Sources,
	}
}

// merge adds what the running sensor knows of its services.
func (p *sensorsPage) merge(h *Health) {
	for _, v := range h.Listeners {
		i := slices.IndexFunc(p.Listeners, func(l listener) bool {
			return l.Origin == "" && l.Sensor == h.Sensor && l.Persona == v.Persona && l.Device == v.Device && l.Service == v.Service && l.Protocol == v.Protocol && l.Network == ""
		})
		if i < 0 {
			p.Listeners = append(p.Listeners, listener{Sensor: h.Sensor, Persona: v.Persona, Device: v.Device, Service: v.Service, Protocol: v.Protocol, Since: h.Started, Listened: h.Now.Sub(h.Started).Hours()})
			i = len(p.Listeners) - 1
		}
		l := &p.Listeners[i]
		l.Network, l.Up, l.Last = v.Network, v.Up, v.Last
		l.Now, l.Served, l.Refused, l.RefusedFor, l.Acts = &v.Now, &v.Served, &v.Refused, v.Reasons, v.Acts
		for _, addr := range v.Addrs {
			l.Addrs = append(l.Addrs, addr.String())
		}
	}
}

// open says of services which the journal leaves listening.
func (p *sensorsPage) open(a *ask) error {
	open, err := a.db.Listening(a.ctx)
	for i := range p.Listeners {
		l := &p.Listeners[i]
		l.Up = open[store.Service{Origin: l.Origin, Sensor: l.Sensor, Persona: l.Persona, Device: l.Device, Service: l.Service, Protocol: l.Protocol}]
	}
	return err
}

// scanners are the known research scanners that came, the latest first, and behind
// them those that never did.
func (a *ask) scanners(f store.Filter) ([]reached, error) {
	list, err := a.db.Arrivals(a.ctx, f)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(x, y store.Arrival) int { return y.Last.Compare(x.Last) })
	out := []reached{}
	for _, r := range list {
		out = append(out, reached{r.Scanner, r.Proof, r.First, r.Last, r.Sessions, r.Sources, r.Protocols, r.Sensors})
	}
	if a.cfg.Scanners == nil {
		return out, nil
	}
	names := a.cfg.Scanners()
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for _, n := range names {
		if !slices.ContainsFunc(out, func(r reached) bool { return r.Name == n }) {
			out = append(out, reached{Name: n, Protocols: []string{}, Sensors: []string{}})
		}
	}
	return out, nil
}
