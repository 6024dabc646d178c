package ftp

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// settings is the service's file.
type settings struct {
	Tree      string            `toml:"tree"`     // CSV table of the file system (internal/vfs)
	System    string            `toml:"system"`   // reply to SYST
	List      string            `toml:"list"`     // "unix" or "windows"
	Idle      process.Duration  `toml:"idle"`     // without a command or a transfer
	Wait      process.Duration  `toml:"wait"`     // for the visitor to connect for data
	Attempts  int               `toml:"attempts"` // wrong passwords before the device hangs up
	Delay     process.Duration  `toml:"delay"`    // before it says that one was wrong
	Latency   process.Duration  `toml:"latency"`  // of any answer
	Disabled  []string          `toml:"disabled"` // commands that this server does not have
	Users     []user            `toml:"users"`
	Anonymous *user             `toml:"anonymous"` // who logs in as anonymous or ftp; without it nobody
	Texts     map[string]string `toml:"texts"`
}

// A user may log in. Default marks a pair that is published, so that reports
// can say so.
type user struct {
	Name     string `toml:"name"`
	Password string `toml:"password"`
	Group    string `toml:"group"`
	Root     string `toml:"root"` // directory of the tree that is his /
	Home     string `toml:"home"` // where he is after the login, below root
	ReadOnly bool   `toml:"read_only"`
	Default  bool   `toml:"default"`
}

func defaults() settings {
	return settings{
		System: "UNIX Type: L8", List: "unix", Idle: process.Duration(10 * time.Minute),
		Wait: process.Duration(30 * time.Second), Attempts: 3, Delay: process.Duration(2 * time.Second),
	}
}

func (s *settings) idle() time.Duration { return time.Duration(s.Idle) }

// check completes the settings and says what is wrong with them.
func (s *settings) check(expand func(string) (string, error)) error {
	switch {
	case s.Tree == "":
		return errors.New("tree: name the table of the file system")
	case s.List != "unix" && s.List != "windows":
		return fmt.Errorf("list: %q is neither \"unix\" nor \"windows\"", s.List)
	case s.Attempts < 1 || s.Idle <= 0 || s.Wait <= 0 || s.Delay < 0 || s.Latency < 0:
		return errors.New("attempts, idle and wait: give more than nothing")
	}
	for i := range s.Disabled {
		s.Disabled[i] = strings.ToUpper(s.Disabled[i])
	}
	all := make([]*user, 0, len(s.Users)+1)
	for i := range s.Users {
		all = append(all, &s.Users[i])
	}
	if s.Anonymous != nil {
		if s.Anonymous.Name == "" {
			s.Anonymous.Name = "ftp"
		}
		all = append(all, s.Anonymous)
	}
	for _, u := range all {
		if u.Name == "" {
			return errors.New("users: give each a name")
		}
		if u.Group == "" {
			u.Group = u.Name
		}
		for _, t := range []*string{&u.Name, &u.Password, &u.Root, &u.Home} {
			var err error
			if *t, err = expand(*t); err != nil {
				return fmt.Errorf("users: %w", err)
			}
		}
		if u.Root != "" && !strings.HasPrefix(u.Root, "/") || u.Home != "" && !strings.HasPrefix(u.Home, "/") {
			return fmt.Errorf("users: %s: begin root and home with /", u.Name)
		}
	}
	return nil
}
