//go:build unix

package background

import (
	"testing"

	"golang.org/x/sys/unix"
)

// apartFrom checks that a process has a session of its own.
func apartFrom(t *testing.T, p *Process) {
	t.Helper()
	pid := p.cmd.Process.Pid
	if sid, err := unix.Getsid(pid); err != nil || sid != pid {
		t.Errorf("its session is %d, %v, and it is %d", sid, err, pid)
	}
}
