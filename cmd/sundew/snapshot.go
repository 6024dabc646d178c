package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/sandbox"
	"github.com/sundew-ics/sundew/internal/sensor"
)

// snapshot is how a sensor does: what `status` prints and `health` judges.
type snapshot struct {
	Sensor    string            `json:"sensor"`
	Build     string            `json:"build"`
	Personas  []string          `json:"personas"`
	Started   time.Time         `json:"started"`
	Now       time.Time         `json:"now"`
	Stats     sensor.Stats      `json:"stats"`
	Journal   journalSnapshot   `json:"journal"`
	Artifacts int64             `json:"artifact_octets"`
	Process   processSnapshot   `json:"process"`
	Disk      diskSnapshot      `json:"disk"`
	Backup    *backup.Last      `json:"backup,omitempty"`
	Sandbox   []sandbox.Measure `json:"sandbox,omitempty"`
	Outbound  outboundSnapshot  `json:"outbound"`
	Dashboard string            `json:"dashboard,omitempty"` // where it is
	Store     *storeSnapshot    `json:"store,omitempty"`
	Sinks     map[string]int64  `json:"sink_lag_octets,omitempty"`
	Dropped   map[string]uint64 `json:"dropped,omitempty"` // lines that the journal lost, by class
}

type journalSnapshot struct {
	Octets   int64  `json:"octets"`
	Quota    int64  `json:"quota"`
	Segments int    `json:"segments"`
	PerDay   int64  `json:"octets_per_day,omitempty"` // by which it grew since the start; absent in the first hour
	Failing  string `json:"failing,omitempty"`
}

type processSnapshot struct {
	RSS    int64   `json:"rss"`
	Memory int64   `json:"memory_limit,omitempty"` // what the control group grants; absent: all there is
	CPU    float64 `json:"cpu_s"`
	Files  int     `json:"files"`
	Limit  uint64  `json:"files_limit"`
	UID    int     `json:"uid"`
}

// outboundSnapshot is what the sinks connect to.
type outboundSnapshot struct {
	Dial  bool     `json:"dial"`
	Ports []uint16 `json:"ports,omitempty"` // none with dial: any
}

type diskSnapshot struct {
	Free  uint64 `json:"free"`
	Total uint64 `json:"total"`
}

// daysToFull is how long the journal may grow as it does, until the disk is
// full or its quota reached; 0: not known yet, or it does not grow.
func (s *snapshot) daysToFull() float64 {
	if s.Journal.PerDay <= 0 {
		return 0
	}
	room := s.Journal.Quota - s.Journal.Octets
	if free := int64(s.Disk.Free); s.Disk.Total > 0 && free < room {
		room = free
	}
	return float64(max(0, room)) / float64(s.Journal.PerDay)
}

// snapshot gathers what the parts of the machine say of themselves.
func (m *machine) snapshot() snapshot {
	s := snapshot{
		Sensor: m.config.Sensor, Build: m.config.Build, Personas: m.names(), Started: m.started, Now: time.Now().UTC(),
		Stats: m.sensor.Stats(), Process: ownProcess(), Disk: diskOf(string(m.dir)), Sandbox: m.sandbox,
	}
	if m.door != nil {
		s.Dashboard = m.door.url()
	}
	if m.backup != nil {
		last := m.backup.Last()
		s.Backup = &last
	}
	l := m.limit()
	s.Outbound = outboundSnapshot{l.Dial, l.Ports}
	s.Artifacts, _ = m.artifacts.Octets()
	st, err := m.journal.Stats()
	if err != nil {
		s.Journal.Failing = err.Error()
		return s
	}
	s.Journal = journalSnapshot{Octets: st.Octets, Quota: st.MaxBytes, Segments: st.Segments}
	if up := s.Now.Sub(m.started); up >= time.Hour {
		s.Journal.PerDay = int64(float64(st.Octets-m.octets) / up.Hours() * 24)
	}
	if st.Failing != nil {
		s.Journal.Failing = st.Failing.Error()
	}
	s.Sinks, s.Dropped = map[string]int64{}, map[string]uint64{}
	if m.store != nil {
		kept := m.store.snapshot(0)
		s.Store = &kept
	}
	for _, f := range st.Followers {
		if m.store != nil && f.Name == storeFollower {
			kept := m.store.snapshot(f.Behind)
			s.Store = &kept
			continue
		}
		s.Sinks[f.Name] = f.Behind
	}
	for class, n := range st.Drops {
		if class == "" {
			class = "status and close"
		}
		s.Dropped[string(class)] = n
	}
	return s
}

// ownProcess reads what the kernel counts of this process.
func ownProcess() processSnapshot {
	p := processSnapshot{UID: os.Geteuid()}
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64)
			p.RSS = pages * int64(os.Getpagesize())
		}
	}
	p.Memory = memoryLimit()
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.Files = len(list)
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) == nil {
		p.CPU = time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
	}
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) == nil {
		p.Limit = r.Cur
	}
	return p
}

// memoryLimit is that of this process's control group (cgroup v2), or of the
// nearest above it that has one.
func memoryLimit() int64 {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	group, ok := strings.CutPrefix(strings.TrimSpace(string(b)), "0::")
	if !ok {
		return 0
	}
	for {
		b, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", group, "memory.max"))
		if err == nil {
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
				return n
			}
		}
		if group == "/" || group == "." {
			return 0
		}
		group = filepath.Dir(group)
	}
}

func diskOf(dir string) diskSnapshot {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return diskSnapshot{}
	}
	return diskSnapshot{s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize)}
}
