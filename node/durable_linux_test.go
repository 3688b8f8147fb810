//go:build !race

package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A wall stands between this process and its data directory. Before every call that changes a file there, on any
// thread, the kernel asks the wall (seccomp's user notification). The wall lets the call through, makes it fail, or
// ends or stops the process. So a fault can be put at every single call of the real store, by count and not by
// sampling: between two such calls nothing in the directory changes. The order of the calls, and the data that each
// writes, is in a log.
type wall struct {
	listener uintptr
	dir      string
	memory   *os.File // our own
	log      *os.File

	mu    sync.Mutex // shared by the goroutine that follows orders and the one that answers the kernel
	fault string
	at    int // the number of the call that meets the fault
	calls int // since the fault was ordered
}

// A diskCall is a call that the wall let through.
type diskCall struct {
	Name string
	Off  int64  // of pwrite; the size of ftruncate
	Data []byte // of pwrite
}

// walled are the calls by which the store and the identity change a directory, except opening and plain writing: a file
// that is written has no name there yet.
var walled = map[uint32]string{
	unix.SYS_PWRITE64: "pwrite", unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FALLOCATE: "fallocate", unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync",
	unix.SYS_LINKAT: "linkat", unix.SYS_UNLINKAT: "unlinkat", unix.SYS_MKDIRAT: "mkdirat", unix.SYS_RENAMEAT2: "renameat2",
}

// A notice is seccomp_notif, and a verdict seccomp_notif_resp, of linux/seccomp.h.
type (
	notice struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	verdict struct {
		id    uint64
		val   int64
		err   int32
		flags uint32
	}
)

// raiseWall puts the wall up for all threads, for good.
func raiseWall(dir, log string) (*wall, error) {
	w := &wall{dir: dir, fault: "none"}
	var err error
	if w.memory, err = os.Open("/proc/self/mem"); err != nil {
		return nil, err
	}
	if w.log, err = os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("no new privileges: %w", err)
	}
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return nil, errors.New("no wall for " + runtime.GOARCH)
	}
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 4}, // the architecture
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: arch, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
	}
	for nr := range walled {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	// A call that waits for an answer is not interrupted by signals, and so is not made and counted twice.
	const waitKillable = 1 << 5
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH | waitKillable)
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return nil, fmt.Errorf("seccomp: %w", errno)
	}
	w.listener = fd
	go w.serve()
	return w, nil
}

// serve answers the kernel until the process ends. It makes none of the walled calls itself.
func (w *wall) serve() {
	for {
		var n notice
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, w.listener, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue // the caller is gone
		}
		v := verdict{id: n.id}
		if err := w.judge(n); err != 0 {
			v.err = -int32(err)
		} else {
			v.flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
		}
		// An error means that the caller is gone.
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, w.listener, unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&v)))
	}
}

func (w *wall) judge(n notice) syscall.Errno {
	if !strings.HasPrefix(w.path(n), w.dir) {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.calls == w.at {
		switch w.fault {
		case "kill":
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
			select {} // the signal is on its way
		case "stop":
			_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
		case "eio":
			return unix.EIO
		case "enospc":
			return unix.ENOSPC
		}
	}
	c := diskCall{Name: walled[uint32(n.nr)]}
	switch c.Name {
	case "pwrite":
		c.Off, c.Data = int64(n.args[3]), make([]byte, n.args[2])
		if _, err := w.memory.ReadAt(c.Data, int64(n.args[1])); err != nil {
			panic(err)
		}
	case "ftruncate":
		c.Off = int64(n.args[1])
	}
	if err := json.NewEncoder(w.log).Encode(c); err != nil {
		panic(err)
	}
	return 0
}

// path is the file that the call is about.
func (w *wall) path(n notice) string {
	arg := 0
	switch walled[uint32(n.nr)] {
	case "linkat", "renameat2":
		arg = 3
	case "unlinkat", "mkdirat":
		arg = 1
	default:
		path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", n.args[0]))
		if err != nil {
			panic(err)
		}
		return path
	}
	raw := make([]byte, unix.PathMax)
	read, _ := w.memory.ReadAt(raw, int64(n.args[arg])) // up to the end of a mapping
	name, _, _ := strings.Cut(string(raw[:read]), "\x00")
	return name
}

// order arms the wall: from now on the at-th call meets the fault, once.
func (w *wall) order(fault string, at int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.at, w.calls = fault, at, 0
}

// count is the number of calls since the last order.
func (w *wall) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// readCalls reads the log of a wall.
func (p *process) readCalls() (calls []diskCall) {
	p.t.Helper()
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile(p.log))))
	for d.More() {
		var c diskCall
		if err := d.Decode(&c); err != nil {
			p.t.Fatal(err)
		}
		calls = append(calls, c)
	}
	return calls
}
