//go:build unix

package background

import "syscall"

// apart: a session of its own has no terminal, and gets no signal of ours.
var apart = &syscall.SysProcAttr{Setsid: true}
