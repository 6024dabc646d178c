// Package sandbox takes from the running process what it no longer needs: the
// privileges by which it bound its ports, files that are not its own, programs
// to start, sockets to make. What the kernel cannot do is reported, not hidden.
//
// The order matters: [Own] while still root, [Become], then [Confine]. Nothing of
// it can be undone.
package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A User is whom the process becomes.
type User struct {
	Name     string // "" if it has none
	UID, GID int
}

func (u User) String() string {
	if u.Name == "" {
		return fmt.Sprintf("uid %d", u.UID)
	}
	return fmt.Sprintf("%s (uid %d)", u.Name, u.UID)
}

// Nobody's number is that of the user that container images call nonroot.
const nonroot = 65532

// FindUser resolves NAME, UID or UID:GID. "" is the user sundew if there is one,
// else 65532.
func FindUser(s string) (User, error) {
	if s == "" {
		if u, err := byName("sundew"); err == nil {
			return u, nil
		}
		return User{UID: nonroot, GID: nonroot}, nil
	}
	uid, gid, both := strings.Cut(s, ":")
	n, err := strconv.ParseUint(uid, 10, 31)
	if err != nil {
		if both {
			return User{}, fmt.Errorf("user %q: write NAME, UID or UID:GID", s)
		}
		return byName(s)
	}
	u := User{UID: int(n), GID: int(n)}
	if known, err := user.LookupId(uid); err == nil {
		u.Name = known.Username
		u.GID, _ = strconv.Atoi(known.Gid) // a number by definition
	}
	if both {
		g, err := strconv.ParseUint(gid, 10, 31)
		if err != nil {
			return User{}, fmt.Errorf("user %q: write NAME, UID or UID:GID", s)
		}
		u.GID = int(g)
	}
	return u, nil
}

func byName(name string) (User, error) {
	known, err := user.Lookup(name)
	if err != nil {
		return User{}, err
	}
	u := User{Name: name}
	var err1, err2 error
	u.UID, err1 = strconv.Atoi(known.Uid)
	u.GID, err2 = strconv.Atoi(known.Gid)
	return u, errors.Join(err1, err2)
}

// Own makes everything in dir, and dir itself, the user's. Symbolic links are not
// followed: they themselves change hands.
func Own(dir string, u User) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := root.Lstat(path)
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == u.UID && int(st.Gid) == u.GID {
			return nil
		}
		return root.Lchown(path, u.UID, u.GID)
	})
}

// Become gives up root, with all capabilities and other groups, in every thread.
// Without root it only gives up the capabilities that it has.
func Become(u User) error {
	if os.Geteuid() != 0 {
		if u.UID != os.Geteuid() {
			return fmt.Errorf("only root can become %v: start as root, or leave --user out", u)
		}
		return dropCapabilities()
	}
	if err := syscall.Setgroups([]int{u.GID}); err != nil {
		return fmt.Errorf("giving up other groups: %w", err)
	}
	if err := syscall.Setgid(u.GID); err != nil {
		return fmt.Errorf("becoming group %d: %w", u.GID, err)
	}
	if err := syscall.Setuid(u.UID); err != nil {
		return fmt.Errorf("becoming %v: %w", u, err)
	}
	if u.UID != 0 && syscall.Setuid(0) == nil {
		return errors.New("privileges were given up and could be taken back: something is wrong with this system")
	}
	return dropCapabilities()
}

// Reachable says whether this process can write into dir, with what to do if it
// cannot.
func Reachable(dir string) error {
	f, err := os.CreateTemp(dir, ".reach-")
	if err == nil {
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	uid := os.Geteuid()
	abs, aerr := filepath.Abs(dir)
	if aerr != nil {
		abs = dir
	}
	for parent := filepath.Dir(abs); parent != "/"; parent = filepath.Dir(parent) {
		if _, serr := os.Stat(parent + "/."); serr != nil {
			return fmt.Errorf("uid %d cannot reach %s, since %s lets nobody else through: put the directory elsewhere, such as /var/lib/sundew, or run with --user of who owns it", uid, abs, parent)
		}
	}
	return fmt.Errorf("uid %d cannot write to %s: %w; run `chown -R %d:%d %s`", uid, abs, err, uid, os.Getegid(), abs)
}
