package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/sundew-ics/sundew/internal/alert"
	"github.com/sundew-ics/sundew/internal/analysis/enrich"
	"github.com/sundew-ics/sundew/internal/persona"
)

// settings is the configuration file. Every key but the tables has a flag of
// the same name and an environment variable SUNDEW_NAME.
type settings struct {
	Persona       []string `toml:"persona"`
	Data          string   `toml:"data"`
	Address       string   `toml:"address"`
	Ports         string   `toml:"ports"`
	PublicAddress string   `toml:"public_address"`
	Sensor        string   `toml:"sensor"`
	Limits        string   `toml:"limits"`
	Latency       string   `toml:"latency"`
	User          string   `toml:"user"`
	Sandbox       string   `toml:"sandbox"`
	Store         string   `toml:"store"`
	Metrics       string   `toml:"metrics"`
	Dashboard     string   `toml:"dashboard"`
	DashboardCert string   `toml:"dashboard_tls_cert"`
	DashboardKey  string   `toml:"dashboard_tls_key"`
	DashboardHost []string `toml:"dashboard_host"`
	Log           string   `toml:"log"`

	Site struct {
		Name     string `toml:"name"`
		Country  string `toml:"country"`
		Provider string `toml:"provider"`
	} `toml:"site"`

	BackupDir string `toml:"backup_dir"`
	Backup    struct {
		At   string `toml:"at"`
		Keep string `toml:"keep"`

		MaxBytes int64 `toml:"max_bytes"`
	} `toml:"backup"`

	Journal struct {
		MaxAge   duration `toml:"max_age"`
		MaxBytes int64    `toml:"max_bytes"`
	} `toml:"journal"`

	Details struct { // of the store
		MaxAge   duration `toml:"max_age"`
		MaxBytes int64    `toml:"max_bytes"`
	} `toml:"details"`
	Counts struct {
		MaxAge duration `toml:"max_age"`
	} `toml:"counts"`

	Enrich struct {
		CountryDB string `toml:"country_db"`
		ASNDB     string `toml:"asn_db"`
	} `toml:"enrich"`

	Artifacts struct {
		MaxBytes int64 `toml:"max_bytes"`
	} `toml:"artifacts"`

	Sink  []sinkSettings   `toml:"sink"`
	Alert []alert.Settings `toml:"alert"`

	file string
}

// sinkSettings is one [[sink]]: which driver, and the driver's own keys.
type sinkSettings struct {
	Driver   string         `toml:"driver"`
	Name     string         `toml:"name"`
	Settings map[string]any `toml:"settings"`
}

// duration is a time span as Go writes it ("36h"), or in days ("90d").
type duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(b []byte) error {
	text := string(b)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		if _, err := fmt.Sscanf(days, "%g", &n); err == nil {
			*d = duration(n * 24 * float64(time.Hour))
			return nil
		}
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a time span; write 36h or 90d", text)
	}
	*d = duration(v)
	return nil
}

// readSettings reads the configuration file that args or the environment name,
// or the one in the usual place if it is there.
func readSettings(args []string) (*settings, error) {
	s := &settings{}
	file, given := configPath(args)
	b, err := os.ReadFile(file)
	if err != nil {
		if !given && os.IsNotExist(err) {
			return s, nil
		}
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if err := persona.Decode(file, b, s); err != nil {
		return nil, err
	}
	s.file = file
	return s, nil
}

// configPath finds --config among args before kong reads them, since the file
// holds the defaults of the other flags.
func configPath(args []string) (path string, given bool) {
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v, true
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1], true
		}
	}
	if v := os.Getenv("SUNDEW_CONFIG"); v != "" {
		return v, true
	}
	return "/etc/sundew/sundew.toml", false
}

// Validate implements kong.Resolver.
func (s *settings) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: the file's value for a flag.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if s.file == "" {
		return nil, nil
	}
	key := strings.ReplaceAll(flag.Name, "-", "_")
	v := reflect.ValueOf(s).Elem()
	table, rest, nested := strings.Cut(key, ".")
	if nested {
		key = rest
		v = fieldByKey(v, table)
	}
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return nil, nil
	}
	f := fieldByKey(v, key)
	switch {
	case !f.IsValid() || f.IsZero():
		return nil, nil
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String:
		var list []any
		for i := range f.Len() {
			list = append(list, f.Index(i).String())
		}
		return list, nil
	case f.Kind() == reflect.String:
		return f.String(), nil
	}
	return nil, nil
}

// geo names the operator's own files of countries and autonomous systems.
func (s *settings) geo() enrich.Config {
	return enrich.Config{Country: cmp.Or(os.Getenv("SUNDEW_COUNTRY_DB"), s.Enrich.CountryDB), ASN: cmp.Or(os.Getenv("SUNDEW_ASN_DB"), s.Enrich.ASNDB)}
}

func fieldByKey(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("toml") == key {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// dataDir is where a sensor keeps what it has where nothing else is said: the
// platform's state directory.
func dataDir() string {
	switch {
	case inConpotsPlace():
		return conpotLogs
	case inImage():
		return imageData
	}
	if os.Geteuid() == 0 {
		return "/var/lib/sundew"
	}
	if d := os.Getenv("XDG_STATE_HOME"); d != "" {
		return filepath.Join(d, "sundew")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "sundew")
	}
	return "sundew-data"
}
