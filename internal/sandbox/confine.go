package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// A Limit is what stays possible.
type Limit struct {
	Write []string // directories, with all below them
	Read  []string // files and directories beside those; what is not there is no error
	Dial  bool     // connections of our own: for sinks
	Ports []uint16 // TCP ports that may be connected to; none with Dial: any
}

// A Measure is one thing that was to be taken away.
type Measure struct {
	Name   string `json:"name"`
	Held   bool   `json:"held"`
	Detail string `json:"detail"`
}

// dropCapabilities clears all three sets in every thread (capabilities(7)).
func dropCapabilities() error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&none)), 0)
	if errno != 0 {
		return fmt.Errorf("giving up capabilities: %w", errno)
	}
	return nil
}

// Confine applies the limit to every thread, as far as the kernel can, and says
// what holds. An error is a fault of ours, not of the kernel's.
func Confine(l Limit) ([]Measure, error) {
	var out []Measure
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return nil, fmt.Errorf("no_new_privs: %w", errno)
	}
	out = append(out, Measure{"privileges", os.Geteuid() != 0, privileges()})
	files, err := restrictFiles(l)
	if err != nil {
		return out, err
	}
	out = append(out, files...)
	calls, err := restrictCalls(l)
	return append(out, calls), err
}

func privileges() string {
	if os.Geteuid() == 0 {
		return "runs as root"
	}
	return fmt.Sprintf("uid %d, no capabilities, no new privileges", os.Geteuid())
}

// restrictFiles uses Landlock (landlock(7)): files since ABI 1, TCP ports since 4.
func restrictFiles(l Limit) ([]Measure, error) {
	abi, err := llsys.LandlockGetABIVersion()
	if err != nil || abi < 1 {
		why := "this kernel has no Landlock, or it is switched off (boot with lsm=landlock,…)"
		return []Measure{{"files", false, why}, {"connections", !l.Dial, connections(l, 0)}}, nil
	}
	rules := []landlock.Rule{landlock.RWDirs(l.Write...).WithRefer()}
	for _, path := range l.Read {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			rules = append(rules, landlock.RODirs(path))
		} else if err == nil {
			rules = append(rules, landlock.ROFiles(path))
		}
	}
	for _, port := range l.Ports {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	config := landlock.V6 // later ones would keep UDP answers from leaving
	if l.Dial && len(l.Ports) == 0 {
		err = config.BestEffort().RestrictPaths(rules...)
	} else {
		err = config.BestEffort().Restrict(rules...)
	}
	if err != nil {
		return nil, fmt.Errorf("landlock: %w", err)
	}
	return []Measure{
		{"files", true, fmt.Sprintf("Landlock ABI %d: writes only below %s", abi, strings.Join(l.Write, ", "))},
		{"connections", !l.Dial || len(l.Ports) > 0 && abi >= 4, connections(l, abi)},
	}, nil
}

func connections(l Limit, abi int) string {
	switch {
	case !l.Dial:
		return "none can be made"
	case len(l.Ports) > 0 && abi >= 4:
		return fmt.Sprintf("TCP only to ports %v, for sinks", l.Ports)
	}
	return "sinks may connect anywhere: this kernel or their settings do not allow less; let the firewall do it"
}

// restrictCalls loads a seccomp filter: what a server that has all its sockets
// never calls fails with EPERM.
func restrictCalls(l Limit) (Measure, error) {
	if !seccomp.Supported() {
		return Measure{"system calls", false, "this kernel has no seccomp filters"}, nil
	}
	info, err := arch.GetInfo("")
	if err != nil {
		return Measure{"system calls", false, "no filter is known for " + runtime.GOARCH}, nil
	}
	names := denied()
	if !l.Dial {
		names = append(names, "socket", "socketpair", "connect", "bind")
	}
	names = slices.DeleteFunc(names, func(n string) bool { _, known := info.SyscallNames[n]; return !known })
	err = seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Names: names, Action: seccomp.ActionErrno}},
		},
	})
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EINVAL) {
		return Measure{"system calls", false, "seccomp: " + err.Error()}, nil
	}
	if err != nil {
		return Measure{}, fmt.Errorf("seccomp: %w", err)
	}
	what := "no program can be started, no process traced"
	if !l.Dial {
		what += ", no socket made"
	}
	return Measure{"system calls", true, what}, nil
}

// denied are the calls by which a process becomes another, looks into another,
// changes the system, or goes around the filter.
func denied() []string {
	return []string{
		"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
		"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount", "fsconfig", "mount_setattr",
		"setns", "unshare", "personality", "memfd_create", "memfd_secret", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
		"bpf", "perf_event_open", "keyctl", "add_key", "request_key", "name_to_handle_at", "open_by_handle_at", "mknod", "mknodat",
		"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl",
		"settimeofday", "clock_settime", "sethostname", "setdomainname", "iopl", "ioperm", "syslog", "lookup_dcookie", "nfsservctl", "vhangup",
		"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset",
	}
}
