package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// minFree is the disk space, in octets, below which a sensor is not well.
const minFree = 256 << 20

// openMetrics opens the endpoint for Prometheus and for whoever asks whether the
// sensor is well. Only this host can reach it: it has no login, and says what
// the sensor is.
func (m *machine) openMetrics(addr string) error {
	if addr == "" {
		return nil
	}
	a, err := netip.ParseAddrPort(addr)
	if err != nil || !a.Addr().IsLoopback() {
		return usageError{fmt.Errorf("--metrics %q: write a loopback address and a port: 127.0.0.1:9187", addr)}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--metrics: %w; choose another port", err)
	}
	srv := &http.Server{Handler: m.metrics(), ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	m.tasks = append(m.tasks, func(ctx context.Context) {
		stop := context.AfterFunc(ctx, func() { srv.Close() })
		defer stop()
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			m.log.Error("metrics are no longer served", "err", err)
		}
	})
	return nil
}

// metrics answers /metrics, /healthz and /readyz.
func (m *machine) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{m.snapshot})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 2}))
	say := func(judge func(*snapshot) error) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			s := m.snapshot()
			if err := judge(&s); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintln(w, "ok")
		}
	}
	mux.Handle("GET /healthz", say((*snapshot).well))
	mux.Handle("GET /readyz", say((*snapshot).ready))
	return mux
}

// well says what keeps the sensor from doing its work: recording.
func (s *snapshot) well() error {
	if s.Journal.Failing != "" {
		return errors.New("the journal cannot be written: " + s.Journal.Failing)
	}
	return nil
}

// ready says what keeps the sensor from being met: besides being well, all its
// services listen and there is room on the disk.
func (s *snapshot) ready() error {
	if err := s.well(); err != nil {
		return err
	}
	for _, v := range s.Stats.Services {
		if len(v.Addrs) == 0 {
			return fmt.Errorf("%s of %s does not listen", v.Service, v.Device)
		}
	}
	if s.Disk.Total > 0 && s.Disk.Free < minFree {
		return fmt.Errorf("%s free on the disk", octets(float64(s.Disk.Free)))
	}
	return nil
}

// A collector gives Prometheus what a snapshot holds. No label has an address,
// a country or anything else that visitors could multiply.
type collector struct{ snapshot func() snapshot }

// Describe implements prometheus.Collector: which services there are is known
// only when it collects.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.snapshot()
	g := gauges{out}
	g.set("sundew_build_info", "Version of the sensor.", 1, "version", s.Build, "go", runtime.Version(), "sensor", s.Sensor)
	g.set("sundew_start_time_seconds", "When the sensor started, since 1970.", float64(s.Started.Unix()))
	for _, v := range s.Stats.Services {
		l := []string{"persona", v.Persona, "device", v.Device, "service", v.Service, "network", v.Network}
		g.set("sundew_listener_up", "1 if the service listens.", truth(len(v.Addrs) > 0), l...)
		g.set("sundew_sessions_active", "Sessions under way.", float64(v.Sessions), l...)
		g.count("sundew_sessions_total", "Sessions since the start; probes by doctor are left out.", v.Served, l...)
		g.count("sundew_events_total", "Lines given to the journal since the start.", v.Events, l...)
		for reason, n := range v.Reasons {
			g.count("sundew_refused_total", "Sessions and datagrams turned away since the start, by the limit that was reached.", n, append(l, "reason", reason)...)
		}
		for class, n := range v.Classes {
			g.count("sundew_acts_total", "What visitors did since the start, by class.", n, append(l, "class", string(class))...)
		}
		if !v.Last.IsZero() {
			g.set("sundew_last_visit_timestamp_seconds", "When the last session began, since 1970.", float64(v.Last.UnixMilli())/1000, l...)
		}
	}
	g.count("sundew_faults_total", "Sessions ended by a fault of the sensor's own.", s.Stats.Panics)
	g.stores(&s)
	g.process(&s)
}

// gauges sends figures to Prometheus.
type gauges struct{ out chan<- prometheus.Metric }

func (g gauges) stores(s *snapshot) {
	g.set("sundew_journal_failing", "1 if the journal cannot be written.", truth(s.Journal.Failing != ""))
	g.set("sundew_journal_bytes", "Octets of the journal on disk.", float64(s.Journal.Octets))
	g.set("sundew_journal_quota_bytes", "Octets at which the journal drops its oldest.", float64(s.Journal.Quota))
	for class, n := range s.Dropped {
		g.count("sundew_dropped_total", "Lines that the journal lost since the start, by class.", n, "class", class)
	}
	for name, lag := range s.Sinks {
		g.set("sundew_sink_lag_bytes", "Octets of the journal that a sink has yet to deliver.", float64(lag), "sink", name)
	}
	if k := s.Store; k != nil {
		g.set("sundew_store_failing", "1 if the store does not follow the journal.", truth(k.Failing != ""))
		g.set("sundew_store_stale", "1 if the store was made by other rules or data.", truth(k.Stale))
		g.set("sundew_store_lag_bytes", "Octets of the journal that the store has yet to take.", float64(k.Behind))
		g.set("sundew_store_lag_lines", "Lines of the journal, about, that the store has yet to take.", float64(k.Lines))
		g.set("sundew_store_lag_seconds", "How long ago the store last had all of the journal; 0: it has.", k.Lag)
		g.set("sundew_store_bytes", "Octets of the store on disk.", float64(k.Octets))
		g.set("sundew_store_sessions", "Sessions in the store.", float64(k.Sessions))
		g.set("sundew_store_acts", "Acts in the store.", float64(k.Acts))
	}
	g.set("sundew_artifact_bytes", "Octets of kept files and program blocks.", float64(s.Artifacts))
	g.set("sundew_disk_free_bytes", "Octets free where the sensor keeps its data.", float64(s.Disk.Free))
	g.set("sundew_disk_total_bytes", "Octets of the disk where the sensor keeps its data.", float64(s.Disk.Total))
	if b := s.Backup; b != nil {
		g.set("sundew_backup_failed", "1 if the last backup failed.", truth(b.Error != ""))
		if !b.When.IsZero() {
			g.set("sundew_backup_timestamp_seconds", "When the last good backup was made, since 1970.", float64(b.When.Unix()))
		}
	}
	for _, x := range s.Sandbox {
		g.set("sundew_sandbox_held", "1 if a measure of the sandbox holds.", truth(x.Held), "measure", x.Name)
	}
}

func (g gauges) process(s *snapshot) {
	g.set("process_resident_memory_bytes", "Resident memory.", float64(s.Process.RSS))
	if s.Process.Memory > 0 {
		g.set("process_memory_limit_bytes", "The memory that the control group grants.", float64(s.Process.Memory))
	}
	g.emit(prometheus.CounterValue, "process_cpu_seconds_total", "Processor time used.", s.Process.CPU)
	g.set("process_open_fds", "Open files.", float64(s.Process.Files))
	g.set("process_max_fds", "Open files at most.", float64(s.Process.Limit))
	g.set("go_goroutines", "Goroutines.", float64(runtime.NumGoroutine()))
}

func (g gauges) set(name, help string, v float64, labels ...string) {
	g.emit(prometheus.GaugeValue, name, help, v, labels...)
}

func (g gauges) count(name, help string, n uint64, labels ...string) {
	g.emit(prometheus.CounterValue, name, help, float64(n), labels...)
}

// emit sends one figure; labels are names and values in turn.
func (g gauges) emit(kind prometheus.ValueType, name, help string, v float64, labels ...string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	g.out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, v, values...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
