//go:build unix

package background

import "syscall"

// apart gives a process a session of its own, which has no terminal and gets no signal to our group.
var apart = &syscall.SysProcAttr{Setsid: true}
